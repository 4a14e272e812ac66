"""Finds prices and deposits."""

from __future__ import annotations

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.model import Attribute, attributes, best, collections, relations
from flask_cancellations.host.inspector.proposal import Confidence, Found, Proposal
from flask_cancellations.host.inspector.related import Related

_MINOR = frozenset(["cent", "cents", "minor", "pence", "stotinki"])


def propose_price(mapper: Mapper[object], related: dict[str, Related], proposal: Proposal) -> Found | None:
    """The price on the row itself; where that may be empty or is missing, that of the service or of who gives it."""
    own = best([one for one in attributes(mapper) if not one.is_key], ("number", "integer"), words.PRICE)
    found = None if own is None else _amount(mapper, own, "", "sure", proposal)
    if own is not None and not own.column.nullable:
        return found
    behind = _behind(mapper, related, proposal) or _summed_up(mapper, related, proposal)
    if found is None or behind is None:
        return found or behind
    return Found([found.value, behind.value], "likely", f"{found.why}; where that is empty {behind.why}")


def _behind(mapper: Mapper[object], related: dict[str, Related], proposal: Proposal) -> Found | None:
    """The price on a row that the appointment leads to."""
    named = [related[role] for role in ("service", "staff") if role in related]
    targets = {one.path: one.target for one in named if not one.by_key and not one.many}
    for relation in relations(mapper):
        targets.setdefault(relation.name, relation.target)
    for path, target in targets.items():
        found = best([one for one in attributes(target) if not one.is_key], ("number", "integer"), words.PRICE)
        if found is not None:
            return _amount(target, found, f"{path}.", "likely", proposal)
    return None


def _summed_up(mapper: Mapper[object], related: dict[str, Related], proposal: Proposal) -> Found | None:
    """The prices of several services, or of the rows between them and the appointment."""
    service = related.get("service")
    if service is None or not service.many:
        return None
    first = service.path.partition(".")[0]
    places = {many.name: many.target for many in collections(mapper) if many.name == first}
    for path, target in {**places, service.path: service.target}.items():
        found = best([one for one in attributes(target) if not one.is_key], ("number", "integer"), words.PRICE)
        if found is None:
            continue
        amount = _amount(target, found, f"{path}.", "likely", proposal)
        value = amount.value if isinstance(amount.value, dict) else {"attribute": amount.value}
        if "currency" in value:  # a sum has one currency, and these rows may differ
            proposal.ask(f"Do all rows of {found.column.table} have the clinic's currency? That is assumed.")
        unit = {"unit": value["unit"]} if "unit" in value else {}
        return Found({"sum": value["attribute"], **unit}, amount.confidence, f"{amount.why}, summed up")
    return None


def propose_deposit(mapper: Mapper[object], proposal: Proposal) -> Found | None:
    """The deposit paid for the appointment."""
    found = best(attributes(mapper), ("number", "integer"), words.DEPOSIT)
    return None if found is None else _amount(mapper, found, "", "likely", proposal)


def _amount(mapper: Mapper[object], found: Attribute, prefix: str, confidence: Confidence, proposal: Proposal) -> Found:
    """The amount, in the currency of the column beside it, if there is one."""
    line, why = {"attribute": prefix + found.name}, found.where
    if words.has(found.name, _MINOR):
        line["unit"] = "minor"
        why += ", in minor units by its name"
    elif found.kind == "integer":
        proposal.ask(f"Is {found.where} in whole units (30) or in cents (3000)? Whole units are assumed.")
        confidence = "guess"
    currency = best(attributes(mapper), ("text", "enum"), words.CURRENCY)
    if currency is not None:
        line["currency"] = prefix + currency.name
        why += f", in the currency of {currency.where}"
    return Found(line if len(line) > 1 else line["attribute"], confidence, why)
