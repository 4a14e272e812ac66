"""The resources of the API: parse, ask permission, call the service, commit, answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException

from flask_cancellations.api import answers
from flask_cancellations.api.problems import details, problem
from flask_cancellations.api.schemas import parse
from flask_cancellations.api.tracing import request_id
from flask_cancellations.errors import InvalidInput, Refused
from flask_cancellations.i18n import fcx_
from flask_cancellations.services import cancel as cancelling
from flask_cancellations.services import catalogue
from flask_cancellations.services.actor import Actor, signed_in, visible
from flask_cancellations.services.called import called, cancel_called
from flask_cancellations.services.decide import check_open, told_when
from flask_cancellations.services.history import history
from flask_cancellations.services.preview import preview
from flask_cancellations.services.requests import once
from flask_cancellations.services.transaction import run
from flask_cancellations.state import State, current_state

View = Callable[..., Response]


def answering(view: Callable[..., Response]) -> View:
    """Give the view the state and the signed-in actor, and answer every refusal by problem details."""

    @wraps(view)
    def wrapped(**values: Any) -> Response:
        state = current_state()
        actor = signed_in(state, source="api", request_id=request_id())
        if actor is None:
            answer = details(401, "not_signed_in", fcx_("Sign in first."))
            answer.headers["WWW-Authenticate"] = "Session"
            return answer
        try:
            return view(state, actor, **values)
        except Refused as error:
            return problem(error)
        except HTTPException as error:
            too_large = error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            text = fcx_("This request is too large.") if too_large else fcx_("Send a JSON object.")
            return details(error.code or 400, "bad_request", text)

    return wrapped


@answering
def get_quote(state: State, actor: Actor, key: str) -> Response:
    """What cancelling this appointment would come to; changes nothing."""
    parsed = parse(state, key, request.args.to_dict())
    if parsed.faults:
        raise InvalidInput(parsed.faults)
    command = parsed.command
    found = called(state, key)
    appointment = visible(state, actor, found.appointment)
    if appointment.status == "cancelled":
        raise cancelling.already_cancelled(state, appointment.key, cancellation_id=found.cancellation_id)
    told_us = told_when(state, appointment, command.told_us, actor, state.clock.now())
    check_open(appointment, told_us)
    seen = preview(
        state,
        catalogue.load(state),
        appointment,
        actor,
        told_us=told_us,
        reason_code=command.reason,
        side=command.side,
        entered=command.amount,
    )
    if command.reason and seen.reason is None:
        raise InvalidInput(
            {"reason": [fcx_("This reason does not exist or is not yours to choose. Pick one of the list.")]}
        )
    return jsonify(answers.quote_values(appointment, seen))


@answering
def post_cancel(state: State, actor: Actor, key: str) -> Response:
    """Cancel the appointment. Sent twice with one Idempotency-Key, it is done once and answered the same."""
    data = _body()
    parsed = parse(state, key, data)
    if parsed.faults:
        raise InvalidInput(parsed.faults)
    asked = {"appointment": key, "cancel": data}
    sent_key = request.headers.get("Idempotency-Key", "").strip()

    def work() -> dict[str, Any]:
        return answers.cancelled_values(cancel_called(state, key, parsed.command, actor))

    def again(cancellation_id: int) -> dict[str, Any]:
        return answers.cancelled_values(cancelling.cancelled_before(state, cancellation_id))

    answer, replayed = run(state, lambda: once(state, f"{actor.kind}:{actor.key}", sent_key, asked, work, again))
    response = jsonify(answer)
    response.status_code = 201
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _body() -> Any:
    try:
        return request.get_json()
    except RecursionError as error:
        raise BadRequest from error


@answering
def get_history(state: State, actor: Actor, key: str) -> Response:
    """Everything recorded about the appointment, the oldest first."""
    found = called(state, key)
    appointment = visible(state, actor, found.appointment)
    return jsonify(answers.history_values(key, history(state, appointment.key, found.cancellation_id)))
