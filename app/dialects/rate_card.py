"""A price in OpenRouter's spelling, made from the price statement; for rows that upstream's own record does not fill.

Rates are plain decimal strings in USD per token, or per unit. A price that is no number per token reads "-1", as
OpenRouter writes what only the routed model decides: clients that multiply by it see nonsense rather than zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.catalog.codec import decimal_text
from app.catalog.price import Price, PriceOverride, PriceState

NO_NUMBER = "-1"


def rate_card(price: Price) -> dict[str, Any]:
    """Return `pricing` with `prompt` and `completion` always there, further rates and `overrides` where known."""
    card: dict[str, Any] = {"prompt": NO_NUMBER, "completion": NO_NUMBER}
    if price.state is PriceState.PER_UNIT:
        # A zero per token would read as free.
        return card | _texts({key: rate for key, rate in price.rates.items() if rate})
    card |= _texts(price.rates)
    if price.overrides:
        card["overrides"] = [_override(override) for override in price.overrides]
    return card


def _override(override: PriceOverride) -> dict[str, Any]:
    conditions = {
        "min_prompt_tokens": override.min_prompt_tokens,
        "utc_start": _clock_number(override.utc_start_minute),
        "utc_end": _clock_number(override.utc_end_minute),
        "utc_days": list(override.utc_days) or None,
    }
    return {**{name: value for name, value in conditions.items() if value is not None}, **_texts(override.rates)}


def _texts(rates: Mapping[str, Decimal]) -> dict[str, str]:
    return {key: decimal_text(rate) for key, rate in rates.items()}


def _clock_number(minute: int | None) -> int | None:
    """Return minutes since midnight as OpenRouter writes the clock: 1030 for 10:30."""
    return None if minute is None else minute // 60 * 100 + minute % 60
