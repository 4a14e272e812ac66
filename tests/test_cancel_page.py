"""The cancel page without scripts: what staff see, send and are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_cancellations.models import Cancellation, Event, Message, SettlementRow, Waiver

from .browsing import SentForm, Visitor
from .small_host import NOW, Clinic, make_clinic

ROLES = {
    "desk": ["cancel"],
    "reception": ["cancel", "waive", "backdate"],
    "manager": ["*"],
    "therapist": ["cancel:own"],
    "cleaner": [],
}


@pytest.fixture
def clinic(sqlite_url: str) -> Iterator[Clinic]:
    made = make_clinic(sqlite_url, CANCELLATIONS_ROLES=ROLES)
    made.app.test_client_class = Visitor
    with made.app.app_context():
        yield made


def url(visit: Any) -> str:
    return f"/cancellations/cancel/{visit.id}"


def opened(client: FlaskClient, visit: Any, query: str = "") -> SentForm:
    response = client.get(url(visit) + query)
    assert response.status_code == 200
    return SentForm(response.text)


def send(client: FlaskClient, visit: Any, form: SentForm, **values: str) -> TestResponse:
    return client.post(url(visit), data={**form.fields, **values})


def desk(clinic: Clinic, role: str = "manager") -> FlaskClient:
    return clinic.client(clinic.account(role, "Anna Desk"))


def nothing_was_cancelled(clinic: Clinic) -> bool:
    clinic.db.session.expire_all()
    states = {visit.state for visit in clinic.db.session.scalars(clinic.db.select(clinic.Visit))}
    return not clinic.rows(Cancellation) and not clinic.rows(Message) and states == {"booked"}


# -- what the page shows --------------------------------------------------------------------------------------------


def test_the_page_shows_the_appointment_and_asks_in_order(clinic: Clinic) -> None:
    visit = clinic.visit(start=NOW + timedelta(hours=3, minutes=20))
    page = opened(desk(clinic), visit)
    for text in ("Мария Петрова", "Massage", "Dr Ivan Kolev", "13:25", "in 3 h 20 min"):
        assert text in page.texts
    order = (
        "Who cancelled?",
        "When did the client tell the clinic?",
        "Reason",
        "Note",
        "Cancellation fee",
        "If the fee is charged",
        "If the fee is waived",
        "The client is told by",
    )
    places = [page.texts.index(text) for text in order] + [page.texts.rindex("Back, change nothing")]
    assert places == sorted(places)
    assert "50% of 60.00 EUR, because the clinic was told 3 h 20 min before the appointment: less than 24 h." in (
        page.texts.replace("\xa0", " ")
    )


def test_addresses_are_masked(clinic: Clinic) -> None:
    page = desk(clinic).get(url(clinic.visit())).text
    assert "+359 … 12" in page
    assert "m…@e….com" in page
    assert "maria@example.com" not in page
    assert "888 123" not in page
    assert "888123" not in page  # three digits alone occur in an idempotency key


def test_with_the_right_to_waive_nothing_is_preselected(clinic: Clinic) -> None:
    page = opened(desk(clinic, "reception"), clinic.visit())
    assert page.choices["fee"] == ["charge", "waive"]
    assert "fee" not in page.fields


def test_without_the_right_to_waive_charging_is_text_and_the_button_names_it(clinic: Clinic) -> None:
    page = opened(desk(clinic, "desk"), clinic.visit(deposit="0"))
    assert "fee" not in page.choices
    assert "told" not in page.choices  # no right to backdate: only the channel is asked for
    assert "told_channel" in page.choices
    assert "silent" not in page.choices
    assert "Cancel appointment, charge 30.00 EUR" in page.texts.replace("\xa0", " ")


def test_the_reasons_used_last_come_first_in_their_group(clinic: Clinic) -> None:
    client = desk(clinic)
    before = opened(client, clinic.visit()).choices["reason"]
    assert before[1] == "illness"
    visit = clinic.visit(start=NOW + timedelta(days=3))
    assert send(client, visit, opened(client, visit), reason="transport").status_code == 303
    after = opened(client, clinic.visit()).choices["reason"]
    assert after[1:3] == ["transport", "illness"]
    assert sorted(after) == sorted(before)


def test_exactly_at_the_border_the_page_says_which_rule_applied(clinic: Clinic) -> None:
    page = opened(desk(clinic), clinic.visit(start=NOW + timedelta(hours=24)))
    assert "At exactly 24 h the milder rule applies." in page.texts
    assert "Cancel appointment, refund 20.00 EUR" in page.texts.replace("\xa0", " ")


def test_a_client_without_addresses_is_named_as_such(clinic: Clinic) -> None:
    visit = clinic.visit(patient=clinic.patient(email=None, mobile="none"))
    assert "please tell the client yourself" in opened(desk(clinic), visit).texts


def test_showing_the_amounts_for_other_choices_changes_nothing(clinic: Clinic) -> None:
    client, visit = desk(clinic), clinic.visit()
    by_address = opened(client, visit, "?reason=therapist_ill")
    assert "No fee, because the clinic cancels." in by_address.texts
    form = opened(client, visit)
    by_button = send(client, visit, form, preview="1", reason="mistake", note="Mine <b>")
    assert by_button.status_code == 200
    page = SentForm(by_button.text)
    assert page.fields["reason"] == "mistake"
    assert page.fields["note"] == "Mine <b>"
    assert "the client is not told" in page.texts.lower()
    assert nothing_was_cancelled(clinic)


# -- sending it ----------------------------------------------------------------------------------------------------


def test_charging_takes_the_fee_from_the_deposit_and_shows_the_result(clinic: Clinic) -> None:
    client, visit = desk(clinic), clinic.visit(deposit="40.00")
    form = opened(client, visit)
    answer = send(client, visit, form, reason="illness", note="Fever", fee="charge", rest_charge="credit")
    (record,) = clinic.rows(Cancellation)
    assert answer.status_code == 303
    assert answer.location.startswith(f"/cancellations/cancellation/{record.id}")
    assert client.get(answer.location).status_code == 200
    (settled,) = clinic.rows(SettlementRow)
    assert (settled.fee, settled.taken, settled.credited, settled.refunded) == (3000, 3000, 1000, 0)
    assert (record.actor_name, record.source, record.note, record.told_channel) == (
        "Anna Desk",
        "web",
        "Fever",
        "phone",
    )
    clinic.db.session.expire_all()
    assert visit.state == "cancelled"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"rest_waive": "refund"}, {"refunded": 2000, "credited": 0, "forfeited": 0}),
        ({"rest_waive": "credit"}, {"refunded": 0, "credited": 2000, "forfeited": 0}),
        (
            {"rest_waive": "keep", "keep_reason": "Agreed by phone"},
            {"refunded": 0, "credited": 0, "forfeited": 2000},
        ),
    ],
)
def test_after_a_waiver_the_whole_deposit_goes_where_it_was_sent(
    clinic: Clinic, values: dict[str, str], expected: dict[str, int]
) -> None:
    client, visit = desk(clinic), clinic.visit()
    form = opened(client, visit)
    assert form.fields["rest_waive"] == "refund"
    answer = send(client, visit, form, reason="family", fee="waive", waive_reason="First time", **values)
    assert answer.status_code == 303
    (settled,) = clinic.rows(SettlementRow)
    assert settled.waived == 3000
    assert {name: getattr(settled, name) for name in expected} == expected
    (waiver,) = clinic.rows(Waiver)
    assert (waiver.reason, waiver.keep_reason) == ("First time", values.get("keep_reason", ""))


def test_a_form_sent_twice_cancels_once_and_answers_the_same(clinic: Clinic) -> None:
    client, visit = desk(clinic, "desk"), clinic.visit()
    form = opened(client, visit)
    first = send(client, visit, form, reason="illness")
    second = send(client, visit, form, reason="illness")
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert len(clinic.rows(Cancellation)) == 1


def test_one_key_with_two_values_is_refused(clinic: Clinic) -> None:
    client, visit = desk(clinic, "desk"), clinic.visit()
    form = opened(client, visit)
    assert send(client, visit, form, reason="illness").status_code == 303
    other = send(client, visit, form, reason="family")
    assert other.status_code == 422
    assert "already sent with other values" in other.text
    assert [record.reason_code for record in clinic.rows(Cancellation)] == ["illness"]


def test_refusals_and_repetitions_on_every_database(database_url: str) -> None:
    clinic = make_clinic(database_url, CANCELLATIONS_ROLES=ROLES)
    clinic.app.test_client_class = Visitor
    with clinic.app.app_context():
        client, visit = desk(clinic), clinic.visit()
        form = opened(client, visit)
        assert send(client, visit, form, note="no reason \x00").status_code == 422
        changed = send(client, visit, form, reason="clinic_closed")
        assert changed.status_code == 409
        assert nothing_was_cancelled(clinic)
        shown = SentForm(changed.text)
        answers = [send(client, visit, shown) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [303, 303]
        assert answers[0].location == answers[1].location
        assert send(client, visit, shown, note="other").status_code == 422
        assert send(client, visit, shown, idempotency_key="new").status_code == 409
        clinic.db.session.rollback()  # the requests had sessions of their own; MariaDB still shows this one the past
        assert len(clinic.rows(Cancellation)) == 1
        clinic.db.session.remove()
        clinic.db.engine.dispose()


def test_the_history_names_the_actor_and_the_reason(clinic: Clinic) -> None:
    client, visit = desk(clinic, "desk"), clinic.visit()
    send(client, visit, opened(client, visit), reason="illness", note="Fever since Monday")
    page = client.get(f"/cancellations/appointment/{visit.id}").text
    assert "Anna Desk" in page
    assert "Fever since Monday" in page
    (event,) = clinic.rows(Event)
    assert event.source == "web"


def test_not_telling_the_client_is_recorded_with_its_reason(clinic: Clinic) -> None:
    client, visit = desk(clinic), clinic.visit(start=NOW + timedelta(days=3))
    answer = send(client, visit, opened(client, visit), reason="work", silent="yes", silent_reason="Told in person")
    assert answer.status_code == 303
    assert clinic.rows(Message) == []
    (record,) = clinic.rows(Cancellation)
    assert record.silent_reason == "Told in person"


def test_an_earlier_told_us_makes_the_notice_longer(clinic: Clinic) -> None:
    client, visit = desk(clinic, "reception"), clinic.visit(booked=NOW - timedelta(days=9))
    earlier = (NOW - timedelta(hours=20)).isoformat(timespec="minutes")
    preview = opened(client, visit, f"?told=earlier&told_at={earlier}&reason=illness")
    assert "a fee applies below 24 h" in preview.texts
    assert preview.fields["told_at"] == earlier
    assert send(client, visit, preview, told_channel="voicemail").status_code == 303
    (record,) = clinic.rows(Cancellation)
    assert (record.notice_minutes, record.told_channel, record.late) == (25 * 60, "voicemail", False)


def test_an_unknown_price_asks_for_the_fee_and_shows_what_it_comes_to_before_it_counts(clinic: Clinic) -> None:
    client, visit = desk(clinic), clinic.visit(price=None)
    form = opened(client, visit)
    assert "amount" in form.fields
    assert "rest_charge" not in form.fields
    unseen = send(client, visit, form, reason="illness", amount="12,50", fee="charge")
    assert unseen.status_code == 409
    assert "look at what the fee you entered comes to" in unseen.text
    assert nothing_was_cancelled(clinic)
    shown = SentForm(unseen.text)
    assert "7.50 EUR left of the deposit" in shown.texts.replace("\xa0", " ")
    assert send(client, visit, shown).status_code == 303
    (settled,) = clinic.rows(SettlementRow)
    assert (settled.fee, settled.taken, settled.refunded) == (1250, 1250, 750)


def test_without_the_right_to_enter_a_fee_an_unknown_price_costs_nothing(clinic: Clinic) -> None:
    client, visit = desk(clinic, "reception"), clinic.visit(price=None)
    form = opened(client, visit)
    assert "amount" not in form.fields
    assert send(client, visit, form, reason="illness", amount="50").status_code in (303, 409)
    assert [settled.fee for settled in clinic.rows(SettlementRow)] in ([], [0])


# -- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"reason": ""}, "reason", "Choose a reason."),
        ({"reason": "no_such"}, "reason", "This reason does not exist"),
        ({"reason": "other", "note": ""}, "note", "This reason needs a note."),
        ({"reason": "therapist_ill", "side": "client"}, "reason", "does not go with who cancelled"),
        ({"side": "somebody"}, "side", "Say who cancelled"),
        ({"told": "earlier", "told_at": "2026-12-02T10:06"}, "told_at", "in the future"),
        ({"told": "earlier", "told_at": "2026-11-01T09:00"}, "told_at", "before the appointment was booked"),
        ({"told": "earlier", "told_at": ""}, "told_at", "Enter a date and a time."),
        ({"told": "earlier", "told_at": "yesterday"}, "told_at", "Enter a date and a time."),
        ({"told_channel": "pigeon"}, "told_channel", "Say how the client told you"),
        ({"fee": ""}, "fee", "Choose whether to charge or to waive the fee."),
        ({"fee": "steal"}, "fee", "Choose one of the possibilities"),
        ({"fee": "waive"}, "waive_reason", "Say why the fee is waived."),
        ({"fee": "waive", "waive_reason": "x" * 501}, "waive_reason", "too long"),
        ({"fee": "waive", "waive_reason": "Nice", "rest_waive": "keep"}, "keep_reason", "Say why the deposit is kept"),
        ({"rest_charge": "keep"}, "rest", "not possible for the deposit"),
        ({"silent": "yes"}, "silent_reason", "Say why the client is not told."),
        ({"note": "x" * 2001}, "note", "too long"),
    ],
)
def test_a_wrong_entry_is_named_beside_its_field_and_everything_entered_is_kept(
    clinic: Clinic, values: dict[str, str], field: str, sentence: str
) -> None:
    client, visit = desk(clinic), clinic.visit(deposit="40.00")
    form = opened(client, visit)
    sent = {"reason": "illness", "fee": "charge", "note": "Kept <note>", "told_channel": "sms", **values}
    answer = send(client, visit, form, **sent)
    assert answer.status_code == 422
    page = SentForm(answer.text)
    assert sentence in page.texts
    assert page.texts.count(sentence) >= 2  # in the summary, and beside the field
    assert f"#fcx-{field}" in page.links
    assert f"fcx-{field}" in page.ids
    for name in ("note", "waive_reason", "told_at"):
        assert page.fields[name].replace("\r\n", "\n") == {**form.fields, **sent}[name]
    if field != "told_channel":
        assert page.fields["told_channel"] == "sms"
    assert page.fields["idempotency_key"] != form.fields["idempotency_key"]
    assert nothing_was_cancelled(clinic)


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("", "The price is unknown. Enter the fee; 0 means none."),
        ("-5", "Enter an amount such as"),
        ("1e9", "Enter an amount such as"),
        ("12.345", "Enter at most 2 digits"),
        ("abc", "Enter an amount such as"),
        ("31", "The fee may be 30.00"),
    ],
)
def test_a_fee_that_is_no_amount_is_refused(sqlite_url: str, amount: str, sentence: str) -> None:
    policy = {
        "name": "standard",
        "valid_from": "2026-01-01",
        "bands": [{"less_than": "24h", "fee": "50%"}],
        "cap": "30",
    }
    clinic = make_clinic(sqlite_url, CANCELLATIONS_ROLES=ROLES, CANCELLATIONS_POLICIES=[policy])
    with clinic.app.app_context():
        client, visit = desk(clinic), clinic.visit(price=None)
        answer = send(client, visit, opened(client, visit), reason="illness", fee="charge", amount=amount)
        assert answer.status_code == 422
        page = SentForm(answer.text)
        assert sentence in page.texts
        assert page.fields["amount"] == amount
        assert "#fcx-amount" in page.links
        assert nothing_was_cancelled(clinic)


def test_several_faults_are_named_at_once_in_the_order_of_the_form(clinic: Clinic) -> None:
    client, visit = desk(clinic), clinic.visit()
    answer = send(client, visit, opened(client, visit), told="earlier", told_at="", silent="yes")
    page = SentForm(answer.text)
    faults = [link for link in page.links if link.startswith("#fcx-") and link != "#fcx-main"]
    assert faults == ["#fcx-reason", "#fcx-told_at", "#fcx-silent_reason"]


def test_control_characters_are_dropped_and_markup_stays_text(clinic: Clinic) -> None:
    client, visit = desk(clinic, "desk"), clinic.visit()
    note = "<script>alert(1)</script>\x00\x07\r\nsecond line"
    assert send(client, visit, opened(client, visit), reason="illness", note=note).status_code == 303
    (record,) = clinic.rows(Cancellation)
    assert record.note == "<script>alert(1)</script>\nsecond line"
    assert "<script>alert" not in client.get(f"/cancellations/cancellation/{record.id}").text


def test_a_reason_that_changes_the_amounts_is_shown_before_it_counts(clinic: Clinic) -> None:
    client, visit = desk(clinic), clinic.visit()
    form = opened(client, visit)  # shows the 30.00 of a client's ordinary reason
    answer = send(client, visit, form, reason="therapist_ill", fee="charge", note="Flu")
    assert answer.status_code == 409
    page = SentForm(answer.text)
    assert "The amounts have changed" in page.texts
    assert "No fee, because the clinic cancels." in page.texts
    assert page.fields["note"] == "Flu"
    assert page.fields["idempotency_key"] != form.fields["idempotency_key"]
    assert nothing_was_cancelled(clinic)
    assert send(client, visit, page).status_code == 303
    (settled,) = clinic.rows(SettlementRow)
    assert (settled.fee, settled.refunded) == (0, 2000)


def test_a_price_that_changed_meanwhile_is_shown_before_it_counts(clinic: Clinic) -> None:
    client, visit = desk(clinic, "desk"), clinic.visit()
    form = opened(client, visit)
    visit.treatment.price = 80
    clinic.db.session.commit()
    answer = send(client, visit, form, reason="illness")
    assert answer.status_code == 409
    assert "50% of 80.00" in answer.text.replace("\xa0", " ")
    assert nothing_was_cancelled(clinic)


def test_time_that_passes_into_the_next_band_is_shown_before_it_counts(clinic: Clinic) -> None:
    client, visit = desk(clinic, "desk"), clinic.visit(start=NOW + timedelta(hours=2, minutes=1))
    form = opened(client, visit)
    clinic.clock.forward(minutes=2)
    assert send(client, visit, form, reason="illness").status_code == 409
    assert nothing_was_cancelled(clinic)


def test_a_form_without_what_was_seen_charges_nothing(clinic: Clinic) -> None:
    client, visit = desk(clinic, "desk"), clinic.visit()
    form = opened(client, visit)
    del form.fields["seen"]
    assert send(client, visit, form, reason="illness").status_code == 409
    assert nothing_was_cancelled(clinic)


def test_an_appointment_cancelled_by_somebody_else_says_who_and_when(clinic: Clinic) -> None:
    first, second, visit = desk(clinic, "desk"), clinic.client(clinic.account("desk", "Boris")), clinic.visit()
    late = opened(second, visit)
    assert send(first, visit, opened(first, visit), reason="illness").status_code == 303
    for answer in (send(second, visit, late, reason="illness"), second.get(url(visit))):
        assert answer.status_code == 409
        assert "Anna Desk cancelled this appointment on" in answer.text
        assert "10:05" in answer.text
    assert len(clinic.rows(Cancellation)) == 1


@pytest.mark.parametrize("state", ["missed", "done", "whatever"])
def test_an_appointment_that_is_no_longer_open_is_refused(clinic: Clinic, state: str) -> None:
    answer = desk(clinic).get(url(clinic.visit(state=state)))
    assert answer.status_code == 409
    assert "no longer open" in answer.text


def test_an_appointment_that_began_is_refused_without_the_right_to_backdate(clinic: Clinic) -> None:
    client, visit = desk(clinic, "desk"), clinic.visit()
    form = opened(client, visit)
    clinic.clock.forward(hours=6)
    for answer in (client.get(url(visit)), send(client, visit, form, reason="illness")):
        assert answer.status_code == 409
        assert "mark it as missed instead" in answer.text
    assert nothing_was_cancelled(clinic)


def test_who_may_backdate_cancels_after_the_start_if_the_client_told_us_before(clinic: Clinic) -> None:
    client, visit = desk(clinic, "reception"), clinic.visit(start=datetime(2026, 12, 2, 10, 0))
    form = opened(client, visit)
    assert form.fields["told"] == "earlier"
    assert "You can still cancel it if the client told you before" in form.texts
    now = send(client, visit, form, told="now", reason="illness", fee="charge")
    assert now.status_code == 409
    assert SentForm(now.text).fields["reason"] == "illness"
    told = {"told": "earlier", "told_at": "2026-12-02T07:30", "reason": "illness"}
    seen = SentForm(send(client, visit, form, preview="1", **told).text)
    assert "2 h 30 min before" in seen.texts
    assert send(client, visit, seen, fee="charge").status_code == 303


def test_backdating_without_the_right_is_forbidden(clinic: Clinic) -> None:
    client, visit = desk(clinic, "desk"), clinic.visit()
    form = opened(client, visit)
    answer = send(client, visit, form, reason="illness", told="earlier", told_at="2026-12-01T23:00")
    assert answer.status_code == 403
    assert nothing_was_cancelled(clinic)


@pytest.mark.parametrize("values", [{"fee": "waive", "waive_reason": "x"}, {"silent": "yes", "silent_reason": "x"}])
def test_what_the_role_does_not_allow_is_forbidden_however_it_is_sent(clinic: Clinic, values: dict[str, str]) -> None:
    client, visit = desk(clinic, "desk"), clinic.visit()
    assert send(client, visit, opened(client, visit), reason="illness", **values).status_code == 403
    assert nothing_was_cancelled(clinic)


def test_who_may_cancel_nothing_is_forbidden_and_a_foreign_appointment_does_not_exist(clinic: Clinic) -> None:
    visit = clinic.visit()
    assert desk(clinic, "cleaner").get(url(visit)).status_code == 403
    other = clinic.client(clinic.account("therapist", therapist=clinic.therapist("Dr Other")))
    own = clinic.client(clinic.account("therapist", therapist=visit.therapist))
    assert own.get(url(visit)).status_code == 200
    assert other.get(url(visit)).status_code == 404
    assert other.get(url(visit)).text == other.get("/cancellations/cancel/999999").text.replace("999999", str(visit.id))


@pytest.mark.parametrize("key", ["999", "x", "0", "-1", "1e3", "%00", "9" * 30, "[1]", "a/b", "1%20"])
def test_an_unknown_key_is_not_found(clinic: Clinic, key: str) -> None:
    clinic.visit()
    assert desk(clinic).get(f"/cancellations/cancel/{key}").status_code == 404


def test_nobody_signed_in_changes_nothing(clinic: Clinic) -> None:
    client, visit = desk(clinic, "desk"), clinic.visit()
    form = opened(client, visit)
    assert send(clinic.client(), visit, form, reason="illness").status_code == 401
    assert clinic.client().get(url(visit)).status_code in (302, 401)
    assert nothing_was_cancelled(clinic)


def test_a_form_from_another_site_changes_nothing(clinic: Clinic) -> None:
    client, visit = desk(clinic, "desk"), clinic.visit()
    form = opened(client, visit)
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "cross-site"
    assert send(client, visit, form, reason="illness").status_code == 403
    assert nothing_was_cancelled(clinic)


@pytest.mark.parametrize("key", ["", "x" * 65])
def test_a_form_without_a_usable_key_changes_nothing(clinic: Clinic, key: str) -> None:
    client, visit = desk(clinic, "desk"), clinic.visit()
    answer = send(client, visit, opened(client, visit), reason="illness", idempotency_key=key)
    assert answer.status_code == 422
    assert nothing_was_cancelled(clinic)


def test_the_page_speaks_bulgarian_where_the_host_does(sqlite_url: str) -> None:
    clinic = make_clinic(sqlite_url, CANCELLATIONS_ROLES=ROLES, CANCELLATIONS_LOCALE="bg")
    with clinic.app.app_context():
        page = desk(clinic).get(url(clinic.visit())).text
        assert "30,00" in page
        assert 'lang="bg"' in page
