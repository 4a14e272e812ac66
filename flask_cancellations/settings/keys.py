"""Every ``CANCELLATIONS_*`` key, each declared once: attribute, type, default, reader and one line of doc."""

# Annotations are looked at when the module is loaded, so they are not postponed here.
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, get_type_hints
from zoneinfo import ZoneInfo

from flask_cancellations.errors import ConfigError, Fault
from flask_cancellations.rules.calendar import WorkingDays
from flask_cancellations.rules.money import is_currency
from flask_cancellations.rules.policy import Policy
from flask_cancellations.rules.reasons import Reason
from flask_cancellations.settings import tables, values
from flask_cancellations.settings.agreement import disagreements
from flask_cancellations.settings.calendar import calendar
from flask_cancellations.settings.host import HostSettings
from flask_cancellations.settings.host_tables import host
from flask_cancellations.settings.money import VatSettings, vat, whole_percent
from flask_cancellations.settings.place import Place, Read, Spoiled, nearest
from flask_cancellations.settings.policies import policies
from flask_cancellations.settings.reasons import reasons

PREFIX = "CANCELLATIONS_"
REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the configuration. ``default`` is written as in TOML; ``REQUIRED`` if there is none.

    The value of a ``secret`` key is never shown in a fault.
    """

    read: Read[Any]
    type: str
    doc: str
    default: Any = REQUIRED
    secret: bool = False
    name: str = ""

    @property
    def default_text(self) -> str:
        """The default for a table of all keys, as TOML writes it."""
        if self.default is REQUIRED:
            return "required"
        match self.default:
            case bool():
                return "true" if self.default else "false"
            case str():
                return f'"{self.default}"'
            case dict():
                return "{" + ", ".join(f'{name} = "{value}"' for name, value in self.default.items()) + "}"
        return str(self.default)


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of one app, checked. Durations are microseconds; :func:`load` makes it."""

    timezone: Annotated[
        ZoneInfo,
        Key(values.time_zone, "time zone", "The clinic's time zone; the host's times are its wall clock."),
    ]
    currency: Annotated[str, Key(values.currency, "currency code", "The currency of all prices, deposits and fees.")]
    host: Annotated[HostSettings, Key(host, "table", "How to read and write the host's models.")]
    locale: Annotated[
        str,
        Key(
            values.language,
            "language",
            "The language in a host without Flask-Babel, and of clients without one.",
            "en",
        ),
    ]
    layout: Annotated[
        str | None,
        Key(
            values.off(values.text),
            "template or false",
            "The host's template that our pages extend; false: our own.",
            False,
        ),
    ]
    blocks: Annotated[
        dict[str, str],
        Key(
            tables.blocks,
            "table",
            "The blocks of that template that take our content and title.",
            {"content": "content", "title": "title"},
        ),
    ]
    public_url: Annotated[
        str,
        Key(values.public_url, "URL", "The app's address for clients; links in messages start with it.", ""),
    ]
    rebook_url: Annotated[
        str,
        Key(values.page_url, "URL or path", "Where a client books again; a path is under the public URL.", ""),
    ]
    login_url: Annotated[
        str,
        Key(
            values.page_url,
            "URL or path",
            "Where our pages send people to sign in, where Flask-Login does not say; a path is under the app's root.",
            "",
        ),
    ]
    clinic_name: Annotated[str, Key(values.optional_text, "text", "The clinic's name on pages and in messages.", "")]
    clinic_phone: Annotated[
        str, Key(values.digits_text, "text", "The phone number that clients are asked to call.", "")
    ]
    clinic_address: Annotated[
        str, Key(values.off_line(300), "text", "The clinic's postal address on credit notes.", "")
    ]
    clinic_tax_id: Annotated[
        str,
        Key(values.off_line(40), "text", "The clinic's register or tax number on credit notes, VAT or not.", ""),
    ]
    clinic_email: Annotated[str, Key(values.email, "e-mail address", "Sender of our e-mail, and where answers go.", "")]
    phone_region: Annotated[
        str, Key(values.region, "country code", "The country of phone numbers written without one.", "")
    ]
    mail_url: Annotated[
        str,
        Key(values.mail_url, "URL", "Where e-mail goes: console:, smtp: or smtps:.", "console:", secret=True),
    ]
    sms_url: Annotated[
        str,
        Key(
            values.sms_url,
            "URL",
            "Where text messages go: console:, a gateway (https:), an Apprise URL.",
            "console:",
            secret=True,
        ),
    ]
    blueprint_name: Annotated[
        str, Key(values.identifier, "name", "The name of our blueprint in endpoints.", "cancellations")
    ]
    url_prefix: Annotated[str, Key(values.url_prefix, "path", "The path that our pages lie under.", "/cancellations")]
    bind: Annotated[
        str | None,
        Key(values.off(values.text), "name or false", "The Flask-SQLAlchemy bind of our tables.", False),
    ]
    scope: Annotated[
        str, Key(values.key_text, "text", "The tenant or legal entity that our rows belong to.", "default")
    ]
    roles: Annotated[
        dict[str, tuple[str, ...]],
        Key(tables.roles, "table", "The rights of each role; nothing else is allowed.", {}),
    ]
    waiver_limits: Annotated[
        dict[str, int],
        Key(
            tables.waiver_limits,
            "table",
            "The highest fee that a role may waive; without an entry there is no limit.",
            {},
        ),
    ]
    calendar: Annotated[
        WorkingDays | None,
        Key(calendar, "table or false", "The days that the clinic works, for deadlines by working days.", False),
    ]
    policies: Annotated[
        tuple[Policy, ...],
        Key(policies, "list of tables", "Late fees, by notice; without any there are none.", []),
    ]
    reasons: Annotated[
        tuple[Reason, ...],
        Key(reasons, "list of tables", "Reasons added to the seeded ones, or changes of them.", []),
    ]
    source: Annotated[
        str,
        Key(
            values.choice("config", "pages"),
            "text",
            'Where policies and reasons are changed: in the configuration ("config"), or on the pages ("pages").',
            "config",
        ),
    ]
    source_file: Annotated[
        str,
        Key(values.optional_text, "text", "The file of the configuration, as the pages of policies name it.", ""),
    ]
    policy_without_proof: Annotated[
        str,
        Key(
            values.choice("none", "current"),
            "text",
            'The policy for bookings that prove none: "none", or the "current" one.',
            "none",
        ),
    ]
    undo_delay: Annotated[
        int,
        Key(
            values.optional_duration,
            "duration",
            "How long messages, refunds and charges wait for a change of mind.",
            "3m",
        ),
    ]
    pending: Annotated[
        int,
        Key(
            values.optional_duration,
            "duration or false",
            "How long a fee waits before it is charged; false: charged at once.",
            False,
        ),
    ]
    refilled_fee: Annotated[
        int,
        Key(whole_percent, "percentage", "What remains of a waiting fee once its time is booked again.", "0%"),
    ]
    credit_expires: Annotated[
        int | None,
        Key(
            values.off(values.duration),
            "duration or false",
            'How long client credit can be redeemed, e.g. "365d"; false: for ever.',
            False,
        ),
    ]
    vat: Annotated[
        VatSettings,
        Key(vat, "table or false", "Value added tax in fees, kept deposits and credits; the seller's data.", False),
    ]
    owing: Annotated[
        str,
        Key(
            values.choice("ignore", "warn", "block"),
            "text",
            'What a client who owes a fee meets at booking: "ignore", "warn" or "block".',
            "ignore",
        ),
    ]
    hold: Annotated[
        int | None,
        Key(
            tables.waitlist,
            "table or false",
            'The waiting list, e.g. {hold = "30m"}: freed times are held so long.',
            False,
            name="WAITLIST",
        ),
    ]
    sweep_every: Annotated[
        int | None,
        Key(
            values.off(values.duration),
            "duration or false",
            "How often the worker looks for what the host's own pages did past us; false: never.",
            "5m",
        ),
    ]
    clock: Annotated[
        Callable[[], datetime] | str,
        Key(
            values.clock_source,
            "function or false",
            "A function that tells the time (aware); false: the system's clock.",
            False,
        ),
    ]
    adapter: Annotated[
        Any, Key(values.adapter, "class or false", "A HostAdapter for what configuration cannot say.", False)
    ]


