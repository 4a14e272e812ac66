"""Our pages in the host's layout, and what a host's own templates get from us."""

from __future__ import annotations

from typing import Any

import pytest
from flask import render_template_string
from flask_babel import Babel, get_locale
from flask_login import login_user
from jinja2 import DictLoader

from flask_cancellations import ConfigError
from flask_cancellations.models.request import Link
from flask_cancellations.web import cancellations_link

from .site import ROOT, Site, at, text_of

BASE = """<!doctype html><html lang="en"><head><title>{% block page_title %}Host{% endblock %}</title></head>
<body><nav>Host menu</nav><main>{% block page %}{% endblock %}</main></body></html>"""
BLOCKS = {"content": "page", "title": "page_title"}


def in_layout(source: str = BASE, **config: Any) -> Site:
    """A host with a layout of its own."""
    site = Site(**{"CANCELLATIONS_LAYOUT": "base.html", "CANCELLATIONS_BLOCKS": BLOCKS, **config})
    site.clinic.app.jinja_loader = DictLoader({"base.html": source})
    return site


def test_a_page_fills_the_blocks_of_the_hosts_layout() -> None:
    site = in_layout()
    site.visit()
    answer = site.browser().get(f"{ROOT}/")
    page = answer.text
    assert "<title>Wednesday, 2 December 2026</title>" in page
    assert page.index("Host menu") < page.index("<main>") < page.index("Мария Петрова") < page.index("</main>")
    assert page.count("<html") == 1
    assert f'<link rel="stylesheet" href="{ROOT}/static/fcx.css">' in page
    assert "Content-Security-Policy" not in answer.headers  # the host's pages are the host's to guard
    assert "X-Frame-Options" not in answer.headers


def test_without_a_title_block_the_hosts_title_stays() -> None:
    site = in_layout(CANCELLATIONS_BLOCKS={"content": "page", "title": False})
    assert "<title>Host</title>" in site.browser().get(f"{ROOT}/").text


def test_a_refusal_is_shown_in_the_hosts_layout_too() -> None:
    answer = in_layout().browser().get(f"{ROOT}/appointment/999")
    assert answer.status_code == 404
    assert "Host menu" in answer.text
    assert "There is no such appointment." in answer.text


def test_the_hosts_own_error_pages_stay_the_hosts() -> None:
    site = in_layout()
    site.clinic.app.register_error_handler(404, lambda _: ("host's 404", 404))
    assert site.browser().get("/nothing-here").text == "host's 404"


def test_a_host_replaces_our_markup_by_its_own() -> None:
    site = in_layout()
    elements, _, _ = site.clinic.app.jinja_env.loader.get_source(  # type: ignore[union-attr]  # every app has one
        site.clinic.app.jinja_env, "cancellations/elements.html"
    )
    site.clinic.app.jinja_loader = DictLoader(
        {"base.html": BASE, "cancellations/elements.html": elements.replace("fcx-badge ", "chip fcx-badge ")}
    )
    site.visit()
    assert 'class="chip fcx-badge fcx-badge-booked"' in site.browser().get(f"{ROOT}/").text


def test_another_prefix_and_name() -> None:
    site = Site(CANCELLATIONS_URL_PREFIX="/desk/storno", CANCELLATIONS_BLUEPRINT_NAME="storno")
    key = site.visit()
    page = site.browser().get("/desk/storno/").text
    assert f'href="/desk/storno/cancel/{key}"' in page
    assert 'href="/desk/storno/static/fcx.css"' in page
    assert site.link(key).startswith("/desk/storno/link/")


def test_the_hosts_layout_speaks_the_clients_language_on_a_link_page() -> None:
    site = in_layout(BASE.replace("Host menu", "{{ get_locale() }}"))
    Babel(site.clinic.app, locale_selector=lambda: "en")
    site.clinic.app.jinja_env.globals["get_locale"] = get_locale
    page = site.stranger().get(site.link(site.visit(client={"language": "bg"}))).text
    assert "<nav>bg</nav>" in page
    assert 'lang="bg" dir="ltr">' in page
    assert "<nav>en</nav>" in site.browser().get(f"{ROOT}/").text


