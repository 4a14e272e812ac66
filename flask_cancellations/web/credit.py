"""A client's credit: the balance, what it is made of, and what the desk does with it; and what the client owes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response

from flask_cancellations.errors import ChangedMeanwhile, Conflict, InvalidInput, RequestReused
from flask_cancellations.i18n import fcx_, fcx_p, moment_text
from flask_cancellations.models.settlement import GIVE_BACK
from flask_cancellations.rules.money import is_currency
from flask_cancellations.services import credit, credit_view
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.credit_view import Account, LotView
from flask_cancellations.state import State, current_state
from flask_cancellations.web.access import new_key, staff
from flask_cancellations.web.credit_note import paper_label
from flask_cancellations.web.errors import error_page, title_of
from flask_cancellations.web.forms import Entries, Faults, amount_entry, do_once
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.way_back import handed_on

FIELDS = ("amount", "reference", "currency")
VOID_FIELDS = ("reason", "seen")
MAX_REFERENCE = 190


@dataclass(frozen=True, slots=True)
class Refused:
    """A form that was refused: its name (``redeem-EUR``, ``void-7``), what was typed, and why."""

    form: str
    sent: dict[str, str]
    faults: Faults


@dataclass(frozen=True, slots=True)
class Lot:
    """One credit as the page shows it; amounts in minor units."""

    id: int
    origin: str
    record_url: str
    amount: int
    left: int
    until: str
    entries: list[tuple[str, str, int]]
    papers: list[tuple[str, str]]
    void_url: str


@dataclass(frozen=True, slots=True)
class Purse:
    """The account of one currency as the page shows it. ``owing`` are triples of a text, an amount and an address."""

    currency: str
    balance: int
    balance_entry: str
    coming: int
    due: int
    pending: int
    owing: list[tuple[str, int, str]]
    lots: list[Lot]


def client_credit(key: str) -> Response:
    """The page of one client; ``key`` is the host's key of the client."""
    state = current_state()
    return _show(state, staff(state), key)


def redeem_credit(key: str) -> Response:
    """Redeem credit for something that the client buys now."""

    def work(state: State, actor: Actor, entries: Entries) -> None:
        currency = _currency(entries)
        amount, reference = entries.amount("amount", currency), entries.text("reference", MAX_REFERENCE)
        if not reference:
            entries.faults.setdefault("reference", [fcx_("Say what it is used for.")])
        entries.check()
        credit.redeem(state, key, amount or 0, actor, reference=reference, currency=currency)

    return _do(key, "redeem", FIELDS, work)


def pay_out_credit(key: str) -> Response:
    """Have credit paid out to the client."""

    def work(state: State, actor: Actor, entries: Entries) -> None:
        currency = _currency(entries)
        amount = entries.amount("amount", currency)
        entries.check()
        credit.pay_out(state, key, actor, amount=amount, currency=currency)

    return _do(key, "pay-out", FIELDS, work)


def void_credit(key: str, lot_id: int) -> Response:
    """Take back what is left of one credit."""

    def work(state: State, actor: Actor, entries: Entries) -> None:
        credit_view.lot_of(state, lot_id, key)
        reason = entries.text("reason")
        if not reason:
            entries.faults.setdefault("reason", [fcx_("Say why.")])
        entries.check()
        if str(credit.void(state, lot_id, actor, reason=reason)) != entries.sent["seen"]:
            raise ChangedMeanwhile(fcx_("Some of this credit was used meanwhile. This is how it stands now."))

    return _do(key, f"void-{lot_id}", VOID_FIELDS, work)


def _currency(entries: Entries) -> str:
    currency = entries.sent["currency"]
    if not is_currency(currency):
        raise InvalidInput({"amount": [fcx_("Choose one of the possibilities offered.")]})
    return currency


