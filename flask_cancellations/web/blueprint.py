"""The blueprint of one app: its addresses, its templates, and what guards them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Blueprint
from jinja2 import BaseLoader, ChoiceLoader, DictLoader, FileSystemLoader
from werkzeug.wrappers import Response

from flask_cancellations.api import add_api
from flask_cancellations.settings import Settings
from flask_cancellations.web import (
    appointment,
    cancel,
    cancellation,
    credit,
    credit_note,
    day,
    errors,
    evidence,
    fee,
    link,
    messages,
    money,
    pages,
    policies,
    policy_editor,
    policy_try,
    reasons,
    review,
    security,
)
from flask_cancellations.web.fee_view import RIGHTS

_PACKAGE = Path(__file__).parent.parent
_ID = "int(max=9223372036854775807)"  # what a 64-bit key can hold; anything above is no address of ours
_STEPS = ",".join(RIGHTS)


class CancellationsBlueprint(Blueprint):
    """A blueprint with one more template: the one that puts our pages into the host's layout."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            settings.blueprint_name,
            __name__,
            url_prefix=settings.url_prefix,
            template_folder=str(_PACKAGE / "templates"),
            static_folder=str(_PACKAGE / "static" / "cancellations"),
            static_url_path="/static",
        )
        generated = DictLoader({pages.IN_LAYOUT: pages.in_layout(settings.blocks)})
        self._loader = ChoiceLoader([generated, FileSystemLoader(str(_PACKAGE / "templates"))])

    @property
    def jinja_loader(self) -> BaseLoader:
        """Our templates and the generated one."""
        return self._loader


def build_blueprint(settings: Settings) -> Blueprint:
    """The blueprint of an app with these settings; every app gets one of its own."""
    blueprint = CancellationsBlueprint(settings)
    security.guard(blueprint)
    errors.handle(blueprint)
    pages.register(blueprint)
    rules: list[tuple[str, str, Callable[..., Response], list[str]]] = [
        ("/", "day", day.day, ["GET"]),
        ("/appointment/<path:key>", "appointment", appointment.appointment, ["GET"]),
        ("/cancel/<path:key>", "cancel", cancel.cancel, ["GET", "POST"]),
        (f"/cancellation/<{_ID}:cancellation_id>", "cancellation", cancellation.cancellation, ["GET"]),
        (f"/message/<{_ID}:message_id>/stop", "stop_message", messages.stop_message, ["POST"]),
        ("/review", "review", review.review_list, ["GET"]),
        (f"/review/<{_ID}:review_id>/explain", "explain_review", review.explain_item, ["POST"]),
        (f"/review/<{_ID}:review_id>/close", "close_review", review.close_item, ["POST"]),
        ("/money", "money", money.money, ["GET"]),
        (f"/money/<{_ID}:movement_id>/settle", "settle", money.settle, ["POST"]),
        (f"/money/<{_ID}:movement_id>/retry", "retry_payment", money.retry_payment, ["POST"]),
        (f"/cancellation/<{_ID}:cancellation_id>/evidence", "evidence", evidence.evidence, ["GET"]),
        (f"/cancellation/<{_ID}:cancellation_id>/<any({_STEPS}):step>", "fee_step", fee.fee_step, ["POST"]),
        ("/client/<path:key>/credit", "client_credit", credit.client_credit, ["GET"]),
        ("/client/<path:key>/credit/redeem", "redeem_credit", credit.redeem_credit, ["POST"]),
        ("/client/<path:key>/credit/pay-out", "pay_out_credit", credit.pay_out_credit, ["POST"]),
        (f"/client/<path:key>/credit/<{_ID}:lot_id>/void", "void_credit", credit.void_credit, ["POST"]),
        (f"/credit-note/<{_ID}:number>", "credit_note", credit_note.credit_note, ["GET"]),
        ("/policies", "policies", policies.policies, ["GET"]),
        ("/policies/<path:name>", "policy", policy_editor.policy, ["GET", "POST"]),
        ("/new-policy", "new_policy", policy_editor.new_policy, ["GET", "POST"]),
        ("/try-policy", "try_policy", policy_try.try_policy, ["GET"]),
        ("/withdraw-policy/<path:name>", "withdraw_policy", policies.withdraw_version, ["POST"]),
        ("/reasons", "reasons", reasons.reasons, ["GET"]),
        ("/reasons/<code>", "reason", reasons.reason, ["GET", "POST"]),
        ("/new-reason", "new_reason", reasons.new_reason, ["GET", "POST"]),
        ("/link/<token>", "link", link.link, ["GET", "POST"]),
        ("/mine/<path:key>", "mine", link.mine, ["GET", "POST"]),
    ]
    for rule, endpoint, view, methods in rules:
        blueprint.add_url_rule(rule, endpoint, view, methods=methods)
    add_api(blueprint)
    return blueprint
