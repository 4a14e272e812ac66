"""The money of one cancellation as a short statement of account, which never claims more than has happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Row

from flask_cancellations.i18n import fcx_, moment_text, time_text
from flask_cancellations.models.settlement import CANCEL, DONE, FAILED, GIVE_BACK, SENT, STEP, STOPPED
from flask_cancellations.rules.policy import Band
from flask_cancellations.rules.quote import Considered, Quote, Why
from flask_cancellations.rules.trace import traced_band
from flask_cancellations.rules.why import why_text
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


def why(state: State, view: CancellationView, known: Catalogue) -> str:
    """Why the fee was what it was: the sentence of the quote that the cancellation was decided on."""
    record, terms = view.record, view.terms
    version = known.by_id(terms.policy_version_id)
    policy = version.policy if version else None
    edge, deadline = traced_band(terms.trace)
    bands = policy.bands if policy else ()
    band = next((band for band in bands if _is_band(band, edge, terms.band_less_than_us)), None)
    wall = state.clock.to_wall(deadline) if deadline is not None else None
    quote = Quote(
        currency=view.settlement.currency,
        notice=record.start_us - record.told_us,
        price=terms.price,
        deposit=view.settlement.deposit,
        fee=view.settlement.fee,
        otherwise=terms.otherwise,
        needs_amount=False,
        limit=policy.cap if policy else None,
        rests=(),
        late=record.late,
        clinic_side=record.side == "clinic",
        policy=policy.name if policy else None,
        band=band,
        why=cast("tuple[Why, ...]", view.why),
        considered=() if band is None else (Considered(band, deadline or 0, wall, None, True, False),),
    )
    return why_text(quote, policy)


def _is_band(band: Band, edge: str | None, less_than_us: int | None) -> bool:
    """Whether this band decided; rows of our first version hold no trace, and only bands by hours."""
    return band.edge == edge if edge is not None else less_than_us is not None and band.less_than == less_than_us


def ledger(state: State, view: CancellationView) -> list[Entry]:
    """Fee and deposit with what each is divided into; empty where there was neither."""
    settled = view.settlement
    entries = []
    if settled.fee:
        entries.append(Entry(fcx_("Cancellation fee"), settled.fee, "", total=True))
        entries += _fee(state, view)
    if settled.deposit:
        entries.append(Entry(fcx_("Deposit"), settled.deposit, "", total=True))
        entries += _deposit(state, view)
    return entries


def _fee(state: State, view: CancellationView) -> list[Entry]:
    settled = view.settlement
    from_deposit = min(settled.kept, settled.taken)
    waived = [waiver.reason for waiver in view.waivers if waiver.amount]
    charges, backs = _of(view, "charge", CANCEL, STEP), _of(view, "refund", GIVE_BACK) + _of(view, "credit", GIVE_BACK)
    entries = [
        Entry(fcx_("Pending"), settled.pending, _pending(state, view)),
        Entry(fcx_("Waived"), settled.waived, "; ".join(dict.fromkeys(waived))),
        Entry(fcx_("Paid from the deposit"), from_deposit, ""),
        Entry(fcx_("Paid by the client"), settled.kept - from_deposit, ""),
        Entry(
            fcx_("Due from the client"), settled.due, payment_text(state, charges) or fcx_("to be settled at the desk")
        ),
        Entry(fcx_("Dropped"), settled.dropped, fcx_("no longer asked for")),
        Entry(fcx_("Given back"), settled.given_back, payment_text(state, backs)),
    ]
    return [entry for entry in entries if entry.amount]


def _deposit(state: State, view: CancellationView) -> list[Entry]:
    settled = view.settlement
    refunds = payment_text(state, _of(view, "refund", CANCEL, STEP))
    kept = "; ".join(waiver.keep_reason for waiver in view.waivers if waiver.keep_reason)
    held = fcx_("as long as the fee is pending") if settled.pending else fcx_("nothing is decided about it yet")
    entries = [
        Entry(fcx_("Taken for the fee"), settled.taken, ""),
        Entry(fcx_("Refund"), settled.refunded, refunds or fcx_("We will refund this: to be settled at the desk")),
        Entry(fcx_("Credit note"), settled.credited, payment_text(state, _of(view, "credit", CANCEL, STEP))),
        Entry(fcx_("Kept"), settled.forfeited, kept or fcx_("the clinic keeps it by its policy")),
        Entry(fcx_("Held"), settled.held, held),
    ]
    return [entry for entry in entries if entry.amount]


def _of(view: CancellationView, kind: str, *purposes: str) -> list[Row[Any]]:
    return [row for row in view.movements if row.kind == kind and row.purpose in purposes and row.state != STOPPED]


def _pending(state: State, view: CancellationView) -> str:
    until = view.terms.pending_until_us
    if until is None or view.terms.stood_again_us is not None:
        return fcx_("the appointment stands again; somebody has to say what becomes of it")
    when = moment_text(state.clock.to_wall(until))
    return fcx_("charged on %(when)s, unless the time is booked again before", when=when)


def payment_text(state: State, movements: Sequence[Row[Any]]) -> str:
    """How far these payments and credits are; each state is named once."""
    return " · ".join(dict.fromkeys(_how_far(state, movement) for movement in movements))


def _how_far(state: State, movement: Row[Any]) -> str:
    when = "" if movement.done_us is None else moment_text(state.clock.to_wall(movement.done_us))
    if movement.kind == "credit":
        if movement.state == DONE:
            return fcx_("No. %(number)s, issued on %(when)s", number=movement.number, when=when)
        due = time_text(state.clock.to_wall(movement.not_before_us))
        return fcx_("We will issue it after %(time)s, when it can no longer be undone", time=due)
    if movement.state == SENT:
        return fcx_("the payment provider is at it")
    if movement.state == FAILED:
        return fcx_("the payment failed, see below")
    if movement.state == DONE and movement.settled_by:
        return fcx_("settled at the desk on %(when)s", when=when)
    if movement.state == DONE:
        return fcx_("made by the payment provider on %(when)s", when=when)
    if movement.kind == "refund":
        return fcx_("We will refund this: to be settled at the desk")
    return fcx_("to be settled at the desk")
