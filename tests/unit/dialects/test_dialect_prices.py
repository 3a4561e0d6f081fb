"""Prices agree across all dialects to the last digit; tests/real_data/test_dialect_prices.py asks real catalogs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.catalog.codec import decimal_text
from app.dialects.dialect import Dialect, speak
from app.dialects.table import DIALECTS
from tests.simulator import generate_catalog, make_record
from tests.unit.dialects.given import context_of
from tests.unit.dialects.ways_back import ALWAYS_TELLS_PRICES, WAYS_BACK, hold_prices

RATE = st.decimals(min_value=0, max_value=1, places=30).map(decimal_text) | st.sampled_from(
    ["0", "-1", "0.000003", "0.00000033333333333333334", "1e-7", "3E-22", "0." + "0" * 20 + "7" * 42]
)
NAMES = ("input_cache_read", "input_cache_write", "audio", "internal_reasoning", "image", "request", "web_search")
PRICING = st.fixed_dictionaries(
    {},
    optional={
        "prompt": RATE,
        "completion": RATE,
        **dict.fromkeys(NAMES, RATE),
        "overrides": st.just([{"min_prompt_tokens": 200_000, "prompt": "0.5", "completion": "0.7"}]),
    },
)


def test_every_dialect_has_a_way_back() -> None:
    assert {dialect.name for dialect in DIALECTS} == WAYS_BACK.keys()


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_price_of_a_generated_catalog_comes_back(dialect: Dialect) -> None:
    told = hold_prices(dialect, context_of(*generate_catalog(300, seed=11)))
    assert told > 300 or dialect.name not in ALWAYS_TELLS_PRICES


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@settings(deadline=None, max_examples=60)
@given(pricing=PRICING)
def test_any_price_comes_back_or_is_not_told(dialect: Dialect, pricing: dict[str, Any]) -> None:
    parameters = ["tools", "reasoning"]
    context = context_of(make_record("acme/one", pricing=pricing, supported_parameters=parameters))
    hold_prices(dialect, context)


def test_a_digit_that_a_float_would_lose_is_told_by_every_dialect() -> None:
    rate = Decimal("0.20000000000000000000001")
    context = context_of(make_record("acme/one", pricing={"prompt": "0.3", "completion": decimal_text(rate)}))
    for dialect in DIALECTS:
        if dialect.name in ALWAYS_TELLS_PRICES:
            body = speak(dialect, context).body
            assert body is not None
            assert WAYS_BACK[dialect.name](body, context)["acme/one"]["completion"] == rate, dialect.name
