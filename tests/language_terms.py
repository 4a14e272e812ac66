"""The walk through what clients are told beforehand: the terms of an appointment, what is owed, credit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_cancellations.clock import DAY, HOUR
from flask_cancellations.i18n import use_locale
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.rules.deposit_rule import FORFEIT, DepositRule
from flask_cancellations.rules.policy import Band, Policy
from flask_cancellations.rules.quote import Facts, quote
from flask_cancellations.rules.terms_text import deposit_terms, short_texts, stage_sentences
from flask_cancellations.services.quoting import Quoted
from flask_cancellations.services.terms import exact_stages, told_stages

from .language_walk import DESK, Walk
from .policies import SOFIA, facts, fee, policy
from .site import at


def cases() -> Iterator[tuple[Policy, Facts]]:
    """One for each sentence about stages and deposit."""
    forfeit = policy(Band(DAY, fee("none"), FORFEIT), Band(2 * HOUR, fee("10.00"), FORFEIT))
    yield policy(), facts(3 * DAY)
    yield policy(), facts(5 * HOUR, deposit=0)
    yield policy(), facts(HOUR)
    yield policy(exempt=frozenset({"vip"})), facts(3 * DAY, group="vip")
    yield policy(Band(DAY, fee("none"), FORFEIT), deposit=DepositRule(("credit",))), facts(3 * DAY)
    yield forfeit, facts(3 * DAY)
    yield policy(Band(DAY, fee("50%"), FORFEIT)), facts(3 * DAY, price=None)
    yield policy(Band(DAY, fee("10%"), DepositRule(("credit",)))), facts(3 * DAY)


def stages(walk: Walk) -> None:
    """What is told of the stages, in sentences and in every length of a text message."""
    with use_locale(walk.language):
        for terms, known in cases():
            quoted = Quoted(quote(known, terms, None), terms, 1)
            told = told_stages(SOFIA, quoted)
            now = SOFIA.to_wall(known.told)
            texts = [*stage_sentences(told), *deposit_terms(told), *short_texts(told, now)]
            for text in [*texts, *(stage.text for stage in exact_stages(SOFIA, quoted))]:
                walk.say("terms", text)


def whole_terms(walk: Walk) -> None:
    """The terms of a visit, with all else that bears on a fee."""
    lenient: dict[str, Any] = {"first_free": {"times": 1, "months": 12}, "self_cancel": "2h"}
    band = {"less_than": "24h", "fee": "50%"}
    for config in ({}, {"CANCELLATIONS_REFILLED_FEE": "30%"}):
        for more in ({}, lenient):
            rule = {"name": "standard", "valid_from": "2026-01-01", "bands": [band], **more}
            site = walk.site(CANCELLATIONS_PENDING="2h", CANCELLATIONS_POLICIES=[rule], **config)
            visit = site.clinic.Visit
            key = walk.visit(site, at(15, day=9))
            with site.clinic.app.app_context():
                row = site.clinic.db.session.get(visit, int(key))
                told = site.clinic.cancellations.terms(row, link=True)
                for text in (told.short, *told.sentences):
                    walk.say("terms of a visit", text)


def before_booking(walk: Walk) -> None:
    """What a booking page says of what a client owes and has."""
    for rule, expires in (("warn", False), ("block", "365d")):
        site = walk.site(CANCELLATIONS_OWING=rule, CANCELLATIONS_CREDIT_EXPIRES=expires)
        clinic = site.clinic
        first, second = walk.visit(site, deposit="50.00"), walk.visit(site, deposit="70.00")
        with clinic.app.app_context(), use_locale(walk.language):
            mine = clinic.db.session.get_one(clinic.Visit, int(first)).patient
            clinic.db.session.get_one(clinic.Visit, int(second)).patient = mine
            owing = clinic.visit(patient=mine, deposit=None)
            for key in (str(owing.id), first, second):
                clinic.cancel(clinic.db.session.get(clinic.Visit, int(key)), DESK, rest="credit")
                clinic.clock.forward(minutes=3)
                clinic.db.session.rollback()
                assert run_once(clinic.state).errors == 0
                walk.say("owed", clinic.cancellations.owed(mine).warning)
                walk.say("credit", clinic.cancellations.credit(mine).text)


STEPS = (stages, whole_terms, before_booking)
