"""`flask salon import DIR` of the example clinic: a real salon's cancellations, replayed through the service.

What is expected is read from the files here, by other code than the importer's, and looked up in the databases by
plain SQL.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from .salon import FEE, FILES, dump, flask, query

ZONE = ZoneInfo("America/Vancouver")


def day(text: str) -> date:
    month, number, year = map(int, text.split("/"))
    return date(year, month, number)


def local(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1_000_000, UTC).astimezone(ZONE)


def identity(row: dict[str, Any], day_column: str) -> tuple[str, ...]:
    return row["Code"], row[day_column], row["Service"], row["Staff"]


class Expected:
    """What the files say."""

    def __init__(self, folder: Path) -> None:
        tables: dict[str, list[dict[str, Any]]] = {}
        for name, file_name in FILES.items():
            with (folder / file_name).open(encoding="ascii", newline="") as file:
                tables[name] = [{**row, "line": n} for n, row in enumerate(csv.DictReader(file), 2)]
        self.rows = tables["cancellations"]
        self.bookings, self.no_shows = tables["bookings"], tables["no_shows"]
        self.service = {row["Code"]: row["Desc"] or row["Code"] for row in tables["services"]}
        self.price = {row["Code"]: int(row["Price"]) * 100 for row in tables["services"]}
        self.too_late = [row for row in self.rows if day(row["Cancel Date"]) > day(row["Booking Date"])]
        self.repeats, self.imported = [], []
        seen = set()
        for row in sorted(self.rows, key=lambda row: day(row["Cancel Date"])):  # stable: by line within a day
            if identity(row, "Booking Date") in seen:
                self.repeats.append(row)
            elif row not in self.too_late:
                self.imported.append(row)
            seen.add(identity(row, "Booking Date"))
        self.visits = len(seen)


@dataclass
class Import:
    """One import of the real data."""

    folder: Path
    instance: Path
    output: str

    @property
    def plain(self) -> Path:
        return self.instance / "salon.sqlite3"

    @property
    def priced(self) -> Path:
        return self.instance / "salon-with-fee.sqlite3"


@pytest.fixture(scope="module")
def salon(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Import:
    instance = tmp_path_factory.mktemp("salon")
    run = flask(instance, "salon", "import", shared_data / "hair_salon")
    assert run.returncode == 0, run.stderr
    return Import(shared_data / "hair_salon", instance, run.stdout)


@pytest.fixture(scope="module")
def expected(shared_data: Path) -> Expected:
    return Expected(shared_data / "hair_salon")


class TestRealSalon:
    def test_the_last_line_tells_the_totals(self, salon: Import, expected: Expected) -> None:
        imported, refused, read = len(expected.imported), len(expected.too_late + expected.repeats), len(expected.rows)
        assert (read, imported >= 238, imported + refused) == (243, True, 243)
        last = salon.output.splitlines()[-1]
        assert last == f"cancellations: {imported} imported, {refused} refused, {read} read"
        assert f"({imported} imported, {refused} refused)" in salon.output  # the replay with fees

    def test_only_the_late_one_and_repeats_are_refused_each_with_its_reason(
        self, salon: Import, expected: Expected
    ) -> None:
        path = salon.instance / "salon-refused.csv"
        assert f"refused rows: {path}" in salon.output
        with path.open(encoding="utf-8", newline="") as file:
            refused = {int(row["Line"]): row for row in csv.DictReader(file)}
        (late,) = expected.too_late
        assert late["Days"] == "-37"
        assert set(refused) == {late["line"], *(row["line"] for row in expected.repeats)}
        for row in (late, *expected.repeats):
            assert {name: refused[row["line"]][name] for name in row if name != "line"} == {
                name: value for name, value in row.items() if name != "line"
            }
        assert refused[late["line"]]["Code of refusal"] == "not_open"
        assert "began on Tuesday, 3 April 2018" in refused[late["line"]]["Reason"]
        for row in expected.repeats:
            answer = refused[row["line"]]
            (first,) = [
                one for one in expected.imported if identity(one, "Booking Date") == identity(row, "Booking Date")
            ]
            assert (answer["Code of refusal"], int(answer["Repeats line"])) == ("already_cancelled", first["line"])
            assert answer["Reason"].startswith(f"{first['Canceled By']} cancelled this appointment on")

    def test_each_cancellation_is_the_files(self, salon: Import, expected: Expected) -> None:
        for database in (salon.plain, salon.priced):
            found: Counter[tuple[object, ...]] = Counter()
            for row in query(
                database,
                "SELECT c.*, v.state, p.first_name FROM cancellations_cancellation c"
                " JOIN visits_book v ON v.id = c.appointment_key JOIN card_index p ON p.id = v.patient_id",
            ):
                told, start = local(row["told_us"]), local(row["start_us"])
                notice = (start.date() - told.date()).days
                assert (told.hour, start.hour, row["told_us"]) == (9, 12, row["cancelled_us"])
                assert (row["local_day"], row["notice_minutes"]) == (f"{start:%F}", (notice * 24 + 3) * 60)
                assert (row["state"], row["actor_kind"], row["source"]) == ("cancelled", "staff", "cli")
                assert row["client_name"] == row["first_name"]
                found[
                    row["client_name"],
                    row["service_name"],
                    row["staff_name"],
                    start.date(),
                    told.date(),
                    notice,
                    row["actor_name"],
                ] += 1
            assert found == Counter(
                (
                    row["Code"],
                    expected.service[row["Service"]],
                    row["Staff"],
                    day(row["Booking Date"]),
                    day(row["Cancel Date"]),
                    int(row["Days"] or (day(row["Booking Date"]) - day(row["Cancel Date"])).days),
                    row["Canceled By"],
                )
                for row in expected.imported
            )

    def test_they_were_replayed_in_the_order_of_their_dates(self, salon: Import) -> None:
        moments = [row["at_us"] for row in query(salon.plain, "SELECT at_us FROM cancellations_event ORDER BY id")]
        assert moments == sorted(moments)

    def test_every_booking_is_a_visit_and_a_no_show_is_not_a_second_one(
        self, salon: Import, expected: Expected
    ) -> None:
        last_day = max(
            [day(row["Cancel Date"]) for row in expected.rows] + [day(row["Date"]) for row in expected.no_shows]
        )
        missed = {identity(row, "Date") for row in expected.no_shows}
        wanted: Counter[tuple[object, ...]] = Counter()
        for row in expected.bookings:
            done = "done" if day(row["Date"]) <= last_day else "booked"
            state = "missed" if identity(row, "Date") in missed else done
            begins = f"{day(row['Date'])} {int(row['TimeInt']) // 60:02}:{int(row['TimeInt']) % 60:02}"
            wanted[row["Code"] or "(no code)", expected.service[row["Service"]], row["Staff"], begins, state] += 1
        found = Counter(
            tuple(row)
            for row in query(
                salon.plain,
                "SELECT p.first_name, t.name, s.full_name, substr(v.begins_at, 1, 16), v.state FROM visits_book v"
                " JOIN card_index p ON p.id = v.patient_id JOIN price_list t ON t.id = v.treatment_id"
                " JOIN practitioners s ON s.id = v.therapist_id"
                " WHERE v.id NOT IN (SELECT visit_id FROM salon_ledger)",
            )
        )
        assert found == wanted
        states = Counter(row["state"] for row in query(salon.plain, "SELECT state FROM visits_book"))
        assert (states["missed"], states["cancelled"]) == (60, len(expected.imported))
        assert sum(states.values()) == 1906 + expected.visits

    def test_money_adds_up_on_every_row(self, salon: Import, expected: Expected) -> None:
        for database in (salon.plain, salon.priced):
            rows = query(database, "SELECT * FROM cancellations_settlement")
            assert len(rows) == len({row["cancellation_id"] for row in rows}) == len(expected.imported)
            for row in rows:
                shares = ("taken", "forfeited", "refunded", "credited", "held")
                assert row["deposit"] == sum(row[name] for name in shares)
                parts = ("kept", "given_back", "due", "waived", "dropped", "pending")
                assert row["fee"] == sum(row[name] for name in parts)
                assert min(row[name] for name in (*shares, *parts)) >= 0

    def test_without_proof_there_is_no_fee_and_the_row_says_why(self, salon: Import) -> None:
        rows = query(salon.plain, "SELECT fee, otherwise, due, waived, why FROM cancellations_settlement")
        assert {tuple(row) for row in rows} == {(0, 0, 0, 0, "no_proof")}

    def test_the_list_price_is_the_one_of_the_file(self, salon: Import, expected: Expected) -> None:
        prices = Counter(row["price"] for row in query(salon.plain, "SELECT price FROM cancellations_settlement"))
        assert prices == Counter(expected.price[row["Service"]] for row in expected.imported)
        assert sum(expected.price[row["Service"]] == 0 for row in expected.rows) == 168

    def test_a_fixed_fee_is_charged_but_for_the_first_of_a_client(self, salon: Import, expected: Expected) -> None:
        late = [row for row in expected.imported if row["Cancel Date"] == row["Booking Date"]]
        first: dict[str, Any] = {}
        for row in late:
            first.setdefault(row["Code"], row)
        charged = [row for row in late if row is not first[row["Code"]]]
        assert charged  # else this would prove nothing
        assert f"fees: {len(late) * 30}.00 CAD assessed, {len(charged) * 30}.00 CAD charged, " in salon.output
        assert f"{len(first) * 30}.00 CAD waived\ncancellations: " in salon.output

        waived = query(
            salon.priced,
            "SELECT c.client_name, c.told_us, w.amount, w.reason, w.actor_key, c.actor_key AS by"
            " FROM cancellations_waiver w JOIN cancellations_cancellation c ON c.id = w.cancellation_id",
        )
        assert sorted((row["client_name"], local(row["told_us"]).date()) for row in waived) == sorted(
            (code, day(row["Cancel Date"])) for code, row in first.items()
        )
        assert {(row["amount"], row["reason"]) for row in waived} == {(FEE, "First late cancellation of this client")}
        assert all(row["actor_key"] == row["by"] for row in waived)
        moves = query(salon.priced, "SELECT kind, amount FROM cancellations_movement")
        assert [tuple(move) for move in moves] == [("charge", FEE)] * len(charged)
        assert [row[0] for row in query(salon.priced, "SELECT sum(fee) FROM cancellations_settlement")] == [
            FEE * len(late)
        ]

    def test_each_cancellation_has_its_audit_event(self, salon: Import) -> None:
        for database in (salon.plain, salon.priced):
            cancellations = query(
                database, "SELECT id, appointment_key, actor_key, cancelled_us FROM cancellations_cancellation"
            )
            events = query(database, "SELECT * FROM cancellations_event")
            assert {event["action"] for event in events} == {"appointment.cancelled"}
            assert sorted(
                (json.loads(e["body"])["after"]["cancellation"], e["appointment_key"], e["actor_key"], e["at_us"])
                for e in events
            ) == sorted(map(tuple, cancellations))

    def test_nobody_is_written_to(self, salon: Import) -> None:
        for database in (salon.plain, salon.priced):
            assert query(database, "SELECT id FROM cancellations_message") == []

    def test_what_was_assumed_is_said(self, salon: Import, expected: Expected) -> None:
        assert (
            f"assumed: {expected.visits} cancelled visits at 12:00, {len(expected.rows)} cancellations at 09:00"
            in salon.output
        )
        assert "; 2 blank Days computed from the dates" in salon.output
        notes = [row["note"] for row in query(salon.plain, "SELECT note FROM cancellations_cancellation")]
        assert all("Assumed: visit at 12:00, cancelled at 09:00 by phone." in note for note in notes)
        assert sum("computed from the dates" in note for note in notes) == 2

    def test_a_second_run_changes_nothing(self, salon: Import) -> None:
        before = [dump(salon.plain), dump(salon.priced), (salon.instance / "salon-refused.csv").read_bytes()]
        again = flask(salon.instance, "salon", "import", salon.folder)
        assert again.returncode == 0, again.stderr
        assert [dump(salon.plain), dump(salon.priced), (salon.instance / "salon-refused.csv").read_bytes()] == before
        assert again.stdout.splitlines()[-2:] == salon.output.splitlines()[-2:]
        assert "nothing was added" in again.stdout
        assert "nothing was added" not in salon.output

    def test_the_clinics_own_database_is_not_touched(self, salon: Import) -> None:
        assert not (salon.instance / "clinic.sqlite3").exists()
