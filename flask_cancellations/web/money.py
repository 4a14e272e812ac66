"""Money to settle: the cash desk's list, for the screen and for paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import redirect, request
from werkzeug.wrappers import Response

from flask_cancellations.errors import Conflict, InvalidInput, RequestReused
from flask_cancellations.i18n import fcx_, fcx_n, fcx_p, moment_text
from flask_cancellations.services import desk, payments
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.desk import ToSettle
from flask_cancellations.state import State, current_state
from flask_cancellations.web.access import new_key, staff
from flask_cancellations.web.cancellation import show_record
from flask_cancellations.web.errors import error_page, title_of
from flask_cancellations.web.forms import do_once
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.settle import Wrong, due, from_record, how_choices, settling, what_label

WHATS = ("charge", "refund", "pay_out")
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of one kind in one currency, in minor units."""

    label: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A filter of the list; ``current`` for the one in force."""

    label: str
    count: int
    url: str
    current: bool


def money() -> Response:
    """What waits to be settled; ``?kind=`` keeps one kind of it."""
    state = current_state()
    return _show(state, staff(state))


def settle(movement_id: int) -> Response:
    """Note that the desk has settled a payment, and by what."""
    state = current_state()
    actor = staff(state)
    entries, work = settling(state, movement_id, actor)
    return _do(state, actor, movement_id, entries.sent, work, "settled")


def retry_payment(movement_id: int) -> Response:
    """Have a failed payment tried again."""
    state = current_state()
    actor = staff(state)
    desk.payment(state, movement_id, actor)
    return _do(state, actor, movement_id, {}, lambda: payments.retry(state, movement_id, actor), "retried")


def _do(
    state: State, actor: Actor, movement_id: int, sent: dict[str, str], work: Callable[[], object], done: str
) -> Response:
    cancellation_id = desk.payment(state, movement_id, actor).row.cancellation_id
    wrong, title, status, conflict = None, "", 200, ""
    try:
        do_once(state, actor, sent, work)
    except RequestReused as error:
        return error_page(error.status, title_of(error), " ".join(error.fields["idempotency_key"]))
    except InvalidInput as error:
        wrong, title, status = Wrong(movement_id, sent, error.fields), title_of(error), error.status
    except Conflict as error:
        title, status, conflict = title_of(error), error.status, str(error)
    else:
        if from_record():
            return redirect(address("cancellation", cancellation_id=cancellation_id, did=done, _anchor="money"), 303)
        return redirect(address("money", did=done, kind=_kind() or None), 303)
    if from_record():
        return show_record(
            state, actor, cancellation_id, status=status, settle_wrong=wrong, title=title, conflict=conflict
        )
    return _show(state, actor, wrong=wrong, title=title, status=status, conflict=conflict)


def _kind() -> str:
    kind = request.values.get("kind", "")
    return kind if kind in (*WHATS, FAILED) else ""


def _show(
    state: State,
    actor: Actor,
    *,
    wrong: Wrong | None = None,
    title: str = "",
    status: int = 200,
    conflict: str = "",
) -> Response:
    found = desk.to_settle(state, actor)
    kind = _kind()
    shown = [item for item in found if not kind or _is(item, kind)]
    did = request.args.get("did", "") if status == 200 else ""
    done = {"settled": fcx_("It is settled, and off the list."), "retried": fcx_("It will be tried again at once.")}
    return page(
        "money.html",
        title=fcx_("Money to settle"),
        actor=actor,
        status=status,
        tabs=_tabs(found, kind),
        sums=_sums(shown),
        dues=[due(state, item, wrong) for item in shown],
        kind=kind,
        many=len(found) >= desk.MOST,
        most=desk.MOST,
        hows=how_choices(),
        faults={} if wrong is None else {f"{name}-{wrong.id}": texts for name, texts in wrong.faults.items()},
        faults_title=title,
        conflict=conflict,
        done=done.get(did, ""),
        as_of=moment_text(state.clock.to_wall(state.clock.now())),
        new_key=new_key,
        on="list",
        day_url=address("day"),
    )


def _is(item: ToSettle, kind: str) -> bool:
    return item.failed if kind == FAILED else item.what == kind


def _tabs(found: Sequence[ToSettle], kind: str) -> list[Tab]:
    labels = {what: what_label(what) for what in WHATS} | {FAILED: fcx_p("money", "Failed")}
    counts = {name: sum(_is(item, name) for item in found) for name in labels}
    tabs = [Tab(fcx_p("money", "All"), len(found), address("money"), not kind)]
    tabs += [
        Tab(label, counts[name], address("money", kind=name), kind == name)
        for name, label in labels.items()
        if counts[name] or kind == name
    ]
    return tabs if len(tabs) > 2 or kind else []


def _sums(shown: Sequence[ToSettle]) -> list[Sum]:
    """What the payments shown come to, by kind and currency."""
    sums: dict[tuple[int, str], int] = {}
    for item in shown:
        place = (WHATS.index(item.what), item.row.currency)
        sums[place] = sums.get(place, 0) + item.row.amount
    return [Sum(what_label(WHATS[what]), amount, currency) for (what, currency), amount in sorted(sums.items())]


def waiting_text(count: int) -> str:
    """The link from the day list; empty if nothing waits."""
    return fcx_n("%(num)s payment to settle", "%(num)s payments to settle", count) if count else ""
