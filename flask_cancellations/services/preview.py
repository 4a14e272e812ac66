"""What a cancellation would come to, for the page and the API: the quote, and each choice with its outcome."""

from __future__ import annotations

from dataclasses import dataclass

from flask_cancellations.host.values import Appointment
from flask_cancellations.rules.quote import Quote
from flask_cancellations.rules.reasons import Reason
from flask_cancellations.rules.settlement import FeeChoice, RestChoice, Settlement, rest_choices, settle
from flask_cancellations.rules.why import why_text
from flask_cancellations.services.actor import Actor, may
from flask_cancellations.services.catalogue import Catalogue, choosable
from flask_cancellations.services.quoting import quote_for, shown_as
from flask_cancellations.state import State

# Stands in while the clinic is known to cancel but not yet why: every reason of that side has the same quote.
_CLINIC = Reason("", "clinic", fee=False)


@dataclass(frozen=True, slots=True)
class Preview:
    """A quote with all that may be chosen.

    ``fee_choices`` is empty where there is no fee to decide about. ``rests`` holds for each fee choice what may happen
    to the rest of the deposit, the preselected first; empty if nothing is left. ``seen`` is what a command returns
    to prove that these numbers were looked at; ``why`` the sentence. With ``pending`` a fee is not charged at once.
    """

    quote: Quote
    why: str
    reason: Reason | None
    fee_choices: tuple[FeeChoice, ...]
    rests: dict[FeeChoice, tuple[RestChoice, ...]]
    seen: str
    pending: bool = False

    def settlement(self, fee: FeeChoice, rest: RestChoice | None = None) -> Settlement:
        """The outcome of a choice; ``rest`` None means the preselected one."""
        choices = self.rests.get(fee, ())
        return settle(self.quote, fee, rest or (choices[0] if choices else "refund"), pending=self.pending)


def preview(
    state: State,
    catalogue: Catalogue,
    appointment: Appointment,
    actor: Actor,
    *,
    told_us: int,
    reason_code: str = "",
    side: str = "",
    entered: int | None = None,
) -> Preview:
    """Preview one cancellation; writes and refuses nothing.

    ``told_us`` in microseconds UTC, ``entered`` a fee typed in, in minor units. An unknown reason counts as none.
    """
    reasons = {reason.code: reason for reason in choosable(catalogue, by_client=actor.kind in ("link", "client"))}
    reason = reasons.get(reason_code)
    counting = reason or (_CLINIC if side == "clinic" else None)
    shown = quote_for(state, catalogue, appointment, told_us=told_us, reason=counting)
    quoted = shown
    if entered is not None and entered >= 0 and shown.quote.needs_amount and may(state, actor, "set_fee"):
        quoted = quote_for(state, catalogue, appointment, told_us=told_us, reason=counting, entered=entered)
    quote = quoted.quote
    asks = quote.fee > 0 or (quote.needs_amount and entered is None and may(state, actor, "set_fee"))
    fee_choices: tuple[FeeChoice, ...] = ()
    if asks:
        fee_choices = ("charge", "waive") if may(state, actor, "waive") else ("charge",)
    may_keep = may(state, actor, "keep_deposit")
    outcomes: tuple[FeeChoice, ...] = fee_choices or ("charge",)
    return Preview(
        quote=quote,
        why=why_text(quote, quoted.policy),
        reason=reason,
        fee_choices=fee_choices,
        rests={fee: rest_choices(quote, fee, may_keep=may_keep) for fee in outcomes},
        seen=shown_as(shown.quote, appointment),
        pending=state.settings.pending > 0,
    )
