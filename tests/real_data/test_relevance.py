"""How often the first hit is the model that was meant, on real catalogs: floors, and a table with the misses."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.catalog.index import Index, build_index
from app.catalog.merge import Ingredients, merge
from app.catalog.parse import parse_records
from app.catalog.query import Query
from app.catalog.select import select
from app.catalog.snapshot import Origin, Snapshot
from app.sources.core import CoreSource

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
KNOWN = SHARED / "search" / "queries.jsonl"
UNSEEN = ROOT / "tests" / "data" / "queries_unseen.jsonl"
KNOWN_DAY = "2026-08-22"
UNSEEN_DAYS = ("2024-11-10", "2025-06-11", "2026-01-16", "2026-07-17", "2026-08-08")
KNOWN_FLOOR = 0.99
UNSEEN_FLOOR = 0.97

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not KNOWN.exists(), reason=f"{KNOWN.name} is not beside the checkout"),
]


@cache
def _index(day: str, with_core: bool = False) -> Index:
    (path,) = (SHARED / "catalogs").glob(f"openrouter-{day}-*models.json.gz")
    records = json.loads(gzip.decompress(path.read_bytes()))["data"]
    now = datetime.fromisoformat(day).replace(tzinfo=UTC)
    core = CoreSource().read().models if with_core else ()
    contents = merge(
        parse_records(records),
        Ingredients(core=core),
        origin=Origin.UPSTREAM,
        last_good=None,
        last_seen_at=now,
        now=now,
    )
    return build_index(Snapshot(1, now, now, contents))


def _queries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _measure(index: Index, queries: Sequence[dict[str, Any]], title: str) -> tuple[int, int]:
    """Return how many queries have a right first hit, and one among the first five; print a table."""
    first = five = 0
    misses = []
    for query in queries:
        selection = select(index, Query(q=query["q"], limit=5))
        ids = [index.models[place].id for place in selection.places]
        right = [any(fnmatchcase(model_id, glob) for glob in query["first"]) for model_id in ids]
        meant = query.get("five", query["first"])
        first += any(right[:1])
        five += any(fnmatchcase(model_id, glob) for model_id in ids for glob in meant)
        if not any(right[:1]):
            misses.append(
                f"    {query['q']!r}: wanted {' or '.join(query['first'])}, got {', '.join(ids) or 'nothing'}"
            )
    print(f"{title:<24} {len(queries):>4} queries   first {first / len(queries):.3f}   five {five / len(queries):.3f}")
    print("\n".join(misses))
    return first, five


@pytest.mark.parametrize("with_core", [False, True])
def test_the_known_queries_find_what_they_mean(with_core: bool) -> None:
    queries = _queries(KNOWN)
    first, five = _measure(_index(KNOWN_DAY, with_core), queries, f"{KNOWN_DAY}{' with core' if with_core else ''}")
    assert first >= KNOWN_FLOOR * len(queries)
    assert five == len(queries)


def test_the_second_set_finds_what_it_means() -> None:
    queries = _queries(UNSEEN)
    assert {query["catalog"] for query in queries} == set(UNSEEN_DAYS)
    first = five = 0
    for day in UNSEEN_DAYS:
        of_day = [query for query in queries if query["catalog"] == day]
        more_first, more_five = _measure(_index(day), of_day, day)
        first, five = first + more_first, five + more_five
    assert len(queries) >= 120
    assert first >= UNSEEN_FLOOR * len(queries)
    assert five == len(queries)


@pytest.mark.parametrize("day", [*UNSEEN_DAYS, KNOWN_DAY])
def test_every_id_and_every_name_finds_its_own_model_first(day: str) -> None:
    """Two models of the same name may stand in for each other; an id stands for its own model only."""
    index = _index(day)
    astray = []
    for model in index.models:
        for text in (model.id, model.name, model.name.partition(": ")[2] or model.name):
            selection = select(index, Query(q=text, limit=5))
            found = index.models[selection.places[0]]
            if found.id != model.id and (text == model.id or selection.hits[selection.places[0]].score < 1):
                astray.append((text, model.id, found.id))
    assert astray == []
