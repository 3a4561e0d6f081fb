"""A list document that is decoded in pieces is what it is when it is decoded whole, and no piece is long."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import orjson
import pytest

from app.gradual import at_once
from app.sources.document import records_of
from app.sources.pieces import MOST_BYTES, decode_in_pieces

RECORDS = [{"id": f"a/{number}", "name": "n" * 100} for number in range(600)]


def pieces_of(body: bytes) -> Generator[None, None, dict[str, Any] | None]:
    return decode_in_pieces(body, lambda record: record)


def joined(records: list[Any], after: bytes = b"") -> bytes:
    return b'{"data":' + orjson.dumps(records) + after + b"}"


@pytest.mark.parametrize(
    "body",
    [
        joined(RECORDS),
        joined(RECORDS[:1]),
        joined(RECORDS, b',"links":{"next":null},"total_count":600'),
        joined([*RECORDS, 7, None, "text", ["list"]]),
    ],
    ids=["long", "short", "more beside", "no objects"],
)
def test_the_pieces_are_the_whole(body: bytes) -> None:
    decoded = at_once(pieces_of(body))
    assert decoded == orjson.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        joined(RECORDS, b',"data":[{"id":"z/z"}]'),
        joined(RECORDS, rb',"d\u0061ta":[{"id":"z/z"}]'),
        joined(RECORDS)[:-20],
        joined([{"id": "a/b", "name": "n" * MOST_BYTES}, *RECORDS]),
        joined([{"id": "a/b"}, *({"name": "n" * 50, "id": f"a/{number}"} for number in range(9_000))]),
        joined([{**record, "of": [{"id": 1}, {"id": 2}]} for record in RECORDS]),
        b'{"other":1,' + joined(RECORDS)[1:],
    ],
    ids=["twice", "twice, escaped", "cut off", "one long record", "no seams", "seams within", "another shape"],
)
def test_what_cannot_be_cut_soundly_or_into_short_pieces_is_for_whoever_decodes_the_whole(body: bytes) -> None:
    assert at_once(pieces_of(body)) is None


def test_a_long_document_takes_many_steps() -> None:
    steps = sum(1 for _ in pieces_of(joined(RECORDS)))
    assert steps >= len(joined(RECORDS)) // 10_000


def test_of_two_lists_the_last_one_counts() -> None:
    records, _ = records_of(joined(RECORDS, b',"data":[{"id":"z/z"}]'))
    assert [record["id"] for record in records] == ["z/z"]
