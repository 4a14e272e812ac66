"""What clients read: the words about the money, two languages, names that misbehave, a clinic's own templates."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
import pytest
from flask import request
from flask_babel import Babel

from flask_cancellations.delivery.addresses import mask_email
from flask_cancellations.delivery.letter import Letter
from flask_cancellations.delivery.outbox import Leased
from flask_cancellations.delivery.rendering import Renderer
from flask_cancellations.delivery.wording import deposit_sentences, fee_sentence
from flask_cancellations.i18n import day_text, moment_text, use_locale
from flask_cancellations.rules.settlement import Settlement

from .small_host import Clinic, make_clinic

START = datetime(2026, 12, 2, 16, 40)
KINDS = ("cancelled_client", "cancelled_clinic", "cancelled_other")
with use_locale("en"):
    MOMENT, DAY = moment_text(START), day_text(START.date())
    YESTERDAY = moment_text(datetime(2026, 12, 1, 16, 40))
SETTLED = Settlement("EUR", deposit=5000, taken=3000, refunded=2000, fee=3000, kept=3000)
SCRIPT = '<script>alert("x")</script>'


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic(create=False)


def render(
    clinic: Clinic,
    template: str = "cancelled_client",
    channel: str = "email",
    locale: str = "en",
    settlement: Settlement = SETTLED,
    loader: jinja2.BaseLoader | None = None,
    **parameters: Any,
) -> Letter:
    state = clinic.state
    told = {
        "client": "Maria Petrova",
        "service": "Back massage",
        "staff": "Dr Ivan Kolev",
        "start_us": state.clock.to_us(START),
        "free_until_us": state.clock.to_us(datetime(2026, 12, 1, 16, 40)),
        "settlement": asdict(settlement),
        **parameters,
    }
    message = Leased(
        id=1,
        uid="5f0c7a3e-7a39-4a0c-9d52-0f4a4b9a1c11",
        cancellation_id=1,
        client_key="1",
        channel=channel,
        address="maria@example.com" if channel == "email" else "+359888123412",
        locale=locale,
        template=template,
        parameters=json.dumps(told),
        attempts=1,
        lease_token="",
        lease_until_us=0,
    )
    found = loader or clinic.app.jinja_env.loader
    return Renderer(state.settings, state.clock, found).render(message)


# -- the words about the money -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settlement", "sentence"),
    [
        (Settlement("EUR"), "There is no cancellation fee."),
        (
            Settlement("EUR", fee=3000, due=3000),
            "The cancellation fee is 30.00 EUR, to be settled at the desk.",
        ),
        (
            Settlement("EUR", deposit=5000, taken=3000, refunded=2000, fee=3000, kept=3000),
            "The cancellation fee is 30.00 EUR; it is taken from your deposit of 50.00 EUR.",
        ),
        (
            Settlement("EUR", deposit=2000, taken=2000, fee=3000, kept=2000, due=1000),
            "The cancellation fee is 30.00 EUR: 20.00 EUR from your deposit, 10.00 EUR to be settled at the desk.",
        ),
        (Settlement("EUR", fee=3000, waived=3000), "We waive the cancellation fee of 30.00 EUR."),
        (Settlement("JPY", fee=3000, due=3000), "The cancellation fee is 3,000 JPY, to be settled at the desk."),
        (Settlement("KWD", fee=3000, due=3000), "The cancellation fee is 3.000 KWD, to be settled at the desk."),
    ],
)
def test_the_fee_is_one_sentence(settlement: Settlement, sentence: str) -> None:
    assert fee_sentence(settlement).replace("\xa0", " ") == sentence


@pytest.mark.parametrize(
    ("settlement", "sentences"),
    [
        (Settlement("EUR"), []),
        (Settlement("EUR", deposit=3000, taken=3000, fee=3000, kept=3000), []),
        (Settlement("EUR", deposit=5000, refunded=5000), ["We will refund your deposit of 50.00 EUR in full."]),
        (SETTLED, ["We will refund 20.00 EUR of your deposit."]),
        (Settlement("EUR", deposit=5000, credited=5000), ["You will receive a credit note for 50.00 EUR."]),
        (Settlement("EUR", deposit=5000, forfeited=5000), ["We keep 50.00 EUR of your deposit."]),
        (Settlement("EUR", deposit=5000, held=5000), ["50.00 EUR of your deposit stays with us for now."]),
    ],
)
def test_each_part_of_the_deposit_is_told(settlement: Settlement, sentences: list[str]) -> None:
    assert [sentence.replace("\xa0", " ") for sentence in deposit_sentences(settlement)] == sentences


def test_amounts_are_written_as_the_language_does() -> None:
    with use_locale("bg"):
        assert "20,00\xa0EUR" in deposit_sentences(SETTLED)[0]


# -- e-mail --------------------------------------------------------------------------------------------------------


def test_the_clients_own_cancellation(clinic: Clinic) -> None:
    letter = render(clinic)

    assert letter.subject == f"Your appointment on {MOMENT} is cancelled"
    assert letter.text == (
        "Hello Maria Petrova,\n\n"
        "This confirms that your appointment is cancelled:\n\n"
        f"{MOMENT}\nBack massage\nDr Ivan Kolev\n\n"
        "The cancellation fee is 30.00\xa0EUR; it is taken from your deposit of 50.00\xa0EUR.\n\n"
        f"Cancelling was free of charge until {YESTERDAY}.\n\n"
        "We will refund 20.00\xa0EUR of your deposit.\n\n"
        "We look forward to seeing you at another time.\n\n"
        "Choose a new time: https://clinic.example/book\n\n"
        "You can reach us by phone: +359 2 123 4567\n\n"
        "Sunny Clinic\n"
    )


def test_the_clinics_own_cancellation_apologises_and_refunds(clinic: Clinic) -> None:
    letter = render(clinic, "cancelled_clinic", settlement=Settlement("EUR", deposit=5000, refunded=5000))

    assert letter.subject == f"We have to cancel your appointment on {MOMENT}"
    for part in (letter.text, letter.html):
        plain = part.replace("\xa0", " ")
        assert "We are very sorry" in plain
        assert "This costs you nothing." in plain
        assert "We will refund your deposit of 50.00 EUR in full." in plain
        assert "Please choose a new time" in plain
        assert "https://clinic.example/book" in plain
        assert "free of charge until" not in plain


def test_another_sides_message_is_neutral(clinic: Clinic) -> None:
    letter = render(clinic, "cancelled_other", settlement=Settlement("EUR"))
    for part in (letter.text, letter.html):
        assert "Your appointment is cancelled:" in part
        assert "sorry" not in part
        assert "fee" not in part


@pytest.mark.parametrize("template", KINDS)
def test_both_parts_say_the_same(clinic: Clinic, template: str) -> None:
    letter = render(clinic, template)
    html = jinja2.filters.do_striptags(letter.html)
    for line in letter.text.replace("\xa0", " ").splitlines():  # striptags makes them plain spaces too
        # The link is a button in the HTML part.
        assert line.removesuffix(": https://clinic.example/book") in html
    assert '<a href="https://clinic.example/book"' in letter.html


def test_a_client_without_a_fee_is_not_told_of_a_deadline(clinic: Clinic) -> None:
    assert "free of charge until" not in render(clinic, settlement=Settlement("EUR")).text
    assert "free of charge until" not in render(clinic, free_until_us=None).text
    waived = Settlement("EUR", deposit=2000, refunded=2000, fee=3000, waived=3000)
    assert "free of charge until" not in render(clinic, settlement=waived).text


def test_dates_and_amounts_are_in_the_clients_language(clinic: Clinic) -> None:
    letter = render(clinic, locale="bg")
    assert letter.language == "bg"
    assert "сряда, 2 декември 2026" in letter.subject
    assert "20,00\xa0EUR" in letter.text
    assert '<html lang="bg" dir="ltr">' in letter.html


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Wednesday, 2 December 2026"),
        ("en_US", "Wednesday, December 2, 2026"),
        ("bg", "сряда, 2 декември 2026 г."),
    ],
)
def test_a_day_is_written_as_the_country_does(language: str, text: str) -> None:
    with use_locale(language):
        assert " ".join(day_text(datetime(2026, 12, 2).date()).split()) == text


@pytest.mark.parametrize("unknown", ["", "xx", "not a language", "../../secrets"])
def test_an_unknown_language_is_the_clinics(unknown: str) -> None:
    clinic = make_clinic(create=False, CANCELLATIONS_LOCALE="bg")
    assert "сряда" in render(clinic, locale=unknown).subject


def test_a_language_without_texts_of_ours_is_not_mixed_with_another(clinic: Clinic) -> None:
    letter = render(clinic, locale="ar")
    assert letter.language == "en"
    assert '<html lang="en" dir="ltr">' in letter.html
    assert MOMENT in letter.subject


@pytest.mark.parametrize("language", ["bg", "no language"])
def test_no_request_is_needed_where_the_host_chooses_languages_by_it(language: str) -> None:
    clinic = make_clinic(create=False, CANCELLATIONS_LOCALE="bg")
    Babel(clinic.app, locale_selector=lambda: request.accept_languages.best)
    with clinic.app.app_context():
        assert render(clinic, locale=language).language == "bg"


@pytest.mark.parametrize("template", KINDS)
def test_names_cannot_become_markup(clinic: Clinic, template: str) -> None:
    letter = render(clinic, template, client=SCRIPT, service=SCRIPT, staff=SCRIPT)
    assert "<script" not in letter.html
    assert letter.html.count("&lt;script&gt;") == 3
    assert SCRIPT in letter.text


def test_a_clinics_name_cannot_become_markup() -> None:
    letter = render(make_clinic(create=False, CANCELLATIONS_CLINIC_NAME="Tom & <b>Jerry</b>"))
    assert "Tom &amp; &lt;b&gt;Jerry" in letter.html


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_line_break_in_a_name_adds_no_sentence(clinic: Clinic, channel: str) -> None:
    name = "Maria\r\n\r\nPlease pay to BG00 EVIL\u2028Bcc: all@example.com"
    letter = render(clinic, channel=channel, client=name, service=name, staff=name)
    assert "Please pay" not in [line[:10] for line in letter.text.splitlines()]
    assert len(letter.subject.splitlines()) == (1 if channel == "email" else 0)


def test_a_name_with_percent_signs_is_a_name(clinic: Clinic) -> None:
    assert "Hello 100 %(name)s {{ 7*7 }}," in render(clinic, client="100 %(name)s {{ 7*7 }}").text


def test_without_client_staff_and_link_the_message_still_reads_well() -> None:
    bare = make_clinic(create=False, CANCELLATIONS_REBOOK_URL="", CANCELLATIONS_CLINIC_PHONE="")
    letter = render(bare, client="", staff="", service="", settlement=Settlement("EUR"))
    assert letter.text == (
        f"Hello,\n\nThis confirms that your appointment is cancelled:\n\n{MOMENT}\n\n"
        "There is no cancellation fee.\n\nSunny Clinic\n"
    )


# -- text messages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", KINDS)
def test_a_text_message_is_short_and_names_no_service_and_no_money(clinic: Clinic, template: str) -> None:
    letter = render(clinic, template, channel="sms")
    assert (letter.subject, letter.html) == ("", "")
    assert letter.text.startswith("Sunny Clinic: ")
    assert "Wed 2 Dec at 16:40" in letter.text
    assert letter.text.endswith("New time: https://clinic.example/book")
    assert "\n" not in letter.text
    assert len(letter.text) < 160
    for secret in ("massage", "Kolev", "Maria", "EUR", "fee"):
        assert secret not in letter.text


def test_a_text_message_without_a_link_names_the_phone() -> None:
    clinic = make_clinic(create=False, CANCELLATIONS_REBOOK_URL="", CANCELLATIONS_CLINIC_NAME="")
    text = render(clinic, channel="sms").text
    assert text == "Your appointment on Wed 2 Dec at 16:40 is cancelled. Call us: +359 2 123 4567"


# -- a clinic's own templates --------------------------------------------------------------------------------------


def with_template(folder: Path, name: str, content: str) -> jinja2.BaseLoader:
    path = folder / "cancellations" / "messages" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return jinja2.FileSystemLoader(folder)


def test_a_clinic_overrides_one_template_by_a_file_of_its_own(tmp_path: Path) -> None:
    clinic = make_clinic(create=False)
    loader = with_template(tmp_path, "cancelled_client.sms.txt", "Bye {{ client }}, {{ day }}!")
    clinic.app.jinja_loader = loader  # what app.template_folder makes
    assert render(clinic, channel="sms").text == f"Bye Maria Petrova, {DAY}!"
    assert "This confirms" in render(clinic).text


def test_a_typo_in_a_clinics_template_does_not_leave_the_building(clinic: Clinic, tmp_path: Path) -> None:
    loader = with_template(tmp_path, "cancelled_client.sms.txt", "Bye {{ cleint }}!")
    with pytest.raises(jinja2.UndefinedError, match="cleint"):
        render(clinic, channel="sms", loader=loader)


def test_the_hosts_filters_and_globals_do_not_change_our_letters(clinic: Clinic) -> None:
    clinic.app.jinja_env.globals["fcx_"] = lambda _, **__: "HOST"
    clinic.app.jinja_env.autoescape = False
    letter = render(clinic, client=SCRIPT)
    assert "HOST" not in letter.text
    assert "<script" not in letter.html


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("olga@example.net", "o…@e….net"),
        ("o@clinic.example.bg", "o…@c….bg"),
        ('"a.b"@x.museum', '"…@x….museum'),
    ],
)
def test_a_masked_address_keeps_its_top_level_domain_and_little_else(address: str, masked: str) -> None:
    assert mask_email(address) == masked
