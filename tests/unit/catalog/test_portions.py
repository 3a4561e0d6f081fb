"""Look-up tables in portions: they answer as one dictionary does."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from app.catalog.portions import PORTION_KEYS, Portions, in_portions


def test_a_large_table_in_portions_answers_as_it_did_whole() -> None:
    whole = {f"key {number}": number for number in range(2 * PORTION_KEYS + 5)}
    table = in_portions(whole)
    assert isinstance(table, Portions)
    assert (len(table), dict(table)) == (len(whole), whole)
    assert [table.get(f"key {number}") for number in (0, PORTION_KEYS, len(whole) - 1, len(whole))] == [
        0,
        PORTION_KEYS,
        len(whole) - 1,
        None,
    ]
    with pytest.raises(KeyError, match="nothing"):
        table["nothing"]


def test_a_small_table_stays_one_dictionary() -> None:
    table = in_portions({"one": 1})
    assert type(table) is MappingProxyType
    assert table == {"one": 1}
