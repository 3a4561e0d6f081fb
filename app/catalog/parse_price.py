"""Read a record's `pricing` into a `Price`.

`pricing` is an object of decimal strings, with two traps among them: `overrides`, a list of objects, and
`discount`, a number. New keys appear every few months; one that holds a decimal string is a rate, anything
else is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from app.catalog.errors import RecordError
from app.catalog.price import NO_RATES, UNIT_OF_RATE, UNKNOWN_PRICE, Price, PriceOverride, PriceState, state_of

# The dearest ever seen is 6e-4 USD per token; anything above 1 is a slip of units, not a price.
MAX_USD_PER_TOKEN = Decimal(1)
MAX_USD_PER_UNIT = Decimal(1_000)
MAX_PRICE_CHARS = 64
DYNAMIC = Decimal(-1)
_NOT_RATES = frozenset({"overrides", "discount"})
_CONDITIONS = frozenset({"min_prompt_tokens", "utc_start", "utc_end", "utc_days"})


def parse_price(model_id: str, pricing: object, *, is_free_variant: bool, makes_only_text: bool) -> Price:
    """Return the price statement; unknown when there is no pricing at all.

    Raises RecordError for a rate that is no decimal, negative (but for -1) or beyond any sense.
    """
    if pricing is None:
        return UNKNOWN_PRICE
    if not isinstance(pricing, dict):
        raise RecordError(model_id, "pricing must be an object")
    rates = _rates(model_id, pricing, _NOT_RATES)
    overrides = _overrides(model_id, pricing.get("overrides"))
    state = state_of(rates, overrides, is_free_variant=is_free_variant, makes_only_text=makes_only_text)
    if state in {PriceState.DYNAMIC, PriceState.UNKNOWN}:
        return Price(state)
    return Price(state, rates, overrides)


def _rates(model_id: str, pricing: Mapping[str, Any], left_out: frozenset[str]) -> Mapping[str, Decimal]:
    """Return the rates; a zero says "not applicable" for all but prompt and completion, so it is dropped."""
    rates: dict[str, Decimal] = {}
    for key, value in pricing.items():
        if key in left_out or value is None:
            continue
        if isinstance(value, dict | list | bool):
            if key in {"prompt", "completion"}:
                raise RecordError(model_id, f"pricing.{key} must be a decimal string")
            continue
        rate = _rate(model_id, key, value)
        if rate or key in {"prompt", "completion"}:
            rates[key] = rate
    return MappingProxyType(rates) if rates else NO_RATES


def _rate(model_id: str, key: str, value: object) -> Decimal:
    text = str(value)
    try:
        rate = Decimal(text) if len(text) <= MAX_PRICE_CHARS else None
    except InvalidOperation:
        rate = None
    if rate is None or not rate.is_finite():
        raise RecordError(model_id, f"pricing.{key} must be a decimal number, got {text[:40]!r}")
    limit = MAX_USD_PER_UNIT if key in UNIT_OF_RATE else MAX_USD_PER_TOKEN
    if rate != DYNAMIC and not 0 <= rate <= limit:
        raise RecordError(model_id, f"pricing.{key} must be -1 or from 0 to {limit} USD, got {text[:40]}")
    return rate or Decimal(0)


def _overrides(model_id: str, value: object) -> tuple[PriceOverride, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise RecordError(model_id, "pricing.overrides must be a list of objects")
    return tuple(_override(model_id, entry) for entry in value)


def _override(model_id: str, entry: Mapping[str, Any]) -> PriceOverride:
    days = entry.get("utc_days") or []
    if not isinstance(days, list) or not all(isinstance(day, str) for day in days):
        raise RecordError(model_id, "pricing.overrides[].utc_days must be a list of weekday names")
    return PriceOverride(
        rates=_rates(model_id, entry, _CONDITIONS),
        min_prompt_tokens=_whole(model_id, entry, "min_prompt_tokens", 10**9),
        utc_start_minute=_minute(model_id, entry, "utc_start"),
        utc_end_minute=_minute(model_id, entry, "utc_end"),
        utc_days=tuple(day.lower()[:16] for day in days),
    )


def _whole(model_id: str, entry: Mapping[str, Any], key: str, limit: int) -> int | None:
    value = entry.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or not 0 <= value <= limit:
        raise RecordError(model_id, f"pricing.overrides[].{key} must be a whole number, got {value!r:.40}")
    return int(value)


def _minute(model_id: str, entry: Mapping[str, Any], key: str) -> int | None:
    """Return minutes since midnight UTC; upstream writes the clock as a number, 1030 for 10:30."""
    clock = _whole(model_id, entry, key, 2400)
    if clock is None:
        return None
    hours, minutes = divmod(clock, 100)
    if minutes > 59:
        raise RecordError(model_id, f"pricing.overrides[].{key} must be a clock as HHMM, got {clock}")
    return hours * 60 + minutes
