"""Prices as LiteLLM bills them: exact, whole, and never 0 where nothing is known."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.catalog.codec import decimal_text
from app.dialects.litellm_prices import OFF_PEAK_KEY, RATE_KEYS, SEARCH_KEY, cost_keys, is_cost_key
from app.dialects.pieces import to_json
from tests.unit.dialects.given import priced, snapshot_of

RATES = st.decimals(min_value=0, max_value=Decimal("0.01"), places=23).filter(bool)


def keys_of(**pricing: Any) -> dict[str, Any]:
    [model] = snapshot_of([priced(**pricing)]).models
    return cost_keys(model.price)


def test_the_whole_rate_card_stands_under_litellms_keys() -> None:
    rates = {name: f"0.00000{number + 1}" for number, name in enumerate(RATE_KEYS)}
    assert keys_of(**rates) == {RATE_KEYS[name]: Decimal(rate) for name, rate in rates.items()}


@settings(deadline=None)
@given(rates=st.dictionaries(st.sampled_from(sorted(RATE_KEYS)), RATES), prompt=RATES, completion=RATES)
def test_every_price_comes_back_to_the_last_digit(
    rates: dict[str, Decimal], prompt: Decimal, completion: Decimal
) -> None:
    given_rates = {**rates, "prompt": prompt, "completion": completion}
    written = to_json(keys_of(**{name: decimal_text(rate) for name, rate in given_rates.items()}))
    read = json.loads(written, parse_float=Decimal)
    assert {name: read[RATE_KEYS[name]] for name in given_rates} == given_rates


@pytest.mark.parametrize(
    "pricing",
    [
        {"prompt": "-1", "completion": "-1"},
        {"prompt": "0", "completion": "0", "image": "0.04"},
        {"prompt": "0", "completion": "0", "request": "0.01"},
        {"prompt": None, "completion": None},
        {"prompt": "0.000001", "completion": None},
        {"prompt": None, "completion": "0.000001"},
    ],
)
def test_a_price_that_is_no_number_for_both_has_no_keys(pricing: dict[str, Any]) -> None:
    assert keys_of(**pricing) == {}


def test_free_is_zero_for_both_and_nothing_else() -> None:
    assert keys_of(prompt="0", completion="0") == {"input_cost_per_token": 0, "output_cost_per_token": 0}


def test_a_tier_says_its_threshold_in_the_key() -> None:
    tiers = [
        {"min_prompt_tokens": 32_000, "prompt": "0.000002", "completion": "0.000003"},
        {"min_prompt_tokens": 200_500, "prompt": "0.000004"},
    ]
    keys = keys_of(input_cache_write_1h="0.000009", overrides=tiers)
    assert keys == {
        "input_cost_per_token": Decimal("0.000001"),
        "output_cost_per_token": Decimal("0.000002"),
        "cache_creation_input_token_cost_above_1hr": Decimal("0.000009"),
        "input_cost_per_token_above_32k_tokens": Decimal("0.000002"),
        "output_cost_per_token_above_32k_tokens": Decimal("0.000003"),
        "input_cost_per_token_above_200500_tokens": Decimal("0.000004"),
        "output_cost_per_token_above_200500_tokens": Decimal("0.000003"),
    }


def test_of_two_tiers_that_hold_the_later_one_wins_whatever_their_order() -> None:
    tiers = [{"min_prompt_tokens": 200_000, "prompt": "0.000004"}, {"min_prompt_tokens": 32_000, "prompt": "0.000002"}]
    keys = keys_of(overrides=tiers)
    assert keys["input_cost_per_token_above_32k_tokens"] == Decimal("0.000002")
    assert keys["input_cost_per_token_above_200k_tokens"] == Decimal("0.000002")


def test_a_rate_that_tiers_raise_is_left_out_where_litellms_fallback_bills_the_same() -> None:
    same = [{"min_prompt_tokens": 200_000, "prompt": "0.000004", "audio": "0.000004"}]
    assert "input_cost_per_audio_token" not in keys_of(audio="0.000001", overrides=same)
    other = [{"min_prompt_tokens": 200_000, "prompt": "0.000004", "audio": "0.000005"}]
    assert keys_of(audio="0.000001", overrides=other)["input_cost_per_audio_token"] == Decimal("0.000001")
    assert keys_of(audio="0.000001")["input_cost_per_audio_token"] == Decimal("0.000001")


def test_a_search_costs_the_same_in_every_size() -> None:
    assert set(keys_of(web_search="0.01")[SEARCH_KEY].values()) == {Decimal("0.01")}


def windows(*hours: tuple[int, int, str], **more: Any) -> list[dict[str, Any]]:
    return [{"utc_start": start, "utc_end": end, "prompt": rate, **more} for start, end, rate in hours]


def test_hours_with_one_other_price_are_told_and_the_base_is_the_dearest() -> None:
    day = windows((1000, 100, "0.0000005"), (100, 400, "0.000001"), (400, 600, "0.0000005"), (600, 1000, "0.000001"))
    assert keys_of(overrides=day)[OFF_PEAK_KEY] == {
        "hours_utc": ["10:00-01:00", "04:00-06:00"],
        "input_cost_per_token": Decimal("0.0000005"),
    }


@pytest.mark.parametrize(
    "overrides",
    [
        windows((0, 800, "0.0000005"), (800, 900, "0.0000004")),
        windows((0, 800, "0.0000005"), (700, 900, "0.0000005")),
        windows((0, 800, "0.0000005"), utc_days=["monday"]),
        windows((0, 800, "0.0000005"), min_prompt_tokens=1_000),
        windows((0, 800, "0.0000005"), audio="0.000001"),
        [*windows((0, 800, "0.0000005")), {"min_prompt_tokens": 1_000, "prompt": "0.000003"}],
        windows((0, 800, "0.000001")),
    ],
)
def test_hours_that_litellm_can_not_say_are_not_told(overrides: list[dict[str, Any]]) -> None:
    keys = keys_of(overrides=overrides)
    assert OFF_PEAK_KEY not in keys
    assert keys["input_cost_per_token"] == Decimal("0.000001")


@pytest.mark.parametrize(
    ("key", "is_ours"),
    [
        ("input_cost_per_token", True),
        ("input_cost_per_token_above_128k_tokens", True),
        ("cache_creation_input_token_cost_above_1hr_above_200k_tokens", True),
        ("tiered_pricing", True),
        ("input_cost_per_token_batches", False),
        ("output_cost_per_second", False),
        ("supports_vision", False),
    ],
)
def test_the_rate_card_decides_its_own_keys_and_no_others(key: str, *, is_ours: bool) -> None:
    assert is_cost_key(key) is is_ours