def _declared() -> dict[str, Key]:
    hints = get_type_hints(Settings, include_extras=True)
    keys = {attribute: hint.__metadata__[0] for attribute, hint in hints.items()}
    return {attribute: replace(key, name=PREFIX + (key.name or attribute.upper())) for attribute, key in keys.items()}


_BY_ATTRIBUTE = _declared()
KEYS: tuple[Key, ...] = tuple(_BY_ATTRIBUTE.values())


def load(config: Mapping[str, Any]) -> Settings:
    """Check the ``CANCELLATIONS_*`` keys of a Flask configuration.

    Only keys, types and shapes are looked at; models are resolved later. Raises ConfigError with all faults.
    """
    faults: list[Fault] = []
    names = [key.name for key in KEYS]
    for name in config:
        if name.startswith(PREFIX) and name not in names:
            faults.append(Fault(name, "an unknown key", "a setting of flask_cancellations", nearest(name, names)))

    # Fixed fees are read in the currency; with a wrong one, which is a fault of its own, any will do.
    stated = config.get(f"{PREFIX}CURRENCY")
    currency = stated if isinstance(stated, str) and is_currency(stated) else "EUR"
    found: dict[str, Any] = {}
    for attribute, key in _BY_ATTRIBUTE.items():
        place = Place(key.name, currency, key.secret, faults)
        value = config.get(key.name)
        if value is None and key.default is REQUIRED:
            place.note("nothing", f"a {key.type}; this key is required")
            continue
        try:
            found[attribute] = key.read(place, key.default if value is None else value)
        except Spoiled:
            continue
    public_url, rebook_url = found.get("public_url"), found.get("rebook_url")
    if public_url is not None and rebook_url is not None and rebook_url.startswith("/"):
        if not public_url:
            faults.append(
                Fault(f"{PREFIX}PUBLIC_URL", "nothing", f"the address that {PREFIX}REBOOK_URL is a path under")
            )
        found["rebook_url"] = public_url + rebook_url
    scope, mapping = found.get("scope"), found.get("host")
    if mapping is not None and mapping.appointment.scope is not None and scope != _BY_ATTRIBUTE["scope"].default:
        expected = f"nothing, as {PREFIX}HOST.appointment.scope says which scope each appointment belongs to"
        faults.append(Fault(f"{PREFIX}SCOPE", repr(scope), expected))
    if not faults:
        faults.extend(
            disagreements(found["policies"], found["calendar"], found["waiver_limits"], found["roles"]),
        )
    if faults:
        raise ConfigError(faults)
    return Settings(**found)
