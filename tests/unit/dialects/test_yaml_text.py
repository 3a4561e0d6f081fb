"""YAML that every reader of YAML 1.1 reads as it was meant."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dialects.yaml_text import lines, quoted, scalar

WORDS = st.text(st.characters(codec="utf-8"))
SCALARS = WORDS | st.integers() | st.booleans() | st.none()
# A key of YAML has at most 1,024 characters, escapes included.
KEYS = st.sampled_from(["no", "on", "id", "model", "y", "null"]) | st.text(st.characters(codec="utf-8"), max_size=40)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, min_size=1))
def test_what_is_written_is_read_back(document: dict[str, Any]) -> None:
    assert yaml.safe_load("\n".join(lines(document))) == document


@settings(deadline=None)
@given(st.lists(st.dictionaries(KEYS, VALUES, min_size=1), min_size=1))
def test_a_list_of_mappings_is_read_back(items: list[dict[str, Any]]) -> None:
    assert yaml.safe_load("\n".join(lines({"model_list": items}))) == {"model_list": items}


@settings(deadline=None)
@given(WORDS)
def test_a_text_stays_one_line_of_ascii(text: str) -> None:
    assert quoted(text).isascii()
    assert "\n" not in quoted(text)
    assert yaml.safe_load(scalar(text)) == text


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=1000, places=23))
def test_a_price_is_a_float_with_every_digit(price: Decimal) -> None:
    assert Decimal(scalar(price)) == price
    assert yaml.safe_load(scalar(price)) == float(price)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.000003"), "3.0e-06"),
        (3e-06, "3.0e-06"),
        (Decimal(0), "0.0"),
        (Decimal(-600), "-6.0e+02"),
        (True, "true"),
        (None, "null"),
        ("openrouter/~acme/one:free", "openrouter/~acme/one:free"),
        ("no", '"no"'),
        ("1:30", '"1:30"'),
        ("2026-08-22", '"2026-08-22"'),
        ("a/b: c", '"a/b: c"'),
    ],
)
def test_known_traps_are_written_around(value: object, text: str) -> None:
    assert scalar(value) == text


def test_what_is_no_scalar_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes is no scalar"):
        scalar(b"")
