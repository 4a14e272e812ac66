"""A policy as somebody is writing it: fields of text, which may still be wrong, and back from a stored version.

A draft is read by the very readers of the configuration, so that both are checked alike.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask_cancellations.clock import DAY, HOUR, MINUTE
from flask_cancellations.rules.calendar import Allowance
from flask_cancellations.rules.deposit_rule import USUAL, DepositRule, Rests
from flask_cancellations.rules.money import from_minor
from flask_cancellations.rules.policy import Band, Fee, Policy
from flask_cancellations.rules.policy_text import mildest_first
from flask_cancellations.rules.presets import PRESETS

_UNITS = (("d", DAY), ("h", HOUR), ("m", MINUTE))
_NUMBER = re.compile(r"\d{1,12}(?:[.,]\d{1,6})?")
OWN = "own"


@dataclass(frozen=True, slots=True)
class BandDraft:
    """One row. ``unit`` is ``m``, ``h`` or ``d`` of ``number`` and ``end``, or ``clock`` for ``time`` and ``days``.

    ``fee`` is a kind of fee, ``amount`` its percentage or its amount in major units; ``client`` and ``other`` are
    outcomes for the deposit joined by commas, empty where the policy's rule holds.
    """

    unit: str = "h"
    number: str = ""
    end: str = ""
    time: str = ""
    days: str = ""
    fee: str = "percent"
    amount: str = ""
    client: str = ""
    other: str = ""

    @property
    def blank(self) -> bool:
        """Whether nothing was entered, as in a row that was added and not used."""
        return not any((self.number, self.end, self.time, self.days, self.amount, self.client, self.other))

    def config(self) -> dict[str, Any]:
        """The row as a table of the configuration."""
        table: dict[str, Any] = {"fee": fee_text(self.fee, self.amount)}
        if self.unit == "clock":
            days = "same day" if self.days in ("", "0") else f"{self.days} working days before"
            table["later_than"] = f"{self.time}, {days}"
        else:
            table["less_than"] = self.number + self.unit
        if self.end:
            table["at_least"] = self.end + self.unit
        client, other = self.client, self.other or self.client
        if client or other:
            table["deposit"] = {side: text.split(",") for side, text in (("client", client), ("other", other)) if text}
        return table


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """All fields of the editor; durations are a number and a unit, ``moving`` is empty or ``own``."""

    name: str = ""
    valid_from: str = ""
    bands: tuple[BandDraft, ...] = ()
    no_show: str = "none"
    no_show_amount: str = ""
    cap: str = ""
    grace: str = ""
    grace_unit: str = "m"
    within_window: str = "grace"
    self_cancel: str = ""
    self_cancel_unit: str = "h"
    deposit_client: str = ",".join(USUAL.client)
    deposit_other: str = ",".join(USUAL.other)
    deposit_clinic: str = ",".join(USUAL.clinic)
    services: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    exempt: str = ""
    first_times: str = ""
    first_months: str = ""
    moving: str = ""
    moves: tuple[BandDraft, ...] = ()
    late_times: str = ""
    late_months: str = ""
    texts: dict[str, str] = field(default_factory=dict)

    def filled(self, rows: str) -> list[tuple[int, BandDraft]]:
        """The rows of ``bands`` or ``moves`` in which something was entered, with their places."""
        return [(index, row) for index, row in enumerate(getattr(self, rows)) if not row.blank]

    def config(self) -> dict[str, Any]:
        """The draft as a table of ``CANCELLATIONS_POLICIES``."""
        table: dict[str, Any] = {
            "name": self.name,
            "valid_from": self.valid_from,
            "bands": [row.config() for _, row in self.filled("bands")],
            "no_show": fee_text(self.no_show, self.no_show_amount),
            "cap": plain_number(self.cap),
            "grace": self.grace + self.grace_unit if self.grace else False,
            "within_window": self.within_window,
            "self_cancel": self.self_cancel + self.self_cancel_unit if self.self_cancel else False,
            "deposit": {
                "client": self.deposit_client.split(","),
                "other": self.deposit_other.split(","),
                "clinic": self.deposit_clinic.split(","),
            },
            "exempt": [line.strip() for line in re.split(r"[\n,]", self.exempt) if line.strip()],
            "first_free": _allowance(self.first_times, self.first_months),
            "text": {language: text for language, text in self.texts.items() if text.strip()},
        }
        scope = {"service": self.services, "staff": self.staff, "location": self.locations}
        table["scope"] = {name: list(keys) for name, keys in scope.items() if keys}
        if self.moving == OWN:
            bands = [row.config() for _, row in self.filled("moves")]
            table["reschedule"] = {"bands": bands, "late_moves": _allowance(self.late_times, self.late_months)}
        return table

    def with_preset(self, name: str) -> PolicyDraft:
        """The draft with the bands and the no-show fee of a preset."""
        preset = PRESETS[name]
        kind, amount = _fee(preset.no_show, "")
        return replace(self, bands=_rows(preset.bands, ""), no_show=kind, no_show_amount=amount)


def draft_of(policy: Policy, currency: str) -> PolicyDraft:
    """The fields of a version. Amounts in another currency than the clinic's present one are left empty."""

    def amount(minor: int | None) -> str:
        return "" if minor is None or policy.currency != currency else str(from_minor(minor, currency))

    kind, missed = _fee(policy.no_show, amount(policy.no_show.minor))
    grace, grace_unit = _duration(policy.grace, "m")
    online, online_unit = _duration(policy.self_cancel, "h")
    fixed = currency if policy.currency == currency else ""
    first, moves = policy.first_free, policy.moves
    late = moves.late_moves if moves else None
    return PolicyDraft(
        name=policy.name,
        valid_from=policy.valid_from.isoformat(),
        bands=_rows(policy.bands, fixed),
        no_show=kind,
        no_show_amount=missed,
        cap=amount(policy.cap),
        grace=grace,
        grace_unit=grace_unit,
        within_window=policy.within_window,
        self_cancel=online,
        self_cancel_unit=online_unit,
        deposit_client=",".join(policy.deposit.client),
        deposit_other=",".join(policy.deposit.other),
        deposit_clinic=",".join(policy.deposit.clinic),
        services=tuple(sorted(policy.services)),
        staff=tuple(sorted(policy.staff)),
        locations=tuple(sorted(policy.locations)),
        exempt="\n".join(sorted(policy.exempt)),
        first_times=_times(first),
        first_months=_months(first),
        moving=OWN if moves else "",
        moves=_rows(moves.bands, fixed) if moves else (),
        late_times=_times(late),
        late_months=_months(late),
        texts=dict(policy.texts),
    )


