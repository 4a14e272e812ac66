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
    day,
    errors,
    link,
    messages,
    pages,
    review,
    security,
)

_PACKAGE = Path(__file__).parent.parent
_ID = "int(max=9223372036854775807)"  # what a 64-bit key can hold; anything above is no address of ours


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
        ("/link/<token>", "link", link.link, ["GET", "POST"]),
        ("/mine/<path:key>", "mine", link.mine, ["GET", "POST"]),
    ]
    for rule, endpoint, view, methods in rules:
        blueprint.add_url_rule(rule, endpoint, view, methods=methods)
    add_api(blueprint)
    return blueprint
