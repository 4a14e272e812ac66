"""The evidence for one fee: everything a bank asks for, in files that open anywhere."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import pytest

from flask_cancellations import Forbidden, NotFound
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import Event
from flask_cancellations.rules.rights import RIGHTS
from flask_cancellations.services import fees, payments

from .money_host import DESK, staff
from .servers import SmtpCatcher
from .small_host import Clinic, make_clinic


@pytest.fixture
def clinic(database_url: str, smtp_catcher: SmtpCatcher) -> Iterator[Clinic]:
    made = make_clinic(
        database_url,
        CANCELLATIONS_MAIL_URL=smtp_catcher.url,
        CANCELLATIONS_PENDING="2h",
        CANCELLATIONS_VAT={"fee": "20%"},
    )
    with made.app.app_context():
        yield made


def files(packed: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode("utf-8") for name in archive.namelist()}


def test_the_pack_tells_the_whole_story_of_a_fee(clinic: Clinic) -> None:
    patient = clinic.patient(mobile=None, language="en")
    visit = clinic.visit(deposit="20.00", patient=patient)
    clinic.cancellations.accept_policy(visit, channel="web", ip="192.0.2.7")
    clinic.db.session.commit()
    clinic.cancel(visit, DESK, note="Called from the train")
    clinic.clock.forward(minutes=3)
    run_once(clinic.state)
    fees.waive(clinic.state, 1, DESK, reason="Half of it", amount=500)
    fees.charge(clinic.state, 1, DESK)
    clinic.db.session.commit()
    run_once(clinic.state)
    payments.settle_by_hand(clinic.state, 1, DESK, note="cash")
    clinic.db.session.commit()

    before = len(clinic.rows(Event))
    pack = files(clinic.cancellations.evidence(1, DESK))
    assert list(pack) == [
        "1 summary.txt",
        "2 policy.txt",
        "3 acceptance.txt",
        "4 quote.txt",
        "5 told us.txt",
        "6 money.txt",
        "7 messages.txt",
        "8 events.txt",
    ]
    summary, policy, acceptance, quote, told, money, messages, events = pack.values()
    assert "client: Мария Петрова (key 1)\n" in summary
    assert "cancelled: 2026-12-02 10:05:00+02:00 (Europe/Sofia)\n" in summary
    assert "fee: 30.00 EUR\n" in summary
    assert "policy: standard\nvalid from: 2026-01-01\n" in policy
    assert "as shown to clients:\n" in policy
    assert '"fee": "50%"' in policy
    assert "accepted: 2026-12-02 10:05:00+02:00 (Europe/Sofia)\n" in acceptance
    assert "by channel: web\nfrom address: 192.0.2.7\n" in acceptance
    assert "price: 60.00 EUR\nnotice in minutes: 300\nfee: 30.00 EUR\n" in quote
    assert "why: band\n" in quote
    assert "told us: 2026-12-02 10:05:00+02:00 (Europe/Sofia)\nby channel: phone\n" in told
    assert "note: Called from the train\n" in told
    assert "kept: 25.00 EUR\n" in money
    assert "tax in kept fee: net 20.83 EUR, 20% 4.17 EUR, gross 25.00 EUR\n" in money
    assert "step: waive 5.00 EUR\n" in money
    assert "reason: Half of it\n" in money
    assert "settled by: Elena Desk\nnote: cash\n" in money
    assert messages.count("state: sent\n") == 2
    assert "A cancellation fee of 30.00\xa0EUR may apply." in messages
    for action in ("appointment.cancelled", "fee.waived", "fee.charged", "charge.manual", "charge.done", "fee.paid"):
        assert f"event: {action}\n" in events
    assert len(clinic.rows(Event)) == before  # looking changes nothing
    assert clinic.cancellations.evidence(1, DESK)[:2] == b"PK"


def test_what_is_not_on_file_is_said(clinic: Clinic) -> None:
    clinic.cancel(clinic.visit(), DESK, tell=False, silent_reason="In hospital")
    pack = files(clinic.cancellations.evidence(1, DESK))
    assert pack["3 acceptance.txt"] == "acceptance: none is on file for this appointment and client\n"
    assert pack["7 messages.txt"] == "messages: none\nbecause: In hospital\n"


def test_only_who_may_gets_the_evidence(clinic: Clinic) -> None:
    clinic.cancel(clinic.visit(), DESK)
    with pytest.raises(Forbidden):
        clinic.cancellations.evidence(1, staff(rights=set(RIGHTS) - {"money"}))
    with pytest.raises(NotFound):
        clinic.cancellations.evidence(1, staff(rights={"cancel:own", "money"}))
    with pytest.raises(NotFound):
        clinic.cancellations.evidence(2, DESK)
