"""Finds prices and deposits."""

from __future__ import annotations

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.model import Attribute, attributes, best, collections, relations
from flask_cancellations.host.inspector.people import Related
from flask_cancellations.host.inspector.proposal import Confidence, Found, Proposal

_MINOR = frozenset(["cent", "cents", "minor", "pence", "stotinki"])


def propose_price(mapper: Mapper[object], related: dict[str, Related], proposal: Proposal) -> Found | None:
    """The price on the row itself, of the service, or of whoever gives it."""
    own = [one for one in attributes(mapper) if not one.is_key]
    found = best(own, ("number", "integer"), words.PRICE)
    if found is not None:
        return _amount(found, "", "sure", proposal)
    named = [related[role] for role in ("service", "staff") if role in related and not related[role].by_key]
    targets = {one.path: one.target for one in named}
    for relation in relations(mapper):
        targets.setdefault(relation.name, relation.target)
    for path, target in targets.items():
        found = best([one for one in attributes(target) if not one.is_key], ("number", "integer"), words.PRICE)
        if found is not None:
            return _amount(found, f"{path}.", "likely", proposal)
    for many in collections(mapper):
        found = best([one for one in attributes(many.target) if not one.is_key], ("number", "integer"), words.PRICE)
        if found is not None and words.has(many.name, words.SERVICE):
            amount = _amount(found, f"{many.name}.", "likely", proposal)
            value = amount.value if isinstance(amount.value, dict) else {"attribute": amount.value}
            total = {"sum" if key == "attribute" else key: item for key, item in value.items()}
            return Found(total, amount.confidence, f"{amount.why}, summed up")
    return None


def propose_deposit(mapper: Mapper[object], proposal: Proposal) -> Found | None:
    """The deposit paid for the appointment."""
    found = best(attributes(mapper), ("number", "integer"), words.DEPOSIT)
    return None if found is None else _amount(found, "", "likely", proposal)


def _amount(found: Attribute, prefix: str, confidence: Confidence, proposal: Proposal) -> Found:
    path = prefix + found.name
    if words.has(found.name, _MINOR):
        return Found({"attribute": path, "unit": "minor"}, confidence, f"{found.where}, in minor units by its name")
    if found.kind == "integer":
        proposal.ask(f"Is {found.where} in whole units (30) or in cents (3000)? Whole units are assumed.")
        confidence = "guess"
    return Found(path, confidence, found.where)
