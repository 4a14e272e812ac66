"""How much of a fee somebody may waive: ``CANCELLATIONS_WAIVER_LIMITS``, by role."""

from __future__ import annotations

from sqlalchemy import func, select

from flask_cancellations.errors import InvalidInput
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import Waiver
from flask_cancellations.rules.rights import granted
from flask_cancellations.rules.wording import amount_text
from flask_cancellations.services.actor import Actor
from flask_cancellations.state import State


def waiver_limit(state: State, actor: Actor) -> int | None:
    """The most that an actor may waive of one fee, in minor units; None without a limit.

    Of several roles that may waive the most generous counts. Programs, and people to whom the adapter gave the right,
    have no limit.
    """
    settings = state.settings
    roles = actor.user.roles if actor.user is not None else ()
    waiving = [role for role in roles if "waive" in granted([role], settings.roles)]
    limits = [settings.waiver_limits.get(role) for role in waiving]
    known = [limit for limit in limits if limit is not None]
    return max(known) if known and len(known) == len(limits) else None


def check_waiver(state: State, cancellation_id: int, actor: Actor, amount: int, currency: str) -> None:
    """Raise InvalidInput if this is more than the actor may waive of one fee, with what the actor waived of it
    before."""
    limit = waiver_limit(state, actor)
    if limit is None:
        return
    before = state.store.execute(
        select(func.coalesce(func.sum(Waiver.amount), 0)).where(
            Waiver.cancellation_id == cancellation_id,
            Waiver.actor_kind == actor.kind,
            Waiver.actor_key == actor.key,
        )
    ).scalar_one()
    if before + amount > limit:
        most = amount_text(limit, currency)
        raise InvalidInput({"amount": [fcx_("You may waive %(limit)s of a fee at most. Ask a manager.", limit=most)]})
