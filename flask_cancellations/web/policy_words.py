"""Words of the policy pages: phases, outcomes for deposits, units, scopes, where policies come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations

from flask_cancellations.i18n import fcx_, fcx_p
from flask_cancellations.rules.deposit_rule import RESTS, RestChoice
from flask_cancellations.rules.policy import Policy
from flask_cancellations.rules.presets import PRESETS
from flask_cancellations.rules.wording import percent_text
from flask_cancellations.services.policies import Phase
from flask_cancellations.state import State

Options = list[tuple[str, str]]
PHASE_BADGES = {"in_force": "success", "upcoming": "info", "past": "unknown", "withdrawn": "cancelled"}


def phase_label(phase: Phase) -> str:
    """Whether a version holds, in one word."""
    labels = {
        "in_force": fcx_p("policy", "In force"),
        "upcoming": fcx_p("policy", "Upcoming"),
        "past": fcx_p("policy", "Earlier"),
        "withdrawn": fcx_p("policy", "Withdrawn"),
    }
    return labels[phase]


def origin_text(state: State) -> str:
    """Where policies and reasons are changed, where that is not on these pages."""
    file = state.settings.source_file
    if file:
        return fcx_(
            "They come from the configuration (%(file)s) and are changed there, not here.",
            file=file,
        )
    return fcx_("They come from the configuration and are changed there, not here.")


def rest_label(choices: Iterable[str]) -> str:
    """Outcomes for a deposit, the preselected first: "Refund, credit"."""
    words = {
        "refund": fcx_p("deposit", "refund"),
        "credit": fcx_p("deposit", "credit"),
        "keep": fcx_p("deposit", "keep"),
    }
    text = ", ".join(words[choice] for choice in choices)
    return text[:1].upper() + text[1:]


def rest_options(present: str, *, keeps: bool = True, empty: str = "") -> Options:
    """The outcomes to choose from; those that stand there already are always among them."""
    choices: tuple[RestChoice, ...] = RESTS if keeps else ("refund", "credit")
    found = [
        chosen
        for size in (1, 2, 3)
        for chosen in permutations(choices, size)
        if size < 3 or list(chosen[1:]) == [rest for rest in RESTS if rest != chosen[0]]
    ]
    known = tuple(present.split(",")) if present else ()
    if known and known not in found and set(known) <= set(RESTS):
        found.append(known)  # type: ignore[arg-type]  # a subset of the outcomes
    options = [(",".join(chosen), rest_label(chosen)) for chosen in found]
    return [("", empty), *options] if empty else options


def unit_options(*, clock: bool = False) -> Options:
    """The units of a duration, and for a limit "by the clock"."""
    units = [("m", fcx_p("unit", "minutes")), ("h", fcx_p("unit", "hours")), ("d", fcx_p("unit", "days"))]
    return [*units, ("clock", fcx_p("unit", "by the clock"))] if clock else units


def fee_options() -> Options:
    """The kinds of fees."""
    return [
        ("none", fcx_p("fee", "No fee")),
        ("percent", fcx_p("fee", "Share of the price, in %")),
        ("fixed", fcx_p("fee", "Fixed amount")),
        ("full", fcx_p("fee", "Full price")),
    ]


def window_options() -> Options:
    """What holds for bookings made when a limit had passed already."""
    return [
        ("grace", fcx_("The limit counts, after the grace time")),
        ("none", fcx_("The limit does not count")),
        ("full", fcx_("The limit counts at once, without grace time")),
    ]


def preset_options() -> Options:
    """The presets, with what each takes for less than 24 hours' notice and for a missed appointment."""
    labels = {
        "flexible": fcx_p("preset", "Flexible"),
        "fair": fcx_p("preset", "Fair"),
        "moderate": fcx_p("preset", "Moderate"),
        "strict": fcx_p("preset", "Strict"),
    }

    def described(name: str) -> str:
        preset = PRESETS[name]
        late = preset.bands[0].fee.percent if preset.bands else Decimal(0)
        return fcx_(
            "%(name)s: late %(late)s, missed %(missed)s",
            name=labels[name],
            late=percent_text(late),
            missed=percent_text(preset.no_show.percent),
        )

    return [(name, described(name)) for name in PRESETS]


@dataclass(frozen=True, slots=True)
class Places:
    """Keys and names that a policy can be for."""

    services: dict[str, str]
    staff: dict[str, str]
    locations: dict[str, str]
    mapped: frozenset[str]

    @classmethod
    def of(cls, state: State) -> Places:
        """All there are."""
        session, host = state.store.session, state.host
        return cls(
            dict(host.service_list(session)),
            dict(host.staff_list(session)),
            dict(host.location_list(session)),
            frozenset(name for name, part in host.parts.items() if part is not None),
        )

    def parts(self) -> list[tuple[str, str, Mapping[str, str], bool]]:
        """Field, label, names by key, and whether the host has such a thing, for each kind."""
        return [
            ("services", fcx_("Services"), self.services, "service" in self.mapped),
            ("staff", fcx_("Therapists"), self.staff, "staff" in self.mapped),
            ("locations", fcx_("Locations"), self.locations, "location" in self.mapped),
        ]

    def scope_text(self, policy: Policy) -> str:
        """What a policy is for: "Services: Massage · Therapists: Dr Ivan Kolev"."""
        said = []
        for name, label, names, _ in self.parts():
            keys = sorted(getattr(policy, name))
            if keys:
                said.append(f"{label}: {', '.join(names.get(key, key) for key in keys)}")
        return " · ".join(said) or fcx_("All appointments")
