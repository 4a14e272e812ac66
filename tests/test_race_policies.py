"""Two people save the same policy at the same moment: one of them does, the other is told."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest

from flask_cancellations.models import Event, PolicyVersion
from flask_cancellations.rules.policy_body import policy_from_body

from .browsing import SentForm
from .site import ROOT, Site, text_of

ROUNDS = 4


@pytest.mark.race
@pytest.mark.database
def test_of_two_saves_at_once_one_is_told(database_url: str) -> None:
    site = Site(database_url, CANCELLATIONS_SOURCE="pages")
    people = [site.browser(name=name) for name in ("Elena Desk", "Vera Front")]
    for number in range(ROUNDS):
        opened = [SentForm(one.get(f"{ROOT}/policies/standard").text).fields for one in people]
        barrier, answers = threading.Barrier(2), {}

        def save(who: int) -> None:
            # Different days, so that no unique key of the table would tell them apart.
            day = date(2026, 12, 5) + timedelta(days=2 * number + who)  # noqa: B023  # it ends within its round
            form = {**opened[who], "do": "save", "valid_from": day.isoformat(), "cap": str(10 + who)}  # noqa: B023
            barrier.wait()  # noqa: B023
            answers[who] = people[who].post(f"{ROOT}/policies/standard", data=form)  # noqa: B023

        threads = [threading.Thread(target=save, args=(who,)) for who in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status_code for answer in answers.values()) == [303, 409]
        refused = next(answer for answer in answers.values() if answer.status_code == 409)
        winner = "Elena Desk" if answers[0].status_code == 303 else "Vera Front"
        assert f"{winner} has changed this" in text_of(refused)
    rows = site.rows(PolicyVersion)
    assert len(rows) == 1 + ROUNDS
    assert [event.action for event in site.rows(Event)] == ["policy.saved"] * ROUNDS
    assert all(policy_from_body(row.name, row.valid_from, row.body).cap in (None, 1000, 1100) for row in rows)
