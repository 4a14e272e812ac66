"""Reasons for a cancellation: the seeded set, and what follows from each.

``fhir`` is a code of ``http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason`` (HL7 FHIR R5), ``ihe``
one of ``https://profiles.ihe.net/ITI/Scheduling/CodeSystem/status-reason`` (IHE ITI Scheduling 1.0.0, whose spelling
is kept); both are the nearest code where the standard has no exact one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from flask_cancellations.i18n import fcx_, fcx_mark, label_of

Side = Literal["client", "clinic", "other"]
SIDES: tuple[Side, ...] = ("client", "clinic", "other")
CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason.

    ``labels`` holds the clinic's own words per language; a seeded reason has none and is translated by the catalogue
    from ``title``. ``staff`` and ``client`` say who may pick it, ``note`` whether a note is needed, ``fee`` whether a
    fee may follow, ``tell`` whether the client is told, ``frees`` whether the slot can be booked again, ``counts``
    whether it counts in rates.
    """

    code: str
    side: Side
    title: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    position: int = 1000
    staff: bool = True
    client: bool = False
    note: bool = False
    fee: bool = True
    tell: bool = True
    frees: bool = True
    counts: bool = True
    fhir: str = "other"
    ihe: str = "other"
    archived: bool = False

    @property
    def label(self) -> str:
        """The reason's name in the language in force."""
        title = fcx_(self.title) if self.title else self.code
        return label_of(self.labels, title) if self.labels else title


def _client(code: str, title: str, position: int, fhir: str, ihe: str) -> Reason:
    return Reason(code, "client", title, position=position, client=True, fhir=fhir, ihe=ihe)


def _clinic(code: str, title: str, position: int, fhir: str, ihe: str) -> Reason:
    return Reason(code, "clinic", title, position=position, fee=False, frees=False, fhir=fhir, ihe=ihe)


def _error(code: str, title: str, position: int, fhir: str, ihe: str) -> Reason:
    return Reason(code, "other", title, position=position, fee=False, tell=False, counts=False, fhir=fhir, ihe=ihe)


SEEDED: tuple[Reason, ...] = (
    _client("illness", fcx_mark("Ill"), 10, "pat", "patient-cancel"),
    _client("family", fcx_mark("Family matter"), 20, "pat", "patient-cancel"),
    _client("work", fcx_mark("Work"), 30, "pat", "patient-cancel"),
    _client("reschedule", fcx_mark("Another time needed"), 40, "pat", "patient-cancel"),
    _client("feeling_better", fcx_mark("Feeling better"), 50, "pat-fb", "improved"),
    _client("forgot", fcx_mark("Forgot"), 60, "pat", "patient-cancel"),
    _client("transport", fcx_mark("No transport"), 70, "pat-lt", "transportation"),
    _clinic("therapist_ill", fcx_mark("Therapist ill"), 110, "prov-pers", "personal"),
    _clinic("equipment", fcx_mark("Equipment out of order"), 120, "maint", "equip-unavail"),
    _clinic("clinic_closed", fcx_mark("Clinic closed"), 130, "oth-room", "room-unavial"),
    Reason("weather", "other", fcx_mark("Weather"), position=210, client=True, fhir="oth-weath", ihe="weather"),
    _error("mistake", fcx_mark("Clicked by mistake"), 220, "oth-err", "scheduling-error"),
    _error("duplicate", fcx_mark("Duplicate booking"), 230, "oth-oerr", "scheduling-error"),
    _error("deceased", fcx_mark("Client deceased"), 240, "pat-dec", "deceased"),
    Reason("other", "other", fcx_mark("Other"), position=900, client=True, note=True),
)
