"""The walk through what people are told about money: sentences of each outcome, letters, and each refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_cancellations import Deposit, Refused
from flask_cancellations.delivery.wording import deposit_sentences, fee_sentence
from flask_cancellations.i18n import use_locale
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import Message, Movement
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.rules.wording import outcome_sentences
from flask_cancellations.services import credit, fees, payments

from .language_walk import DESK, TYPED, Walk
from .money_host import Till, staff

SETTLEMENTS = (
    Settlement("EUR", deposit=2000, held=2000, fee=3000, pending=3000),
    Settlement("EUR", deposit=2000, refunded=2000, fee=3000, dropped=3000),
    Settlement("EUR", fee=3000, kept=3000),
    Settlement("EUR", deposit=3000, taken=3000, fee=3000, given_back=3000),
)


def sentences(walk: Walk) -> None:
    """What staff and clients read about a fee that waited."""
    for settled in SETTLEMENTS:
        with use_locale(walk.language):
            told = [fee_sentence(settled, "7"), *deposit_sentences(settled), *outcome_sentences(settled)]
        for text in told:
            walk.say(f"settlement {settled}", text)


def decided(walk: Walk) -> None:
    """The letter and the text message about a fee that was decided."""
    site = walk.site(CANCELLATIONS_PENDING="2h")
    for client in ({"mobile": None}, {"email": None}):
        done = site.cancel(walk.visit(site, client=client), DESK)
        with site.clinic.app.app_context(), site.clinic.cancellations.transaction():
            fees.charge(site.clinic.state, done, DESK)
    site.clock.forward(minutes=3)
    with site.clinic.app.app_context():
        assert run_once(site.clinic.state).errors == 0
        for message in site.clinic.rows(Message):
            walk.say(f"{message.template} by {message.channel}", message.sent_text)


def refusals(walk: Walk) -> None:
    """What is refused at the desk."""
    site = walk.site(
        CANCELLATIONS_PENDING="2h",
        CANCELLATIONS_OWING="block",
        CANCELLATIONS_WAIVER_LIMITS={"reception": "5.00"},
        CANCELLATIONS_ADAPTER=Till([Deposit(4000, "EUR")]),
    )
    state, till = site.clinic.state, site.clinic.app.config["CANCELLATIONS_ADAPTER"]
    first = site.cancel(walk.visit(site), DESK, rest="credit")

    def refused(work: Callable[[], Any]) -> None:
        with site.clinic.app.app_context():
            with pytest.raises(Refused) as refusal:
                work()
            site.clinic.db.session.rollback()
        fields = getattr(refusal.value, "fields", {"": [str(refusal.value)]})
        for texts in fields.values():
            for text in texts:
                walk.say("money, refused", text)

    def do(work: Callable[[], Any]) -> None:
        with site.clinic.app.app_context(), site.clinic.cancellations.transaction():
            work()

    reception = staff("reception")
    refused(lambda: fees.charge(state, first, DESK, amount=7777))
    refused(lambda: fees.waive(state, first, DESK, reason=""))
    refused(lambda: fees.waive(state, first, reception, reason=TYPED))
    refused(lambda: fees.waive(state, first, DESK, reason=TYPED, rest={"keep": 7}))
    do(lambda: fees.drop(state, first, DESK, reason=TYPED, rest="credit"))
    refused(lambda: fees.drop(state, first, DESK, reason=TYPED))
    site.clock.forward(minutes=3)
    with site.clinic.app.app_context():
        run_once(state)
    wrongly_split = walk.visit(site)
    refused(lambda: site.cancel(wrongly_split, DESK, split={"refund": 7}))
    till.paid = [Deposit(777, "USD")]
    refused(lambda: site.cancel(wrongly_split, DESK))

    refused(lambda: credit.redeem(state, "7", 1, DESK))
    refused(lambda: credit.redeem(state, "7", 0, DESK))
    refused(lambda: credit.void(state, 777, DESK, reason=TYPED))
    do(lambda: credit.void(state, 1, DESK, reason=TYPED))
    refused(lambda: credit.void(state, 1, DESK, reason=TYPED))
    refused(lambda: site.clinic.cancellations.credit_note(777))
    refused(lambda: payments.retry(state, 777, DESK))

    till.paid = []
    owing = site.cancel(walk.visit(site), DESK)
    do(lambda: fees.charge(state, owing, DESK))
    asked = next(row for row in site.rows(Movement) if (row.cancellation_id, row.kind) == (owing, "charge"))
    refused(lambda: site.clinic.cancellations.owed(asked.client_key).refuse())
    refused(lambda: payments.retry(state, asked.id, DESK))
    site.clock.forward(minutes=3)
    do(lambda: payments.begin(state, asked.id, DESK))
    refused(lambda: fees.waive(state, owing, DESK, reason=TYPED))


STEPS = (sentences, decided, refusals)
