"""Finds how the client is read: on a row of its own, in columns of the appointment, or in both."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.model import attributes, best
from flask_cancellations.host.inspector.names import find_login_name, find_name, find_text, propose_named
from flask_cancellations.host.inspector.proposal import Found, Proposal
from flask_cancellations.host.inspector.related import Related

# A name on the appointment that is not said to be anybody's else.
_NAMES = (
    r"(client|customer|patient|owner|guest|user|contact|booker)(_full)?(_name)?",
    r"full_name|fullname|name|nombre(_completo)?|nom",
)
_CONTACT = (("email", words.EMAIL), ("phone", words.PHONE), ("locale", words.LOCALE))


def client_on_row(mapper: Mapper[object]) -> Found | None:
    """The client as columns of the appointment: a name, and where to write or call."""
    own = [one for one in attributes(mapper) if one.kind == "text" and not one.is_key]
    name = best(own, ("text",), _NAMES)
    if name is None:
        return None
    found = {"name": name, "email": best(own, ("text",), words.EMAIL), "phone": best(own, ("text",), words.PHONE)}
    known = {key: one for key, one in found.items() if one is not None}
    why = "columns of the row: " + ", ".join(one.where for one in known.values())
    return Found({key: one.name for key, one in known.items()}, "likely" if len(known) > 1 else "guess", why)


def propose_client(
    mapper: Mapper[object], appointment: str, table: str, client: Related | None, proposal: Proposal
) -> None:
    """The client's line in the table ``appointment``, and those of the client's own ``table``."""
    beside = client_on_row(mapper)
    if client is None:
        proposal.put(appointment, "client", beside)
        if beside is None:
            proposal.lack(f"the client of {mapper.class_.__name__}: no relation, key or column leads to a person")
        return
    both = _first_of(mapper, client, beside) if beside is not None and not client.by_key else None
    if both is not None:
        proposal.put(appointment, "client", both)
        return
    proposal.put(appointment, "client", Found(client.path, client.confidence, client.why))
    propose_named(table, client, proposal)
    for key, patterns in _CONTACT:
        proposal.put(table, key, find_text(client.target, patterns))
    if not {"email", "phone"} & set(proposal.tables.get(table, ())):
        proposal.lack(f"an e-mail address or phone number of {client.target.class_.__name__}: clients cannot be told")
    if beside is not None and beside.confidence != "guess":
        proposal.ask(f"Rows also have a client's {beside.why}. Are they needed? See first_of.")


def _first_of(mapper: Mapper[object], client: Related, beside: Found) -> Found | None:
    """The client's row where there is one, else the columns; None where a row is always there."""
    if not _may_be_missing(mapper, client.path.partition(".")[0]):
        return None
    name = find_name(client.target) or find_login_name(client.target)
    if name is None:
        return None
    far = {"name": name} | {key: one for key, patterns in _CONTACT if (one := find_text(client.target, patterns))}
    line: dict[str, Any] = {"key": client.path}
    for key in ("name", "email", "phone", "locale"):
        ways = [_behind(client.path, far[key].value)] if key in far else []
        ways += [beside.value[key]] if key in beside.value else []
        if ways:
            line[key] = ways[0] if len(ways) == 1 else {"first_of": ways}
    return Found(line, "likely", f"{client.why}, which may be missing; then {beside.why}")


def _behind(path: str, value: Any) -> Any:
    return [f"{path}.{part}" for part in value] if isinstance(value, list) else f"{path}.{value}"


def _may_be_missing(mapper: Mapper[object], name: str) -> bool:
    relation = mapper.relationships.get(name)
    return relation is not None and any(column.nullable for column in relation.local_columns)
