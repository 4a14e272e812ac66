"""Rendering: a page of ours inside the host's layout, or inside our own where the host names none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, make_response, render_template, url_for
from markupsafe import Markup

from flask_cancellations.clock import MINUTE
from flask_cancellations.i18n import (
    day_text,
    locale,
    moment_text,
    money_text,
    short_day_text,
    span_text,
    time_text,
)
from flask_cancellations.rules.money import from_minor
from flask_cancellations.services.actor import Actor
from flask_cancellations.state import current_state

IN_LAYOUT = "cancellations/in_layout.html"
OWN_LAYOUT = "cancellations/layout.html"

# Our own layout has no inline script or style, so its policy can be as strict as it gets.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def in_layout(blocks: Mapping[str, str]) -> str:
    """The source of the template that fills the host's blocks, whose names were checked as identifiers."""
    blocks_of_ours = ("{% block " + name + " %}{{ fcx_" + part + " }}{% endblock %}" for part, name in blocks.items())
    return "{% extends fcx_layout %}" + "".join(blocks_of_ours)


def page(template: str, *, title: str, actor: Actor | None = None, status: int = 200, **context: Any) -> Response:
    """Answer with a page: ``cancellations/<template>``, rendered and put into the layout.

    ``title`` is the page's name in the browser's tab; the body writes its own heading. With ``actor``, a page for
    staff, our own layout links to the day list.
    """
    settings = current_state().settings
    # Both are templates of ours, whose values are escaped already.
    body = Markup(render_template(f"cancellations/{template}", actor=actor, **context))  # noqa: S704
    assets = Markup(render_template("cancellations/assets.html"))  # noqa: S704
    if settings.layout is not None:
        html = render_template(IN_LAYOUT, fcx_layout=settings.layout, fcx_content=assets + body, fcx_title=title)
        return make_response(html, status)
    html = render_template(
        OWN_LAYOUT,
        body=body,
        assets=assets,
        title=title,
        clinic_name=settings.clinic_name,
        home_url=address("day") if actor is not None else "",
        user_name=actor.name if actor is not None else "",
    )
    response = make_response(html, status)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Frame-Options"] = "DENY"
    return response


def register(blueprint: Blueprint) -> None:
    """Give the templates their filters and globals; all have names of ours, so a host's stay what they are."""
    filters: dict[str, Callable[..., str]] = {
        "fcx_money": money,
        "fcx_day": day_text,
        "fcx_short_day": short_day_text,
        "fcx_time": time_text,
        "fcx_moment": moment_text,
        "fcx_span": span_text,
        "fcx_instant": instant,
        "fcx_minutes": minutes,
    }
    for name, function in filters.items():
        blueprint.add_app_template_filter(function, name)
    blueprint.add_app_template_global(lambda: str(locale()).replace("_", "-"), "fcx_lang")
    blueprint.add_app_template_global(lambda: "rtl" if locale().text_direction == "rtl" else "ltr", "fcx_dir")


def money(minor: int, currency: str) -> str:
    """An amount in minor units as text: ``fcx_money``."""
    return money_text(from_minor(minor, currency), currency)


def instant(us: int) -> str:
    """An instant (microseconds UTC) on the clinic's wall clock: ``fcx_instant``."""
    return moment_text(current_state().clock.to_wall(us))


def minutes(count: int) -> str:
    """A span given in minutes: ``fcx_minutes``."""
    return span_text(count * MINUTE)


def address(endpoint: str, **values: Any) -> str:
    """The path of one of our own pages, whatever the host called our blueprint."""
    return url_for(f"{current_state().settings.blueprint_name}.{endpoint}", **values)
