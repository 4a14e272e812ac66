"""The credit note on the page: what stands on the paper, in whose language, and who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from flask_cancellations import Deposit
from flask_cancellations.models import CreditNote
from flask_cancellations.services import credit

from .money_host import Till
from .money_site import MoneySite
from .site import ROOT, at, text_of
from .tenant_host import run

CLINIC = {
    "CANCELLATIONS_CLINIC_ADDRESS": "1 Main Street, Sofia",
    "CANCELLATIONS_CLINIC_TAX_ID": "204555123",
}
TAXED = {
    "credit": "20%",
    "number": "BG123456789",
    "name": "Sunny Clinic Ltd",
    "address": "2 Court Square, Sofia",
    "series": "CN-",
}


def issued(**config: Any) -> MoneySite:
    """A clinic with one credit note of 10.00 EUR."""
    site = MoneySite(**{**CLINIC, **config})
    site.cancelled(at(15), deposit="40.00", rest="credit")
    site.work()
    return site


@pytest.fixture
def site() -> Iterator[MoneySite]:
    made = issued()
    yield made
    made.books_agree()


def test_the_paper_names_both_parties_the_original_the_reason_and_the_amounts() -> None:
    till = Till([Deposit(4000, "EUR", reference="pay-77")])
    site = issued(CANCELLATIONS_VAT=TAXED, CANCELLATIONS_ADAPTER=till)
    desk = site.browser()
    page = text_of(desk.get(f"{ROOT}/credit-note/1"))
    assert "Credit note no. CN-1 Wednesday, 2 December 2026 Issued by Sunny Clinic Ltd 2 Court Square, Sofia" in page
    assert "VAT no. BG123456789 Registration no. 204555123 +359 2 123 4567 desk@clinic.example" in page
    assert "Issued to Мария Петрова Reason The deposit of a cancelled appointment becomes credit." in page
    assert "Appointment Massage · Wednesday, 2 December 2026, 15:00 Cancelled on Wednesday, 2 December 2026" in page
    assert "Original payment pay-77 Amounts Net 8.33 EUR VAT 20% 1.67 EUR Total 10.00 EUR" in page
    assert "not a tax document" not in page
    assert "Ill" not in page.split()  # nobody's health belongs on a paper for the books


def test_without_the_clinics_tax_data_it_says_that_it_is_no_tax_document(site: MoneySite) -> None:
    page = text_of(site.browser().get(f"{ROOT}/credit-note/1"))
    assert "Credit note no. 1 Wednesday, 2 December 2026 This is not a tax document." in page
    assert "Sunny Clinic 1 Main Street, Sofia Registration no. 204555123" in page
    assert "Amounts Net 10.00 EUR VAT 0% 0.00 EUR Total 10.00 EUR" in page


def test_a_reversal_says_what_it_takes_back_and_the_note_leads_to_it(site: MoneySite) -> None:
    site.do(lambda state, actor: credit.redeem(state, "1", 400, actor))
    site.do(lambda state, actor: credit.void(state, 1, actor, reason="By mistake"))
    desk = site.browser()
    page = text_of(desk.get(f"{ROOT}/credit-note/2"))
    assert "Reversal no. 2" in page
    assert "Takes back Credit note no. 1 Reason The credit is taken back." in page
    assert "Total 6.00 EUR" in page
    assert "By mistake" not in page
    first = desk.get(f"{ROOT}/credit-note/1")
    assert "Taken back by no. 2" in text_of(first)
    assert f'href="{ROOT}/credit-note/2"' in first.text
    assert "Total 10.00 EUR" in text_of(first)


def test_it_is_written_in_the_clients_language_or_in_the_one_that_is_asked_for() -> None:
    site = MoneySite()
    site.cancelled(at(15), deposit="40.00", rest="credit", client={"language": "bg"})
    site.work()
    desk = site.browser()
    paper = desk.get(f"{ROOT}/credit-note/1")
    assert '<article class="fcx-card fcx-paper fcx-printed" lang="bg"' in paper.text
    assert "Кредитно известие" in text_of(paper)
    assert "The cancellation" in text_of(paper)  # what is around it is in the language of who looks
    english = desk.get(f"{ROOT}/credit-note/1?lang=en")
    assert "Credit note no. 1" in text_of(english)
    assert '<article class="fcx-card fcx-paper fcx-printed" lang="en"' in english.text
    for other in ("xx", "../../etc", "<i>", "BG"):
        answer = desk.get(f"{ROOT}/credit-note/1", query_string={"lang": other})
        assert answer.status_code == 200
        assert "Кредитно известие" in text_of(answer)
        assert "<i>" not in answer.text


def test_a_document_of_before_these_keys_is_shown_as_it_was_drawn(site: MoneySite) -> None:
    with site.clinic.app.app_context(), site.clinic.cancellations.transaction():
        facts = site.clinic.rows(CreditNote)[0].facts.replace('"tax_id": "204555123", ', "")
        assert "tax_id" not in facts
        site.clinic.state.store.update(CreditNote, CreditNote.number == 1, facts=facts)
    assert "Registration no." not in text_of(site.browser().get(f"{ROOT}/credit-note/1"))


def test_who_may_see_it_and_what_does_not_exist(site: MoneySite) -> None:
    for browser, status in (
        (site.browser("desk"), 403),
        (site.browser("cleaner"), 403),
        (site.stranger(), 401),
        (site.browser("lead", "Vesela", "Vesela Marinova"), 404),
        (site.browser("lead", "Ivan", "Dr Ivan Kolev"), 200),
    ):
        assert browser.get(f"{ROOT}/credit-note/1").status_code == status
    manager = site.browser()
    for number in ("0", "2", "-1", "1.0", "9223372036854775807", "9223372036854775808", "CN-1", "%00"):
        assert manager.get(f"{ROOT}/credit-note/{number}").status_code == 404, number
    assert manager.post(f"{ROOT}/credit-note/1").status_code == 405
    writes = [sql for sql in site.statements(manager, f"{ROOT}/credit-note/1") if not sql.startswith("SELECT")]
    assert writes == []


def test_names_are_text() -> None:
    site = MoneySite()
    site.cancelled(at(15), deposit="40.00", rest="credit", client={"first_name": "<img src=x>"})
    site.work()
    assert "<img" not in site.browser().get(f"{ROOT}/credit-note/1").text


def test_each_clinic_of_a_database_has_numbers_of_its_own(sqlite_url: str) -> None:
    host = run(sqlite_url, appointment={"deposit": "price"})
    east, west = host.desk("east"), host.desk("west")
    for desk, clinic, guest in ((east, "east", "Ada Byron"), (west, "west", "Bo Second")):
        done = desk.post(
            f"{ROOT}/api/appointments/{host.visit(clinic, guest)}/cancel",
            json={"reason": "family", "fee": "charge", "told_channel": "phone", "rest": "credit"},
            headers={"Idempotency-Key": uuid4().hex},
        )
        assert done.status_code == 201
    host.clock.forward(minutes=4)
    assert host.app.test_cli_runner().invoke(args=["cancellations", "worker", "--once"]).exit_code == 0
    for desk, mine, other in ((east, "Ada Byron", "Bo Second"), (west, "Bo Second", "Ada Byron")):
        page = text_of(desk.get(f"{ROOT}/credit-note/1"))
        assert mine in page
        assert other not in page
        assert desk.get(f"{ROOT}/credit-note/2").status_code == 404
    host.close()
