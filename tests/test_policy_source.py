"""One source of truth: either the configuration or the pages say what policies and reasons there are, never both."""

from __future__ import annotations

from typing import Any

import pytest

from flask_cancellations.errors import ConfigError, Forbidden
from flask_cancellations.models import Event, PolicyVersion, ReasonRow
from flask_cancellations.services import catalogue
from flask_cancellations.services.policies import save
from flask_cancellations.services.policy_draft import PolicyDraft, draft_of
from flask_cancellations.services.reasons import ReasonDraft, save_reason

from .money_host import DESK
from .site import ROOT, Site, at, text_of
from .small_host import make_clinic

PAGES: dict[str, Any] = {"CANCELLATIONS_SOURCE": "pages"}
OTHER = [{"name": "other", "valid_from": "2026-01-01", "preset": "strict"}]


def sync(site: Site, *options: str) -> tuple[int, str]:
    done = site.clinic.app.test_cli_runner().invoke(args=["cancellations", "sync", *options])
    return done.exit_code, done.output


def names(site: Site) -> list[str]:
    return sorted({row.name for row in site.rows(PolicyVersion) if row.withdrawn_us is None})


def test_where_the_pages_are_the_source_the_configuration_fills_an_empty_catalogue_once() -> None:
    site = Site(**PAGES)
    code, said = sync(site)
    assert (code, site.rows(ReasonRow)) == (1, [])
    assert "changed on the pages here" in said
    assert "--import" in said
    code, said = sync(site, "--import")
    assert code == 0
    assert "added: standard 2026-01-01" in said
    before = site.rows(PolicyVersion), site.rows(ReasonRow)
    for options in ((), ("--import",)):
        code, said = sync(site, *options)
        assert code == 1
    assert "There are policies and reasons already, so nothing was imported." in said
    assert (site.rows(PolicyVersion), site.rows(ReasonRow)) == before


def test_what_the_pages_say_outlives_another_configuration(sqlite_url: str) -> None:
    first = Site(sqlite_url, **PAGES)
    with first.clinic.app.app_context(), first.clinic.cancellations.transaction():
        draft = PolicyDraft(name="by hand", valid_from="2026-12-03")
        save(first.clinic.state, draft, DESK, new=True)
    assert names(first) == ["by hand", "standard"]  # the configured one came in first
    later = Site(sqlite_url, CANCELLATIONS_POLICIES=OTHER, **PAGES)
    later.cancel(later.visit(at(15)))
    assert sync(later)[0] == 1
    assert names(later) == ["by hand", "standard"]
    with later.clinic.app.app_context(), pytest.raises(ConfigError, match="overwrite what was entered on the pages"):
        catalogue.sync(later.clinic.state)


def test_the_first_cancellation_brings_the_configured_policies_in() -> None:
    site = Site(**PAGES)
    site.cancel(site.visit(at(15)))
    assert names(site) == ["standard"]
    assert sync(site, "--import")[0] == 1


def test_where_the_configuration_is_the_source_nothing_is_changed_on_the_pages() -> None:
    site = Site(CANCELLATIONS_SOURCE_FILE="instance/cancellations.toml")
    browser = site.browser()
    page = text_of(browser.get(f"{ROOT}/policies"))
    assert "They come from the configuration (instance/cancellations.toml) and are changed there, not here." in page
    assert "New policy" not in page
    assert "Withdraw" not in page
    page = text_of(browser.get(f"{ROOT}/policies/standard"))
    assert "instance/cancellations.toml" in page
    assert "Save" not in page
    assert "If you cancel less than 24 h before the appointment, the fee is 50% of the price." in page
    assert "Change" not in text_of(browser.get(f"{ROOT}/reasons"))
    for path in ("new-policy", "new-reason", "reasons/illness"):
        assert browser.get(f"{ROOT}/{path}").status_code == 403
    form = {"idempotency_key": "k", "do": "save", "valid_from": "2026-12-03"}
    for path in ("policies/standard", "new-policy", "new-reason", "reasons/illness"):
        answer = browser.post(f"{ROOT}/{path}", data=form)
        assert answer.status_code == 403
        assert "kept in the configuration here" in text_of(answer)
    answer = browser.post(f"{ROOT}/withdraw-policy/standard", data={**form, "valid_from": "2026-01-01"})
    assert answer.status_code == 403
    assert [site.rows(model) for model in (PolicyVersion, ReasonRow, Event)] == [[], [], []]
    code, said = sync(site, "--import")
    assert code == 1
    assert '--import is for CANCELLATIONS_SOURCE = "pages".' in said
    assert sync(site)[0] == 0


def test_the_services_refuse_it_too() -> None:
    clinic = make_clinic()
    with clinic.app.app_context():
        (configured,) = clinic.state.settings.policies
        with pytest.raises(Forbidden, match="kept in the configuration"):
            save(clinic.state, draft_of(configured, "EUR"), DESK, new=False)
        with pytest.raises(Forbidden, match="kept in the configuration"):
            save_reason(clinic.state, ReasonDraft("holiday", labels={"en": "Holiday"}), DESK, new=True)


@pytest.mark.parametrize("value", ["both", "file", True, ""])
def test_another_source_is_a_fault(value: Any) -> None:
    with pytest.raises(ConfigError, match="CANCELLATIONS_SOURCE"):
        make_clinic(CANCELLATIONS_SOURCE=value)