def _do(key: str, form: str, fields: tuple[str, ...], work: Callable[[State, Actor, Entries], None]) -> Response:
    state = current_state()
    actor = staff(state)
    credit_view.known(state, key, actor)
    entries = Entries(fields)
    name = f"{form}-{entries.sent['currency']}" if "currency" in entries.sent else form
    try:
        do_once(state, actor, entries.sent, lambda: work(state, actor, entries))
    except RequestReused as error:
        return error_page(error.status, title_of(error), " ".join(error.fields["idempotency_key"]))
    except InvalidInput as error:
        return _show(state, actor, key, Refused(name, entries.sent, error.fields), title_of(error), error.status)
    except Conflict as error:
        return _show(state, actor, key, None, title_of(error), error.status, str(error))
    return redirect(address("client_credit", key=key, did=form.partition("-")[0], back=handed_on() or None), 303)


def _show(
    state: State,
    actor: Actor,
    key: str,
    refused: Refused | None = None,
    title: str = "",
    status: int = 200,
    conflict: str = "",
) -> Response:
    found = credit_view.client_money(state, key, actor)
    did = request.args.get("did", "") if status == 200 else ""
    done = {
        "redeem": fcx_("The credit is redeemed."),
        "pay": fcx_("The credit will be paid out; it is among the money to settle."),
        "void": fcx_("The credit is voided."),
    }
    return page(
        "credit.html",
        title=fcx_("Client credit: %(client)s", client=found.name or fcx_("no client")),
        actor=actor,
        status=status,
        client=found.name or fcx_("No client"),
        purses=[_purse(state, key, account) for account in found.accounts],
        redeem_url=address("redeem_credit", key=key),
        pay_out_url=address("pay_out_credit", key=key),
        refused=refused,
        faults={} if refused is None else {f"{name}-{refused.form}": texts for name, texts in refused.faults.items()},
        faults_title=title,
        conflict=conflict,
        done=done.get(did, ""),
        new_key=new_key,
        back=handed_on(),
        day_url=address("day"),
    )


def _purse(state: State, key: str, account: Account) -> Purse:
    return Purse(
        currency=account.currency,
        balance=account.balance,
        balance_entry=amount_entry(account.balance, account.currency),
        coming=account.coming,
        due=account.owed.due,
        pending=account.owed.pending,
        owing=[
            (
                moment_text(state.clock.to_wall(row.start_us)),
                row.due + row.pending,
                address("cancellation", cancellation_id=row.cancellation_id),
            )
            for row in account.owed.rows
        ],
        lots=[_lot(state, key, view) for view in account.lots],
    )


def _lot(state: State, key: str, view: LotView) -> Lot:
    row, record = view.row, view.record
    when = moment_text(state.clock.to_wall(record.start_us))
    if row.origin == GIVE_BACK:
        origin = fcx_("Fee given back, of the appointment on %(when)s", when=when)
    else:
        origin = fcx_("Deposit of the cancelled appointment on %(when)s", when=when)
    return Lot(
        id=row.id,
        origin=origin,
        record_url=address("cancellation", cancellation_id=record.id),
        amount=row.amount,
        left=row.balance if view.usable else 0,
        until=_until(state, view),
        entries=[_entry(state, entry) for entry in view.entries],
        papers=[(paper_label(note), address("credit_note", number=note.number)) for note in view.notes],
        void_url=address("void_credit", key=key, lot_id=row.id) if view.usable else "",
    )


def _until(state: State, view: LotView) -> str:
    if not view.row.balance:
        return ""
    if view.row.expires_us is None:
        return fcx_("does not expire")
    when = moment_text(state.clock.to_wall(view.row.expires_us))
    if view.row.expires_us <= state.clock.now():
        return fcx_("expired on %(when)s", when=when)
    return fcx_("can be used until %(when)s", when=when)


def _entry(state: State, entry: Any) -> tuple[str, str, int]:
    """When, what and why, and the amount of one change."""
    kinds = {
        "issue": fcx_p("credit", "Issued"),
        "redeem": fcx_p("credit", "Redeemed"),
        "void": fcx_p("credit", "Voided"),
        "pay_out": fcx_p("credit", "Paid out"),
        "expire": fcx_p("credit", "Expired"),
        "undo": fcx_p("credit", "Taken back: the appointment stands again"),
    }
    what = kinds.get(entry.kind, entry.kind)
    why = entry.reference or entry.reason
    return moment_text(state.clock.to_wall(entry.at_us)), f"{what}: {why}" if why else what, entry.amount
