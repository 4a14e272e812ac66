"""Proposes the lines of the appointment, and of the rows that it leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector.appointments import Candidate
from flask_cancellations.host.inspector.belonging import find_owner, find_public_id
from flask_cancellations.host.inspector.clients import propose_client
from flask_cancellations.host.inspector.evidence import Database
from flask_cancellations.host.inspector.functions import hint_cancel
from flask_cancellations.host.inspector.money import propose_deposit, propose_price
from flask_cancellations.host.inspector.names import propose_named
from flask_cancellations.host.inspector.people import text_of_role
from flask_cancellations.host.inspector.proposal import Found, Proposal
from flask_cancellations.host.inspector.statuses import propose_status
from flask_cancellations.host.inspector.times import find_booked, find_end
from flask_cancellations.host.inspector.written import propose_write_back

HOST = "CANCELLATIONS_HOST"
APPOINTMENT = f"{HOST}.appointment"


def propose_appointment(
    chosen: Candidate,
    users: Sequence[Mapper[Any]],
    database: Database,
    names: Mapping[Any, str],
    proposal: Proposal,
) -> None:
    """All lines of the chosen model. ``users`` are those who sign in, ``names`` is what each model is called."""
    mapper, related = chosen.mapper, chosen.related

    def put(key: str, found: Found | None) -> None:
        proposal.put(APPOINTMENT, key, found)

    put("model", Found(names[mapper.class_], "sure" if chosen.points > 10 else "likely", chosen.why))
    put("start", chosen.start.found)
    for question in chosen.start.questions:
        proposal.ask(question)
    service = related["service"].path if "service" in related else None
    put("end", find_end(mapper, chosen.start, service, database, proposal))
    propose_client(mapper, APPOINTMENT, f"{HOST}.client", related.get("client"), proposal)
    for role in ("staff", "service", "location"):
        one = related.get(role)
        if one is None:
            put(role, text_of_role(mapper, role, chosen.start.via))
        else:
            put(role, Found(one.path, one.confidence, one.why))
            propose_named(f"{HOST}.{role}", one, proposal)
    for role, one in related.items():
        if one.by_key:
            proposal.put(f"{HOST}.{role}", "model", Found(names[one.target.class_], one.confidence, one.why))
    put("price", propose_price(mapper, related, proposal))
    put("deposit", propose_deposit(mapper, proposal))
    booked = find_booked(mapper, chosen.start, proposal)
    put("booked_at", booked)
    status = propose_status(mapper, database, proposal)
    put("status", status)
    zone = str(booked.value["zone"]) if booked is not None else "utc"
    put("write_back", propose_write_back(mapper, status, zone, proposal))
    put("owner", find_owner(related.get("client"), users, names))
    put("public_id", find_public_id(mapper))
    hint_cancel(mapper, APPOINTMENT, proposal)
