"""Reads the bands of a policy, and what may happen to deposits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from flask_cancellations.i18n import use_locale
from flask_cancellations.rules.band_checks import BandRow, band_faults
from flask_cancellations.rules.calendar import Cutoff
from flask_cancellations.rules.deposit_rule import FORFEIT, RESTS, USUAL, DepositRule, RestChoice, Rests
from flask_cancellations.rules.policy import NO_FEE, Band
from flask_cancellations.settings import values
from flask_cancellations.settings.place import Place, Spoiled, Table, read_list


def bands(place: Place, value: object) -> tuple[Band, ...]:
    """The bands, each sound in itself and all of them together."""
    rows = band_rows(place, value)
    with use_locale("en"):  # faults of a configuration are English, whatever the clinic speaks
        faults = band_faults(rows, place.currency)
    for fault in faults:
        place.item(fault.index).at(fault.field).note(fault.found, fault.expected)
    found = tuple(row.band for row in rows if row is not None)
    if faults or len(found) < len(rows):
        raise Spoiled
    return found


def band_rows(place: Place, value: object) -> list[BandRow | None]:
    """The bands, each sound in itself; None stands for one that is not, whose faults are noted."""
    rows: list[BandRow | None] = []

    def read(here: Place, item: object) -> None:
        try:
            rows.append(_row(here, item))
        except Spoiled:
            rows.append(None)

    read_list(place, value, read, "bands")
    return rows


def _row(place: Place, value: object) -> BandRow:
    table = Table(place, value, ("less_than", "later_than", "at_least", "fee", "forfeit", "deposit"))
    by_clock = "later_than" in table
    if by_clock and "less_than" in table:
        place.at("later_than").note("a second limit", "either less_than or later_than")
    less_than = None if by_clock else table.need("less_than", values.duration, 0)
    later_than = table.get("later_than", _cutoff, None)
    at_least = table.get("at_least", values.duration, None)
    if at_least is not None and by_clock:
        place.at("at_least").note("the end of a band by the clock", "no end: the next band begins where it says so")
    fee = table.need("fee", values.fee, NO_FEE)
    rule = table.get("deposit", _band_deposit, None)
    if table.get("forfeit", values.flag, False):
        if rule is not None:
            place.at("forfeit").note("a second rule for the deposit", "either forfeit or deposit")
        rule = FORFEIT
    table.close()
    return BandRow(Band(less_than, fee, rule, later_than), at_least)


def _cutoff(place: Place, value: object) -> Cutoff:
    if isinstance(value, str):
        try:
            return Cutoff.parse(value)
        except ValueError:
            pass  # the fault is noted below
    raise place.wrong(value, "a deadline such as '16:00, 1 working day before' or '08:00, same day'")


def deposit(place: Place, value: object) -> DepositRule:
    """The rule of a policy: one list of outcomes for client and other, or a table by side."""
    if not isinstance(value, Mapping):
        rests = _rests(place, value)
        return DepositRule(client=rests, other=rests)
    table = Table(place, value, ("client", "other", "clinic"))
    rule = DepositRule(
        client=table.get("client", _rests, USUAL.client),
        other=table.get("other", _rests, USUAL.other),
        clinic=table.get("clinic", _rests, USUAL.clinic),
    )
    if "keep" in rule.clinic:
        place.at("clinic").note("'keep'", "'refund' or 'credit': the clinic's own cancellation keeps nothing")
    table.close()
    return rule


def _band_deposit(place: Place, value: object) -> DepositRule:
    if isinstance(value, Mapping) and "clinic" in value:
        place.at("clinic").note("a side that bands are not for", "client or other")
        raise Spoiled
    return deposit(place, value)


def _rests(place: Place, value: object) -> Rests:
    if isinstance(value, str):
        return (cast(RestChoice, values.choice(*RESTS)(place, value)),)
    names = read_list(place, value, values.choice(*RESTS), "outcomes, the preselected first")
    if not names or len(set(names)) < len(names):
        raise place.wrong(value, "each of refund, credit and keep once at most, and one at least")
    return cast(Rests, names)
