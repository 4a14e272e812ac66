"""What the configuration names by text: the adapter and the source of the time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flask_cancellations.errors import ConfigError
from flask_cancellations.host import HostAdapter, clock_source, load_adapter


class Strict(HostAdapter):
    """Nobody may do anything on a Sunday."""


an_instance = Strict()


def half_past():
    return datetime(2026, 12, 2, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("named", [Strict, an_instance, f"{__name__}:Strict", f"{__name__}:an_instance"])
def test_an_adapter_may_be_a_class_an_instance_or_the_name_of_one(named):
    assert isinstance(load_adapter(named), Strict)


def test_without_an_adapter_there_is_the_default_one():
    assert type(load_adapter(None)) is HostAdapter


@pytest.mark.parametrize(
    ("named", "fault"),
    [
        (f"{__name__}:Strickt", "Did you mean 'Strict'?"),
        (f"{__name__}:half_past", "expected a subclass of HostAdapter"),
        ("tests.nowhere:Strict", "No module named 'tests.nowhere'"),
        (int, "expected a subclass of HostAdapter"),
    ],
)
def test_what_is_no_adapter_is_a_fault_of_the_configuration(named, fault):
    with pytest.raises(ConfigError, match="CANCELLATIONS_ADAPTER") as refused:
        load_adapter(named)
    assert fault in str(refused.value)


def test_the_time_comes_from_a_function_or_the_name_of_one():
    assert clock_source(half_past)() == half_past()
    assert clock_source(f"{__name__}:half_past")() == half_past()


def test_a_named_source_of_the_time_is_looked_for_when_the_time_is_asked_for():
    source = clock_source("tests.nowhere:now")
    with pytest.raises(ConfigError, match="CANCELLATIONS_CLOCK"):
        source()
