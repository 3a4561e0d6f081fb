"""new-api's ratios, held to the rules of controller/ratio_sync.go as read in its source: Go can't be run here."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from app.dialects.dialect import findings, speak
from app.dialects.newapi import NEWAPI_PRICING, NEWAPI_RATIO_CONFIG, ratio_flaw
from tests.simulator import make_record
from tests.unit.dialects.given import context_of, priced

FREE = make_record("acme/free", pricing={"prompt": "0", "completion": "0"})
DEAR = priced(
    "acme/dear",
    prompt="0.000003",
    completion="0.000015",
    input_cache_read="0.0000003",
    input_cache_write="0.00000375",
)
BOTH = (NEWAPI_RATIO_CONFIG, NEWAPI_PRICING)


def test_the_tables_hold_halves_of_dollars_per_million_and_multiples() -> None:
    body = speak(NEWAPI_RATIO_CONFIG, context_of(DEAR, FREE)).body
    assert body is not None
    assert json.loads(body) == {
        "success": True,
        "message": "",
        "data": {
            "model_ratio": {"acme/dear": 1.5, "acme/free": 0},
            "completion_ratio": {"acme/dear": 5},
            "cache_ratio": {"acme/dear": 0.1},
            "create_cache_ratio": {"acme/dear": 1.25},
        },
    }


def test_the_list_says_the_same() -> None:
    body = speak(NEWAPI_PRICING, context_of(DEAR, FREE)).body
    assert body is not None
    assert json.loads(body)["data"] == [
        {
            "model_name": "acme/dear",
            "quota_type": 0,
            "model_ratio": 1.5,
            "completion_ratio": 5,
            "cache_ratio": 0.1,
            "create_cache_ratio": 1.25,
        },
        {"model_name": "acme/free", "quota_type": 0, "model_ratio": 0},
    ]


def test_a_quotient_without_an_end_has_thirty_digits() -> None:
    body = speak(NEWAPI_PRICING, context_of(priced(prompt="0.000003", completion="0.00001"))).body
    assert body is not None
    [row] = json.loads(body, parse_float=Decimal)["data"]
    assert row["completion_ratio"] == Decimal("3." + "3" * 29)


@pytest.mark.parametrize(
    ("pricing", "words"),
    [
        ({"prompt": "-1", "completion": "-1"}, "dynamic"),
        ({}, "unknown"),
        ({"prompt": "0", "completion": "0", "image": "0.04"}, "per_unit"),
        ({"prompt": "0.1"}, "not known"),
        ({"prompt": "0", "completion": "0.1"}, "input costs nothing"),
        ({"prompt": "0.1", "completion": "0." + "3" * 29}, "more than 28 digits"),
    ],
)
def test_a_price_that_ratios_cannot_say_is_withheld(pricing: dict[str, str], words: str) -> None:
    for dialect in BOTH:
        said = speak(dialect, context_of(DEAR, make_record("acme/x", pricing=pricing)))
        assert list(said.rows) == ["acme/dear"]
        assert words in said.withheld[0].reason


@pytest.mark.parametrize(
    "row",
    [
        None,
        {"model_ratio": 1, "completion_ratio": 1},
        {"model_name": "a/b"},
        {"model_name": "a/b", "model_ratio": "1", "completion_ratio": 1},
        {"model_name": "a/b", "model_ratio": -1, "completion_ratio": 1},
        {"model_name": "a/b", "model_ratio": 1},
        {"model_name": "a/b", "model_ratio": 1, "completion_ratio": None},
        {"model_name": "a/b", "completion_ratio": 1},
    ],
)
def test_what_new_api_would_misread_is_a_flaw(row: Any) -> None:
    assert ratio_flaw({"model_name": "a/b", "model_ratio": 0}) is None
    assert ratio_flaw(row) is not None


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"success": False, "data": {"model_ratio": {"a/b": 0}}},
        {"success": True, "data": {}},
        {"success": True, "data": {"model_ratio": {"a/b": 1}}},
        {"success": True, "data": {"model_ratio": {"a/b": 0}, "cache_ratio": {"a/c": 1}}},
    ],
)
def test_bad_tables_are_found_out(document: Any) -> None:
    assert findings(NEWAPI_RATIO_CONFIG, document)[1]


@pytest.mark.parametrize(
    "document",
    [[], {"success": True, "data": {}}, {"success": False, "data": [{"model_name": "a/b", "model_ratio": 0}]}],
)
def test_a_bad_list_is_found_out(document: Any) -> None:
    assert findings(NEWAPI_PRICING, document)[1]


def test_what_is_written_is_found_good() -> None:
    for dialect in BOTH:
        body = speak(dialect, context_of(DEAR, FREE)).body
        assert body is not None
        assert findings(dialect, json.loads(body)) == (2, ())
