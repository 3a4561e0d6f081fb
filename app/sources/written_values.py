"""Values as people write them by hand: each validator takes one and returns it in its own type.

A validator that refuses says in one sentence what the value is and what it may be. Null is refused everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from app.catalog.identity import ID_MAX_CHARS, is_id
from app.sources.local_file import FieldError, did_you_mean, shown

RATES = (
    "prompt",
    "completion",
    "input_cache_read",
    "input_cache_write",
    "input_cache_write_1h",
    "input_audio_cache",
    "internal_reasoning",
    "audio",
    "audio_output",
    "image_token",
    "image_output",
)
MAX_USD_PER_MILLION_TOKENS = 1_000_000
# With seven digits before the point this stays below the 28 digits that decimal arithmetic keeps exact.
MAX_PRICE_DECIMALS = 18
MAX_WORDS = 100
EARLIEST_YEAR = 2000
VISIBLE = re.compile(r"[!-~]{1,200}")
_PLAIN_NUMBER = re.compile(r"[0-9]{1,7}(\.[0-9]{1,40})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def whole_number(least: int, most: int) -> Callable[[Any], int]:
    """Return a validator for whole numbers between two bounds, both allowed."""

    def validate(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise FieldError(f"{shown(value)} is not a whole number from {least} to {most}")
        return value

    return validate


def matching(pattern: re.Pattern[str], wanted: str) -> Callable[[Any], str]:
    """Return a validator for texts that match as a whole."""

    def validate(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise FieldError(f"{shown(value)} is not {wanted}")
        return value

    return validate


def cleaned(clean: Callable[[str], str | None], most: int) -> Callable[[Any], str]:
    """Return a validator for texts that people read: made harmless, never empty, bounded."""

    def validate(value: Any) -> str:
        text = clean(value) if isinstance(value, str) and len(value) <= most else None
        if not text:
            raise FieldError(f"{shown(value)} is not a text of 1 to {most} characters")
        return text

    return validate


def words(validate_word: Callable[[Any], str]) -> Callable[[Any], tuple[str, ...]]:
    """Return a validator for lists of words, none of them twice."""

    def validate(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > MAX_WORDS:
            raise FieldError(f"{shown(value)} is not a list of at most {MAX_WORDS} words")
        found = tuple(validate_word(word) for word in value)
        for place, word in enumerate(found):
            if word in found[:place]:
                raise FieldError(f"{shown(word)} stands twice")
        return found

    return validate


def one_of(allowed: Sequence[str]) -> Callable[[Any], str]:
    """Return a validator for the words of a closed set."""

    def validate(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise FieldError(f"{shown(value)} is not one of {', '.join(allowed)}{_nearest(value, allowed)}")
        return value

    return validate


def _nearest(value: object, allowed: Sequence[str]) -> str:
    found = did_you_mean(value, list(allowed))
    return found if found.startswith("; did") else ""


def some_of(allowed: Sequence[str]) -> Callable[[Any], tuple[str, ...]]:
    """Return a validator for lists of words of a closed set; the set's order is the result's."""
    validate_words = words(one_of(allowed))

    def validate(value: Any) -> tuple[str, ...]:
        return tuple(sorted(validate_words(value), key=allowed.index))

    return validate


def schema_one(value: Any) -> int:
    """Validate the number of the file's shape."""
    if isinstance(value, bool) or value != 1:
        raise FieldError(f"{shown(value)} is not 1, the only schema that this version reads")
    return 1


def model_id(value: Any) -> str:
    """Validate the id of a model."""
    if not isinstance(value, str) or not is_id(value):
        raise FieldError(
            f"{shown(value)} is not a model id: author/slug in lower case, at most {ID_MAX_CHARS} characters, "
            "e.g. openai/gpt-4o"
        )
    return value


def day(value: Any) -> date:
    """Validate a date, written as a TOML date or as YYYY-MM-DD."""
    found: date | None = None
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            found = date.fromisoformat(value)
        except ValueError:
            found = None
    elif isinstance(value, date) and not isinstance(value, datetime):
        found = value
    if found is None or found.year < EARLIEST_YEAR:
        raise FieldError(f"{shown(value)} is not a date as YYYY-MM-DD, from {EARLIEST_YEAR} on")
    return found


def http_url(value: Any) -> str:
    """Validate a base URL; the message never repeats it, because it may hold a password."""
    try:
        parts = urlsplit(value) if isinstance(value, str) and VISIBLE.fullmatch(value) else None
        has_host = parts is not None and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        parts, has_host = None, False
    if parts is None or not has_host or parts.scheme not in {"http", "https"} or set("@?#") & set(value):
        raise FieldError(
            "is not an http(s) URL without user, password, query and fragment, e.g. https://llm.example.com/v1"
        )
    return str(value).rstrip("/")


def usd_per_million(value: Any) -> Decimal:
    """Validate a price in USD per million tokens and return it per token, exactly."""
    number: Decimal | None = None
    if isinstance(value, Decimal):
        number = value
    elif (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_USD_PER_MILLION_TOKENS) or (
        isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value)
    ):
        number = Decimal(value)
    if (
        number is None
        or not number.is_finite()
        or number.is_signed()
        or number > MAX_USD_PER_MILLION_TOKENS
        or (number and -int(number.as_tuple().exponent) > MAX_PRICE_DECIMALS)
    ):
        raise FieldError(
            f"{shown(value)} is not a number from 0 to {MAX_USD_PER_MILLION_TOKENS} "
            f"with at most {MAX_PRICE_DECIMALS} decimals"
        )
    return number.scaleb(-6).normalize() if number else Decimal(0)


def rates(value: Any) -> Mapping[str, Decimal]:
    """Validate a rate card in USD per million tokens and return it per token.

    A zero means "not charged"; only prompt and completion keep theirs.
    """
    if not isinstance(value, dict):
        raise FieldError(f"{shown(value)} is not a table of prices")
    found: dict[str, Decimal] = {}
    for name, amount in value.items():
        if name not in RATES:
            raise FieldError(f"unknown key{did_you_mean(name, list(RATES))}", at=name)
        try:
            found[name] = usd_per_million(amount)
        except FieldError as fault:
            raise FieldError(str(fault), at=name) from None
    for name in ("prompt", "completion"):
        if name not in found:
            raise FieldError('is missing; write "0" when it is not charged', at=name)
    return MappingProxyType({name: rate for name, rate in found.items() if rate or name in {"prompt", "completion"}})
