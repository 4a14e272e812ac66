"""The OpenAPI document, from the same schemas that read requests."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Response, jsonify, request, url_for

from flask_cancellations.api import answers
from flask_cancellations.api.problems import MEDIA_TYPE
from flask_cancellations.api.schemas import CancelSchema

_KEY = {
    "in": "path",
    "name": "key",
    "required": True,
    "schema": {"type": "string"},
    "description": "The appointment's key, or its public id where the app has one.",
}
_REFUSALS = {
    "401": "Nobody is signed in.",
    "403": "The right is missing, or the request comes from another site.",
    "404": "Unknown, or not yours to see.",
    "409": "Already cancelled, no longer open, or the amounts have changed.",
    "422": "Invalid input; `fields` names each field.",
}


def document() -> dict[str, Any]:
    """The document as plain values."""
    spec = APISpec(
        title="Cancellations",
        version="1",
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin()],
        info={"description": "Amounts are decimal texts in major units; errors are RFC 9457 problem details."},
    )
    spec.components.security_scheme(
        "session", {"type": "apiKey", "in": "cookie", "name": "session", "description": "The host app's own login."}
    )
    spec.path(
        "/appointments/{key}/quote",
        operations={
            "get": _operation(
                "getQuote",
                "What cancelling would come to",
                answers.QuoteAnswer,
                parameters=[
                    _KEY,
                    _query("reason", "Code of the reason."),
                    _query("told_at", "When the client told the clinic; left out, it is now.", format="date-time"),
                    _query("amount", "A fee typed in, in major units, where the quote says needs_amount."),
                ],
            )
        },
    )
    spec.path(
        "/appointments/{key}/cancel",
        operations={
            "post": _operation(
                "cancel",
                "Cancel the appointment",
                answers.CancelledAnswer,
                status="201",
                parameters=[
                    _KEY,
                    {
                        "in": "header",
                        "name": "Idempotency-Key",
                        "required": True,
                        "schema": {"type": "string", "minLength": 1, "maxLength": 64},
                        "description": "A new random text for each request; kept for 48 hours.",
                    },
                ],
                requestBody={"required": True, "content": {"application/json": {"schema": CancelSchema}}},
                refusals={"400": "The body is not JSON.", "415": "The body is not application/json."},
            )
        },
    )
    spec.path(
        "/appointments/{key}/history",
        operations={
            "get": _operation(
                "getHistory", "Everything recorded about the appointment", answers.HistoryAnswer, parameters=[_KEY]
            )
        },
    )
    return {**spec.to_dict(), "security": [{"session": []}]}


def _query(name: str, description: str, **kind: str) -> dict[str, Any]:
    return {"in": "query", "name": name, "schema": {"type": "string", **kind}, "description": description}


def _operation(
    name: str,
    summary: str,
    answer: type,
    *,
    status: str = "200",
    refusals: dict[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    problem = {MEDIA_TYPE: {"schema": answers.ProblemAnswer}}
    return {
        "operationId": name,
        "summary": summary,
        "responses": {
            status: {"description": "Done.", "content": {"application/json": {"schema": answer}}},
            **{
                code: {"description": text, "content": problem}
                for code, text in {**_REFUSALS, **(refusals or {})}.items()
            },
        },
        **more,
    }


def get_document() -> Response:
    """The OpenAPI document of this API; it says nothing about any appointment, so everybody may read it."""
    here = url_for(str(request.endpoint))
    return jsonify({**document(), "servers": [{"url": here.removesuffix("/openapi.json")}]})
