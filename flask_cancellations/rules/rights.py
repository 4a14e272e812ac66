"""Rights: what a role may do. Whatever is not granted is denied.

Whoever may cancel may charge what the policy says; every departure from the policy is a right of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

RIGHTS: dict[str, str] = {
    "cancel": "cancel any appointment, read its history and stop its messages",
    "cancel:own": "the same for the appointments of one's own staff record only",
    "waive": "waive a fee",
    "set_fee": "enter the fee where the policy asks for a share of an unknown price",
    "keep_deposit": "keep a deposit although the fee is waived",
    "money": "charge or drop a pending fee, settle payments, redeem, void and pay out client credit",
    "give_back": "give back a fee that was paid",
    "backdate": "say that the client told the clinic at an earlier time",
    "silent": "cancel without telling the client",
    "reschedule": "move an appointment",
    "no_show": "mark a missed appointment",
    "waitlist": "work with the waiting list",
    "policies": "read, try out and change policies and reasons",
}
EVERYTHING = "*"


def granted(roles: Iterable[str], table: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """All rights that these roles have by ``CANCELLATIONS_ROLES``."""
    rights: set[str] = set()
    for role in roles:
        rights.update(table.get(role, ()))
    return frozenset(RIGHTS) if EVERYTHING in rights else frozenset(rights)


def may_cancel(rights: frozenset[str], own_staff: str | None, appointment_staff: str | None) -> bool:
    """Whether the holder may cancel, and so see, an appointment of the therapist ``appointment_staff`` (keys)."""
    if "cancel" in rights:
        return True
    return "cancel:own" in rights and own_staff is not None and own_staff == appointment_staff


def may_cancel_some(rights: frozenset[str]) -> bool:
    """Whether there is any appointment that the holder could cancel."""
    return "cancel" in rights or "cancel:own" in rights
