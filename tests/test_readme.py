"""The README keeps its word: its configuration is short, loads as printed, and fits the models it names."""

from __future__ import annotations

import tomllib
from pathlib import Path

from flask_cancellations.settings import load

from .small_host import make_clinic, readme_toml

README = Path(__file__).parent.parent / "README.md"


def test_the_configuration_is_at_most_40_lines_and_loads_as_printed() -> None:
    text = readme_toml()
    assert len(text.splitlines()) <= 40
    settings = load(tomllib.loads(text))
    assert [policy.name for policy in settings.policies] == ["standard"]
    assert settings.rebook_url == "https://clinic.example/book"


def test_the_configuration_fits_the_models_it_names() -> None:
    clinic = make_clinic()
    with clinic.app.app_context():
        clinic.cancellations.validate()
        appointment = clinic.state.host.read(clinic.visit())
    assert appointment.client is not None
    assert (appointment.client.name, appointment.price, appointment.deposit) == ("Мария Петрова", 6000, 2000)


def test_it_is_short_and_every_link_leads_somewhere() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 150
    targets = [part.split(")")[0] for part in text.split("](")[1:]]
    missing = [target for target in targets if not target.startswith("http") and not (README.parent / target).exists()]
    assert missing == []
