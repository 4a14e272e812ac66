"""Cancelling through the service: what a developer calls, and what a clinic finds afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from flask_cancellations import (
    Actor,
    AlreadyCancelled,
    ChangedMeanwhile,
    Forbidden,
    InvalidInput,
    NotFound,
    NotOpen,
    appointment_cancelled,
)
from flask_cancellations.models import (
    Acceptance,
    Cancellation,
    Claim,
    Event,
    Message,
    Movement,
    PrivateValue,
    ReasonRow,
    SettlementRow,
    Slot,
    Waiver,
)
from flask_cancellations.rules.quote import Quote
from flask_cancellations.rules.why import why_text
from flask_cancellations.services import catalogue, history, messages
from flask_cancellations.services.quoting import quote_for

from .small_host import NOW, Clinic, make_clinic


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    made = make_clinic()
    with made.app.app_context():
        yield made


def staff(*rights: str, staff_key: str | None = None) -> Actor:
    return Actor("staff", "7", "Anna Desk", "web", rights=frozenset(rights), staff_key=staff_key)


def quoted(clinic: Clinic, visit: Any, reason: str | None = "illness", told: datetime | None = None) -> Quote:
    state = clinic.state
    known = catalogue.load(state)
    told_us = state.clock.now() if told is None else state.clock.to_us(told)
    appointment = state.host.read(visit)
    chosen = known.reasons[reason] if reason else None
    return quote_for(state, known, appointment, told_us=told_us, reason=chosen).quote


# -- what a cancellation leaves behind -----------------------------------------------------------------------------


def test_a_charged_fee_is_taken_from_the_deposit_first(clinic: Clinic) -> None:
    visit = clinic.visit(price="60.00", deposit="20.00")  # 5 hours away: half the price
    clinic.cancel(visit, staff("cancel"), note="Fever")

    (record,) = clinic.rows(Cancellation)
    assert (record.reason_code, record.side, record.note) == ("illness", "client", "Fever")
    assert (record.client_name, record.staff_name, record.service_name) == (
        "Мария Петрова",
        "Dr Ivan Kolev",
        "Massage",
    )
    assert record.notice_minutes == 5 * 60
    assert record.lead_minutes == 29 * 60
    assert (record.local_day.isoformat(), record.local_minute) == ("2026-12-02", 15 * 60 + 5)
    assert (record.actor_kind, record.actor_key, record.actor_name) == ("staff", "7", "Anna Desk")
    assert record.late is True
    (money,) = clinic.rows(SettlementRow)
    assert (money.fee, money.taken, money.kept, money.due, money.refunded) == (3000, 2000, 2000, 1000, 0)
    (charge,) = clinic.rows(Movement)
    assert (charge.kind, charge.state, charge.amount) == ("charge", "created", 1000)
    assert charge.not_before_us == clinic.state.clock.now() + 3 * 60 * 1_000_000
    assert visit.state == "cancelled"
    (claim,) = clinic.rows(Claim)
    assert claim.state == "cancelled"
    (slot,) = clinic.rows(Slot)
    assert (slot.state, slot.staff_key) == ("released", str(visit.therapist_id))


def test_a_waiver_records_who_and_why_and_the_deposit_becomes_a_credit(clinic: Clinic) -> None:
    visit = clinic.visit()
    clinic.cancel(visit, staff("cancel", "waive"), fee="waive", waive_reason="First time", rest="credit")
    (waiver,) = clinic.rows(Waiver)
    assert (waiver.amount, waiver.reason, waiver.actor_key) == (3000, "First time", "7")
    (money,) = clinic.rows(SettlementRow)
    assert (money.fee, money.waived, money.due, money.credited) == (3000, 3000, 0, 2000)
    (credit,) = clinic.rows(Movement)
    assert (credit.kind, credit.amount, credit.number) == ("credit", 2000, None)


def test_the_client_is_told_by_sms_and_mail_in_the_own_language_after_the_undo_delay(clinic: Clinic) -> None:
    clinic.cancel(clinic.visit())
    sms, mail = clinic.rows(Message)
    assert (sms.channel, sms.address, sms.locale) == ("sms", "+359888123412", "bg")
    assert (mail.channel, mail.address) == ("email", "maria@example.com")
    assert mail.template == "cancelled_client"
    assert mail.not_before_us == clinic.state.clock.now() + 3 * 60 * 1_000_000
    assert sms.uid != mail.uid


@pytest.mark.parametrize(
    ("language", "locale"), [("pt-BR", "pt_BR"), ("Bulgarian, in Cyrillic letters", "en"), ("", "en"), (None, "en")]
)
def test_the_language_of_a_client_may_be_any_text_of_the_hosts(
    clinic: Clinic, language: str | None, locale: str
) -> None:
    clinic.cancel(clinic.visit(patient=clinic.patient(language=language)))
    assert {message.locale for message in clinic.rows(Message)} == {locale}


def test_an_address_too_long_for_any_mail_server_is_none(clinic: Clinic) -> None:
    clinic.cancel(clinic.visit(patient=clinic.patient(email="m" * 250 + "@example.com")))
    assert [message.channel for message in clinic.rows(Message)] == ["sms"]


def test_the_log_holds_who_what_and_why_but_no_personal_text(clinic: Clinic) -> None:
    visit = clinic.visit()
    clinic.cancel(visit, staff("cancel"), note="Висока температура")
    (event,) = clinic.rows(Event)
    assert "Anna" not in event.body
    assert "температура" not in event.body
    body = json.loads(event.body)
    assert body["before"]["status"] == "booked"
    assert body["after"]["reason"] == "illness"
    assert body["after"]["settlement"]["fee"] == 3000
    assert {row.value for row in clinic.rows(PrivateValue)} == {"Anna Desk", "Висока температура"}
    (entry,) = clinic.cancellations.history(str(visit.id))
    assert (entry.actor_name, entry.private["note"]) == ("Anna Desk", "Висока температура")


def test_signals_are_sent_after_the_commit_and_not_at_all_after_a_rollback(clinic: Clinic) -> None:
    heard: list[str] = []

    def listen(sender: Any, **facts: Any) -> None:
        # A session of its own sees the rows only once they are committed.
        heard.append(facts["appointment_key"])

    with appointment_cancelled.connected_to(listen):
        first, second = clinic.visit(), clinic.visit(NOW + timedelta(hours=8))
        clinic.cancel(first)
        assert heard == [str(first.id)]
        clinic.cancellations.cancel(clinic.command(second), staff("cancel"))
        clinic.db.session.rollback()
        assert heard == [str(first.id)]
        result = clinic.cancellations.cancel(clinic.command(second), staff("cancel"))
        clinic.db.session.commit()
        assert heard == [str(first.id)]
        result.publish()
        result.publish()
    assert heard == [str(first.id), str(second.id)]


# -- reasons -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["therapist_ill", "equipment", "clinic_closed"])
def test_the_clinics_own_cancellation_costs_nothing_refunds_all_and_closes_the_time(
    clinic: Clinic, reason: str
) -> None:
    visit = clinic.visit(NOW + timedelta(hours=1))
    clinic.cancel(visit, staff("cancel"), reason=reason, fee=None, rest=None)
    (money,) = clinic.rows(SettlementRow)
    assert (money.fee, money.otherwise, money.refunded) == (0, 6000, 2000)
    assert clinic.rows(Slot)[0].state == "closed"
    assert {message.template for message in clinic.rows(Message)} == {"cancelled_clinic"}
    assert (
        clinic.cancellations.slots.at(visit.begins_at, visit.begins_at + timedelta(hours=1), visit.therapist_id)
        == "closed"
    )


def test_the_clinics_own_cancellation_cannot_withhold_the_deposit(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput) as refused:
        clinic.cancel(clinic.visit(), reason="therapist_ill", fee=None, rest="credit")
    assert list(refused.value.fields) == ["rest"]


@pytest.mark.parametrize("reason", ["deceased", "mistake", "duplicate"])
def test_some_reasons_carry_no_fee_and_tell_nobody(clinic: Clinic, reason: str) -> None:
    clinic.cancel(clinic.visit(NOW + timedelta(hours=1)), reason=reason, fee=None)
    assert clinic.rows(Message) == []
    assert clinic.rows(SettlementRow)[0].fee == 0
    assert catalogue.load(clinic.state).reasons[reason].counts is False


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"reason": ""}, ["reason"]),
        ({"reason": "astrology"}, ["reason"]),
        ({"reason": "other"}, ["note"]),
        ({"reason": "illness", "side": "clinic"}, ["reason"]),
        ({"side": "nobody"}, ["side"]),
        ({"told_channel": "pigeon"}, ["told_channel"]),
        ({"fee": None}, ["fee"]),
        ({"fee": "waive"}, ["waive_reason"]),
        ({"fee": "charge", "rest": "keep", "deposit": "60.00"}, ["rest"]),
        ({"fee": "waive", "waive_reason": "Kind", "rest": "keep"}, ["keep_reason"]),
        ({"tell": False}, ["silent_reason"]),
        ({"note": "x" * 2001}, ["note"]),
        ({"reason": "", "told_channel": "pigeon", "tell": False}, ["reason", "told_channel", "silent_reason"]),
    ],
)
def test_bad_input_names_every_wrong_field_and_changes_nothing(
    clinic: Clinic, values: dict[str, Any], fields: list[str]
) -> None:
    visit = clinic.visit(deposit=values.pop("deposit", "20.00"))
    with pytest.raises(InvalidInput) as refused:
        clinic.cancel(visit, **values)
    assert list(refused.value.fields) == fields
    assert all(text for texts in refused.value.fields.values() for text in texts)
    assert clinic.rows(Cancellation) == clinic.rows(Claim) == clinic.rows(Message) == []
    clinic.db.session.refresh(visit)
    assert visit.state == "booked"


def test_a_clients_link_may_pick_only_what_clients_may(clinic: Clinic) -> None:
    visit = clinic.visit()
    client = Actor("link", "1", "Мария", "link", rights=frozenset({"cancel"}))
    with pytest.raises(InvalidInput) as refused:
        clinic.cancel(visit, client, reason="therapist_ill")
    assert list(refused.value.fields) == ["reason"]
    clinic.cancel(visit, client, reason="forgot", told_channel="online")


def test_a_clinics_own_reason_has_its_own_words(clinic: Clinic) -> None:
    made = make_clinic(
        CANCELLATIONS_REASONS=[{"code": "holiday", "side": "client", "label": {"en": "Holiday", "bg": "Почивка"}}]
    )
    with made.app.app_context():
        made.cancel(made.visit(), reason="holiday")
        assert made.rows(Cancellation)[0].reason_code == "holiday"


# -- notice --------------------------------------------------------------------------------------------------------


def test_notice_counts_from_when_the_client_told_the_clinic(clinic: Clinic) -> None:
    visit = clinic.visit(NOW + timedelta(hours=1), booked=NOW - timedelta(days=9))
    told = clinic.state.clock.to_us(NOW - timedelta(days=1))
    clinic.cancel(visit, staff("cancel", "backdate"), told_us=told, told_channel="voicemail")
    (record,) = clinic.rows(Cancellation)
    assert record.told_us == told
    assert record.cancelled_us == clinic.state.clock.now()
    assert record.notice_minutes == 25 * 60
    assert clinic.rows(SettlementRow)[0].fee == 0


def test_backdating_is_a_right(clinic: Clinic) -> None:
    with pytest.raises(Forbidden):
        clinic.cancel(clinic.visit(), staff("cancel"), told_us=clinic.state.clock.to_us(NOW - timedelta(hours=1)))


@pytest.mark.parametrize(
    "told", [NOW + timedelta(minutes=1), NOW - timedelta(days=1, minutes=1)], ids=["future", "before the booking"]
)
def test_told_us_lies_between_booking_and_now(clinic: Clinic, told: datetime) -> None:
    with pytest.raises(InvalidInput) as refused:
        clinic.cancel(clinic.visit(), told_us=clinic.state.clock.to_us(told))
    assert list(refused.value.fields) == ["told_at"]


def test_an_appointment_that_began_is_not_cancelled_unless_the_client_told_us_before(clinic: Clinic) -> None:
    visit = clinic.visit(NOW + timedelta(hours=1))
    clinic.clock.forward(hours=1)
    with pytest.raises(NotOpen):
        clinic.cancel(visit)
    clinic.cancel(visit, told_us=clinic.state.clock.to_us(NOW), told_channel="voicemail")
    assert clinic.rows(Slot)[0].state == "lapsed"


# -- policy --------------------------------------------------------------------------------------------------------


def test_the_policy_in_force_at_booking_applies() -> None:
    bands = [{"less_than": "24h", "fee": "10.00"}], [{"less_than": "24h", "fee": "20.00"}]
    made = make_clinic(
        CANCELLATIONS_POLICIES=[
            {"name": "standard", "valid_from": "2026-11-01", "bands": bands[0]},
            {"name": "standard", "valid_from": "2026-12-02", "bands": bands[1]},
        ]
    )
    with made.app.app_context():
        october = made.visit(booked=datetime(2026, 10, 31, 23, 59))
        november = made.visit(booked=datetime(2026, 12, 1, 23, 59))
        today = made.visit(booked=datetime(2026, 12, 2, 0, 0))
        assert (quoted(made, october).fee, quoted(made, october).why) == (0, ("no_policy",))
        assert quoted(made, november).fee == 1000
        assert quoted(made, today).fee == 2000


def test_without_proof_there_is_no_fee_unless_the_clinic_says_so() -> None:
    for setting, fee, why in (("none", 0, ("no_proof",)), ("current", 3000, ("band",))):
        made = make_clinic(CANCELLATIONS_POLICY_WITHOUT_PROOF=setting)
        with made.app.app_context():
            found = quoted(made, made.visit(booked=None))
            assert (found.fee, found.why) == (fee, why)


def test_an_accepted_policy_is_proof(clinic: Clinic) -> None:
    visit = clinic.visit(booked=None)
    assert quoted(clinic, visit).fee == 0
    clinic.cancellations.accept_policy(visit, channel="web", ip="192.0.2.7")
    clinic.db.session.commit()
    assert quoted(clinic, visit).fee == 3000
    (proof,) = clinic.rows(Acceptance)
    assert (proof.channel, proof.ip, proof.accepted_us) == ("web", "192.0.2.7", clinic.state.clock.now())


def test_the_most_specific_policy_wins() -> None:
    def policy(name: str, fee: str, **scope: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {"name": name, "valid_from": "2026-01-01"}
        found["bands"] = [{"less_than": "24h", "fee": fee}]
        return {**found, "scope": scope} if scope else found

    made = make_clinic(
        CANCELLATIONS_POLICIES=[
            policy("everybody", "10.00"),
            policy("first therapist", "20.00", staff=["1"]),
            policy("first therapist, first service", "30.00", staff=["1"], service=["1"]),
        ]
    )
    with made.app.app_context():
        assert quoted(made, made.visit(therapist=made.therapist("One"))).fee == 3000
        assert quoted(made, made.visit(therapist=made.therapist("One"))).fee == 2000
        assert quoted(made, made.visit(therapist=made.therapist("Two"))).fee == 1000


@pytest.mark.parametrize("price", [None, "0.00"])
def test_a_share_of_an_unknown_price_is_never_a_silent_zero(price: str | None) -> None:
    made = make_clinic(
        CANCELLATIONS_POLICIES=[
            {
                "name": "standard",
                "valid_from": "2026-01-01",
                "cap": "25.00",
                "bands": [{"less_than": "24h", "fee": "50%"}],
            }
        ]
    )
    with made.app.app_context():
        visit = made.visit(price=price)
        assert quoted(made, visit).needs_amount
        assert "no_price" in quoted(made, visit).why
        for amount in (None, -1, 2501):
            with pytest.raises(InvalidInput) as refused:
                made.cancel(visit, staff("cancel", "set_fee"), amount=amount)
            assert list(refused.value.fields) == ["amount"]
        made.cancel(visit, staff("cancel", "set_fee"), amount=2500)
        assert made.rows(SettlementRow)[0].fee == 2500
        # Without the right there is no fee, whatever was sent.
        made.cancel(made.visit(NOW + timedelta(hours=9), price=price), staff("cancel"), amount=2500)
        assert made.rows(SettlementRow)[1].fee == 0


def test_an_amount_in_a_currency_that_the_clinic_left_is_never_taken_for_the_new_one() -> None:
    """As in Bulgaria, where 30 leva became 15.34 euro and not 30."""
    policy = {"name": "standard", "valid_from": "2026-01-01", "bands": [{"less_than": "24h", "fee": "30.00"}]}
    made = make_clinic(CANCELLATIONS_CURRENCY="BGN", CANCELLATIONS_POLICIES=[policy])
    with made.app.app_context():
        visit = made.visit()
        assert quoted(made, visit).fee == 3000
        with made.cancellations.transaction():
            catalogue.sync(made.state)
        object.__setattr__(made.state.settings, "currency", "EUR")
        found = quoted(made, visit)
        assert (found.needs_amount, found.fee, found.why) == (True, 0, ("band", "other_currency"))
        assert "another currency" in why_text(found)
        made.cancel(visit, staff("cancel", "set_fee"), amount=1534)
        assert made.rows(SettlementRow)[0].fee == 1534


def test_keeping_the_rest_is_possible_only_where_the_band_forfeits_it() -> None:
    made = make_clinic(
        CANCELLATIONS_POLICIES=[
            {
                "name": "standard",
                "valid_from": "2026-01-01",
                "bands": [{"less_than": "24h", "fee": "10.00", "forfeit": True}],
            }
        ]
    )
    with made.app.app_context():
        made.cancel(made.visit(), staff("cancel"), rest="keep")
        (money,) = made.rows(SettlementRow)
        assert (money.fee, money.taken, money.forfeited) == (1000, 1000, 1000)


def test_keeping_a_deposit_after_a_waiver_is_a_right_with_a_reason(clinic: Clinic) -> None:
    visit = clinic.visit()
    waived = {"fee": "waive", "waive_reason": "Kind", "rest": "keep", "keep_reason": "Third time this month"}
    with pytest.raises(InvalidInput):
        clinic.cancel(visit, staff("cancel", "waive"), **waived)
    clinic.cancel(visit, staff("cancel", "waive", "keep_deposit"), **waived)
    assert clinic.rows(SettlementRow)[0].forfeited == 2000
    assert clinic.rows(Waiver)[0].keep_reason == "Third time this month"


@pytest.mark.parametrize(("currency", "fee"), [("JPY", 30), ("EUR", 3000), ("KWD", 30000)])
def test_amounts_follow_the_currencys_decimals(currency: str, fee: int) -> None:
    made = make_clinic(CANCELLATIONS_CURRENCY=currency)
    with made.app.app_context():
        made.cancel(made.visit())
        (money,) = made.rows(SettlementRow)
        assert (money.fee, money.currency) == (fee, currency)


def test_a_client_may_not_cancel_online_too_late() -> None:
    made = make_clinic(CANCELLATIONS_POLICIES=[{"name": "standard", "valid_from": "2026-01-01", "self_cancel": "6h"}])
    with made.app.app_context():
        client = Actor("link", "1", "Мария", "link", rights=frozenset({"cancel"}))
        with pytest.raises(NotOpen, match=r"\+359 2 123 4567"):
            made.cancel(made.visit(NOW + timedelta(hours=5)), client, told_channel="online")
        made.cancel(made.visit(NOW + timedelta(hours=6)), client, told_channel="online")


# -- rights --------------------------------------------------------------------------------------------------------


def test_therapists_see_their_own_appointments_only(clinic: Clinic) -> None:
    visit = clinic.visit()
    own, foreign = str(visit.therapist_id), "999"
    with pytest.raises(NotFound):
        clinic.cancel(visit, staff("cancel:own", staff_key=foreign))
    with pytest.raises(NotFound):
        clinic.cancel(visit, staff("cancel:own"))
    clinic.cancel(visit, staff("cancel:own", staff_key=own))


def test_without_a_right_nothing_is_told(clinic: Clinic) -> None:
    visit = clinic.visit()
    for command in (clinic.command(visit), clinic.command(visit, appointment_key="4711")):
        clinic_actor = staff()
        with pytest.raises(Forbidden):
            clinic.cancellations.cancel(command, clinic_actor)


@pytest.mark.parametrize(
    ("right", "values"),
    [
        ("waive", {"fee": "waive", "waive_reason": "Kind"}),
        ("silent", {"tell": False, "silent_reason": "In hospital"}),
    ],
)
def test_departures_from_the_policy_are_rights(clinic: Clinic, right: str, values: dict[str, Any]) -> None:
    visit = clinic.visit()
    with pytest.raises(Forbidden):
        clinic.cancel(visit, staff("cancel"), **values)
    clinic.cancel(visit, staff("cancel", right), **values)


# -- conflicts -----------------------------------------------------------------------------------------------------


def test_the_second_one_learns_who_was_faster_and_when(clinic: Clinic) -> None:
    visit = clinic.visit()
    clinic.cancel(visit, staff("cancel"))
    with pytest.raises(AlreadyCancelled, match="Anna Desk") as refused:
        clinic.cancel(visit)
    assert refused.value.cancelled_by == "Anna Desk"
    assert refused.value.cancelled_us == clinic.state.clock.now()
    assert len(clinic.rows(Cancellation)) == 1


def test_cancelled_in_the_hosts_own_pages(clinic: Clinic) -> None:
    visit = clinic.visit(state="cancelled")
    with pytest.raises(AlreadyCancelled):
        clinic.cancel(visit)
    assert clinic.rows(Claim) == []


@pytest.mark.parametrize("state", ["done", "missed", "on the moon"])
def test_only_an_open_appointment_is_cancelled(clinic: Clinic, state: str) -> None:
    with pytest.raises(NotOpen):
        clinic.cancel(clinic.visit(state=state))


def test_restored_in_the_hosts_own_pages_it_can_be_cancelled_again(clinic: Clinic) -> None:
    visit = clinic.visit()
    clinic.cancel(visit)
    visit.state = "booked"
    clinic.db.session.commit()
    clinic.cancel(visit)
    assert [record.generation for record in clinic.rows(Cancellation)] == [1, 2]


def test_a_time_closed_by_mistake_is_free_once_the_appointment_was_restored_and_cancelled_again(clinic: Clinic) -> None:
    visit = clinic.visit()
    clinic.cancel(visit, reason="therapist_ill")
    visit.state = "booked"
    clinic.db.session.commit()
    clinic.cancel(visit)
    assert [slot.state for slot in clinic.rows(Slot)] == ["taken", "released"]
    end = visit.begins_at + timedelta(hours=1)
    assert clinic.cancellations.slots.blocked(visit.begins_at, end) == []
    clinic.cancellations.slots.claim(visit.begins_at, end, visit.therapist_id)


def test_a_time_closed_for_a_deleted_appointment_stays_closed_when_its_key_comes_again(clinic: Clinic) -> None:
    visit = clinic.visit()
    clinic.cancel(visit, reason="therapist_ill")
    clinic.db.session.delete(visit)
    clinic.db.session.commit()
    clinic.cancel(clinic.visit(NOW + timedelta(hours=7)))
    assert [(row.generation, row.appointment_key) for row in clinic.rows(Cancellation)] == [(1, "1"), (2, "1")]
    assert [slot.state for slot in clinic.rows(Slot)] == ["closed", "released"]


def test_other_numbers_than_those_shown_are_never_charged(clinic: Clinic) -> None:
    visit = clinic.visit()
    seen = quoted(clinic, visit).fingerprint()
    visit.treatment.price = 90
    clinic.db.session.commit()
    with pytest.raises(ChangedMeanwhile):
        clinic.cancel(visit, seen=seen)
    clinic.cancel(visit, seen=quoted(clinic, visit).fingerprint())


@pytest.mark.parametrize("key", ["4711", "", "no number", "1'; drop table visits_book; --", "9" * 40, "\x00"])
def test_an_unknown_key_is_not_found(clinic: Clinic, key: str) -> None:
    with pytest.raises(NotFound):
        clinic.cancel(clinic.visit(), appointment_key=key)


# -- messages and the catalogue ------------------------------------------------------------------------------------


def test_a_message_is_stopped_before_it_leaves_and_only_then(clinic: Clinic) -> None:
    visit = clinic.visit()
    clinic.cancel(visit)
    sms, _ = clinic.rows(Message)
    with clinic.cancellations.transaction():
        messages.stop_message(clinic.state, sms.id, staff("cancel"))
    assert [message.state for message in clinic.rows(Message)] == ["stopped", "waiting"]
    assert [entry.action for entry in history.history(clinic.state, str(visit.id))] == [
        "appointment.cancelled",
        "message.stopped",
    ]


def test_sync_brings_changes_in_and_archives_what_was_used() -> None:
    own = {"code": "holiday", "side": "client", "label": "Holiday"}
    made = make_clinic(CANCELLATIONS_REASONS=[own])
    with made.app.app_context():
        with made.cancellations.transaction():
            assert "holiday" in catalogue.sync(made.state).added
        with made.cancellations.transaction():
            assert catalogue.sync(made.state).nothing
        made.cancel(made.visit(), reason="holiday")
        object.__setattr__(
            made.state.settings,
            "reasons",
            tuple(r for r in made.state.settings.reasons if r.code not in ("holiday", "forgot")),
        )
        with made.cancellations.transaction():
            report = catalogue.sync(made.state)
        assert (report.archived, report.removed) == (["holiday"], ["forgot"])
        codes = {reason.code for reason in catalogue.choosable(catalogue.load(made.state), by_client=False)}
        assert "holiday" not in codes
        assert "holiday" in {row.code for row in made.rows(ReasonRow)}
