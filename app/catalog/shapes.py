"""Readers of plain JSON values, each of one shape: what has another raises TypeError or ValueError.

JSON has no types to rely on, and Python is generous: `int("5")`, `Decimal(True)`, `tuple("abc")` and a moment without
a zone are all accepted, and fail much later, in the middle of an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeVar

T = TypeVar("T")


def text(plain: Any) -> str:
    """Return a string."""
    if not isinstance(plain, str):
        raise TypeError(f"{type(plain).__name__} where text is expected")
    return plain


def whole(plain: Any) -> int:
    """Return a whole number that is not below zero; true is none."""
    if not isinstance(plain, int) or isinstance(plain, bool):
        raise TypeError(f"{type(plain).__name__} where a whole number is expected")
    if plain < 0:
        raise ValueError(f"{plain} is below zero")
    return plain


def truth(plain: Any) -> bool:
    """Return true or false."""
    if not isinstance(plain, bool):
        raise TypeError(f"{type(plain).__name__} where true or false is expected")
    return plain


def or_none(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """Return a reader that lets null pass, too."""
    return lambda plain: None if plain is None else read(plain)


def entries(read: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    """Return a reader of lists whose entries have a shape."""

    def read_all(plain: Any) -> tuple[T, ...]:
        if not isinstance(plain, list):
            raise TypeError(f"{type(plain).__name__} where a list is expected")
        return tuple(map(read, plain))

    return read_all


def members(read: Callable[[Any], T]) -> Callable[[Any], Mapping[str, T]]:
    """Return a reader of objects whose values have a shape."""

    def read_all(plain: Any) -> Mapping[str, T]:
        if not isinstance(plain, dict):
            raise TypeError(f"{type(plain).__name__} where an object is expected")
        return MappingProxyType({key: read(value) for key, value in plain.items()})

    return read_all


def moment(plain: Any) -> datetime:
    """Return a moment that has a zone."""
    read = datetime.fromisoformat(text(plain))
    if read.tzinfo is None:
        raise ValueError("a moment without a zone")
    return read


def day(plain: Any) -> date:
    """Return a date."""
    return date.fromisoformat(text(plain))


def rate(plain: Any) -> Decimal:
    """Return a price in USD per token or unit."""
    read = Decimal(text(plain))
    if not read.is_finite() or read < 0:
        raise ValueError("a rate must be a number from zero")
    return read
