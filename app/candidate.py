"""From upstream's records to a catalog that may be adopted: parse, judge, merge, compare. Pure; runs in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.catalog.diff import Diff, diff
from app.catalog.guard import GuardLimits, Verdict, judge
from app.catalog.merge import Ingredients, merge, upstream_of
from app.catalog.model import Record
from app.catalog.parse import Parsed, parse_records
from app.catalog.snapshot import Contents, Origin, Snapshot


@dataclass(frozen=True, slots=True)
class Candidate:
    """A catalog that is not adopted yet, what the guard says of it, and what it would change."""

    contents: Contents
    verdict: Verdict
    diff: Diff

    def changes(self, last_good: Snapshot | None) -> bool:
        """Whether adopting it would change anything that a reader can tell."""
        return last_good is None or last_good.contents.origin is not self.contents.origin or not self.diff.is_empty


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits of the guard, and where OpenRouter serves its models."""

    limits: GuardLimits
    base_url: str | None


def from_records(
    records: Sequence[Record],
    ingredients: Ingredients,
    rules: Rules,
    *,
    origin: Origin,
    last_good: Snapshot | None,
    last_seen_at: datetime,
    now: datetime,
) -> Candidate:
    """Return the catalog that these records make; only upstream's own catalogs are a yardstick for the guard."""
    parsed = parse_records(records, base_url=rules.base_url)
    is_yardstick = last_good is not None and last_good.contents.origin is Origin.UPSTREAM
    verdict = judge(parsed, last_good.models if last_good and is_yardstick else (), rules.limits)
    return _candidate(parsed, verdict, ingredients, origin, last_good, last_seen_at, now)


def from_last_good(last_good: Snapshot | None, ingredients: Ingredients, rules: Rules, *, now: datetime) -> Candidate:
    """Return the catalog that the last good records make with local files that changed since."""
    if last_good is None or last_good.contents.origin is Origin.CORE:
        contents = from_core(ingredients, now=now)
        return Candidate(contents, Verdict(), diff(last_good.models if last_good else (), contents.models))
    parsed = upstream_of(last_good, base_url=rules.base_url)
    seen_at = last_good.fetched_at or last_good.updated_at
    return _candidate(parsed, Verdict(), ingredients, last_good.contents.origin, last_good, seen_at, now)


def from_core(ingredients: Ingredients, *, now: datetime) -> Contents:
    """Return the catalog of core models and overrides alone."""
    return merge(Parsed(), ingredients, origin=Origin.CORE, last_good=None, last_seen_at=now, now=now)


def _candidate(
    parsed: Parsed,
    verdict: Verdict,
    ingredients: Ingredients,
    origin: Origin,
    last_good: Snapshot | None,
    last_seen_at: datetime,
    now: datetime,
) -> Candidate:
    contents = merge(parsed, ingredients, origin=origin, last_good=last_good, last_seen_at=last_seen_at, now=now)
    return Candidate(contents, verdict, diff(last_good.models if last_good else (), contents.models))
