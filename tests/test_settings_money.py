"""The settings about money: percentages, waiting times, the seller's data; each fault where it is."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from flask_cancellations.clock import DAY, HOUR
from flask_cancellations.errors import ConfigError
from flask_cancellations.settings import Settings, load

from .small_host import readme_toml

SELLER = {"number": "BG1", "name": "Sunny Ltd", "address": "1 Main Street", "series": "CN-"}


def loaded(**keys: Any) -> Settings:
    return load({**tomllib.loads(readme_toml()), **{f"CANCELLATIONS_{name}": value for name, value in keys.items()}})


def faults(**keys: Any) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        loaded(**keys)
    return [str(fault) for fault in refused.value.faults]


def test_by_default_fees_are_charged_at_once_and_nothing_is_taxed_or_expires() -> None:
    settings = loaded()
    assert (settings.pending, settings.refilled_fee, settings.credit_expires, settings.owing) == (0, 0, None, "ignore")
    assert (settings.vat.fee, settings.vat.kept, settings.vat.credit, settings.vat.complete) == (0, 0, 0, False)


def test_what_is_configured_is_read() -> None:
    settings = loaded(
        PENDING="24h",
        REFILLED_FEE="30%",
        CREDIT_EXPIRES="365d",
        OWING="block",
        VAT={"fee": "20%", "kept": "5.5%", "credit": "0%", **SELLER},
    )
    assert (settings.pending, settings.refilled_fee, settings.credit_expires) == (24 * HOUR, 30, 365 * DAY)
    assert (settings.vat.fee, settings.vat.kept, settings.vat.credit, settings.vat.complete) == (2000, 550, 0, True)


@pytest.mark.parametrize("rate", ["20", 20, "-1%", "100.01%", "5.555%", "x%", "nan%"])
def test_a_rate_that_is_none_is_told_where_it_is(rate: Any) -> None:
    (fault,) = faults(VAT={"fee": rate})
    assert fault.startswith("CANCELLATIONS_VAT.fee: found ")
    assert "expected a percentage from '0%' to '100%'" in fault


@pytest.mark.parametrize("given", list(SELLER))
def test_a_tax_document_needs_all_of_the_sellers_data(given: str) -> None:
    found = faults(VAT={given: SELLER[given]})
    assert [fault.partition(":")[0] for fault in found] == [
        f"CANCELLATIONS_VAT.{name}" for name in SELLER if name != given
    ]


def test_the_other_faults() -> None:
    assert faults(REFILLED_FEE="33.3%")[0].startswith("CANCELLATIONS_REFILLED_FEE: found '33.3%'")
    assert faults(OWING="blok") == [
        "CANCELLATIONS_OWING: found 'blok', expected one of 'ignore', 'warn', 'block'. Did you mean 'block'?"
    ]
    assert faults(CREDIT_EXPIRES="0d")[0].startswith("CANCELLATIONS_CREDIT_EXPIRES")
    assert faults(VAT={"fees": "20%"})[0].startswith("CANCELLATIONS_VAT.fees: found an unknown key")
