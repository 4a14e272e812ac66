"""What the front desk of a small host does, through HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import select

from ..site import ROOT
from . import BY_NAME
from .frame import Running, run

# Those whose statements or transactions could fare differently there.
ON_MARIADB = ("1", "2-delete", "2-hide", "3", "7", "7-date", "8")


def starting(url: str) -> Iterator[Callable[..., Running]]:
    """A function that starts the app of a shape, given by name; they are closed in the end."""
    running: list[Running] = []

    def begin(name: str, **config: Any) -> Running:
        if url.startswith(("mysql", "mariadb")) and name not in ON_MARIADB:
            pytest.skip("MariaDB makes tables slowly; this shape has nothing of its own there")
        running.append(run(BY_NAME[name], url, **config))
        return running[-1]

    yield begin
    for one in running:
        one.close()


def api(key: str, resource: str) -> str:
    return f"{ROOT}/api/appointments/{quote(key)}/{resource}"


def cancel(client: Any, key: str, reason: str = "family", status: int = 201, **more: Any) -> Any:
    """The answer of a cancellation as JSON; the status is what is expected."""
    body = {"reason": reason, "fee": "charge", "told_channel": "phone"} | more
    answer = client.post(api(key, "cancel"), json=body, headers={"Idempotency-Key": uuid4().hex})
    assert answer.status_code == status, answer.text
    return answer.get_json(force=True)


def rows(running: Running, model: Any) -> list[Any]:
    """All rows of one of our tables."""
    running.session.remove()
    return list(running.session.execute(select(model.__table__).order_by(model.__table__.c.id)).all())
