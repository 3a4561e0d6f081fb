"""JSON in pieces is the JSON that is written whole."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialects.native import ROWS_AT_ONCE, envelope
from app.dialects.pieces import MEMBERS_AT_ONCE, json_pieces, to_json

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text('a"\\é', max_size=3) | st.just(Decimal("0.10"))
LONG = MEMBERS_AT_ONCE * 2 + 3


REPEATED = st.tuples(SCALARS, st.integers(0, LONG)).map(lambda pair: [pair[0]] * pair[1])
NAMED = REPEATED.map(lambda some: {f"name {number}": member for number, member in enumerate(some)})


def _short(members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(members, max_size=3) | st.dictionaries(st.text("ab", max_size=2), members, max_size=3)


@given(st.recursive(SCALARS | REPEATED | NAMED, _short, max_leaves=4))
def test_the_pieces_joined_are_the_whole(value: Any) -> None:
    assert b"".join(json_pieces(value)) == to_json(value)


def test_a_long_list_deep_in_a_document_comes_in_pieces() -> None:
    rows = {f"acme/{number}": {"cost": Decimal("1E-7")} for number in range(LONG)}
    document = [{"id": "openrouter", "models": rows, "after": 1}, {"id": "other", "models": {}}]
    pieces = list(json_pieces(document))
    assert b"".join(pieces) == to_json(document)
    assert len(pieces) > LONG // MEMBERS_AT_ONCE


@pytest.mark.parametrize("count", [0, 1, ROWS_AT_ONCE, ROWS_AT_ONCE + 1, ROWS_AT_ONCE * 2])
def test_an_envelope_holds_every_row_once(count: int) -> None:
    rows = [b'{"id":%d}' % number for number in range(count)]
    assert b"".join(envelope(rows, {"total": count})) == b'{"models":[' + b",".join(rows) + b'],"total":%d}' % count
