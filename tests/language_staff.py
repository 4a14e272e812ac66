"""The walk through the pages of staff. A new page or state of a page belongs here."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from flask_cancellations.errors import InvalidInput
from flask_cancellations.services.actor import Actor, Source

from .language_elsewhere import past_us
from .language_host_program import host_program
from .language_money_pages import STEPS as MONEY_PAGES
from .language_policies import policy_words
from .language_policy_pages import STEPS as POLICY_PAGES
from .language_walk import DESK, TYPED, Walk, record_event, run_worker, set_messages
from .site import ROOT, at, hidden
from .small_host import readme_toml

POLICY = {"name": "standard", "valid_from": "2026-01-01"}
HALF = {"less_than": "24h", "fee": "50%"}


def policy(**values: Any) -> dict[str, Any]:
    """The configuration of one policy."""
    return {"CANCELLATIONS_POLICIES": [{**POLICY, **values}]}


def day_list(walk: Walk) -> None:
    """Every status, the filters, and days without anything."""
    site = walk.site()
    manager = site.browser()
    walk.look(manager, "/")
    for hour, state in enumerate(("booked", "missed", "done", "cancelled", "on ice"), start=9):
        walk.visit(site, at(hour), state=state)
    site.change(walk.visit(site, at(16), therapist="Vesela Marinova"), patient=None, treatment=None)
    walk.look(manager, "/")
    walk.look(manager, "/?date=2026-12-20&staff=1")
    walk.look(manager, "/?name=%D0%9F%D0%B5%D1%82%D1%80%D0%BE%D0%B2%D0%B0")
    walk.look(manager, "/?name=777")
    walk.look(manager, "/?date=777", 422)
    walk.look(site.browser("therapist", "Vesela Marinova", "Vesela Marinova"), "/")


def refusals(walk: Walk) -> None:
    """What is answered to those who may not, come too late, or ask for what is not there."""
    site = walk.site()
    manager, key = site.browser(), walk.visit(site)
    for path in ("/cancel/777", "/appointment/777", "/cancellation/777"):
        walk.look(manager, path, 404)
    walk.send(manager, "/message/777/stop", 404)
    walk.look(site.browser("cleaner"), "/", 403)
    walk.send(site.stranger(), f"/cancel/{key}", 401)
    walk.send(manager, f"/cancel/{key}", 403, headers={"Sec-Fetch-Site": "cross-site"})
    walk.look(manager, f"/cancel/{walk.visit(site, state='done')}", 409)
    walk.look(manager, f"/cancel/{walk.visit(site, state='cancelled')}", 409)
    walk.look(site.browser("desk"), f"/cancel/{walk.visit(site, at(9))}", 409)
    site.cancel(key, DESK)
    walk.look(manager, f"/cancel/{key}", 409)
    undated = walk.visit(site)
    site.change(undated, begins_at=None)
    walk.look(manager, f"/cancel/{undated}", 409)
    tenants = tomllib.loads(readme_toml())["CANCELLATIONS_HOST"]
    tenants["appointment"]["scope"], tenants["user"]["scope"] = "therapist", "therapist_id"
    walk.look(walk.site(CANCELLATIONS_HOST=tenants).browser(), "/", 403)


def cancel_page(walk: Walk) -> None:
    """The form with every sentence about notice, fee and deposit."""
    site = walk.site()
    manager, reception, desk = site.browser(), site.browser("reception"), site.browser("desk")
    near = walk.visit(site, at(15))
    for client in (manager, reception, desk):
        walk.look(client, f"/cancel/{near}")
    for query in (
        "reason=therapist_ill",
        "reason=mistake",
        "reason=therapist_ill&side=client",
        "fee=waive",
        "fee=charge",
    ):
        walk.look(manager, f"/cancel/{near}?{query}")
    for start in (at(11), at(15, day=9), at(10, 5, day=3)):
        walk.look(manager, f"/cancel/{walk.visit(site, start)}")
    for deposit in ("50.00", "30.00", "0"):
        key = walk.visit(site, deposit=deposit)
        for client in (manager, reception, desk):
            walk.look(client, f"/cancel/{key}")
    for addresses in ({"email": None}, {"mobile": None}, {"mobile": None, "email": None}):
        walk.look(manager, f"/cancel/{walk.visit(site, client=addresses)}")
    alone = walk.visit(site)
    site.change(alone, patient=None)
    walk.look(manager, f"/cancel/{alone}")
    walk.look(manager, f"/cancel/{walk.visit(site, at(9))}")
    unproven = walk.visit(site, booked=None)
    walk.look(manager, f"/cancel/{unproven}")


def host_with_price_in(currency: str) -> dict[str, Any]:
    """The README's mapping, where the text at this path is the code of the price's currency."""
    host: dict[str, Any] = tomllib.loads(readme_toml())["CANCELLATIONS_HOST"]
    host["appointment"]["price"] = {"attribute": host["appointment"]["price"], "currency": currency}
    return host


def policies(walk: Walk) -> None:
    """The sentences of every kind of fee, and a price that nobody knows."""
    kinds: list[dict[str, Any]] = [
        policy(bands=[HALF], cap="20.00"),
        policy(bands=[{"less_than": "24h", "fee": "full"}]),
        policy(bands=[HALF], grace="48h"),
        policy(bands=[{"less_than": "90m", "fee": "15.00"}, {"less_than": "96h", "fee": "10.00"}]),
        policy(bands=[{"less_than": "24h", "fee": "none", "forfeit": True}]),
        policy(bands=[{**HALF, "forfeit": True}]),
        policy(bands=[]),
        {"CANCELLATIONS_POLICIES": []},
    ]
    for config in kinds:
        site = walk.site(**config)
        key = walk.visit(site, at(11), deposit="50.00")
        for role in ("manager", "desk"):
            walk.look(site.browser(role), f"/cancel/{key}")
    site = walk.site(**policy(bands=[HALF], cap="20.00"))
    key = walk.visit(site, price=None)
    for query in ("", "?amount=10", "?reason=mistake", "?amount=99"):
        walk.look(site.browser(), f"/cancel/{key}{query}")
    walk.look(site.browser("desk"), f"/cancel/{key}")
    free = walk.site(**policy(bands=[HALF]))
    walk.look(free.browser(), f"/cancel/{walk.visit(free, price=None)}")
    moved = walk.site(**policy(bands=[{"less_than": "24h", "fee": "15.00"}]))
    with moved.clinic.app.app_context():
        settings = moved.clinic.state.settings
        # As after the clinic's country changed its money: the terms that bookings point at stay as they were.
        object.__setattr__(settings, "policies", tuple(replace(old, currency="BGN") for old in settings.policies))
    walk.look(moved.browser(), f"/cancel/{walk.visit(moved)}")
    abroad = walk.site(**policy(bands=[HALF]), CANCELLATIONS_HOST=host_with_price_in("patient.language"))
    walk.look(abroad.browser(), f"/cancel/{walk.visit(abroad)}")


def wrong_entries(walk: Walk) -> None:
    """Every fault that the form can have, and numbers that changed meanwhile."""
    site = walk.site(**policy(bands=[HALF], cap="20.00"))
    manager = site.browser()
    key, unpriced, far = walk.visit(site), walk.visit(site, price=None), walk.visit(site, at(15, day=9))
    entries: list[tuple[str, dict[str, str]]] = [
        (key, {}),
        (key, {"side": "nobody", "told_channel": "pigeon", "note": "7" * 2001, "silent": "yes", "fee": "maybe"}),
        (key, {"told": "earlier", "told_at": "777", "amount": "x", "reason": "777", "waive_reason": "7" * 501}),
        (key, {"reason": "other"}),
        (key, {"reason": "illness", "side": "clinic"}),
        (key, {"reason": "illness", "told": "earlier", "told_at": "2026-12-02T12:00"}),
        (key, {"reason": "illness", "told": "earlier", "told_at": "2026-11-02T12:00"}),
        (key, {"reason": "illness", "fee": "waive", "rest_waive": "keep"}),
        (key, {"reason": "illness", "fee": "waive", "waive_reason": TYPED, "rest_waive": "keep"}),
        (far, {"reason": "illness", "rest_charge": "keep"}),
        (unpriced, {"reason": "illness"}),
        (unpriced, {"reason": "illness", "amount": "99", "priced": "99"}),
        (unpriced, {"reason": "illness", "amount": "9.999", "priced": "9.999"}),
    ]
    seen = {visit: hidden(manager.get(f"{ROOT}/cancel/{visit}"), "seen") for visit in (key, unpriced, far)}
    for number, (visit, fields) in enumerate(entries):
        form = {"told_channel": "phone", "idempotency_key": f"wrong-{number}", "seen": seen[visit], **fields}
        walk.send(manager, f"/cancel/{visit}", 422, **form)
    with pytest.raises(InvalidInput) as refused:
        site.cancel(unpriced, DESK, amount=-1)  # what only a program can enter
    for text in refused.value.fields["amount"]:
        walk.say("a negative fee", text)
    good = {"told_channel": "phone", "reason": "illness", "fee": "charge", "idempotency_key": "good", "seen": seen[key]}
    walk.send(manager, f"/cancel/{key}", 422, **{**good, "idempotency_key": ""})
    walk.send(manager, f"/cancel/{key}", 409, **{**good, "seen": "777"})
    walk.send(manager, f"/cancel/{unpriced}", 409, **good, amount="10", priced="")
    walk.send(manager, f"/cancel/{walk.visit(site, at(9))}", 409, **good)
    earlier = {"told": "earlier", "told_at": "2026-12-02T09:00"}
    walk.send(site.browser("desk"), f"/cancel/{key}", 403, **good, **earlier)
    walk.send(manager, f"/cancel/{key}", 200, **good)
    walk.send(manager, f"/cancel/{key}", 422, **good, note="7")


def results(walk: Walk) -> None:
    """The pages after a cancellation and its history, for every outcome of money, message and time."""
    site = walk.site(**policy(bands=[{**HALF, "forfeit": True}]))
    waive = {"fee": "waive", "waive_reason": TYPED}
    quiet = {"tell": False, "silent_reason": TYPED}
    outcomes: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({}, {"note": TYPED}),
        ({"deposit": "30.00"}, {}),
        ({"deposit": None}, {}),
        ({"deposit": "50.00"}, {"rest": "keep"}),
        ({}, {**waive, "rest": "credit"}),
        ({}, {**waive, "rest": "keep", "keep_reason": TYPED}),
        ({}, {"reason": "therapist_ill", "fee": None}),
        ({}, {"reason": "deceased", "fee": None}),
        ({}, quiet),
        ({"client": {"email": None}}, {}),
        ({"client": {"mobile": None}}, {}),
        ({"client": {"email": None, "mobile": None}}, {}),
        ({"start": at(15, day=9), "deposit": None}, {"told_us": site.clinic.state.clock.to_us(at(9))}),
    ]
    manager = site.browser()
    cancelled = [
        (walk.visit(site, **visit), actor, values)
        for (visit, values), actor in zip(outcomes, _actors(len(outcomes)), strict=True)
    ]
    for (key, actor, values), channel in zip(cancelled, _channels(len(cancelled)), strict=True):
        number = site.cancel(key, actor, told_channel=channel, **values)
        walk.look(manager, f"/cancellation/{number}?done=1&back=/diary")
        walk.look(manager, f"/appointment/{key}")
    walk.look(manager, f"/appointment/{walk.visit(site)}")
    alone = walk.visit(site)
    site.change(alone, patient=None)
    walk.look(manager, f"/appointment/{alone}")
    walk.look(manager, f"/cancellation/{site.cancel(alone, DESK)}")

    walk.send(manager, "/message/1/stop", 200)
    walk.send(manager, "/message/1/stop", 409)
    site.clock.forward(seconds=150)
    walk.look(manager, "/cancellation/1")
    site.clock.forward(minutes=5)
    walk.look(manager, "/cancellation/1")
    run_worker(site)
    for key, _, _ in cancelled:
        walk.look(manager, f"/appointment/{key}")
    for number in range(1, len(cancelled) + 1):
        walk.look(manager, f"/cancellation/{number}")
    for state in ("sending", "dead"):
        set_messages(site, state)
        walk.look(manager, "/cancellation/1")
    record_event(site, cancelled[0][0], "message.dead", channel="sms")
    record_event(site, cancelled[0][0], "7.7")  # a word that these pages do not know yet
    walk.look(manager, f"/appointment/{cancelled[0][0]}")


def _actors(count: int) -> list[Actor]:
    sources: tuple[Source, ...] = ("web", "link", "api", "job", "cli", "host")
    return [replace(DESK, source=sources[number % len(sources)]) for number in range(count)]


def _channels(count: int) -> list[str]:
    channels = ("phone", "in_person", "voicemail", "email", "sms", "online")
    return [channels[number % len(channels)] for number in range(count)]


def freed_times(walk: Walk) -> None:
    """What becomes of the time: held, free, booked again, gone by."""
    site = walk.site(CANCELLATIONS_WAITLIST={"hold": "30m"})
    manager = site.browser()
    key, begun = walk.visit(site, at(15)), walk.visit(site, at(9, 30))
    site.cancel(key, DESK)
    site.cancel(begun, DESK, told_us=site.clinic.state.clock.to_us(at(8)))
    for number in (1, 2):
        walk.look(manager, f"/cancellation/{number}")
    for visit in (key, begun):
        walk.look(manager, f"/appointment/{visit}")
    site.clock.forward(hours=1)
    walk.look(manager, "/cancellation/1")
    walk.visit(site, at(15, 30))
    walk.look(manager, "/cancellation/1")


def a_whole_cancel(walk: Walk) -> None:
    """The page as it is opened, sent and answered, in a clinic that gave itself no name."""
    site = walk.site(CANCELLATIONS_CLINIC_NAME="", CANCELLATIONS_UNDO_DELAY="20s")
    key, manager = walk.visit(site), site.browser()
    page = walk.look(manager, f"/cancel/{key}")
    form = {"idempotency_key": hidden(page, "idempotency_key"), "seen": hidden(page, "seen")}
    answer = walk.send(manager, f"/cancel/{key}", 200, **form, reason="illness", told_channel="phone", fee="charge")
    assert answer.request.path.startswith(f"{ROOT}/cancellation/")


STEPS = (
    day_list,
    refusals,
    cancel_page,
    policies,
    wrong_entries,
    results,
    freed_times,
    a_whole_cancel,
    host_program,
    past_us,
    policy_words,
    *MONEY_PAGES,
    *POLICY_PAGES,
)


def staff_walk(walk: Walk) -> None:
    """All of it."""
    for step in STEPS:
        step(walk)
