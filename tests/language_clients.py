"""The walk through what clients and programs read: links, messages, the host's booking page, the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_cancellations.delivery.outbox import Leased
from flask_cancellations.delivery.rendering import Renderer
from flask_cancellations.errors import NotOpen, SlotTaken
from flask_cancellations.rules.settlement import Settlement

from .language_money import STEPS as MONEY
from .language_staff import HALF, policy
from .language_terms import STEPS as TERMS
from .language_walk import DESK, Walk
from .site import ROOT, Site, at, hidden
from .visible import Visible


def links(walk: Walk) -> None:
    """A client's own link, from the first look to long after."""
    site = walk.site()
    for start in (at(15), at(15, day=9)):
        _open(walk, site, walk.visit(site, start))
    key = walk.visit(site, at(16))
    path, page = _open(walk, site, key)
    form = {name: hidden(page, name) for name in ("idempotency_key", "seen")}
    client = site.stranger()
    for number, (fields, status) in enumerate(
        [({}, 422), ({"reason": "other"}, 422), ({"reason": "illness", "seen": "7"}, 409)]
    ):
        _send(walk, client, path, status, **{**form, "idempotency_key": f"link-{number}", **fields})
    _send(walk, client, path, 200, **form, reason="illness", note="")
    walk.note("link, used", client.get(path), 200)
    site.set_state(key, "booked")
    walk.note("link, used for an earlier booking", client.get(path), 410)

    by_clinic = walk.visit(site, at(17))
    path = site.link(by_clinic)
    stale = client.get(path)
    site.cancel(by_clinic, DESK)
    walk.note("link, cancelled by the clinic", client.get(path), 200)
    form = {name: hidden(stale, name) for name in ("idempotency_key", "seen")}
    _send(walk, client, path, 409, **form, reason="illness", note="")
    done, moved = walk.visit(site, at(18)), walk.visit(site, at(19))
    for visit, change, status in ((done, {"state": "done"}, 409), (moved, {"patient": None}, 410)):
        path = site.link(visit)
        site.change(visit, **change)
        walk.note("link, no longer the client's", client.get(path), status)
    walk.note("link, unknown", client.get(f"{ROOT}/link/777"), 404)
    expiring = site.link(walk.visit(site, at(20)))
    site.clock.forward(hours=12)
    walk.note("link, expired", client.get(expiring), 410)

    free = {"code": "illness", "fee": False}
    nameless = walk.site(CANCELLATIONS_CLINIC_NAME="", CANCELLATIONS_REASONS=[free])
    _open(walk, nameless, walk.visit(nameless))


def too_late(walk: Walk) -> None:
    """A clinic that wants to be called; the second answer is that of a page which was open too long."""
    site = walk.site(**policy(bands=[HALF], self_cancel="12h"))
    key = walk.visit(site)
    walk.note("link, too late", site.stranger().get(site.link(key)), 409)
    with pytest.raises(NotOpen) as refused:
        site.cancel(key, replace(DESK, kind="link", source="link"))
    walk.say("link, sent too late", str(refused.value))


def _open(walk: Walk, site: Site, key: str) -> tuple[str, TestResponse]:
    path = site.link(key)
    return path, walk.note("link", site.stranger().get(path), 200)


def _send(walk: Walk, client: FlaskClient, path: str, status: int, **form: str) -> None:
    walk.note("link, sent", client.post(path, data=form, follow_redirects=True), status)


def booking(walk: Walk) -> None:
    """Why a time cannot be booked, as the host's booking page shows it."""
    site = walk.site(CANCELLATIONS_WAITLIST={"hold": "30m"})
    walk.visit(site, at(11))
    site.cancel(walk.visit(site, at(15)), DESK)
    site.cancel(walk.visit(site, at(18)), DESK, reason="therapist_ill")
    for hour in (11, 15, 18):
        with site.clinic.app.app_context(), pytest.raises(SlotTaken) as refused:
            site.clinic.cancellations.slots.claim(at(hour), at(hour + 1), 1)
        walk.say(f"booking at {hour}", str(refused.value))


def settlements() -> Iterator[Settlement]:
    """One for each sentence about the money."""
    yield Settlement("EUR")
    yield Settlement("EUR", fee=3000, due=3000)
    yield Settlement("EUR", deposit=3000, taken=3000, fee=3000, kept=3000)
    yield Settlement("EUR", deposit=2000, taken=2000, fee=3000, kept=2000, due=1000)
    yield Settlement("EUR", deposit=5000, taken=3000, refunded=2000, fee=3000, kept=3000)
    yield Settlement("EUR", deposit=2000, refunded=2000, fee=3000, waived=3000)
    yield Settlement("EUR", deposit=2000, credited=2000, fee=3000, waived=3000)
    yield Settlement("EUR", deposit=2000, forfeited=2000)
    yield Settlement("EUR", deposit=2000, held=2000)


