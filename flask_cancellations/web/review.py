"""The review list: what was done in the host's own pages, past us, and what staff do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response

from flask_cancellations.errors import InvalidInput, RequestReused
from flask_cancellations.i18n import fcx_, fcx_n, moment_text
from flask_cancellations.models.review import MOVED, REASON, RESTORED
from flask_cancellations.rules.wording import amount_text
from flask_cancellations.services import catalogue
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.decide import MAX_NOTE
from flask_cancellations.services.elsewhere import review
from flask_cancellations.services.elsewhere.explain import explain
from flask_cancellations.services.elsewhere.review import Item
from flask_cancellations.services.requests import once
from flask_cancellations.services.transaction import run
from flask_cancellations.services.undo_money import undecided
from flask_cancellations.state import State, current_state
from flask_cancellations.web.access import new_key, staff
from flask_cancellations.web.cancel_view import reason_groups
from flask_cancellations.web.errors import error_page, title_of
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.words import channel_label, typed

FIELDS = ("reason", "note", "fee")
Faults = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Card:
    """One item as the page shows it. ``fee`` is the fee that somebody has to decide about, empty without one."""

    id: int
    kind: str
    badge: str
    label: str
    client: str
    lead: str
    sentences: list[str]
    fee: str
    history_url: str
    cancellation_url: str
    action: str


def review_list() -> Response:
    """What waits to be looked at, the oldest first."""
    return _show(current_state(), staff(current_state()))


def explain_item(review_id: int) -> Response:
    """Tell the reason of a cancellation."""
    state = current_state()
    actor = staff(state)
    return _do(
        state,
        actor,
        review_id,
        lambda sent: explain(state, review_id, sent["reason"], sent["note"], actor),
    )


def close_item(review_id: int) -> Response:
    """Somebody has looked at it."""
    state = current_state()
    actor = staff(state)
    return _do(state, actor, review_id, lambda sent: review.close(state, review_id, actor, fee=sent["fee"]))


def _do(state: State, actor: Actor, review_id: int, deed: Callable[[dict[str, str]], object]) -> Response:
    sent = {name: typed(request.form.get(name, "")) for name in FIELDS}
    asked = {"path": request.path, **sent}

    def work() -> dict[str, Any]:
        deed(sent)
        return {"review": review_id}

    try:
        key = request.form.get("idempotency_key", "")
        run(state, lambda: once(state, f"{actor.kind}:{actor.key}", key, asked, work))
    except RequestReused as error:
        return error_page(error.status, title_of(error), " ".join(error.fields["idempotency_key"]))
    except InvalidInput as error:
        return _show(state, actor, review_id, sent, error.fields, title_of(error))
    return redirect(address("review", done=1), 303)


def _show(
    state: State,
    actor: Actor,
    wrong: int | None = None,
    sent: Mapping[str, str] | None = None,
    faults: Faults | None = None,
    faults_title: str = "",
) -> Response:
    items = review.open_items(state, actor)
    known = catalogue.load(state)
    return page(
        "review.html",
        title=fcx_("To be looked at"),
        actor=actor,
        status=422 if faults else 200,
        cards=[_card(state, item) for item in items],
        groups=reason_groups(state, actor, known) if any(item.row.kind == REASON for item in items) else [],
        wrong=wrong,
        sent=sent or dict.fromkeys(FIELDS, ""),
        faults=faults or {},
        # Each field's name with the number of its item: that is what the summary leads to.
        all_faults={f"{name}-{wrong}": texts for name, texts in (faults or {}).items()},
        faults_title=faults_title,
        done="done" in request.args and not faults,
        new_key=new_key,
        max_note=MAX_NOTE,
        day_url=address("day"),
    )


def _card(state: State, item: Item) -> Card:
    row, it = item.row, item.appointment
    badges = {
        REASON: ("cancelled", fcx_("No reason told yet")),
        RESTORED: ("booked", fcx_("Stands again")),
        MOVED: ("info", fcx_("Moved")),
    }
    badge, label = badges[row.kind]
    fee = undecided(item.settlement) if item.settlement is not None and row.kind != REASON else 0
    currency = state.settings.currency if item.settlement is None else item.settlement.currency
    number, name = row.cancellation_id, it.public_id
    return Card(
        id=row.id,
        kind=row.kind,
        badge=badge,
        label=label,
        client=row.client_name or fcx_("No client"),
        lead=" · ".join(filter(None, (moment_text(it.start), row.service_name, row.staff_name))),
        sentences=[_what(state, item), *_money(item), *_sent(item)],
        fee=amount_text(fee, currency) if fee else "",
        history_url=address("appointment", key=name) if name else "",
        cancellation_url="" if number is None else address("cancellation", cancellation_id=number),
        action=address("explain_review" if row.kind == REASON else "close_review", review_id=row.id),
    )


def _what(state: State, item: Item) -> str:
    row = item.row
    if row.kind == REASON:
        found = moment_text(state.clock.to_wall(row.opened_us))
        return fcx_("Cancelled in the clinic's own program; found on %(when)s.", when=found)
    if row.before_us is None:
        return fcx_("It was cancelled here, and is open again in the clinic's own program.")
    before = moment_text(state.clock.to_wall(row.before_us))
    if row.cancellation_id is None:
        return fcx_("Moved in the clinic's own program; it was on %(before)s.", before=before)
    return fcx_(
        "It was cancelled here, and stands at another time in the clinic's own program; it was on %(before)s.",
        before=before,
    )


def _money(item: Item) -> list[str]:
    settled = item.settlement
    if settled is None:
        return []
    sentences = []
    if item.row.kind == REASON:
        sentences.append(fcx_("Nothing was charged."))
    fee = settled.kept + settled.due + settled.pending
    if fee and settled.pending:
        sentences.append(
            fcx_(
                "There is a fee of %(fee)s; %(amount)s of it is asked for only if you keep it.",
                fee=amount_text(fee, settled.currency),
                amount=amount_text(settled.pending, settled.currency),
            )
        )
    elif fee:
        sentences.append(fcx_("A fee of %(fee)s was charged.", fee=amount_text(fee, settled.currency)))
    if settled.forfeited:
        forfeited = amount_text(settled.forfeited, settled.currency)
        sentences.append(fcx_("The clinic keeps %(amount)s of the deposit.", amount=forfeited))
    if settled.held:
        held = amount_text(settled.held, settled.currency)
        sentences.append(fcx_("%(amount)s of the deposit is held.", amount=held))
    made = {
        "refund": fcx_("A refund of %(amount)s was made."),
        "credit": fcx_("A credit note for %(amount)s was issued."),
    }
    for movement in item.movements:
        if movement.kind in made and movement.state == "done":
            sentences.append(made[movement.kind] % {"amount": amount_text(movement.amount, movement.currency)})
    return sentences


def _sent(item: Item) -> list[str]:
    if item.row.kind == REASON or item.row.cancellation_id is None:
        return []
    if not item.sent:
        return [fcx_("The client was not told of the cancellation.")]
    channels = ", ".join(dict.fromkeys(channel_label(channel) for channel in item.sent))
    return [fcx_("The client was told of the cancellation: %(channels)s.", channels=channels)]


def waiting_text(count: int) -> str:
    """The link from the day list; empty if nothing waits."""
    if not count:
        return ""
    return fcx_n("%(num)s change from the clinic's own program", "%(num)s changes from the clinic's own program", count)
