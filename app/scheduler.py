"""APScheduler, which only rings: the refresher and the follower own what happens then.

Measured on 3.11: the default grace time of one second loses a whole hour when the loop is busy at that
moment; an interval of 0 silently becomes one second; jobs are cancelled, not awaited, at shutdown. Hence no grace
limit, coalescing, one instance, and jobs that only start what others own. It compares wall clocks: when the clock
is set back by a day, nothing rings for a day. Hence a watch by the monotonic clock that pulls such rings back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from app.follower import Follower
from app.outcome import Trigger
from app.refresher import Refresher
from app.timetable import SPREAD_SHARE, Timetable

REFRESH_JOB = "refresh"
FOLLOW_JOB = "follow"
WATCH_SECONDS = 30.0
# Who finds a refresh overdue leaves a sibling that is at it this long, and nobody knocks at its lease meanwhile.
SOONEST_SECONDS = 15.0
# What every job must have; a test reads it.
JOB_OPTIONS = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}


class Schedule:
    """Rings the refresher when a refresh is due, and the follower every few seconds."""

    def __init__(
        self,
        refresher: Refresher,
        follower: Follower,
        timetable: Timetable,
        *,
        interval: timedelta,
        follow_seconds: float,
        watch_seconds: float = WATCH_SECONDS,
    ) -> None:
        # Its log lines repeat what outcomes already say.
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        self._refresher = refresher
        self._follower = follower
        self._timetable = timetable
        self._watch_seconds = watch_seconds
        self._watching: asyncio.TimerHandle | None = None
        self._longest_wait = {REFRESH_JOB: interval * (1 + SPREAD_SHARE), FOLLOW_JOB: timedelta(seconds=follow_seconds)}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=JOB_OPTIONS)
        now = datetime.now(UTC)
        self._scheduler.add_job(
            self._ring_refresher, IntervalTrigger(seconds=interval.total_seconds()), id=REFRESH_JOB, next_run_time=now
        )
        self._scheduler.add_job(self._ring_follower, IntervalTrigger(seconds=follow_seconds), id=FOLLOW_JOB)

    def ring_also(self, name: str, ring: Callable[[], Awaitable[None]], interval: timedelta) -> None:
        """Ring somebody else too, at once and then at an interval."""
        self._longest_wait[name] = interval
        self._scheduler.add_job(
            ring, IntervalTrigger(seconds=interval.total_seconds()), id=name, next_run_time=datetime.now(UTC)
        )

    def start(self) -> None:
        """Start ringing; the first refresh rings at once."""
        self._scheduler.start()
        self._watch()

    def stop(self) -> None:
        """Stop ringing; what already runs is not touched."""
        if self._watching is not None:
            self._watching.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    @property
    def next_refresh_at(self) -> datetime | None:
        """When the refresher is rung next; None when the schedule does not run."""
        job = self._scheduler.get_job(REFRESH_JOB)
        moment: datetime | None = job.next_run_time if job else None
        return moment

    def _watch(self) -> None:
        """Ring now what is due later than it ever should be: the wall clock went back."""
        now = datetime.now(UTC)
        for name, longest in self._longest_wait.items():
            if self._scheduler.get_job(name).next_run_time > now + longest + timedelta(seconds=1):
                self._scheduler.modify_job(name, next_run_time=now)
        self._watching = asyncio.get_running_loop().call_later(self._watch_seconds, self._watch)

    async def _ring_refresher(self) -> None:
        await self._refresher.refresh(Trigger.SCHEDULE)
        if self._scheduler.running:
            self._scheduler.modify_job(REFRESH_JOB, next_run_time=self._timetable.next_due_at)

    async def _ring_follower(self) -> None:
        await self._follower.look()
        self._ring_when_due()

    def _ring_when_due(self) -> None:
        """Ring when the refresh is due, although a refresh by hand or a sibling's has moved that meanwhile."""
        if not self._scheduler.running or self._refresher.is_refreshing or self._timetable.period.due_at is None:
            return
        due_at = max(self._timetable.next_due_at, datetime.now(UTC) + timedelta(seconds=SOONEST_SECONDS))
        rings_at = self._scheduler.get_job(REFRESH_JOB).next_run_time
        # What is about to ring is not put off: it looks for itself.
        if due_at < rings_at or datetime.now(UTC) + timedelta(seconds=SOONEST_SECONDS) < rings_at < due_at:
            self._scheduler.modify_job(REFRESH_JOB, next_run_time=due_at)
