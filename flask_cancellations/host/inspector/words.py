"""The words by which hosts name things, from the models of 69 real appointment apps, and how names are taken apart."""

from __future__ import annotations

import re
import unicodedata


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


APPOINTMENT = word_set(
    "appointment appt apt booking visit reservation cita citas rdv rendezvous rendez termin consultation consulta "
    "checkup turno agendamento treatment session meeting"
)
NOT_AN_APPOINTMENT = word_set(
    "history log audit reminder note type status payment invoice slot availability schedule feedback review template "
    "waitlist waiting cancellation message notification setting file item report role token record prescription "
    "holiday leave shift"
)
CLIENT = word_set(
    "client customer patient owner guest member shopper booker buyer person user account cliente paciente kunde "
    "guardian parent proprietary proprietor"
)
PET = word_set("pet animal dog cat horse mascota animale")
STAFF = word_set(
    "staff therapist doctor dr dentist provider practitioner employee barber stylist vet veterinarian hairdresser "
    "specialist professional consultant worker physician nurse clinician trainer coach groomer hygienist medico "
    "doctora odontologo arzt mitarbeiter technician artist host expert operator"
)
SERVICE = word_set(
    "service treatment procedure kind type style servicio leistung offering product package therapy category "
    "department specialty speciality"
)
LOCATION = word_set("location branch clinic site office salon shop store facility venue sede studio")
LOGIN = word_set("user login account profile person contact auth member")
TENANT = word_set("tenant organization organisation org workspace")
# A tenant too, if every row of appointments and of users has one; else a place of one clinic.
CLINIC = word_set("practice clinic company business salon studio")
# A relation such as cancelled_by says who did something, not who the appointment is for.
DEED = word_set("by created updated cancelled canceled approved modified")

MANAGERS = word_set("admin administrator manager owner boss superuser root director superadmin")
DESK = word_set("reception receptionist secretary desk frontdesk front assistant staff clerk employee")

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^0-9A-Za-z]+")
START = (
    r"(start|starts|begin|begins)(_(at|time|on|date|datetime|dt|date_time))?",
    (
        r"(appointment|appt|apt|visit|booking|reservation|session|rdv|termin|consultation|scheduled?)"
        r"_(start|date_time|datetime|at|for|time|date|on|start_time|dt)"
    ),
    r"date_time|datetime|dt|date_heure|fecha_hora|data_hora|date_rdv",
    r"at|scheduled|when|slot_time|slot_start|slot|inicio|hora_inicio|debut|beginn|begin_time",
    r"date|time|day|hour|fecha|hora|data|heure|termin|jour",
)
END = (
    r"(end|ends|finish|finishes|until)(_(at|time|on|date|datetime|dt|date_time))?",
    r"(appointment|appt|visit|booking|reservation|session|scheduled?|slot)_(end|ends|end_time|finish)",
    r"time_end|date_end|fin|hora_fin|ende|to_time",
)
MINUTES = (
    r"(duration|length)_?(in_)?(minutes|mins?)",
    r"minutes|mins?|duration|estimated_duration|default_duration|service_duration|length|duracion|duree|dauer",
)
PRICE = (
    r"price|cost|fee|rate|precio|prix|preis|precio_total",
    r"(total|service|final|base|unit|consultation|appointment|visit)_(price|cost|fee|amount)",
    r"(price|cost|fee|amount)_(amount|total|cents|minor|minor_units)|fee_amount|consultation_charge",
    r"amount|cents|total|charge|tariff",
)
CURRENCY = (r"((price|cost|fee|amount|total)_)?currency(_(code|iso))?",)
DEPOSIT = (
    r"deposit|deposit_(paid|amount|cents)|paid_deposit",
    r"prepaid|prepayment|prepaid_amount|advance|advance_(paid|payment|amount)",
)
BOOKED = (
    r"(booked|created)_(at|on|date|time)|(date|time)_(created|booked)",
    r"created|date_added|timestamp|booking_(date|time)|requested_at|added_at|registered_at",
)
STATUS = (r"(appointment|appt|booking|visit|reservation|session)?_?(status|state)", r"phase|stage|estado|statut|etat")
FULL_NAME = (
    r"full_name|fullname|display_name|complete_name|name",
    r"(client|customer|patient|owner|guest|doctor|dentist|staff|therapist|barber|stylist|user|service|treatment)_name",
    r"nombre(_completo)?|nom|title|label|nickname",
)
FIRST_NAME = (r"first_name|firstname|given_name|fname|first|forename|nombre",)
LAST_NAME = (r"last_name|lastname|family_name|surname|lname|last|apellidos?",)
EMAIL = (r"e_?mail|email_address|mail", r"(client|customer|patient|owner|user|contact)_e_?mail|correo")
PHONE = (
    r"(mobile|phone|cell|cellphone|telephone|tel)(_(number|no|phone))?",
    r"(client|customer|patient|owner|user|contact)_(phone|mobile|number)|contact|telefono|whatsapp|phone1",
)
LOCALE = (r"locale|language|lang|preferred_(language|locale)|language_code|idioma",)
ROLE = (r"role|user_role|role_name|user_type|account_type|rol",)
ROLE_PERHAPS = (r"level|access_level|type|kind|position",)
_EXCLUDED_START = word_set(
    "created updated modified cancel cancelled canceled cancellation deleted end ends finish finished paid payment "
    "sent reminder birth dob expires expiry confirmed completed checked arrived until registered joined last booked "
    "requested submitted hold followup follow rescheduled"
)


