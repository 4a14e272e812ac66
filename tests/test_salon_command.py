"""`flask salon import DIR` of the example clinic when something is wrong; the few rows are invented."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from .salon import FEE, FILES, dump, flask, query

INVENTED = {
    "bookings": "Code,Staff,Service,Date,Time,TimeInt\n"
    "AAA01,ANN,CUT,05/02/2018,2:10:00 PM,850\n,ANN,CUT,05/03/2018,10:00:00 AM,600\n",
    "no_shows": "Date,Code,Service,Staff\n05/03/2018,,CUT,ANN\n",
    "services": "IsActive,Code,Desc,Cate,Price,Cost\nTRUE,CUT,Hair cut,STYLE,40,5\nTRUE,F&F,,MISC,0,0\n",
    "cancellations": "Cancel Date,Code,Service,Staff,Booking Date,Canceled By,Days\n"
    "05/03/2018,AAA01,CUT,ANN,05/03/2018,ANN,0\n"
    "05/01/2018,AAA01,CUT,ANN,05/01/2018,DESK,0\n"
    "05/01/2018,BBB01,F&F,ANN,05/09/2018,DESK,\n"
    "05/04/2018,BBB01,F&F,ANN,05/09/2018,ANN,5\n",
}
FEES = "fees: 60.00 CAD assessed, 30.00 CAD charged, 30.00 CAD waived"
TOTALS = "cancellations: 3 imported, 1 refused, 4 read"


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    return tmp_path / "instance"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A salon's files with a few invented rows."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name, text in INVENTED.items():
        (folder / FILES[name]).write_text(text, encoding="ascii", newline="\r\n")
    return folder


def databases(instance: Path) -> list[str]:
    return sorted(path.name for path in instance.glob("*salon*"))


def test_a_folder_that_is_not_there(instance: Path, tmp_path: Path) -> None:
    run = flask(instance, "salon", "import", tmp_path / "nowhere")
    assert run.returncode == 2
    assert "nowhere' does not exist" in run.stderr
    assert databases(instance) == []


def test_missing_files_are_named_and_nothing_is_begun(instance: Path, folder: Path) -> None:
    (folder / FILES["services"]).unlink()
    (folder / FILES["no_shows"]).unlink()
    run = flask(instance, "salon", "import", folder)
    assert run.returncode == 1
    assert f"lacks: {FILES['no_shows']}, {FILES['services']}. Nothing was imported." in run.stderr
    assert "Traceback" not in run.stderr
    assert databases(instance) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("cancellations", "05/09/2018,DESK", "2018-05-09,DESK", "line 4: time data '2018-05-09' does not match"),
        ("cancellations", "ANN,5", "ANN,6", "line 5: Days is 6, but the dates lie 5 days apart"),
        ("cancellations", "Booking Date,", "Visit,", "lacks the column Booking Date"),
        ("bookings", "AAA01,ANN,CUT", "AAA01,ANN,DYE", "line 2: the service 'DYE' is not in Service Listing0.csv"),
        ("no_shows", "05/03/2018", "05/04/2018", "line 2: no row of Future Bookings"),
        ("services", "STYLE,40", "STYLE,forty", "line 2: 'forty' is not a price"),
    ],
)
def test_a_faulty_line_is_named_and_nothing_is_begun(
    instance: Path, folder: Path, name: str, old: str, new: str, message: str
) -> None:
    path = folder / FILES[name]
    text = path.read_text(encoding="ascii")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="ascii")
    run = flask(instance, "salon", "import", folder)
    assert run.returncode == 1
    assert f"{FILES[name]}" in run.stderr
    assert message in run.stderr
    assert "Nothing was imported." in run.stderr
    assert databases(instance) == []


def test_another_database_is_left_alone(instance: Path, folder: Path, tmp_path: Path) -> None:
    clinic = tmp_path / "clinic.sqlite3"
    with closing(sqlite3.connect(clinic)) as connection:
        connection.execute("CREATE TABLE visits_book (id INTEGER)")
    before = dump(clinic)
    run = flask(instance, "salon", "import", folder, "--database", clinic)
    assert run.returncode == 1
    assert "clinic.sqlite3 is not a salon's database. Name another file with --database." in run.stderr
    assert dump(clinic) == before


def test_other_data_do_not_mix_with_what_is_there(instance: Path, folder: Path, tmp_path: Path) -> None:
    database = tmp_path / "mine" / "one.sqlite3"
    assert flask(instance, "salon", "import", folder, "--database", database).returncode == 0
    assert sorted(path.suffix for path in database.parent.iterdir()) == [".csv", ".sqlite3", ".sqlite3"]
    with (folder / FILES["cancellations"]).open("a", encoding="ascii") as file:
        file.write("05/05/2018,CCC01,CUT,ANN,05/09/2018,ANN,4\n")
    before = dump(database)
    run = flask(instance, "salon", "import", folder, "--database", database)
    assert run.returncode == 1
    assert "one.sqlite3 holds other data" in run.stderr
    assert dump(database) == before


def test_a_file_that_is_no_database(instance: Path, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text.sqlite3").write_text("no database at all, but long enough to look like one" * 9)
    run = flask(instance, "salon", "import", folder, "--database", tmp_path / "text.sqlite3")
    assert (run.returncode, "file is not a database" in run.stderr) == (1, True)
    assert "Traceback" not in run.stderr


def crash_at(call: int, instance: Path, folder: Path) -> None:
    """Run an import that ends without a farewell, as in a power cut, right after one of its cancellations was written
    and before it was committed."""
    program = f"""
import os
from flask.cli import main
from flask_cancellations import Cancellations

cancel, calls = Cancellations.cancel, []

def crashing(self, command, actor):
    calls.append(command)
    done = cancel(self, command, actor)
    if len(calls) == {call}:
        os._exit(9)
    return done

Cancellations.cancel = crashing
main()
"""
    run = flask(instance, "salon", "import", folder, program=("-c", program, "--app", "clinic"))
    assert run.returncode == 9, run.stderr


def test_a_crash_in_the_middle_leaves_no_half_and_the_next_run_goes_on(instance: Path, folder: Path) -> None:
    crash_at(2, instance, folder)
    database = instance / "salon.sqlite3"
    assert len(query(database, "SELECT id FROM cancellations_cancellation")) == 1
    outcomes = Counter(row["outcome"] for row in query(database, "SELECT outcome FROM salon_ledger"))
    assert outcomes == {"imported": 1, "waiting": 3}

    run = flask(instance, "salon", "import", folder)
    assert run.returncode == 0, run.stderr
    assert "there from an earlier run: 1 rows, 0 in the replay with fees" in run.stdout
    assert run.stdout.splitlines()[-2:] == [FEES, TOTALS]
    assert len(query(database, "SELECT id FROM cancellations_cancellation")) == 3


def test_whose_first_fee_was_waived_is_known_after_a_crash(instance: Path, folder: Path) -> None:
    crash_at(4 + 2, instance, folder)  # the second of the replay with fees
    settled = query(instance / "salon-with-fee.sqlite3", "SELECT waived FROM cancellations_settlement")
    assert [row["waived"] for row in settled] == [FEE]
    run = flask(instance, "salon", "import", folder)
    assert run.stdout.splitlines()[-2:] == [FEES, TOTALS]
