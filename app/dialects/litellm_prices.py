"""A price as LiteLLM bills it: USD per token in flat keys, read by running LiteLLM 1.106.2.

* A row without cost keys bills 0 without a word, so a price that is no number has no keys, and whoever writes a
  row that LiteLLM bills by withholds it. Free is an explicit 0 for input and output.
* `..._above_32k_tokens` is read for any threshold, and exceeded strictly, as upstream means it. The prefixes are
  fixed: no other rate can have tiers.
* A flat rate that has no tiers there would bill long prompts too low where upstream raises it for them. It is left
  out when LiteLLM's own fallback bills the same (audio as prompt).
* `off_peak_pricing` replaces rates at hours of the day; it holds one set of rates, and wins over tiers.
* `image` and `request` are left out: upstream's rate for an image is at times one for a token, and LiteLLM has no
  fee per request of a chat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.catalog.price import MINUTES_PER_DAY, Price, PriceOverride, PriceState, tier_rates

RATE_KEYS: Mapping[str, str] = {
    "prompt": "input_cost_per_token",
    "completion": "output_cost_per_token",
    "input_cache_read": "cache_read_input_token_cost",
    "input_cache_write": "cache_creation_input_token_cost",
    "input_cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "internal_reasoning": "output_cost_per_reasoning_token",
    "audio": "input_cost_per_audio_token",
    "input_audio_cache": "cache_read_input_audio_token_cost",
    "audio_output": "output_cost_per_audio_token",
    "image_output": "output_cost_per_image_token",
}
"""LiteLLM's key for each of upstream's rates, USD per token in both."""
SEARCH_KEY = "search_context_cost_per_query"
SEARCH_SIZES = ("search_context_size_low", "search_context_size_medium", "search_context_size_high")
OFF_PEAK_KEY = "off_peak_pricing"
_TIERED = ("prompt", "completion", "input_cache_read", "input_cache_write", "input_cache_write_1h")
_OFF_PEAK = ("prompt", "completion", "input_cache_read", "input_cache_write", "internal_reasoning")
# What LiteLLM bills by where a rate has no key of its own.
_FALLBACK = {"audio": "prompt", "input_audio_cache": "input_cache_read", "internal_reasoning": "completion"}


def cost_keys(price: Price) -> dict[str, Any]:
    """Return the full rate card; empty when the price is no number per token, or input or output is unknown."""
    if price.state not in {PriceState.FREE, PriceState.PRICED}:
        return {}
    if price.prompt_usd_per_token is None or price.completion_usd_per_token is None:
        return {}
    tiers = tier_rates(price)
    keys: dict[str, Any] = {
        key: price.rates[name]
        for name, key in RATE_KEYS.items()
        if name in price.rates and not _is_better_left_out(name, price.rates, tiers)
    }
    for threshold, rates in tiers:
        for name in _TIERED:
            if any(name in override.rates for override in price.tiers) and name in rates:
                keys[f"{RATE_KEYS[name]}_above_{_threshold_text(threshold)}_tokens"] = rates[name]
    if search := price.rates.get("web_search"):
        keys[SEARCH_KEY] = dict.fromkeys(SEARCH_SIZES, search)
    if (off_peak := _off_peak(price)) is not None:
        keys[OFF_PEAK_KEY] = off_peak
    return keys


def why_no_keys(price: Price) -> str:
    """Return why a price has no cost keys, as a reason to withhold a row."""
    if price.state in {PriceState.FREE, PriceState.PRICED}:
        return "the price of input or of output is not known, and LiteLLM would bill it as 0"
    return f"the price is {price.state.value}, no number per token, and LiteLLM would bill it as 0"


def is_cost_key(key: str) -> bool:
    """Whether a key of a cost map is one that a rate card decides, also by leaving it out."""
    if key in _OWN_KEYS:
        return True
    base, above, threshold = key.rpartition("_above_")
    return bool(above) and base in _OWN_KEYS and threshold.endswith("_tokens")


_OWN_KEYS = frozenset({*RATE_KEYS.values(), SEARCH_KEY, OFF_PEAK_KEY, "tiered_pricing"})


def _is_better_left_out(
    name: str, base: Mapping[str, Decimal], tiers: Sequence[tuple[int, Mapping[str, Decimal]]]
) -> bool:
    fallback = _FALLBACK.get(name)
    if fallback is None or all(rates.get(name) == base[name] for _, rates in tiers):
        return False
    return all(rates.get(name) == rates.get(fallback) for rates in (base, *(rates for _, rates in tiers)))


def _threshold_text(tokens: int) -> str:
    return f"{tokens // 1_000}k" if tokens % 1_000 == 0 else str(tokens)


def _off_peak(price: Price) -> dict[str, Any] | None:
    """Return the hours with other rates; None when LiteLLM can't say them: the base rates hold all day then."""
    windows = price.windows
    if not windows or price.tiers or any(window.utc_days or window.min_prompt_tokens for window in windows):
        return None
    other = [window for window in windows if _changes(window, price.rates)]
    if not other or any(window.rates != other[0].rates for window in other) or _overlap(windows):
        return None
    if not other[0].rates.keys() <= set(_OFF_PEAK):
        return None
    hours = [f"{_clock(window.utc_start_minute)}-{_clock(window.utc_end_minute)}" for window in other]
    return {"hours_utc": hours, **{RATE_KEYS[name]: rate for name, rate in other[0].rates.items()}}


def _changes(window: PriceOverride, base: Mapping[str, Decimal]) -> bool:
    return any(base.get(name) != rate for name, rate in window.rates.items())


def _overlap(windows: Sequence[PriceOverride]) -> bool:
    return sum(len(minutes) for window in windows for minutes in window.minutes()) > len(
        {minute for window in windows for minutes in window.minutes() for minute in minutes}
    )


def _clock(minute: int | None) -> str:
    minute = (minute or 0) % MINUTES_PER_DAY
    return f"{minute // 60:02d}:{minute % 60:02d}"
