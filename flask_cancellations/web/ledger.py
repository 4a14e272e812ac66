"""The money of one cancellation as a short statement of account, which never claims more than has happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from flask_cancellations.i18n import fcx_, moment_text, time_text
from flask_cancellations.rules.quote import Quote, Why
from flask_cancellations.rules.wording import why_text
from flask_cancellations.services.catalogue import Catalogue
from flask_cancellations.services.history import CancellationView
from flask_cancellations.state import State


@dataclass(frozen=True, slots=True)
class Entry:
    """One amount (minor units) and what is known about it. A ``total`` is what the entries under it divide."""

    title: str
    amount: int
    text: str
    total: bool = False


def why(view: CancellationView, known: Catalogue) -> str:
    """Why the fee was what it was: the sentence of the quote that the cancellation was decided on."""
    record, terms = view.record, view.terms
    version = known.by_id(terms.policy_version_id)
    policy = version.policy if version else None
    bands = policy.bands if policy else ()
    quote = Quote(
        currency=view.settlement.currency,
        notice=record.start_us - record.told_us,
        price=terms.price,
        deposit=view.settlement.deposit,
        fee=view.settlement.fee,
        otherwise=terms.otherwise,
        needs_amount=False,
        limit=policy.cap if policy else None,
        forfeit=False,
        late=record.late,
        clinic_side=record.side == "clinic",
        policy=policy.name if policy else None,
        band=next((band for band in bands if band.less_than == terms.band_less_than_us), None),
        why=cast("tuple[Why, ...]", view.why),
    )
    return why_text(quote, policy)


def ledger(state: State, view: CancellationView) -> list[Entry]:
    """Fee and deposit with what each is divided into; empty where there was neither."""
    settled, waiver = view.settlement, view.waiver
    movements = {movement.kind: movement for movement in view.movements}
    entries = []
    if settled.fee:
        entries.append(Entry(fcx_("Cancellation fee"), settled.fee, "", total=True))
        if settled.waived:
            entries.append(Entry(fcx_("Waived"), settled.waived, waiver.reason if waiver else ""))
        if settled.taken:
            entries.append(Entry(fcx_("Paid from the deposit"), settled.taken, ""))
        if settled.due:
            entries.append(Entry(fcx_("Due from the client"), settled.due, fcx_("to be settled at the desk")))
        if settled.dropped:
            entries.append(Entry(fcx_("Dropped"), settled.dropped, fcx_("no longer asked for")))
        if settled.given_back:
            entries.append(Entry(fcx_("Given back"), settled.given_back, fcx_("it is held as a deposit again")))
    if settled.deposit:
        entries.append(Entry(fcx_("Deposit"), settled.deposit, "", total=True))
        if settled.taken:
            entries.append(Entry(fcx_("Taken for the fee"), settled.taken, ""))
        if settled.refunded:
            text = fcx_("We will refund this: to be settled at the desk")
            entries.append(Entry(fcx_("Refund"), settled.refunded, text))
        if settled.credited:
            entries.append(Entry(fcx_("Credit note"), settled.credited, _credit(state, movements["credit"])))
        if settled.forfeited:
            text = waiver.keep_reason if waiver else fcx_("the clinic keeps it by its policy")
            entries.append(Entry(fcx_("Kept"), settled.forfeited, text))
        if settled.held:
            entries.append(Entry(fcx_("Held"), settled.held, fcx_("nothing is decided about it yet")))
    return entries


def _credit(state: State, movement: Any) -> str:
    if movement.state == "done":
        issued = moment_text(state.clock.to_wall(movement.done_us))
        return fcx_("No. %(number)s, issued on %(when)s", number=movement.number, when=issued)
    due = time_text(state.clock.to_wall(movement.not_before_us))
    return fcx_("We will issue it after %(time)s, when it can no longer be undone", time=due)
