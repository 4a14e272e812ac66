"""Dates, times and money as the visitor's language writes them; for templates."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from flask import Flask, current_app, request
from flask_babel import format_currency, format_date, format_datetime, format_time


def init_app(app: Flask) -> None:
    for helper in (here, money, long_day, medium_day, clock_time, short_time, long_time, weekday_short, month_short):
        app.jinja_env.globals[helper.__name__] = helper


def here() -> str:
    """The path to come back to: the page being shown, or the start page where it answered a form."""
    return request.full_path.rstrip("?") if request.method == "GET" else request.path


def money(amount: Decimal) -> str:
    return format_currency(amount, current_app.config["CLINIC_CURRENCY"])


def long_day(day: date) -> str:
    """Wednesday, 2 December."""
    return format_date(day, "EEEE, d MMMM", rebase=False)


def medium_day(day: date) -> str:
    """2 Dec 2026."""
    return format_date(day, "d MMM y", rebase=False)


def weekday_short(day: date) -> str:
    return format_date(day, "EEE", rebase=False)


def month_short(day: date) -> str:
    return format_date(day, "LLL", rebase=False)


def clock_time(moment: datetime) -> str:
    return format_time(moment, "H:mm", rebase=False)


def short_time(moment: datetime) -> str:
    """2 Dec, 10:05."""
    return format_datetime(moment, "d MMM, H:mm", rebase=False)


def long_time(moment: datetime) -> str:
    """Wed, 2 December 2026, 10:05."""
    return format_datetime(moment, "EEE, d MMMM y, H:mm", rebase=False)
