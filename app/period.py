"""When the next refresh is due; shared by every instance through the store."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from app.catalog.parse import Quarantined
from app.catalog.shapes import or_none, text, whole

# A schedule that rings this much early still counts as on time.
SLACK_SHARE = 0.1
BACKOFF_FIRST_SECONDS = 60.0
BACKOFF_JITTER = 0.2
# From so many failures of upstream in a row on, nobody but the schedule asks it.
CIRCUIT_FAILURES = 5
# What a dashboard shows; the whole number is told beside it.
QUARANTINED_KEPT = 50
# Waits stop growing long before; this keeps a foreign number from being reckoned with.
MAX_FAILURES = 1_000


@dataclass(frozen=True, slots=True)
class Period:
    """Where the fleet stands between two refreshes.

    `checked_at` is when upstream was last reached and its catalog judged good (None: never). `due_at` is when the
    next attempt is due. `failures` counts failed and refused attempts in a row, taken back one by one; `unanswered`
    those in which upstream gave no catalog to judge, forgotten with the first that it gives. `quarantined` are the
    first records that the last good check set aside, of `quarantined_total`; None when that is not known.
    """

    checked_at: datetime | None = None
    due_at: datetime | None = None
    failures: int = 0
    unanswered: int = 0
    quarantined: tuple[Quarantined, ...] | None = None
    quarantined_total: int = 0

    @property
    def is_circuit_open(self) -> bool:
        """Whether upstream failed so often in a row that only the schedule should ask it."""
        return self.unanswered >= CIRCUIT_FAILURES

    def is_due(self, now: datetime, interval: timedelta) -> bool:
        """Whether an attempt is due; a due time further away than an interval is a clock that jumped."""
        if self.due_at is None or self.due_at - now > interval:
            return True
        # A wait after a failure may be shorter than the slack, and upstream may have asked for it.
        slack = timedelta(0) if self.failures else interval * SLACK_SHARE
        return now >= self.due_at - slack

    def is_ahead_of(self, stored: Period, now: datetime) -> bool:
        """Whether this one knows of a later check than a store that was away meanwhile, or that lost everything.

        A check in the future is a clock that jumped; it counts for nothing.
        """
        if self.checked_at is None or self.checked_at > now:
            return False
        return stored.checked_at is None or stored.checked_at < self.checked_at

    def succeeded(self, now: datetime, interval: timedelta, quarantined: Sequence[Quarantined] = ()) -> Period:
        """Return the period after upstream was read and judged."""
        return Period(
            checked_at=now,
            due_at=now + interval,
            failures=max(0, self.failures - 1),
            quarantined=tuple(quarantined[:QUARANTINED_KEPT]),
            quarantined_total=len(quarantined),
        )

    def confirmed(self, now: datetime, interval: timedelta) -> Period:
        """Return the period after upstream said that what it gave last still holds, with what was set aside then."""
        again = self.succeeded(now, interval)
        return replace(again, quarantined=self.quarantined, quarantined_total=self.quarantined_total)

    def refused(self, now: datetime, interval: timedelta, draw: random.Random) -> Period:
        """Return the period after upstream gave a catalog that the guard refused."""
        return replace(self.failed(now, interval, None, draw), unanswered=0)

    def failed(self, now: datetime, interval: timedelta, asked_seconds: float | None, draw: random.Random) -> Period:
        """Return the period after an attempt that brought nothing: wait 1, 2, 4 ... minutes, or what was asked."""
        doubled = BACKOFF_FIRST_SECONDS * 2 ** min(self.failures, 20)
        jittered = doubled * draw.uniform(1 - BACKOFF_JITTER, 1 + BACKOFF_JITTER)
        wait = min(max(jittered, asked_seconds or 0), interval.total_seconds())
        return replace(
            self,
            due_at=now + timedelta(seconds=wait),
            failures=self.failures + 1,
            unanswered=min(self.unanswered + 1, MAX_FAILURES),
        )

    def packed(self) -> bytes:
        """Return the period as JSON."""
        return orjson.dumps(
            {
                "checked_at": self.checked_at.isoformat() if self.checked_at else None,
                "due_at": self.due_at.isoformat() if self.due_at else None,
                "failures": self.failures,
                "unanswered": self.unanswered,
                "quarantined": None
                if self.quarantined is None
                else [[entry.record_id, entry.position, entry.reason] for entry in self.quarantined],
                "quarantined_total": self.quarantined_total,
            }
        )


def unpack_period(packed: bytes | None) -> Period:
    """Return what `packed` wrote; a missing or foreign document counts as a fresh start."""
    if packed is None:
        return Period()
    try:
        plain = orjson.loads(packed)
        return Period(
            checked_at=_moment(plain["checked_at"]),
            due_at=_moment(plain["due_at"]),
            failures=min(max(int(plain["failures"]), 0), MAX_FAILURES),
            # Versions before these keys left them out.
            unanswered=min(whole(plain.get("unanswered", 0)), MAX_FAILURES),
            quarantined=or_none(_quarantined)(plain.get("quarantined")),
            quarantined_total=whole(plain.get("quarantined_total", 0)),
        )
    except (ValueError, KeyError, TypeError, ArithmeticError):
        return Period()


def _quarantined(plain: list[Any]) -> tuple[Quarantined, ...]:
    return tuple(
        Quarantined(or_none(text)(record_id), whole(position), text(reason)) for record_id, position, reason in plain
    )


def _moment(plain: str | None) -> datetime | None:
    """Return a moment in UTC; one without a zone can't be compared with any of ours, and raises ValueError."""
    if not plain:
        return None
    moment = datetime.fromisoformat(plain)
    if moment.tzinfo is None:
        raise ValueError("a moment must have a zone")
    return moment.astimezone(UTC)
