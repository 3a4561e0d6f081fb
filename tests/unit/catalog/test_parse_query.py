"""What is remembered of query words changes no answer and stays within its bounds."""

from __future__ import annotations

import pytest

from app.catalog.errors import QueryError
from app.catalog.index import MAX_PARTS_READ, build_index
from app.catalog.parse_query import MAX_REMEMBERED_CHARS, parse_query
from app.catalog.query import Query
from app.catalog.remembered import Remembered
from tests.simulator import generate_catalog
from tests.unit.dialects.given import snapshot_of

SNAPSHOT = snapshot_of(generate_catalog(60))
PAIRS = (
    ("supports", "tools"),
    ("min_context", "1000"),
    ("max_prompt_price", "2.5"),
    ("sort", "-created"),
    ("limit", "7"),
)


def test_a_query_reads_the_same_the_second_time() -> None:
    index = build_index(SNAPSHOT)
    first = parse_query(PAIRS, index)
    assert parse_query(PAIRS, index) == first == parse_query(PAIRS, build_index(SNAPSHOT))
    assert first != Query()


def test_a_fault_is_found_again_each_time() -> None:
    index = build_index(SNAPSHOT)
    for _ in range(2):
        with pytest.raises(QueryError, match="limit: must be a whole number from 1 to 1000, got 'many'"):
            parse_query((*PAIRS[:4], ("limit", "many")), index)


def test_a_word_given_twice_is_not_the_word_given_once() -> None:
    index = build_index(SNAPSHOT)
    once = parse_query((("supports", "tools"),), index)
    twice = parse_query((("supports", "tools"), ("supports", "vision")), index)
    assert once.all_of["supports"] == (("tools",),)
    assert twice.all_of["supports"] == (("tools",), ("vision",))


def test_long_values_and_texts_are_not_remembered() -> None:
    index = build_index(SNAPSHOT)
    for value in ("tools," * MAX_REMEMBERED_CHARS).rstrip(","), "tools":
        parse_query((("supports", value), ("q", "claude"), ("ids", "a" * 150)), index)
    assert set(index.parts_read) == {("supports", "tools")}


def test_what_is_remembered_is_bounded() -> None:
    index = build_index(SNAPSHOT)
    for number in range(MAX_PARTS_READ + 10):
        parse_query((("min_context", str(number)),), index)
    assert 0 < len(index.parts_read) <= MAX_PARTS_READ


def test_a_full_memory_starts_anew() -> None:
    remembered: Remembered[str, int] = Remembered(2)
    assert [remembered.keep(name, number) for number, name in enumerate("abc")] == [0, 1, 2]
    assert remembered == {"c": 2}
