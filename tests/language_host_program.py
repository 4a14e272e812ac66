"""A step of the walk: the clinic's own program cancels, or does not."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from sqlalchemy.orm import object_session

from .language_walk import Walk
from .site import ROOT, hidden
from .small_host import readme_toml


class Death(BaseException):
    """The end of a process in the middle of its work."""


def refuse(visit: Any) -> bool:
    """A program that says no."""
    return False


def break_off(visit: Any) -> None:
    """A program with a fault."""
    raise RuntimeError


def forget(visit: Any) -> None:
    """A program that throws away what we have written, and goes on as if nothing had happened."""
    _session(visit).rollback()


def keep(visit: Any) -> None:
    """A program that saves and does not cancel."""
    _session(visit).commit()


def die(visit: Any) -> None:
    """A program that is killed after it has saved."""
    keep(visit)
    raise Death


def _session(visit: Any) -> Any:
    session = object_session(visit)
    assert session is not None
    return session


def cancelled_by(function: Any) -> dict[str, Any]:
    """The configuration of a clinic whose own function cancels, and commits by itself."""
    host: dict[str, Any] = tomllib.loads(readme_toml())["CANCELLATIONS_HOST"]
    host["appointment"]["cancel"] = {"function": function, "commits": True}
    return {"CANCELLATIONS_HOST": host}


def host_program(walk: Walk) -> None:
    """What staff and clients read when it refuses, breaks off, forgets, or dies."""
    for function, status in ((refuse, 409), (break_off, 500), (forget, 500), (keep, 409)):
        site = walk.site(**cancelled_by(function))
        key, manager = walk.visit(site), site.browser()
        form = _filled(walk, manager, f"{ROOT}/cancel/{key}")
        walk.send(manager, f"/cancel/{key}", status, **form)
        walk.look(manager, f"/appointment/{key}")
    walk.look(manager, "/cancellation/1")  # taken back
    link = site.link(walk.visit(site))
    client = site.stranger()
    walk.note("link, not cancelled by the host", client.post(link, data=_filled(walk, client, link)), 409)

    site = walk.site(**cancelled_by(die))
    key, manager = walk.visit(site), site.browser()
    form = _filled(walk, manager, f"{ROOT}/cancel/{key}")
    with pytest.raises(Death):
        manager.post(f"{ROOT}/cancel/{key}", data=form)
    walk.send(manager, f"/cancel/{key}", 409, **form)
    walk.look(manager, "/cancellation/1")


def _filled(walk: Walk, client: Any, path: str) -> dict[str, str]:
    page = walk.note(path, client.get(path), 200)
    fields = {name: hidden(page, name) for name in ("idempotency_key", "seen")}
    return {**fields, "reason": "illness", "told_channel": "phone", "fee": "charge"}
