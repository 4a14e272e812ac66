"""What a developer who configures the extension meets: values understood, slips told, all at once."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from flask_cancellations.clock import DAY, HOUR, MINUTE, system_now
from flask_cancellations.errors import ConfigError, Fault
from flask_cancellations.rules.deposit_rule import FORFEIT
from flask_cancellations.rules.policy import NO_FEE, Band, Fee
from flask_cancellations.rules.reasons import SEEDED, Reason
from flask_cancellations.settings import KEYS, Settings, load
from flask_cancellations.settings.host import (
    HostFunction,
    HostSettings,
    MinutesSpec,
    MoneySpec,
    NamedSettings,
    PairSpec,
    PersonSettings,
    StampSpec,
    StatusSpec,
    UserSettings,
    WriteSpec,
)

# The TOML of the design, section 5, as printed.
DESIGN = """
# everything else is configuration, here as the TOML that app.config.from_file reads
CANCELLATIONS_TIMEZONE = "Europe/Sofia"
CANCELLATIONS_CURRENCY = "EUR"
CANCELLATIONS_LAYOUT   = "base.html"

[CANCELLATIONS_HOST.appointment]
model  = "clinic.models:Visit"
start  = "begins_at"                                  # or {date = "day", time = "hour"}, or a path such as "slot.start"
end    = {minutes = "treatment.minutes"}              # or an attribute, or a list to fall back through
client = "patient"
staff  = "therapist"
service = "treatment"
price  = "treatment.price"
deposit = "deposit_paid"
booked_at = {attribute = "created_at", zone = "utc"}
status = {attribute = "state", open = ["booked", "confirmed"], cancelled = ["cancelled"], no_show = ["missed"], done = ["done"]}
# written back: the first of each, or write = {cancelled = "...", client = "...", clinic = "...", restored = "...", no_show = "..."}

[CANCELLATIONS_HOST.client]
name = ["first_name", "last_name"]
email = "email"
phone = "mobile"
locale = "language"

[CANCELLATIONS_HOST.user]                             # the signed-in one
name = "full_name"
role = "role"
staff = "therapist_id"                                # own appointments: cancel:own

[CANCELLATIONS_ROLES]
reception = ["cancel", "reschedule", "no_show", "waitlist"]
therapist = ["cancel:own"]
manager   = ["*"]

[[CANCELLATIONS_POLICIES]]
name = "standard"
valid_from = 2026-12-01
bands = [{less_than = "24h", fee = "50%"}, {less_than = "2h", fee = "100%"}]
no_show = "100%"

