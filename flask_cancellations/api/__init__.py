"""JSON resources on the blueprint, under ``/api``."""

from flask import Blueprint

from flask_cancellations.api.openapi import get_document
from flask_cancellations.api.problems import problem
from flask_cancellations.api.tracing import request_id
from flask_cancellations.api.views import get_history, get_quote, post_cancel

__all__ = ["add_api", "is_api", "problem", "request_id"]

_PREFIX = "api_"


def add_api(blueprint: Blueprint) -> None:
    """Register the resources; what guards the blueprint's pages guards them too."""
    resources = [
        ("/openapi.json", "openapi", get_document, "GET"),
        ("/appointments/<path:key>/quote", "quote", get_quote, "GET"),
        ("/appointments/<path:key>/cancel", "cancel", post_cancel, "POST"),
        ("/appointments/<path:key>/history", "history", get_history, "GET"),
    ]
    for rule, name, view, method in resources:
        blueprint.add_url_rule(f"/api{rule}", _PREFIX + name, view, methods=[method])


def is_api(endpoint: str | None) -> bool:
    """Whether an endpoint of the blueprint is one of these resources; its refusals are then problem details."""
    return endpoint is not None and endpoint.rpartition(".")[2].startswith(_PREFIX)