# --- Jinja globals ------------------------------------------------------------------------------------------------

DIARY = "{% for a in cancellations_actions(visit) %}{{ a.name }}={{ a.label }}:{{ a.url }};{% endfor %}"


def diary(site: Site, key: str, role: str | None, therapist: str = "") -> str:
    """What a host's diary page shows for one visit to somebody of this role."""
    clinic = site.clinic
    with clinic.app.test_request_context("/diary"):
        if role is not None:
            own = clinic.therapist(therapist) if therapist else None
            login_user(clinic.account(role, therapist=own))
        return render_template_string(DIARY, visit=clinic.db.session.get(clinic.Visit, int(key)))


@pytest.fixture
def site() -> Site:
    return Site()


def test_the_actions_of_an_open_visit(site: Site) -> None:
    key = site.visit()
    both = f"cancel=Cancel:{ROOT}/cancel/{key};history=History:{ROOT}/appointment/{key};"
    assert diary(site, key, "reception") == both
    assert diary(site, key, "therapist", "Dr Ivan Kolev") == both


def test_a_closed_or_past_visit_has_its_history_only(site: Site) -> None:
    for key in (site.visit(state="cancelled"), site.visit(at(9))):
        assert diary(site, key, "reception") == f"history=History:{ROOT}/appointment/{key};"


def test_no_actions_for_visitors_strangers_and_other_therapists(site: Site) -> None:
    key = site.visit()
    assert diary(site, key, None) == ""
    assert diary(site, key, "cleaner") == ""
    assert diary(site, key, "therapist", "Vesela Marinova") == ""


def test_a_visit_without_a_date_or_people_breaks_no_diary(site: Site) -> None:
    key = site.visit()
    site.change(key, patient_id=None, therapist_id=None)
    assert diary(site, key, "reception").startswith("cancel=")
    site.change(key, begins_at=None)
    assert diary(site, key, "reception") == ""


def test_a_diary_with_its_rows_loaded_costs_no_statement(site: Site) -> None:
    keys = [site.visit(at(11 + hour)) for hour in range(5)]
    clinic = site.clinic
    options = [clinic.db.joinedload(getattr(clinic.Visit, name)) for name in ("patient", "therapist", "treatment")]
    clinic.app.add_url_rule(
        "/diary",
        "diary",
        lambda: render_template_string(
            "{% for visit in visits %}" + DIARY + "{% endfor %}",
            visits=clinic.db.session.scalars(clinic.db.select(clinic.Visit).options(*options)).all(),
        ),
    )
    found = site.statements(site.browser(), "/diary")
    assert len([sql for sql in found if "visits_book" in sql]) == 1
    assert not [sql for sql in found if "cancellations_" in sql]
    assert len(found) == 2  # the diary's own query and Flask-Login's
    assert len(keys) == 5


def test_a_link_works_once_the_host_has_committed(site: Site) -> None:
    key = site.visit()
    clinic = site.clinic
    with clinic.app.app_context():  # no request: a mail job makes links too
        lost = cancellations_link(clinic.db.session.get(clinic.Visit, int(key)))
        clinic.db.session.rollback()
    assert site.rows(Link) == []
    assert site.stranger().get(lost.removeprefix("https://clinic.example")).status_code == 404
    assert "Cancel your appointment?" in text_of(site.stranger().get(site.link(key)))


def test_without_a_public_url_no_link_is_made_from_a_forged_host() -> None:
    site = Site(CANCELLATIONS_PUBLIC_URL="", CANCELLATIONS_REBOOK_URL="")
    key = site.visit()
    with site.clinic.app.test_request_context("/", headers={"Host": "evil.example"}):
        visit = site.clinic.db.session.get(site.clinic.Visit, int(key))
        with pytest.raises(ConfigError, match="CANCELLATIONS_PUBLIC_URL"):
            cancellations_link(visit)