[[CANCELLATIONS_REASONS]]
code = "holiday"
side = "client"
label = {en = "Holiday", bg = "Почивка"}
"""  # noqa: E501

STATUS = {
    "attribute": "state",
    "open": ["booked"],
    "cancelled": ["cancelled", "by client"],
    "no_show": ["missed"],
}
LEAST: dict[str, Any] = {
    "CANCELLATIONS_TIMEZONE": "Europe/Sofia",
    "CANCELLATIONS_CURRENCY": "EUR",
    "CANCELLATIONS_HOST": {
        "appointment": {"model": "Visit", "start": "begins_at", "end": {"minutes": 60}, "status": STATUS}
    },
}


def configured(**more: Any) -> dict[str, Any]:
    """The least configuration, and more keys without their prefix."""
    return deepcopy(LEAST) | {f"CANCELLATIONS_{name}": value for name, value in more.items()}


def with_appointment(**changes: Any) -> dict[str, Any]:
    config = deepcopy(LEAST)
    config["CANCELLATIONS_HOST"]["appointment"].update(changes)
    return config


def faults_of(config: dict[str, Any]) -> list[Fault]:
    with pytest.raises(ConfigError) as caught:
        load(config)
    return list(caught.value.faults)


def fault_of(config: dict[str, Any]) -> Fault:
    faults = faults_of(config)
    assert len(faults) == 1, faults
    return faults[0]


class TestWhatIsUnderstood:
    def test_the_least_configuration_gets_the_defaults(self):
        settings = load(LEAST)
        assert settings.timezone == ZoneInfo("Europe/Sofia")
        assert settings.currency == "EUR"
        assert settings.locale == "en"
        assert settings.layout is None
        assert settings.blocks == {"content": "content", "title": "title"}
        assert (settings.public_url, settings.rebook_url) == ("", "")
        assert (settings.clinic_name, settings.clinic_phone, settings.clinic_email) == ("", "", "")
        assert settings.phone_region == ""
        assert (settings.mail_url, settings.sms_url) == ("console:", "console:")
        assert (settings.blueprint_name, settings.url_prefix) == ("cancellations", "/cancellations")
        assert settings.bind is None
        assert settings.scope == "default"
        assert settings.roles == {}
        assert settings.policies == ()
        assert settings.reasons == SEEDED
        assert settings.policy_without_proof == "none"
        assert settings.undo_delay == 3 * MINUTE
        assert settings.hold is None
        assert settings.clock is system_now
        assert settings.adapter is None

    def test_the_design_s_toml_is_read_from_a_file(self, tmp_path):
        path = tmp_path / "clinic.toml"
        path.write_text(DESIGN, encoding="utf-8")
        app = Flask(__name__)
        app.config.from_file(str(path), load=tomllib.load, text=False)
        settings = load(app.config)

        assert settings.layout == "base.html"
        appointment = settings.host.appointment
        assert appointment.model == "clinic.models:Visit"
        assert appointment.start == "begins_at"
        assert appointment.end == (MinutesSpec("treatment.minutes"),)
        assert (appointment.client, appointment.staff) == ("patient", "therapist")
        assert (appointment.service, appointment.location) == ("treatment", None)
        assert appointment.price == (MoneySpec("treatment.price"),)
        assert appointment.deposit == (MoneySpec("deposit_paid"),)
        assert appointment.booked_at == StampSpec("created_at", "utc")
        assert appointment.status == StatusSpec(
            attribute="state",
            open=("booked", "confirmed"),
            cancelled=("cancelled",),
            write=WriteSpec("cancelled", "cancelled", "cancelled", "booked", "missed"),
            no_show=("missed",),
            done=("done",),
        )
        assert settings.host.client == PersonSettings(None, ("first_name", "last_name"), "email", "mobile", "language")
        assert settings.host.staff == NamedSettings(None, ("name",))
        assert settings.host.user == UserSettings(name=("full_name",), role="role", staff="therapist_id")
        assert settings.roles["manager"] == ("*",)
        (policy,) = settings.policies
        assert policy.valid_from == date(2026, 12, 1)
        assert policy.bands[0] == Band(24 * HOUR, Fee("percent", percent=Decimal(50)))
        assert policy.no_show == Fee("percent", percent=Decimal(100))
        holiday = settings.reasons[-1]
        assert (holiday.code, holiday.side, holiday.fee, holiday.frees) == ("holiday", "client", True, True)
        assert holiday.labels == {"en": "Holiday", "bg": "Почивка"}

    def test_secrets_and_tables_come_from_the_environment(self, monkeypatch):
        monkeypatch.setenv("FLASK_CANCELLATIONS_MAIL_URL", "smtp://clinic:s3cret@mail.example:587?starttls=1")
        monkeypatch.setenv("FLASK_CANCELLATIONS_SMS_URL", "https://sms.example/send?token=abc")
        monkeypatch.setenv("FLASK_CANCELLATIONS_CLINIC_PHONE", "35921234567")
        monkeypatch.setenv("FLASK_CANCELLATIONS_WAITLIST__hold", "30m")
        app = Flask(__name__)
        app.config.from_mapping(LEAST)
        app.config.from_prefixed_env()
        settings = load(app.config)
        assert settings.mail_url == "smtp://clinic:s3cret@mail.example:587?starttls=1"
        assert settings.sms_url == "https://sms.example/send?token=abc"
        assert settings.clinic_phone == "35921234567"
        assert settings.hold == 30 * MINUTE

    def test_false_and_none_switch_things_off(self):
        settings = load(
            configured(
                LAYOUT=False, BIND=None, WAITLIST=False, UNDO_DELAY=False, CLINIC_EMAIL=False,
                PHONE_REGION=False, PUBLIC_URL=False, REBOOK_URL=False, CLOCK=False, ADAPTER="",
                BLOCKS={"content": "page", "title": False},
            )
        )  # fmt: skip
        assert settings.layout is None
        assert settings.bind is None
        assert settings.hold is None
        assert settings.undo_delay == 0
        assert settings.blocks == {"content": "page"}
        assert settings.clock is system_now
        assert settings.adapter is None

    def test_python_objects_are_taken_as_they_are(self):
        class Visit: ...

        class Adapter: ...

        def clock() -> datetime:
            return datetime(2026, 12, 2, tzinfo=UTC)

        def role(user: Any) -> str:
            return "manager"

        config = configured(TIMEZONE=ZoneInfo("Europe/Sofia"), CLOCK=clock, ADAPTER=Adapter)
        config["CANCELLATIONS_HOST"]["appointment"]["model"] = Visit
        config["CANCELLATIONS_HOST"]["user"] = {"role": role}
        settings = load(config)
        assert settings.timezone == ZoneInfo("Europe/Sofia")
        assert settings.clock is clock
        assert settings.adapter is Adapter
        assert settings.host.appointment.model is Visit
        assert settings.host.user == UserSettings(role=HostFunction(role))

    def test_import_texts_are_kept_for_first_use(self):
        settings = load(configured(CLOCK="clinic.time:now", ADAPTER="clinic.cancel:Adapter"))
        assert (settings.clock, settings.adapter) == ("clinic.time:now", "clinic.cancel:Adapter")

    def test_the_other_shapes_of_the_mapping(self):
        config = with_appointment(
            start={"date": "day", "time": "hour"},
            end=["ends_at", {"minutes": "treatment.minutes"}, {"minutes": 45}],
            price={"attribute": "price_cents", "unit": "minor"},
            client=False,
            location="room.branch",
            status=STATUS | {"write": {"client": "by client"}},
        )
        config["CANCELLATIONS_HOST"]["location"] = {"model": "Branch", "name": ["town", "street"]}
        host: HostSettings = load(config).host
        assert host.appointment.start == PairSpec("day", "hour")
        assert host.appointment.end == ("ends_at", MinutesSpec("treatment.minutes"), MinutesSpec(45))
        assert host.appointment.price == (MoneySpec("price_cents", "minor"),)
        assert host.appointment.client is None
        assert host.location == NamedSettings("Branch", ("town", "street"))
        assert isinstance(host.appointment.status, StatusSpec)
        assert host.appointment.status.write == WriteSpec("cancelled", "by client", "cancelled", "booked", "missed")

    def test_a_status_without_no_show_writes_none(self):
        status = {"attribute": "state", "open": "booked", "cancelled": "cancelled", "no_show": False}
        assert load(with_appointment(status=status)).host.appointment.status == StatusSpec(
            "state",
            ("booked",),
            ("cancelled",),
            WriteSpec("cancelled", "cancelled", "cancelled", "booked", None),
        )

    def test_addresses(self):
        settings = load(configured(PUBLIC_URL="https://clinic.example/app/", REBOOK_URL="/book?from=cancel"))
        assert settings.public_url == "https://clinic.example/app"
        assert settings.rebook_url == "https://clinic.example/app/book?from=cancel"
        elsewhere = load(configured(REBOOK_URL="https://book.example/", SMS_URL="twilio://sid:token@15551234567"))
        assert elsewhere.rebook_url == "https://book.example/"
        assert elsewhere.sms_url == "twilio://sid:token@15551234567"

    @pytest.mark.parametrize("name", ["pt-BR", "pt_BR"])
    def test_languages_in_either_spelling(self, name):
        assert load(configured(LOCALE=name)).locale == "pt_BR"


FULL_PRICE = Fee("full", percent=Decimal(100))
MASSAGE: dict[str, Any] = {
    "name": "massage",
    "valid_from": "2026-12-01",
    "bands": [{"less_than": "2d", "fee": "10.00"}, {"less_than": "90m", "fee": "full", "forfeit": True}],
    "no_show": "full",
    "cap": "80",
    "grace": "15m",
    "self_cancel": "2h",
    "scope": {"service": 7, "staff": ["a-1", 2], "location": "branch"},
}


class TestPolicies:
    def test_every_part_is_read(self):
        (policy,) = load(configured(POLICIES=[MASSAGE])).policies
        assert policy.currency == "EUR"
        assert policy.bands == (
            Band(2 * DAY, Fee("fixed", minor=1000)),
            Band(90 * MINUTE, FULL_PRICE, FORFEIT),
        )
        assert policy.no_show == FULL_PRICE
        assert (policy.cap, policy.grace, policy.self_cancel) == (8000, 15 * MINUTE, 2 * HOUR)
        assert (policy.services, policy.staff) == (frozenset({"7"}), frozenset({"a-1", "2"}))
        assert policy.locations == frozenset({"branch"})

    def test_amounts_are_read_in_the_currency(self):
        (policy,) = load(configured(CURRENCY="JPY", POLICIES=[MASSAGE | {"bands": [], "cap": 3000}])).policies
        assert (policy.currency, policy.cap) == ("JPY", 3000)

    def test_false_switches_parts_off(self):
        parts = {"no_show": False, "cap": False, "grace": False, "self_cancel": False}
        (policy,) = load(configured(POLICIES=[MASSAGE | parts])).policies
        assert (policy.no_show, policy.cap, policy.grace, policy.self_cancel) == (NO_FEE, None, 0, 0)

    @pytest.mark.parametrize("day", [date(2026, 12, 1), datetime(2026, 12, 1), "2026-12-01T00:00:00"])
    def test_spellings_of_a_day(self, day):
        (policy,) = load(configured(POLICIES=[MASSAGE | {"valid_from": day}])).policies
        assert policy.valid_from == date(2026, 12, 1)
        assert type(policy.valid_from) is date

    @pytest.mark.parametrize(
        ("change", "key"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"name": None}, "name"),
            ({"valid_from": None}, "valid_from"),
            ({"valid_from": "2026-02-30"}, "valid_from"),
            ({"valid_from": "tomorrow"}, "valid_from"),
            ({"valid_from": "2026-12-01T09:00"}, "valid_from"),
            ({"valid_from": 20261201}, "valid_from"),
            ({"band": []}, "band"),
            ({"bands": {"less_than": "24h", "fee": "full"}}, "bands"),
            ({"bands": ["24h"]}, "bands[0]"),
            ({"bands": [{"fee": "full"}]}, "bands[0].less_than"),
            ({"bands": [{"less_than": "24h"}]}, "bands[0].fee"),
            ({"bands": [{"less_than": "1 day", "fee": "full"}]}, "bands[0].less_than"),
            ({"bands": [{"less_than": "0h", "fee": "full"}]}, "bands[0].less_than"),
            ({"bands": [{"less_than": 24, "fee": "full"}]}, "bands[0].less_than"),
            ({"bands": [{"less_than": "24h", "fee": "half"}]}, "bands[0].fee"),
            ({"bands": [{"less_than": "24h", "fee": "150%"}]}, "bands[0].fee"),
            ({"bands": [{"less_than": "24h", "fee": "-5"}]}, "bands[0].fee"),
            ({"bands": [{"less_than": "24h", "fee": "1e40"}]}, "bands[0].fee"),
            ({"bands": [{"less_than": "24h", "fee": 50}]}, "bands[0].fee"),
            ({"bands": [{"less_than": "24h", "fee": "full", "forfeit": "yes"}]}, "bands[0].forfeit"),
            ({"no_show": True}, "no_show"),
            ({"cap": 0}, "cap"),
            ({"cap": True}, "cap"),
            ({"cap": "NaN"}, "cap"),
            ({"cap": 1e40}, "cap"),
            ({"grace": 15}, "grace"),
            ({"self_cancel": "soon"}, "self_cancel"),
            ({"scope": "massage"}, "scope"),
            ({"scope": {"client": "1"}}, "scope.client"),
            ({"scope": {"staff": []}}, "scope.staff"),
            ({"scope": {"staff": [True]}}, "scope.staff[0]"),
            ({"scope": {"staff": 1.5}}, "scope.staff"),
            (
                {"bands": [{"less_than": "24h", "fee": "50%"}, {"less_than": "1d", "fee": "full"}]},
                "bands[1].less_than",
            ),
            (
                {"bands": [{"less_than": "24h", "fee": "50%"}, {"less_than": "2h", "fee": "20%"}]},
                "bands[1].fee",
            ),
            (
                {"bands": [{"less_than": "2h", "fee": "none"}, {"less_than": "24h", "fee": "9"}]},
                "bands[1].fee",
            ),
        ],
    )
    def test_each_slip_is_told_with_its_key(self, change, key):
        assert fault_of(configured(POLICIES=[MASSAGE | change])).key == f"CANCELLATIONS_POLICIES[0].{key}"

    def test_one_version_for_each_day(self):
        later = MASSAGE | {"valid_from": date(2027, 1, 1)}
        other = MASSAGE | {"name": "other"}
        assert len(load(configured(POLICIES=[MASSAGE, later, other])).policies) == 3
        assert fault_of(configured(POLICIES=[MASSAGE, other, MASSAGE])) == Fault(
            "CANCELLATIONS_POLICIES[2].valid_from",
            "a second 'massage' of 2026-12-01",
            "a later day for each new version",
        )

    def test_a_fall_among_other_faults_is_told_too(self):
        bands = [
            {"less_than": "24h", "fee": "50%"},
            {"less_than": "12h", "fee": "fifty"},
            {"less_than": "2h", "fee": "20%"},
        ]
        keys = [fault.key for fault in faults_of(configured(POLICIES=[MASSAGE | {"bands": bands}]))]
        assert keys == ["CANCELLATIONS_POLICIES[0].bands[1].fee", "CANCELLATIONS_POLICIES[0].bands[2].fee"]

    def test_not_a_list(self):
        assert fault_of(configured(POLICIES=MASSAGE)).found == "a table"


class TestReasons:
    def reason(self, settings: Settings, code: str) -> Reason:
        return next(reason for reason in settings.reasons if reason.code == code)

    def test_a_seeded_reason_keeps_what_is_not_said(self):
        settings = load(configured(REASONS=[{"code": "weather", "note": True, "order": 5, "archived": True}]))
        seeded = next(reason for reason in SEEDED if reason.code == "weather")
        weather = self.reason(settings, "weather")
        assert (weather.note, weather.position, weather.archived) == (True, 5, True)
        assert (weather.side, weather.title, weather.client, weather.fhir, weather.labels) == (
            seeded.side, seeded.title, seeded.client, seeded.fhir, {},
        )  # fmt: skip
        assert settings.reasons[0] == weather
        assert len(settings.reasons) == len(SEEDED)

    def test_one_label_of_a_seeded_reason_leaves_english_english(self):
        settings = load(configured(REASONS=[{"code": "illness", "label": {"bg": "Болен"}}]))
        assert self.reason(settings, "illness").labels == {"en": "Ill", "bg": "Болен"}

    def test_a_new_reason_of_the_clinic_costs_nothing_and_frees_the_time(self):
        settings = load(configured(REASONS=[{"code": "training", "side": "clinic", "label": "Training day"}]))
        training = self.reason(settings, "training")
        assert (training.fee, training.frees, training.client) == (False, True, False)
        assert training.labels == {"en": "Training day"}

    def test_a_reason_that_becomes_the_clinic_s_costs_nothing(self):
        settings = load(configured(REASONS=[{"code": "weather", "side": "clinic"}]))
        assert self.reason(settings, "weather").fee is False

    def test_all_flags_and_codes(self):
        given = {
            "code": "late", "side": "client", "label": {"en": "Late", "pt-BR": "Atrasado"}, "order": 75,
            "staff": True, "client": False, "note": True, "fee": False, "tell": False, "frees": False, "counts": False,
            "fhir": "pat", "ihe": "patient-cancel", "archived": False,
        }  # fmt: skip
        assert self.reason(load(configured(REASONS=[given])), "late") == Reason(
            "late", "client", "", {"en": "Late", "pt_BR": "Atrasado"}, 75, staff=True, client=False, note=True,
            fee=False, tell=False, frees=False, counts=False, fhir="pat", ihe="patient-cancel",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("change", "key", "nearest"),
        [
            ({"code": None}, "code", ""),
            ({"code": "Holiday!"}, "code", ""),
            ({"side": None}, "side", ""),
            ({"side": "clint"}, "side", "client"),
            ({"label": None}, "label", ""),
            ({"label": {}}, "label", ""),
            ({"label": ""}, "label", ""),
            ({"label": {"engl": "Holiday"}}, "label.engl", ""),
            ({"label": {"en": ""}}, "label.en", ""),
            ({"label": ["Holiday"]}, "label", ""),
            ({"order": "first"}, "order", ""),
            ({"order": True}, "order", ""),
            ({"order": -1}, "order", ""),
            ({"note": "yes"}, "note", ""),
            ({"freess": True}, "freess", "frees"),
            ({"fhir": ""}, "fhir", ""),
            ({"ihe": "x" * 41}, "ihe", ""),
            ({"side": "clinic", "fee": True}, "fee", ""),
        ],
    )
    def test_each_slip_is_told_with_its_key(self, change, key, nearest):
        reason = {"code": "holiday", "side": "client", "label": {"en": "Holiday"}} | change
        fault = fault_of(configured(REASONS=[reason]))
        assert fault.key == f"CANCELLATIONS_REASONS[0].{key}"
        assert fault.nearest == nearest or (key == "label.engl" and fault.nearest)

    def test_a_seeded_reason_of_the_clinic_cannot_be_made_to_cost(self):
        fault = fault_of(configured(REASONS=[{"code": "therapist_ill", "fee": True}]))
        assert fault.key == "CANCELLATIONS_REASONS[0].fee"

    def test_each_code_once(self):
        twice = [{"code": "weather", "note": True}, {"code": "weather", "note": False}]
        assert fault_of(configured(REASONS=twice)) == Fault(
            "CANCELLATIONS_REASONS[1].code", "a second 'weather'", "each code once"
        )

    def test_each_language_once(self):
        label = {"pt-BR": "Férias", "pt_BR": "Ferias"}
        fault = fault_of(configured(REASONS=[{"code": "holiday", "side": "client", "label": label}]))
        assert fault.key == "CANCELLATIONS_REASONS[0].label.pt_BR"


class TestSingleKeys:
    @pytest.mark.parametrize(
        ("name", "value", "nearest"),
        [
            ("TIMEZONE", "Europe/Sofa", "Europe/Sofia"),
            ("TIMEZONE", "europe/sofia", "Europe/Sofia"),
            ("TIMEZONE", "../etc/passwd", ""),
            ("TIMEZONE", "Europe", None),
            ("TIMEZONE", "", ""),
            ("TIMEZONE", 2, ""),
            ("CURRENCY", "eur", "EUR"),
            ("CURRENCY", "€", ""),
            ("LOCALE", "xx", None),
            ("LOCALE", "", ""),
            ("LOCALE", 1, ""),
            ("LAYOUT", True, ""),
            ("LAYOUT", ["base.html"], ""),
            ("BLOCKS", "content", ""),
            ("PUBLIC_URL", "clinic.example", ""),
            ("PUBLIC_URL", "ftp://clinic.example", ""),
            ("PUBLIC_URL", "https://", ""),
            ("PUBLIC_URL", "https://clinic.example/?a=1", ""),
            ("PUBLIC_URL", "https://clinic.example:port", ""),
            ("PUBLIC_URL", "https://clinic example", ""),
            ("REBOOK_URL", "book", ""),
            ("REBOOK_URL", "//elsewhere.example/book", ""),
            ("REBOOK_URL", "javascript:alert(1)", ""),
            ("CLINIC_NAME", "Clinic\r\nBcc: everyone@clinic.example", ""),
            ("CLINIC_NAME", 12, ""),
            ("CLINIC_PHONE", 1.5, ""),
            ("CLINIC_EMAIL", "front desk", ""),
            ("CLINIC_EMAIL", "desk@clinic.example\nBcc: x@y.example", ""),
            ("CLINIC_EMAIL", "desk\0@clinic.example", ""),
            ("PHONE_REGION", "bg", "BG"),
            ("PHONE_REGION", "+359", ""),
            ("BLUEPRINT_NAME", "our.cancellations", ""),
            ("URL_PREFIX", "cancellations", ""),
            ("URL_PREFIX", "/cancel/", ""),
            ("URL_PREFIX", "/<clinic>", ""),
            ("BIND", 1, ""),
            ("SCOPE", "", ""),
            ("SCOPE", "x" * 191, ""),
            ("ROLES", ["manager"], ""),
            ("POLICY_WITHOUT_PROOF", "curent", "current"),
            ("POLICY_WITHOUT_PROOF", False, ""),
            ("UNDO_DELAY", "3 minutes", ""),
            ("UNDO_DELAY", 180, ""),
            ("WAITLIST", True, ""),
            ("WAITLIST", "30m", ""),
            ("CLOCK", "now", ""),
            ("CLOCK", 10, ""),
            ("ADAPTER", "Adapter", ""),
            ("ADAPTER", {"class": "Adapter"}, ""),
            ("MAIL_URL", "mail.example", ""),
            ("MAIL_URL", "smtp://", ""),
            ("MAIL_URL", "smtp://mail.example?tls=1", ""),
            ("MAIL_URL", "smtp://mail.example?starttls", ""),
            ("MAIL_URL", False, ""),
            ("SMS_URL", "sms.example", ""),
            ("SMS_URL", "https://", ""),
        ],
    )
    def test_a_value_that_cannot_be_is_a_fault(self, name, value, nearest):
        fault = fault_of(configured(**{name: value}))
        assert fault.key == f"CANCELLATIONS_{name}"
        if nearest is not None:
            assert fault.nearest == nearest

    @pytest.mark.parametrize(
        ("name", "value", "key", "nearest"),
        [
            ("BLOCKS", {"content": "page content"}, "BLOCKS.content", ""),
            ("BLOCKS", {"contents": "page"}, "BLOCKS.contents", "content"),
            ("BLOCKS", {"content": False}, "BLOCKS.content", ""),
            ("ROLES", {"desk": ["cancel", "cancell:own"]}, "ROLES.desk[1]", "cancel:own"),
            ("ROLES", {"desk": "cancel"}, "ROLES.desk", ""),
            ("ROLES", {3: ["cancel"]}, "ROLES.3", ""),
            ("WAITLIST", {}, "WAITLIST.hold", ""),
            ("WAITLIST", {"hold": "0m"}, "WAITLIST.hold", ""),
            ("WAITLIST", {"hold": "30m", "holds": 1}, "WAITLIST.holds", "hold"),
        ],
    )
    def test_a_slip_inside_a_table_is_told_with_its_key(self, name, value, key, nearest):
        fault = fault_of(configured(**{name: value}))
        assert (fault.key, fault.nearest) == (f"CANCELLATIONS_{key}", nearest)

    @pytest.mark.parametrize("name", ["MAIL_URL", "SMS_URL"])
    def test_a_password_is_never_shown(self, name):
        with pytest.raises(ConfigError) as caught:
            load(configured(**{name: "desk:s3cret@mail.example"}))
        assert "s3cret" not in str(caught.value)
        assert f"CANCELLATIONS_{name}" in str(caught.value)

    def test_a_path_to_rebook_needs_the_public_address(self):
        assert fault_of(configured(REBOOK_URL="/book")).key == "CANCELLATIONS_PUBLIC_URL"

    @pytest.mark.parametrize("name", ["TIMEZONE", "CURRENCY", "HOST"])
    def test_required_keys(self, name):
        config = configured()
        del config[f"CANCELLATIONS_{name}"]
        fault = fault_of(config)
        assert (fault.key, fault.found) == (f"CANCELLATIONS_{name}", "nothing")

    def test_an_unknown_key_is_told_with_the_nearest(self):
        fault = fault_of(configured(TIMEZON="Europe/Sofia"))
        assert (fault.key, fault.nearest) == ("CANCELLATIONS_TIMEZON", "CANCELLATIONS_TIMEZONE")

    def test_keys_of_others_are_not_ours(self):
        assert load(configured() | {"SECRET_KEY": "x", "CANCELLATION": 1}).scope == "default"


class TestHost:
    @pytest.mark.parametrize(
        ("change", "key"),
        [
            ({"model": None}, "model"),
            ({"model": "clinic models"}, "model"),
            ({"model": 1}, "model"),
            ({"start": None}, "start"),
            ({"start": "begins at"}, "start"),
            ({"start": ["day", "hour"]}, "start"),
            ({"start": {"date": "day"}}, "start.time"),
            ({"start": {"date": "day", "time": "hour", "format": "%H"}}, "start.format"),
            ({"end": None}, "end"),
            ({"end": []}, "end"),
            ({"end": 60}, "end"),
            ({"end": {"minutes": 0}}, "end.minutes"),
            ({"end": {"minutes": 1441}}, "end.minutes"),
            ({"end": {"minutes": True}}, "end.minutes"),
            ({"end": ["ends_at", {"hours": "1"}]}, "end[1].minutes"),
            ({"client": "patient..user"}, "client"),
            ({"staff": ["a", "b"]}, "staff"),
            ({"service": True}, "service"),
            ({"price": 30}, "price"),
            ({"price": {"attribute": "price", "unit": "cents"}}, "price.unit"),
            ({"price": {"unit": "minor"}}, "price.attribute"),
            ({"price": []}, "price"),
            ({"price": ["price", {"fixed": "sixty"}]}, "price[1].fixed"),
            ({"price": {"fixed": "0"}}, "price.fixed"),
            ({"price": {"fixed": "60.00", "unit": "minor"}}, "price.unit"),
            ({"price": {"attribute": "fee", "currency": "fee currency"}}, "price.currency"),
            ({"price": {"sum": "services.price", "currency": "services.currency"}}, "price.currency"),
            ({"booked_at": "created_at"}, "booked_at"),
            ({"booked_at": {"attribute": "created_at"}}, "booked_at.zone"),
            ({"booked_at": {"attribute": "created_at", "zone": "UTC"}}, "booked_at.zone"),
            ({"clients": "patient"}, "clients"),
            ({"status": None}, "status"),
            ({"status": "state"}, "status"),
            ({"status": STATUS | {"open": []}}, "status.open"),
            ({"status": STATUS | {"cancelled": None}}, "status.cancelled"),
            ({"status": STATUS | {"done": [3.5]}}, "status.done[0]"),
            ({"status": STATUS | {"done": ["booked"]}}, "status.done"),
            ({"status": STATUS | {"write": {"cancelled": "gone"}}}, "status.write.cancelled"),
            ({"status": STATUS | {"write": {"restored": "cancelled"}}}, "status.write.restored"),
            ({"status": STATUS | {"write": {"canceled": "cancelled"}}}, "status.write.canceled"),
            ({"status": STATUS | {"write": "cancelled"}}, "status.write"),
            ({"status": STATUS | {"null": "booked"}}, "status.null"),
            ({"status": STATUS | {"null": True}}, "status.null"),
        ],
    )
    def test_each_slip_in_the_appointment_is_told_with_its_key(self, change, key):
        keys = [fault.key for fault in faults_of(with_appointment(**change))]
        assert f"CANCELLATIONS_HOST.appointment.{key}" in keys
        assert len(keys) == (2 if key == "end[1].minutes" else 1)  # there: one unknown key, one missing

    @pytest.mark.parametrize(
        ("table", "value", "key"),
        [
            ("client", {"name": []}, "client.name"),
            ("client", {"name": ["first_name", 2]}, "client.name[1]"),
            ("client", {"mail": "email"}, "client.mail"),
            ("client", {"phone": 3}, "client.phone"),
            ("client", "Patient", "client"),
            ("staff", {"email": "email"}, "staff.email"),
            ("service", {"model": ""}, "service.model"),
            ("user", {"role": ["admin"]}, "user.role"),
            ("user", {"roles": "role"}, "user.roles"),
            ("patient", {"name": "name"}, "patient"),
        ],
    )
    def test_each_slip_in_the_other_tables_is_told_with_its_key(self, table, value, key):
        config = with_appointment(client="patient", staff="therapist", service="treatment")
        config["CANCELLATIONS_HOST"][table] = value
        assert fault_of(config).key == f"CANCELLATIONS_HOST.{key}"

    def test_a_table_that_nothing_leads_to(self):
        config = configured()
        config["CANCELLATIONS_HOST"]["client"] = {"name": "full_name"}
        assert fault_of(config).key == "CANCELLATIONS_HOST.appointment.client"

    def test_a_dotted_model_is_told_with_its_colon(self):
        fault = fault_of(with_appointment(model="clinic.models.Visit"))
        assert fault.nearest == "clinic.models:Visit"

    def test_a_status_to_write_is_told_with_the_nearest(self):
        fault = fault_of(with_appointment(status=STATUS | {"write": {"client": "by cleint"}}))
        assert fault.nearest == "by client"

    def test_no_appointment(self):
        assert fault_of(configured(HOST={})).key == "CANCELLATIONS_HOST.appointment"


def test_six_planted_faults_are_listed_at_once(tmp_path):
    slips = {
        '"Europe/Sofia"': '"Europe/Sofa"',
        "CANCELLATIONS_LAYOUT  ": "CANCELLATIONS_LAYOUTS",
        'zone = "utc"}': 'zone = "gmt"}',
        'fee = "50%"': 'fee = "half"',
        '"no_show", "waitlist"': '"noshow", "waitlist"',
        'side = "client"': 'sides = "client"\nside = "client"',
    }
    text = DESIGN
    for right, wrong in slips.items():
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    path = tmp_path / "clinic.toml"
    path.write_text(text, encoding="utf-8")
    app = Flask(__name__)
    app.config.from_file(str(path), load=tomllib.load, text=False)

    with pytest.raises(ConfigError) as caught:
        load(app.config)
    faults = {fault.key: (fault.found, fault.nearest) for fault in caught.value.faults}
    assert faults == {
        "CANCELLATIONS_LAYOUTS": ("an unknown key", "CANCELLATIONS_LAYOUT"),
        "CANCELLATIONS_TIMEZONE": ("'Europe/Sofa'", "Europe/Sofia"),
        "CANCELLATIONS_HOST.appointment.booked_at.zone": ("'gmt'", ""),
        "CANCELLATIONS_ROLES.reception[2]": ("'noshow'", "no_show"),
        "CANCELLATIONS_POLICIES[0].bands[0].fee": ("'half'", ""),
        "CANCELLATIONS_REASONS[0].sides": ("an unknown key", "side"),
    }
    lines = str(caught.value).splitlines()
    assert lines[0] == "flask_cancellations: 6 faults in the configuration:"
    for key in faults:
        assert any(key in line for line in lines[1:])


def test_every_key_is_declared_with_what_a_table_of_them_needs():
    names = [key.name for key in KEYS]
    assert len(set(names)) == len(names)
    assert len(names) == len(Settings.__slots__)
    for key in KEYS:
        assert key.name.startswith("CANCELLATIONS_")
        assert key.type
        assert key.doc.endswith(".")
        assert "\n" not in key.doc
    defaults = {key.name.removeprefix("CANCELLATIONS_"): key.default_text for key in KEYS}
    assert defaults["TIMEZONE"] == "required"
    assert defaults["LAYOUT"] == "false"
    assert defaults["UNDO_DELAY"] == '"3m"'
    assert defaults["BLOCKS"] == '{content = "content", title = "title"}'
    # As TOML they are what load() assumes.
    written = "\n".join(f"CANCELLATIONS_{name} = {text}" for name, text in defaults.items() if text != "required")
    assert load(LEAST | tomllib.loads(written)) == load(LEAST)


def test_settings_cannot_be_changed():
    settings = load(LEAST)
    with pytest.raises(AttributeError):
        settings.currency = "BGN"  # type: ignore[misc]