def tokens(name: str) -> list[str]:
    """The words of a name, lower case: ``startsAt`` and ``starts_at`` are ``starts``, ``at``."""
    return [part.lower() for part in _BOUNDARY.split(name) if part]


def rank(name: str, patterns: tuple[str, ...]) -> int | None:
    """How well the name fits: the number of the first pattern that matches all of it, or None."""
    text = "_".join(tokens(name))
    return next((number for number, pattern in enumerate(patterns) if re.fullmatch(pattern, text)), None)


def start_rank(name: str) -> int | None:
    """As :func:`rank`; any other name that does not clearly mean another moment comes last."""
    if _EXCLUDED_START & set(tokens(name)):
        return None
    found = rank(name, START)
    return len(START) if found is None else found


def has(name: str, words: frozenset[str]) -> bool:
    """Whether one of the words, or its plural, is in the name."""
    return any(token in words or token.removesuffix("s") in words for token in tokens(name))


def plain(text: str) -> str:
    """A text lower case, without accents, its words joined by one space: ``Annulé`` is ``annule``."""
    decomposed = unicodedata.normalize("NFKD", text)
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", letters)
    return " ".join(re.split(r"[\W_]+", spaced.casefold())).strip()


_GROUPS = (
    # A wish to cancel is not a cancellation: the time is still booked.
    ("open", r".*(cancel|annul)\w* (request|pending).*|(request|pending) cancel.*|.*reschedul.*"),
    (
        "no_show",
        (
            r"no ?show.*|missed|absent|ausente|did ?n o?t (attend|come|show).*|dna|no asist.*|nicht erschienen|"
            r"неяв.*|не се яви.*"
        ),
    ),
    ("cancelled", r"(.* )?(cancel|annul|anul|storn|abgesagt|отказа|отмен).*|.*ملغ.*|declined|rejected|called off"),
    (
        "done",
        (
            r"done|complete.*|completad.*|finish.*|fulfilled|attended|closed|concluid.*|realizad.*|termin.*|erledigt|over|"
            r"served|past|checked out|seen|atendid.*|abgeschlossen|приключ.*|завърш.*|منته.*|مكتمل.*"
        ),
    ),
    (
        "open",
        (
            r"book.*|schedul.*|(un)?confirm.*|pending|open|request.*|new|active|approved|accepted|upcoming|arrived|"
            r"check(ed)? ?in.*|wait.*|in (progress|process|service)|started|proposed|created|pendiente|agendad.*|"
            r"plan(ned)?|programad.*|reservad.*|en attente|planifie.*|prevu.*|geplant|bestatigt|offen|gebucht|"
            r"записан.*|потвърден.*|запазен.*|مؤكد.*|محجوز.*|rebooked"
        ),
    ),
)


def status_group(text: str) -> str | None:
    """``open``, ``cancelled``, ``no_show`` or ``done``, by the spelling of a status; None for one nobody knows."""
    words = plain(text)
    return next((group for group, pattern in _GROUPS if re.fullmatch(pattern, words)), None)


def side_of(text: str) -> str | None:
    """``client`` or ``clinic``, for a status that says who cancelled."""
    words = set(plain(text).split())
    if "by" not in words and "por" not in words and "par" not in words:
        return None
    if words & CLIENT:
        return "client"
    return "clinic" if words & (STAFF | DESK | LOCATION | {"us"}) else None
