"""Real catalogs: every record is read, and forty days replay with the counts of a plain recount."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.catalog.diff import Diff, diff
from app.catalog.guard import GuardLimits, judge
from app.catalog.merge import Ingredients, merge
from app.catalog.parse import parse_records
from app.catalog.snapshot import Origin, Snapshot
from tests.real_data.catalogs import ABSENT, days, read, series

pytestmark = [pytest.mark.real_data, ABSENT]
START = datetime(2026, 6, 24, 9, tzinfo=UTC)
TOLERANCE = Decimal("1e-8")


@pytest.mark.parametrize("path", [*days(), *series()], ids=lambda path: path.name[:40])
def test_every_record_of_a_real_catalog_is_read(path: Path) -> None:
    records = read(path)
    parsed = parse_records(records)
    assert parsed.quarantined == ()
    assert [model.id for model in parsed.models] == [record["id"] for record in records]


def snapshot_of(records: Sequence[Mapping[str, Any]], last_good: Snapshot | None, day: int) -> Snapshot:
    now = START + timedelta(days=day)
    contents = merge(
        parse_records(records),
        Ingredients(),
        origin=Origin.UPSTREAM,
        last_good=last_good,
        last_seen_at=now - timedelta(days=1),
        now=now,
    )
    return Snapshot(day + 1, now, now, contents)


def changes(before: Snapshot, after: Snapshot) -> Diff:
    return diff(before.models, after.models)


def same(left: str | None, right: str | None) -> bool:
    """Whether two price strings are the same number, absent being zero, float noise aside."""
    a, b = Decimal(left or 0), Decimal(right or 0)
    return abs(a - b) <= max(abs(a), abs(b)) * TOLERANCE


def same_card(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two `pricing` objects say the same, by nothing but the raw JSON."""
    barred = {"overrides", "discount"}
    if not all(same(left.get(key), right.get(key)) for key in (left.keys() | right.keys()) - barred):
        return False
    ours, theirs = left.get("overrides") or [], right.get("overrides") or []
    conditions = {"min_prompt_tokens", "utc_start", "utc_end", "utc_days"}
    return len(ours) == len(theirs) and all(
        all(a.get(key) == b.get(key) for key in conditions)
        and all(same(a.get(key), b.get(key)) for key in (a.keys() | b.keys()) - conditions)
        for a, b in zip(ours, theirs, strict=True)
    )


def test_forty_days_replay_with_the_counts_of_a_plain_recount() -> None:
    paths = series()
    assert len(paths) == 40
    before_records = read(paths[0])
    before = snapshot_of(before_records, None, 0)
    seen: list[tuple[int, int, int]] = []
    for day, path in enumerate(paths[1:], 1):
        records = read(path)
        old = {record["id"]: record for record in before_records}
        new = {record["id"]: record for record in records}
        recounted = (
            sorted(new.keys() - old.keys()),
            sorted(old.keys() - new.keys()),
            sorted(key for key in old.keys() & new.keys() if not same_card(old[key]["pricing"], new[key]["pricing"])),
        )
        after = snapshot_of(records, before, day)
        found = changes(before, after)
        counted = (list(found.added), list(found.removed), [entry.model_id for entry in found.repriced])
        assert counted == recounted, path.name
        assert not judge(parse_records(records), before.models, GuardLimits()).is_refused, path.name
        seen.append((len(found.added), len(found.removed), len(found.repriced)))
        before, before_records = after, records
    assert sum(added for added, _, _ in seen) > 30
    assert sum(repriced for _, _, repriced in seen) > 100
    print("added, removed, re-priced by day:", seen)


def test_what_vanished_in_the_series_stays_findable_and_what_returned_is_listed() -> None:
    snapshot: Snapshot | None = None
    ever: set[str] = set()
    last: set[str] = set()
    for day, path in enumerate(series()):
        records = read(path)
        snapshot = snapshot_of(records, snapshot, day)
        last = {record["id"] for record in records}
        ever |= last
    assert snapshot is not None
    assert snapshot.by_id.keys() == ever
    assert {model.id for model in snapshot.models if model.is_listed} == last


def test_shuffled_and_churned_copies_of_a_real_day_are_no_change() -> None:
    records = read(days()[-2])
    before = snapshot_of(records, None, 0)
    draw = random.Random(7)
    churned = copy.deepcopy(records)
    draw.shuffle(churned)
    for record in churned:
        record["benchmarks"] = {"design_arena": [], "artificial_analysis": {"coding_index": draw.random()}}
        record["supported_parameters"] = record["supported_parameters"][::-1]
        record["pricing"] |= {"image": "0", "request": "0"} if "image" not in record["pricing"] else {}
        if record["pricing"]["prompt"] != "0" and not record["pricing"]["prompt"].startswith("-"):
            noisy = Decimal(record["pricing"]["prompt"]) * (1 + Decimal("1e-15"))
            record["pricing"]["prompt"] = format(noisy, "f")
    after = snapshot_of(churned, before, 1)
    assert changes(before, after).is_empty
    assert after.content_hash == before.content_hash