def messages(walk: Walk) -> None:
    """Every message by every channel."""
    for bare in ({}, {"CANCELLATIONS_REBOOK_URL": "", "CANCELLATIONS_CLINIC_NAME": ""}):
        site = walk.site(**bare)
        for template in ("cancelled_client", "cancelled_clinic", "cancelled_other"):
            for channel in ("sms", "email"):
                for settlement in settlements():
                    _message(walk, site, template, channel, settlement, "" if bare else "Мария Петрова")


def _message(walk: Walk, site: Site, template: str, channel: str, settlement: Settlement, client: str) -> None:
    state, where = site.clinic.state, f"{channel} {template}"
    told = {
        "client": client,
        "service": "Massage",
        "staff": "Dr Ivan Kolev",
        "start_us": state.clock.to_us(at(16, 40)),
        "free_until_us": state.clock.to_us(at(16, 40, day=1)),
        "settlement": asdict(settlement),
    }
    row = Leased(
        id=1,
        uid="7",
        cancellation_id=1,
        client_key="1",
        channel=channel,
        address="7",
        locale=walk.language,
        template=template,
        parameters=json.dumps(told),
        attempts=1,
        lease_token="",
        lease_until_us=0,
    )
    letter = Renderer(state.settings, state.clock, None).render(row)
    assert letter.language == walk.language
    for text in (letter.subject, letter.text):
        walk.say(where, text)
    if letter.html:
        page = Visible(letter.html)
        walk.pages.append((where, page.lang, page.dir))
        for text in page.texts:
            walk.say(where, text)


def api(walk: Walk) -> None:
    """What programs are answered in words."""
    site = walk.site(**policy(bands=[HALF], cap="20.00"))
    manager, desk = site.browser(), site.browser("desk")
    key, unpriced = walk.visit(site), walk.visit(site, price=None)
    root = f"{ROOT}/api/appointments"

    def get(client: FlaskClient, path: str, status: int = 200) -> None:
        walk.note_json(path, client.get(f"{root}{path}"), status)

    def post(client: FlaskClient, visit: str, status: int, body: Any, key: str = "k") -> None:
        answer = client.post(f"{root}/{visit}/cancel", json=body, headers={"Idempotency-Key": key})
        walk.note_json(f"cancel {body}", answer, status)

    get(site.stranger(), f"/{key}/quote", 401)
    get(site.browser("cleaner"), f"/{key}/quote", 403)
    get(manager, "/777/quote", 404)
    for query in ("", "?reason=illness", "?reason=therapist_ill"):
        get(manager, f"/{key}/quote{query}")
    get(manager, f"/{unpriced}/quote")
    for query in ("reason=777", "told_at=777", "told_at=2026-12-02T12:00", "fee=7", "colour=7", "amount=7,77777"):
        get(manager, f"/{key}/quote?{query}", 422)
    get(desk, f"/{key}/quote?told_at=2026-12-02T09:00", 403)
    post(manager, key, 422, {"reason": 7, "note": "7" * 2001, "fee": "7", "amount": "x", "told_at": "x", "tell": 7})
    post(manager, key, 422, {"reason": None, "waive_reason": "7" * 501, "colour": "7", "amount": "7.777"})
    post(manager, key, 422, [7])
    post(manager, key, 422, {"reason": "illness", "told_channel": "phone", "fee": "charge"}, key="")
    not_json = manager.post(f"{root}/{key}/cancel", data="7", headers={"Idempotency-Key": "k"})
    walk.note_json("no JSON", not_json, 415)
    broken = manager.post(f"{root}/{key}/cancel", data="{", content_type="application/json")
    walk.note_json("broken JSON", broken, 400)
    site.clinic.app.config["MAX_CONTENT_LENGTH"] = 10
    post(manager, key, 413, {"note": "7" * 20})
    site.clinic.app.config["MAX_CONTENT_LENGTH"] = None
    foreign = manager.post(f"{root}/{key}/cancel", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    walk.note_json("from another site", foreign, 403)
    post(manager, key, 201, {"reason": "illness", "told_channel": "phone", "fee": "charge"})
    post(manager, key, 422, {"reason": "work"})
    post(manager, key, 409, {"reason": "work", "told_channel": "phone"}, key="other")
    get(manager, f"/{key}/quote", 409)
    get(manager, f"/{key}/history")


STEPS = (links, too_late, booking, messages, api, *MONEY, *TERMS)


def clients_walk(walk: Walk) -> None:
    """All of it."""
    for step in STEPS:
        step(walk)
