"""Prices as people read them: short, and never rounded where four digits say it all."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.dialects.dropdown import usd_text


@pytest.mark.parametrize(
    ("usd_per_million", "shown"),
    [
        ("2.5", "$2.50"),
        ("1.875", "$1.875"),
        ("3.564", "$3.564"),
        ("0.447528", "$0.4475"),
        ("0.075", "$0.075"),
        ("15", "$15.00"),
        ("180", "$180"),
        ("1188.125", "$1188.12"),
        ("0", "$0.00"),
    ],
)
def test_a_price_keeps_four_digits(usd_per_million: str, shown: str) -> None:
    assert usd_text(Decimal(usd_per_million).scaleb(-6)) == shown


def test_no_price_is_no_text() -> None:
    assert usd_text(None) is None
