"""What a user gets who installs the package: everything it needs at run time, nothing of ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

PROJECT = Path(__file__).resolve().parent.parent
LOCALES = sorted(path.parent.parent.name for path in PROJECT.glob("translations/*/LC_MESSAGES/*.po"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel that pip builds from this folder, opened."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(PROJECT)], check=True)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_holds_every_file_of_the_package(wheel):
    package = PROJECT / "flask_cancellations"
    wanted = {
        path.relative_to(PROJECT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".mo"
    }
    assert "flask_cancellations/py.typed" in wanted
    assert any(name.startswith("flask_cancellations/templates/cancellations/") for name in wanted)
    assert any(name.startswith("flask_cancellations/static/cancellations/") for name in wanted)
    assert wanted - set(wheel.namelist()) == set()


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert tops == {"flask_cancellations", "flask_cancellations-0.1.0.dist-info"}


@pytest.mark.parametrize("locale", LOCALES)
def test_the_wheel_speaks_every_language(wheel, locale):
    source = PROJECT / "translations" / locale / "LC_MESSAGES" / "flask_cancellations.po"
    with source.open("rb") as file:
        written = read_po(file, locale=locale)
    name = f"flask_cancellations/translations/{locale}/LC_MESSAGES/flask_cancellations.mo"
    spoken = GNUTranslations(BytesIO(wheel.read(name)))
    translated = [message for message in written if message.id and message.string and all(message.string)]
    assert translated
    for message in translated:
        if isinstance(message.id, str):
            said = spoken.pgettext(message.context, message.id) if message.context else spoken.gettext(message.id)
            wanted = message.string
        else:
            one, many = message.id
            said = spoken.npgettext(message.context, one, many, 1) if message.context else spoken.ngettext(one, many, 1)
            wanted = (message.string or "")[0]
        assert said == wanted


@pytest.fixture
def checkout(tmp_path):
    """A copy of what a build needs, so that this project's own compiled catalogues play no part."""
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, tmp_path)
    for name in ("flask_cancellations", "translations"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.mo", "__pycache__"))
    return tmp_path


def build_editable(folder):
    """Build as `pip install --editable` does, and return the names in the wheel that pip would unpack."""
    code = "import hatchling.build; print(hatchling.build.build_editable('dist'))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    with zipfile.ZipFile(folder / "dist" / done.stdout.split()[-1]) as archive:
        return archive.namelist()


def test_an_editable_install_compiles_the_catalogues_where_their_sources_are(checkout):
    names = build_editable(checkout)
    compiled = checkout.glob("translations/*/LC_MESSAGES/flask_cancellations.mo")
    assert sorted(path.parent.parent.name for path in compiled) == LOCALES
    assert [name for name in names if name.endswith((".mo", ".py"))] == []


def test_a_tree_without_any_language_builds(checkout):
    for locale in LOCALES:
        shutil.rmtree(checkout / "translations" / locale)
    assert "flask_cancellations.pth" in "".join(build_editable(checkout))


def test_requirements_are_lower_bounds_and_pins_have_no_addresses():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert [text for text in project["dependencies"] if ">=" not in text or "," in text or "<" in text] == []
    for path in (PROJECT / "requirements").glob("*.txt"):
        lines = [line for line in path.read_text().splitlines() if not line.startswith(("#", "-r "))]
        assert lines
        assert [line for line in lines if line.count("==") != 1 or "/" in line or " " in line] == []
