"""Requests that other sites forge, and what must not stay in caches."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from flask_wtf import CSRFProtect
from sqlalchemy import Connection, event

from flask_cancellations.models import Cancellation, Message

from .site import ROOT, Site, at, hidden, text_of


@pytest.fixture
def site() -> Site:
    return Site()


def waiting_message(site: Site) -> str:
    """The path that stops the first message of a fresh cancellation."""
    site.cancel(site.visit())
    return f"{ROOT}/message/{site.rows(Message)[0].id}/stop"


def bare(client: FlaskClient) -> FlaskClient:
    """The same browser without the header that new browsers send."""
    client.environ_base.pop("HTTP_SEC_FETCH_SITE")
    return client


def states(site: Site) -> list[str]:
    return [message.state for message in site.rows(Message)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # a sibling subdomain is somebody else
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:8080"},
        {"Referer": "https://evil.example/localhost"},
        {"Referer": "not an address"},
        {"Origin": "http://[broken"},
        {},  # signed in by a cookie, which the browser adds by itself
    ],
)
def test_a_request_from_another_site_does_nothing(site: Site, headers: dict[str, str]) -> None:
    stop = waiting_message(site)
    desk = bare(site.browser())
    answer = desk.post(stop, headers=headers)
    assert answer.status_code == 403
    assert "This request came from another website, so nothing was done." in text_of(answer)
    assert states(site) == ["waiting", "waiting"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
        {"Origin": "https://localhost"},  # a proxy took the TLS away
        {"Origin": "https://CLINIC.example"},  # the public URL, where a proxy changes the host
        {"Referer": "http://localhost/cancellations/cancellation/1"},
    ],
)
def test_our_own_form_passes(site: Site, headers: dict[str, str]) -> None:
    stop = waiting_message(site)
    answer = bare(site.browser()).post(stop, headers=headers)
    assert answer.status_code == 303
    assert states(site) == ["stopped", "waiting"]


def test_a_program_that_carries_nothing_a_browser_adds_is_no_forgery(site: Site) -> None:
    """It passes the check and is then asked to sign in; Basic credentials, which browsers add, do not pass."""
    stop = waiting_message(site)
    assert bare(site.stranger()).post(stop).status_code == 401
    bearer = bare(site.stranger()).post(stop, headers={"Authorization": "Bearer some-token"})
    assert bearer.status_code == 401
    basic = bare(site.stranger()).post(stop, headers={"Authorization": "Basic dXNlcjpwYXNz"})
    assert basic.status_code == 403
    assert states(site) == ["waiting", "waiting"]


def test_the_cancel_form_and_the_api_are_guarded_too(site: Site) -> None:
    key = site.visit()
    desk = bare(site.browser())
    forged = {"Origin": "https://evil.example"}
    form = {"reason": "illness", "fee": "charge", "side": "client", "idempotency_key": "k"}
    assert desk.post(f"{ROOT}/cancel/{key}", data=form, headers=forged).status_code == 403
    program = desk.post(f"{ROOT}/api/appointments/{key}/cancel", json=form, headers=forged)
    assert (program.status_code, program.content_type) == (403, "application/problem+json")
    assert site.rows(Cancellation) == []


def test_looking_locks_and_writes_nothing(postgresql_url: str) -> None:
    """Every page, also that of a refusal, is shown in a transaction that the database keeps from writing."""
    site = Site(postgresql_url)
    open_key, done_key = site.visit(), site.visit(at(16))
    number, link = site.cancel(done_key), site.link(open_key)
    manager = site.browser()
    with site.clinic.app.app_context():
        factory, engine = site.clinic.db.session.session_factory, site.clinic.db.engine

    def keep_from_writing(_session: object, _transaction: object, connection: Connection) -> None:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    event.listen(factory, "after_begin", keep_from_writing)
    api = f"{ROOT}/api/appointments"
    statuses = {
        path: manager.get(path).status_code
        for path in (
            f"{ROOT}/",
            f"{ROOT}/cancel/{open_key}",
            f"{ROOT}/cancel/{done_key}",
            f"{ROOT}/appointment/{done_key}",
            f"{ROOT}/cancellation/{number}",
            f"{api}/{open_key}/quote",
            f"{api}/{done_key}/quote",
            f"{api}/{done_key}/history",
            link,
        )
    }
    engine.dispose()
    assert list(statuses.values()) == [200, 200, 409, 200, 200, 200, 409, 200, 200]


def test_pages_are_not_kept_in_caches_and_their_addresses_stay_here(site: Site) -> None:
    answer = site.browser().get(f"{ROOT}/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with site.stranger().get(f"{ROOT}/static/fcx.css") as style:
        assert style.status_code == 200
        assert "no-store" not in style.headers.get("Cache-Control", "")


def test_our_own_layout_allows_no_foreign_or_inline_content_and_has_none(site: Site) -> None:
    key = site.visit()
    site.cancel(key)
    desk = site.browser()
    for path in ("/", f"/appointment/{key}", "/cancellation/1", "/appointment/no-such"):
        answer = desk.get(ROOT + path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "style=" not in answer.text
        assert "<style" not in answer.text
        assert "onclick" not in answer.text
        assert answer.text.count("<script") == answer.text.count('<script type="module" src="/cancellations/static/')


def test_the_hosts_own_token_is_asked_for_and_sent_where_csrf_protect_runs(site: Site) -> None:
    protect = CSRFProtect(site.clinic.app)
    protect.exempt(site.clinic.app.view_functions["sign_in"])
    stop = waiting_message(site)
    desk = site.browser()
    assert desk.post(stop).status_code == 400  # the host's check, on top of ours
    page = desk.get(f"{ROOT}/cancellation/1")
    assert desk.post(stop, data={"csrf_token": hidden(page, "csrf_token")}).status_code == 303
    assert states(site) == ["stopped", "waiting"]


def test_without_csrf_protect_there_is_no_token_on_the_page(site: Site) -> None:
    waiting_message(site)
    assert "csrf_token" not in site.browser().get(f"{ROOT}/cancellation/1").text


def test_signed_out_meanwhile_a_form_is_not_sent_to_the_login(site: Site) -> None:
    """The login would come back to an address that only takes forms."""
    site.clinic.app.add_url_rule("/welcome", "welcome", lambda: "login")
    site.clinic.app.login_manager.login_view = "welcome"  # type: ignore[attr-defined]  # set by Flask-Login
    answer = site.stranger().post(waiting_message(site))
    assert answer.status_code == 401
    assert "Sign in, then repeat this step. Nothing was changed." in text_of(answer)
