"""Keeps an instance level with its siblings, its local files and the clock; called every few seconds."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

from app.adoption import Adoption
from app.clock import Clock
from app.lease import Lease
from app.local_files import LocalFiles
from app.outcome import Outcome, Trigger
from app.refresher import Refresher
from app.store.protocol import StoreError
from app.timetable import Timetable

# A catalog is stale when this many periods passed without upstream being reached.
STALE_PERIODS = 2


class Follower:
    """Looks for a sibling's snapshot, for changed local files, and at the age of the catalog."""

    def __init__(
        self,
        *,
        adoption: Adoption,
        refresher: Refresher,
        timetable: Timetable,
        lease: Lease,
        files: LocalFiles,
        clock: Clock,
        interval: timedelta,
        has_upstream: bool,
    ) -> None:
        self._adoption = adoption
        self._refresher = refresher
        self._timetable = timetable
        self._lease = lease
        self._files = files
        self._clock = clock
        self._interval = interval
        self._has_upstream = has_upstream
        self._merging: asyncio.Task[Outcome] | None = None

    async def look(self) -> None:
        """Look once; every part is bounded, a part that fails is tried again next time."""
        # The store counts and logs its own failures.
        with suppress(StoreError):
            await self._adoption.follow()
            await self._lease.look()
        if not self._refresher.is_refreshing:
            await self._timetable.load()
            if await asyncio.to_thread(self._files.changed):
                self._merging = asyncio.create_task(self._refresher.refresh(Trigger.LOCAL_FILES), name="merge files")
        await self._tell_age()

    async def _tell_age(self) -> None:
        if not self._has_upstream:
            return
        period = self._timetable.period
        if period.checked_at is None:
            await self._adoption.set_stale(period.failures > 0)
            return
        age = max(timedelta(0), self._clock.now() - period.checked_at)
        await self._adoption.set_stale(age > STALE_PERIODS * self._interval)
