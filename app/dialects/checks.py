"""What a strict parser asks of a single value, whether we wrote it (`Decimal`) or read it from JSON (`float`)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def is_price(value: Any) -> bool:
    """Whether a value is a number that can be a price: from 0, neither text nor null."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and 0 <= value < 10**9


def is_whole(value: Any, *, least: int = 0) -> bool:
    """Whether a value is a whole number that fits 64 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**63


def is_text(value: Any) -> bool:
    """Whether a value is a string with something in it."""
    return isinstance(value, str) and bool(value.strip())


def are_texts(value: Any) -> bool:
    """Whether a value is a list of strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def shown(value: Any) -> str:
    """Return a value as an error message shows it."""
    return repr(value)[:60]


def name_in(row: Any, key: str) -> str:
    """Return what a row is called in a report, whatever it is."""
    return str(row.get(key)) if isinstance(row, dict) else shown(row)
