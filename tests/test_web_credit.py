"""A client's credit through HTTP: the balance, redeeming, paying out, voiding, and what a client owes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from flask_cancellations.models import CreditEntry, CreditLot, Event
from flask_cancellations.services import credit, fees

from .money_site import WRONG_AMOUNTS, MoneySite, send
from .site import ROOT, at, hidden, text_of
from .tenant_host import run

PAGE = "/client/1/credit"


@pytest.fixture
def site() -> Iterator[MoneySite]:
    """A clinic with a client (1) who has 10.00 EUR of credit."""
    made = MoneySite(CANCELLATIONS_CREDIT_EXPIRES="365d")
    made.cancelled(at(15), deposit="40.00", rest="credit")
    made.work()
    yield made
    made.books_agree()


def entries(site: MoneySite) -> list[tuple[str, int]]:
    return [(row.kind, row.amount) for row in site.rows(CreditEntry)]


def test_from_the_record_to_the_balance(site: MoneySite) -> None:
    desk = site.browser()
    record = desk.get(f"{ROOT}/cancellation/1")
    assert f'href="{ROOT}{PAGE}"' in record.text
    page = desk.get(ROOT + PAGE)
    assert "Client credit Мария Петрова" in text_of(page)
    assert "In EUR Credit that can be used now 10.00 EUR Redeem" in text_of(page)
    assert "Deposit of the cancelled appointment on Wednesday, 2 December 2026, 15:00" in text_of(page)
    assert "Issued Wednesday, 2 December 2026, 10:09 10.00 EUR" in text_of(page)
    assert "Left can be used until Thursday, 2 December 2027, 10:09 10.00 EUR" in text_of(page)
    assert f'href="{ROOT}/credit-note/1"' in page.text


def test_credit_is_redeemed_in_parts_and_never_beyond_what_there_is(site: MoneySite) -> None:
    desk = site.browser()
    key = hidden(desk.get(ROOT + PAGE), "idempotency_key")
    fields = {"currency": "EUR", "amount": "4,00", "reference": "Massage on 9 December"}
    for _ in range(2):
        answer = send(desk, f"{PAGE}/redeem", key=key, **fields)
        assert (answer.status_code, answer.location) == (303, f"{ROOT}{PAGE}?did=redeem")
    assert send(desk, f"{PAGE}/redeem", key=key, **{**fields, "amount": "5"}).status_code == 422
    page = text_of(desk.get(answer.location))
    assert "The credit is redeemed." in page
    assert "Credit that can be used now 6.00 EUR" in page
    assert "Redeemed: Massage on 9 December Wednesday, 2 December 2026, 10:09 -4.00 EUR" in page
    more = send(desk, f"{PAGE}/redeem", **{**fields, "amount": "6.01"})
    assert more.status_code == 422
    assert text_of(more).count("The client's credit is 6.00 EUR.") == 2
    assert 'id="fcx-amount-redeem-EUR-errors"' in more.text
    assert 'value="Massage on 9 December"' in more.text
    assert send(desk, f"{PAGE}/redeem", **{**fields, "amount": "6"}).status_code == 303
    assert entries(site) == [("issue", 1000), ("redeem", -400), ("redeem", -600)]
    page = text_of(desk.get(ROOT + PAGE))
    assert "Credit that can be used now 0.00 EUR" in page
    assert "Left 0.00 EUR" in page
    assert "Redeem :" not in page
    story = text_of(desk.get(f"{ROOT}/appointment/1"))
    assert "Credit redeemed: 4.00 EUR" in story
    assert "By Elena Desk For Massage on 9 December" in story


@pytest.mark.parametrize("what", ["redeem", "pay-out"])
def test_an_amount_that_is_none_changes_nothing(site: MoneySite, what: str) -> None:
    desk = site.browser()
    for amount in (*WRONG_AMOUNTS, "0", "10.01"):
        answer = send(desk, f"{PAGE}/{what}", currency="EUR", amount=amount, reference="For this")
        assert answer.status_code == 422, amount
        assert f'id="fcx-amount-{what}-EUR-errors"' in answer.text
        assert f'name="amount" type="text" value="{amount}"' in answer.text
    for currency in ("", "XXL", "eur", "<i>"):
        assert send(desk, f"{PAGE}/{what}", currency=currency, amount="1", reference="x").status_code == 422
    assert send(desk, f"{PAGE}/{what}", currency="USD", amount="1", reference="x").status_code == 422  # has none
    assert entries(site) == [("issue", 1000)]


def test_what_it_is_used_for_has_to_be_said(site: MoneySite) -> None:
    for reference, sentence in (("", "Say what it is used for."), ("x" * 191, "This text is too long: 190")):
        answer = send(site.browser(), f"{PAGE}/redeem", currency="EUR", amount="1", reference=reference)
        assert answer.status_code == 422
        assert text_of(answer).count(sentence) == 2
        assert 'value="1"' in answer.text


def test_credit_is_paid_out_at_the_desk(site: MoneySite) -> None:
    desk = site.browser()
    answer = send(desk, f"{PAGE}/pay-out", currency="EUR", amount="7")
    assert answer.status_code == 303
    assert "The credit will be paid out; it is among the money to settle." in text_of(desk.get(answer.location))
    site.work()
    assert "Credit to pay out" in text_of(desk.get(f"{ROOT}/money"))
    assert entries(site) == [("issue", 1000), ("pay_out", -700)]
    assert "Credit to be paid out: 7.00 EUR" in text_of(desk.get(f"{ROOT}/appointment/1"))


def test_credit_is_voided_with_a_reason_and_its_note_reversed(site: MoneySite) -> None:
    desk = site.browser()
    wrong = send(desk, f"{PAGE}/1/void", seen=1000, reason=" ")
    assert wrong.status_code == 422
    assert 'id="fcx-reason-void-1-errors"' in wrong.text
    site.do(lambda state, actor: credit.redeem(state, "1", 300, actor))
    late = send(desk, f"{PAGE}/1/void", seen=1000, reason="By mistake")
    assert late.status_code == 409
    assert "Some of this credit was used meanwhile." in text_of(late)
    assert 'name="seen" value="700"' in late.text
    assert [row.balance for row in site.rows(CreditLot)] == [700]
    answer = send(desk, f"{PAGE}/1/void", seen=700, reason="By mistake")
    assert answer.status_code == 303
    page = desk.get(answer.location)
    assert "The credit is voided." in text_of(page)
    assert "Voided: By mistake Wednesday, 2 December 2026, 10:09 -7.00 EUR" in text_of(page)
    assert "Credit note no. 1 Reversal no. 2" in text_of(page)
    assert send(desk, f"{PAGE}/1/void", key="again", seen=0, reason="Again").status_code == 409
    story = text_of(desk.get(f"{ROOT}/appointment/1"))
    assert "Credit note no. 2 issued, which takes back no. 1: 7.00 EUR" in story
    assert "Credit voided: 7.00 EUR" in story


def test_credit_whose_time_is_over_cannot_be_used(site: MoneySite) -> None:
    desk = site.browser()
    site.clock.forward(days=366)
    page = text_of(desk.get(ROOT + PAGE))
    assert "Credit that can be used now 0.00 EUR" in page
    assert "Left expired on Thursday, 2 December 2027, 10:09 0.00 EUR" in page
    assert send(desk, f"{PAGE}/redeem", currency="EUR", amount="1", reference="x").status_code == 422
    site.work()
    assert "Credit expired: 10.00 EUR" in text_of(desk.get(f"{ROOT}/appointment/1"))


def test_what_a_client_owes_and_what_is_on_its_way_stand_beside_it() -> None:
    site = MoneySite(CANCELLATIONS_PENDING="2h")
    site.cancelled(at(15), deposit="40.00", rest="credit")
    desk = site.browser()
    page = text_of(desk.get(ROOT + PAGE))
    assert "Credit on its way, until it can no longer be undone 10.00 EUR" in page
    assert "Fees that are not decided yet 30.00 EUR Fee for the appointment on Wednesday, 2 December" in page
    assert "This client never had any credit." in page
    site.do(lambda state, actor: fees.drop(state, 1, actor, reason="Kind"))
    site.work()
    site.cancelled(at(16), deposit="0")
    site.do(lambda state, actor: fees.charge(state, 2, actor))
    other = desk.get(f"{ROOT}/client/2/credit")
    assert "Owed by the client 30.00 EUR" in text_of(other)
    assert f'href="{ROOT}/cancellation/2"' in other.text


# -- who may -----------------------------------------------------------------------------------------------------------


def test_without_the_right_and_of_others_there_is_nothing(site: MoneySite) -> None:
    site.cancelled(at(16), therapist="Vesela Marinova", deposit="40.00", rest="credit")
    site.work()
    posts: dict[str, dict[str, Any]] = {
        "redeem": {"currency": "EUR", "amount": "1", "reference": "x"},
        "pay-out": {"currency": "EUR", "amount": "1"},
        "1/void": {"seen": 1000, "reason": "x"},
    }
    vesela = site.browser("lead", "Vesela", "Vesela Marinova")
    for role, browser, status in (
        ("desk", site.browser("desk"), 403),
        ("cleaner", site.browser("cleaner"), 403),
        ("nobody", site.stranger(), 401),
        ("a therapist of others", vesela, 404),
    ):
        assert browser.get(ROOT + PAGE).status_code == status, role
        for what, fields in posts.items():
            assert send(browser, f"{PAGE}/{what}", **fields).status_code == status, (role, what)
    assert vesela.get(f"{ROOT}/client/2/credit").status_code == 200
    manager = site.browser()
    for path in ("/client/777/credit", "/client/%5B1%2C2%5D/credit", "/client/../credit", "/client//credit"):
        assert manager.get(ROOT + path).status_code in (404, 308), path
    assert send(manager, "/client/2/credit/1/void", seen=1000, reason="x").status_code == 404  # another client's lot
    assert send(manager, f"{PAGE}/777/void", seen=1000, reason="x").status_code == 404
    forged = manager.post(f"{ROOT}{PAGE}/redeem", data=posts["redeem"], headers={"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403
    assert manager.post(f"{ROOT}{PAGE}/redeem", data=posts["redeem"]).status_code == 422
    assert entries(site) == [("issue", 1000), ("issue", 1000)]
    assert not {"credit.redeem", "credit.void", "credit.pay_out"} & {event.action for event in site.rows(Event)}


def test_another_clinic_of_the_same_database_has_none_of_it(sqlite_url: str) -> None:
    host = run(sqlite_url, appointment={"client": {"key": "id", "name": "guest", "email": "email"}})
    key = host.visit("east")
    east, west = host.desk("east"), host.desk("west")
    done = east.post(
        f"{ROOT}/api/appointments/{key}/cancel",
        json={"reason": "family", "fee": "charge", "told_channel": "phone"},
        headers={"Idempotency-Key": uuid4().hex},
    )
    assert done.status_code == 201
    client = "/client/1/credit"
    assert "Owed by the client 30.00 EUR" in text_of(east.get(ROOT + client))
    assert west.get(ROOT + client).status_code == 404
    assert send(west, f"{client}/redeem", currency="EUR", amount="1", reference="x").status_code == 404
    host.close()


def test_looking_changes_nothing(site: MoneySite) -> None:
    writes = [sql for sql in site.statements(site.browser(), ROOT + PAGE) if not sql.startswith("SELECT")]
    assert writes == []
