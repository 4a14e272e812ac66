"""The patient's part of the booking form."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

import phonenumbers
from flask import current_app
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    IntegerField,
    StringField,
    TelField,
    ValidationError,
)
from wtforms.validators import AnyOf, DataRequired, Length, Regexp
from wtforms.widgets import HiddenInput

from .language import LANGUAGES, current

_SLOT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)/(\d{1,9})")


class BookingForm(FlaskForm):
    class Slot(NamedTuple):
        start: datetime
        therapist_id: int

    treatment = IntegerField(widget=HiddenInput())
    slot = HiddenField(validators=[DataRequired(_l("Choose a time."))])
    first_name = StringField(_l("First name"), [DataRequired(_l("Enter your first name.")), Length(max=60)])
    last_name = StringField(_l("Last name"), [DataRequired(_l("Enter your last name.")), Length(max=60)])
    email = EmailField(
        _l("E-mail"),
        [
            DataRequired(_l("Enter your e-mail address.")),
            Length(max=120),
            Regexp(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+\Z", message=_l("This does not look like an e-mail address.")),
        ],
    )
    mobile = TelField(_l("Mobile number"), [DataRequired(_l("Enter your mobile number.")), Length(max=30)])
    # The template draws it as a list; WTForms' own list has changed its way of writing choices.
    language = StringField(_l("Language of our messages"), [AnyOf(LANGUAGES)], default=lambda: current().language)
    accept = BooleanField(
        _l("I have read the cancellation terms and accept them."),
        [DataRequired(_l("Please accept the cancellation terms."))],
    )

    def validate_mobile(self, field: TelField) -> None:
        try:
            number = self._parsed(field.data or "")
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_valid_number(number):
            raise ValidationError(_l("This does not look like a phone number."))

    def international_mobile(self) -> str:
        number = self._parsed(self.text("mobile"))
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))

    def chosen_slot(self) -> Slot | None:
        """Start and therapist of the chosen time, if the field holds both."""
        match = _SLOT.fullmatch(self.slot.data or "")
        if match is None:
            return None
        try:
            return self.Slot(datetime.fromisoformat(match[1]), int(match[2]))
        except ValueError:
            return None

    def text(self, name: str) -> str:
        return str(self[name].data or "").strip()

    @staticmethod
    def _parsed(text: str) -> phonenumbers.PhoneNumber:
        return phonenumbers.parse(text, current_app.config["CLINIC_COUNTRY"])