def fee_text(kind: str, amount: str) -> str:
    """A fee as the configuration writes it; what is no number stays wrong, whatever it says."""
    if kind == "percent":
        return f"{plain_number(amount.removesuffix('%').strip()) or '?'}%"
    return plain_number(amount) or "?" if kind == "fixed" else kind


def plain_number(text: str) -> str:
    """A number with a point, as people also write it with a comma; "?" in front of what is none."""
    plain = text.replace("\xa0", "").strip()
    if not plain:
        return ""
    return plain.replace(",", ".") if _NUMBER.fullmatch(plain) else f"?{plain}"


def _allowance(times: str, months: str) -> Any:
    if not times and not months:
        return False
    return {"times": _whole(times), "months": _whole(months)}


def _whole(text: str) -> object:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else text


def _rows(bands: Sequence[Band], currency: str) -> tuple[BandDraft, ...]:
    return tuple(_row(band, currency) for band in mildest_first(tuple(bands)))


def _row(band: Band, currency: str) -> BandDraft:
    kind, amount = _fee(band.fee, str(from_minor(band.fee.minor, currency)) if currency else "")
    rule: DepositRule | None = band.deposit
    client = _joined(rule.client) if rule else ""
    other = _joined(rule.other) if rule and rule.other != rule.client else ""
    row = BandDraft(fee=kind, amount=amount, client=client, other=other)
    if band.later_than is not None:
        return replace(row, unit="clock", time=f"{band.later_than.at:%H:%M}", days=str(band.later_than.days))
    number, unit = _duration(band.less_than or 0, "h")
    # Up to three days clinics count in hours, as the texts do.
    if unit == "d" and int(number) <= 3:
        number, unit = str(int(number) * 24), "h"
    return replace(row, unit=unit, number=number)


def _fee(fee: Fee, fixed: str) -> tuple[str, str]:
    if fee.kind == "percent":
        return "percent", f"{fee.percent.normalize():f}"
    return fee.kind, fixed if fee.kind == "fixed" else ""


def _duration(us: int, usual: str) -> tuple[str, str]:
    """The number and the largest unit that it is whole in; empty for none."""
    if not us:
        return "", usual
    return next(((str(us // size), unit) for unit, size in _UNITS if us % size == 0), (str(us // MINUTE), "m"))


def _joined(rests: Rests) -> str:
    return ",".join(rests)


def _times(allowance: Allowance | None) -> str:
    return str(allowance.times) if allowance else ""


def _months(allowance: Allowance | None) -> str:
    return str(allowance.months) if allowance else ""
