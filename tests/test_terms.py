"""The terms of an appointment, as a host puts them into its confirmations and reminders: true, in words that fit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import flask
import pytest
from sqlalchemy import event

from flask_cancellations import ConfigError, Deposit, InvalidInput
from flask_cancellations.models.request import Link
from flask_cancellations.services.terms import Terms

from .money_host import Till
from .small_host import NOW, Clinic, make_clinic
from .tenant_host import Visit, run
from .test_embedding_walk import blocks

WEDNESDAY = datetime(2026, 12, 9, 10, 30)
RULE = {"name": "standard", "valid_from": "2026-01-01"}
BANDS = [{"less_than": "24h", "fee": "50%"}, {"less_than": "2h", "fee": "full"}]


def plain(text: str) -> str:
    return text.replace("\xa0", " ").replace("\u202f", " ")


def clinic_with(url: str = "sqlite://", **values: Any) -> Clinic:
    """A clinic with one policy; `values` are the policy's, those in capitals the configuration's."""
    config = {f"CANCELLATIONS_{name}": values.pop(name) for name in list(values) if name.isupper()}
    return make_clinic(url, CANCELLATIONS_POLICIES=[{**RULE, "bands": BANDS, **values}], **config)


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    made = clinic_with()
    with made.app.app_context():
        yield made


# --- what is said --------------------------------------------------------------------------------------------------


def test_a_confirmation_says_when_it_costs_what_in_the_clients_language(clinic: Clinic) -> None:
    english = clinic.cancellations.terms(clinic.visit(WEDNESDAY, patient=clinic.patient(language="en")))
    assert english.short == "Free cancellation until Tue 8 Dec 10:30, then 30.00 EUR, after Wed 9 Dec 08:30 60.00 EUR"
    assert plain(english.long) == (
        "You can cancel free of charge until Tuesday, 8 December 2026, 10:30. After that it costs 30.00 EUR. "
        "After Wednesday, 9 December 2026, 08:30 it costs 60.00 EUR. A fee is taken from your deposit of 20.00 EUR "
        "first. What is left of a deposit is refunded."
    )
    assert str(english) == english.long
    assert [(stage.until, stage.fee, stage.kept, plain(stage.text)) for stage in english.stages] == [
        (datetime(2026, 12, 8, 10, 30), 0, 0, "free of charge"),
        (datetime(2026, 12, 9, 8, 30), 3000, 0, "30.00 EUR"),
        (WEDNESDAY, 6000, 0, "60.00 EUR"),
    ]
    visit = clinic.visit(WEDNESDAY)  # of a Bulgarian
    clinic.clock.wall = datetime(2026, 12, 3, 9)
    bulgarian = clinic.cancellations.terms(visit)
    assert bulgarian.short == "Безплатна отмяна до вт 10:30, после 30,00 EUR, след ср 08:30 60,00 EUR"
    assert plain(bulgarian.long).startswith("Можете да отмените безплатно до вторник, 8 декември 2026 г., 10:30. След")
    assert clinic.cancellations.terms(visit, "en").short.startswith("Free cancellation until Tue 10:30, then")


@pytest.mark.parametrize(
    ("wall", "short", "sentences"),
    [
        (
            datetime(2026, 12, 8, 10, 30, 1),
            "Cancelling costs 30.00 EUR, after Wed 08:30 60.00 EUR",
            ["Cancelling costs 30.00 EUR until Wednesday, 9 December 2026, 08:30.", "After that it costs 60.00 EUR."],
        ),
        (datetime(2026, 12, 9, 8, 30, 1), "Cancelling costs 60.00 EUR", ["Cancelling costs 60.00 EUR."]),
        (datetime(2026, 12, 9, 10, 30), "", []),
        (datetime(2026, 12, 9, 12), "", []),
    ],
)
def test_a_reminder_comes_when_the_free_time_is_over(
    clinic: Clinic, wall: datetime, short: str, sentences: list[str]
) -> None:
    visit = clinic.visit(WEDNESDAY, deposit=None)
    clinic.clock.wall = wall
    told = clinic.cancellations.terms(visit, "en", link=True)
    assert (told.short, [plain(text) for text in told.sentences]) == (short, sentences)
    assert bool(told.stages) is bool(told.link) is bool(short)


def test_what_ends_before_it_is_read_is_not_promised(clinic: Clinic) -> None:
    visit = clinic.visit(WEDNESDAY, deposit=None, patient=clinic.patient(language="en"))
    clinic.clock.wall = datetime(2026, 12, 8, 10, 29, 59)
    assert clinic.cancellations.terms(visit).short.startswith("Free cancellation until Tue 10:30")
    clinic.clock.wall = datetime(2026, 12, 8, 10, 30)  # free at this very instant
    told = clinic.cancellations.terms(visit)
    assert told.short == "Cancelling costs 30.00 EUR, after Wed 08:30 60.00 EUR"
    assert (told.stages[0].fee, told.stages[0].until) == (0, datetime(2026, 12, 8, 10, 30))


def test_the_policy_it_was_booked_under_counts_not_the_newest() -> None:
    old = {**RULE, "bands": [{"less_than": "24h", "fee": "20.00"}]}
    new = {**RULE, "valid_from": "2026-12-01", "bands": [{"less_than": "72h", "fee": "full"}]}
    made = make_clinic(CANCELLATIONS_POLICIES=[old, new])
    with made.app.app_context():
        before = made.visit(WEDNESDAY, booked=datetime(2026, 11, 20, 9), deposit=None)
        after = made.visit(WEDNESDAY, booked=datetime(2026, 12, 1, 9), deposit=None)
        assert [stage.fee for stage in made.cancellations.terms(before).stages] == [0, 2000]
        assert [stage.fee for stage in made.cancellations.terms(after).stages] == [0, 6000]
        made.cancellations.accept_policy(before, channel="desk")  # accepted anew today
        assert [stage.fee for stage in made.cancellations.terms(before).stages] == [0, 6000]


def test_where_no_policy_covers_it_nothing_is_put_in_writing() -> None:
    made = make_clinic(CANCELLATIONS_POLICIES=[])
    with made.app.app_context():
        told = made.cancellations.terms(made.visit(WEDNESDAY), "en", link=True)
        assert (told.short, told.long, [stage.fee for stage in told.stages]) == ("", "", [0])
        assert told.link.startswith("https://clinic.example/")


def test_a_policy_without_a_fee_is_free_to_the_end() -> None:
    made = clinic_with(bands=[])
    with made.app.app_context():
        told = made.cancellations.terms(made.visit(WEDNESDAY, deposit=None), "en")
        assert told.short == "Cancelling is free of charge"
        assert told.long == "You can cancel free of charge until the appointment begins."


def test_a_clinic_without_prices_names_the_share(clinic: Clinic) -> None:
    told = clinic.cancellations.terms(clinic.visit(WEDNESDAY, price=None, deposit=None), "en")
    share = "Free cancellation until Tue 8 Dec 10:30, then 50% of the price, after Wed 9 Dec 08:30 the full price"
    assert told.short == share
    texts = [(stage.fee, stage.text) for stage in told.stages[1:]]
    assert texts == [(None, "50% of the price"), (None, "the full price")]


@pytest.mark.parametrize(
    ("currency", "price", "texts"),
    [("JPY", "7001", ["3,501 JPY", "7,001 JPY"]), ("KWD", "7.001", ["3.501 KWD", "7.001 KWD"])],
)
def test_currencies_have_their_own_decimals(currency: str, price: str, texts: list[str]) -> None:
    made = clinic_with(CURRENCY=currency)
    with made.app.app_context():
        visit = made.visit(WEDNESDAY, deposit=None)
        visit.treatment.price = price
        with made.db.session.no_autoflush:  # the column of this small host keeps two decimals
            told = made.cancellations.terms(visit, "en")
    assert [plain(stage.text) for stage in told.stages[1:]] == texts
    assert (told.currency, texts[1] in told.short) == (currency, True)


def test_a_deposit_that_is_kept_is_part_of_the_cost() -> None:
    made = clinic_with(bands=[{"less_than": "24h", "fee": "10.00", "forfeit": True}])
    with made.app.app_context():
        told = made.cancellations.terms(made.visit(WEDNESDAY), "en")
    assert told.short == "Free cancellation until Tue 10:30, then 20.00 EUR"
    assert [(stage.fee, stage.kept) for stage in told.stages] == [(0, 0), (1000, 1000)]
    assert [plain(text) for text in told.sentences] == [
        "You can cancel free of charge until Tuesday, 8 December 2026, 10:30.",
        "After that it costs 10.00 EUR and 10.00 EUR of your deposit.",
        "A fee is taken from your deposit of 20.00 EUR first.",
        "Until Tuesday, 8 December 2026, 10:30 what is left of it is refunded.",
    ]


def test_a_deposit_in_another_currency_is_refused_as_when_cancelling() -> None:
    made = clinic_with(ADAPTER=Till([Deposit(2000, "USD")]))
    with made.app.app_context(), pytest.raises(InvalidInput, match="USD"):
        made.cancellations.terms(made.visit(WEDNESDAY))


def test_a_first_time_is_free_once_and_then_no_more() -> None:
    made = clinic_with(first_free={"times": 1, "months": 12})
    with made.app.app_context():
        patient = made.patient(language="en")
        coming, today = made.visit(WEDNESDAY, patient=patient), made.visit(patient=patient)
        told = made.cancellations.terms(coming)
        assert ([stage.fee for stage in told.stages], told.short) == ([0], "Cancelling is free of charge")
        assert told.sentences[-1] == "Your first late cancellation in 12 months is free of charge."
        made.cancel(today)
        told = made.cancellations.terms(coming)
        assert [stage.fee for stage in told.stages] == [0, 3000, 6000]
        assert not any("first late" in text for text in told.sentences)


def test_a_fee_that_waits_is_said_to_be_dropped_or_reduced() -> None:
    for share, word in (("0%", "drop"), ("30%", "reduce")):
        made = clinic_with(PENDING="2h", REFILLED_FEE=share)
        with made.app.app_context():
            told = made.cancellations.terms(made.visit(WEDNESDAY), "en")
            assert told.sentences[-1] == f"If someone else takes the time, we {word} the fee."


def test_an_appointment_that_is_no_longer_open_has_no_terms(clinic: Clinic) -> None:
    visit = clinic.visit(WEDNESDAY)
    clinic.cancel(visit)
    assert clinic.cancellations.terms(visit, link=True) == Terms("EUR")


# --- the link, the page, the mail ----------------------------------------------------------------------------------


def test_only_who_asks_for_a_link_writes_a_row(clinic: Clinic) -> None:
    visit = clinic.visit(WEDNESDAY)
    seen: list[str] = []
    event.listen(clinic.db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    assert clinic.cancellations.terms(visit).link == ""
    assert seen
    assert all(statement.startswith("SELECT") for statement in seen)
    link = clinic.cancellations.terms(visit, link=True).link
    clinic.db.session.commit()
    assert clinic.client().get(link.removeprefix("https://clinic.example")).status_code == 200
    assert len(clinic.rows(Link)) == 1


def test_a_link_that_would_no_longer_work_is_not_made() -> None:
    made = clinic_with(self_cancel="6h")
    with made.app.app_context():
        visit = made.visit(WEDNESDAY)
        told = made.cancellations.terms(visit, "en", link=True)
        assert plain(told.sentences[-1]).startswith("You can cancel online until 6 h before the appointment")
        assert not any("online" in text for text in made.cancellations.terms(visit, "en").sentences)
        made.clock.wall = datetime(2026, 12, 9, 4, 30, 1)
        late = made.cancellations.terms(visit, "en", link=True)
        assert (late.online, late.link, len(made.rows(Link))) == (False, "", 1)
        assert late.short == "Cancelling costs 30.00 EUR, after Wed 08:30 60.00 EUR"


def test_a_link_needs_an_address_of_ours() -> None:
    made = clinic_with(PUBLIC_URL="", REBOOK_URL="")
    with made.app.app_context():
        visit = made.visit(WEDNESDAY)
        assert made.cancellations.terms(visit).short
        with pytest.raises(ConfigError, match="CANCELLATIONS_PUBLIC_URL"):
            made.cancellations.terms(visit, link=True)


def test_a_hosts_template_lays_the_stages_out_itself(clinic: Clinic) -> None:
    visit = clinic.visit(WEDNESDAY)
    shown = flask.render_template_string(
        '{% set terms = cancellations_terms(visit, "en") %}{{ terms }}'
        "{% for stage in terms.stages %}|{{ stage.until.isoformat() }} {{ stage.fee }}{% endfor %}",
        visit=visit,
    )
    assert plain(shown).startswith("You can cancel free of charge until Tuesday, 8 December 2026, 10:30. After that")
    assert shown.endswith("|2026-12-08T10:30:00 0|2026-12-09T08:30:00 3000|2026-12-09T10:30:00 6000")


def test_a_confirmation_is_written_as_documented(clinic: Clinic) -> None:
    section = "Terms in confirmations and reminders"
    (code,), (template,) = blocks("python", section), blocks("jinja", section)
    sent: list[str] = []
    visit = clinic.visit(WEDNESDAY, patient=clinic.patient(language="en"))
    note = {"send_sms": lambda _, text: sent.append(text), "send_mail": lambda _, text: sent.append(text)}
    exec(code, {"cancellations": clinic.cancellations, "db": clinic.db, "visit": visit, **note})  # noqa: S102
    sms, mail = sent
    assert sms.startswith(
        "Free cancellation until Tue 8 Dec 10:30, then 30.00 EUR, after Wed 9 Dec 08:30 60.00 EUR. http"
    )
    assert mail.splitlines()[-1] == sms.split()[-1]
    assert len(clinic.rows(Link)) == 1
    shown = plain(flask.render_template_string(template, visit=visit))
    assert "<tr><td>09.12. 08:30</td><td>30.00 EUR</td></tr>" in shown


def test_terms_belong_to_the_visits_tenant_whoever_asks() -> None:
    host = run("sqlite://", CANCELLATIONS_POLICIES=[{**RULE, "bands": BANDS}])
    try:
        key = host.visit("east", start=WEDNESDAY)
        with host.app.app_context():  # a mail job: nobody is signed in, no scope is chosen
            told = host.cancellations.terms(host.session.get_one(Visit, int(key)), link=True)
            host.session.commit()
        assert told.short.startswith("Free cancellation until Tue 8 Dec 10:30")
        (link,) = host.rows(Link)
        assert link.scope == "70"
    finally:
        host.close()


def test_the_clients_page_says_when_it_will_cost_more(clinic: Clinic) -> None:
    visit = clinic.visit(WEDNESDAY, patient=clinic.patient(language="en"))
    path = clinic.cancellations.terms(visit, link=True).link.removeprefix("https://clinic.example")
    clinic.db.session.commit()
    page = plain(clinic.client().get(path).text)
    assert "You can cancel free of charge until Tuesday, 8 December 2026, 10:30. After that it costs 30.00 EUR." in page
    assert "If you cancel less than 24 h before the appointment, the fee is 50% of the price." in page
    clinic.clock.wall = datetime(2026, 12, 9, 9)
    page = plain(clinic.client().get(path).text)
    assert "The cancellation fee is 60.00 EUR" in page
    assert "After that" not in page


def test_the_terms_of_a_visit_cost_few_statements(clinic: Clinic) -> None:
    visit = clinic.visit(NOW + timedelta(days=7))
    clinic.cancellations.terms(visit)
    seen: list[str] = []
    event.listen(clinic.db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    clinic.cancellations.terms(visit)
    assert len(seen) <= 5
