"""How OpenRouter spells the values of a query: numbers, days, lists with commas."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

MAX_DAYS = 36_500
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{0,20})?(?:[eE][+-]?\d{1,2})?")
_WHOLE = re.compile(r"\d{1,12}")


class RefusedError(ValueError):
    """A parameter that can't be answered; the message names it, its value and the reason."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")


def whole(name: str, text: str, *, least: int, most: int = 10**12) -> int:
    """Return a whole number within bounds."""
    if not text.isascii() or not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        span = f"from {least}" if most == 10**12 else f"from {least} to {most}"
        raise RefusedError(name, f"must be a whole number {span}, got {text[:40]!r}")
    return int(text)


def number(name: str, text: str) -> Decimal:
    """Return a number that is not negative."""
    if not text.isascii() or not _NUMBER.fullmatch(text):
        raise RefusedError(name, f"must be a number from 0, got {text[:40]!r}")
    return Decimal(text)


def days(name: str, text: str) -> timedelta:
    """Return a span of whole days."""
    return timedelta(days=whole(name, text, least=0, most=MAX_DAYS))


def texts(text: str) -> frozenset[str]:
    """Return the words of a list with commas."""
    return frozenset(word.strip() for word in text.split(",") if word.strip())
