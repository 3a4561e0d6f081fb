"""When upstream is asked next: one instance's sight of the period that all share through the store."""

from __future__ import annotations

import contextlib
import random
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.catalog.parse import Quarantined
from app.clock import Clock
from app.period import Period, unpack_period
from app.store.protocol import Store, StoreError

# Over this share of the interval the rings of many instances are spread.
SPREAD_SHARE = 0.05


def place_of(instance: str) -> float:
    """Return an instance's place among all, from 0 to 1; the same for the same name."""
    return zlib.crc32(instance.encode()) / 2**32


class Timetable:
    """Keeps the period, here and in the store; a store that fails changes nothing here.

    `place` from 0 to 1 is the instance's own; instances that lost sight of each other ring that much apart.
    """

    def __init__(
        self, store: Store, clock: Clock, interval: timedelta, *, place: float = 0.0, draw: random.Random | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._interval = interval
        self._place = place
        self._draw = draw or random.Random()  # noqa: S311 - spreads load, guards nothing
        self.period = Period()

    @property
    def next_due_at(self) -> datetime:
        """When the schedule should ring next: within one interval, whatever the clock did meanwhile."""
        now, interval, period = self._clock.now(), self._interval, self.period
        due_at, latest = period.due_at or now + interval, now + interval
        # Only an ordinary period is spread: a back-off has a jitter, and a lease that may be a dead one's has no time.
        if period.checked_at is not None and due_at == period.checked_at + interval:
            spread = self._place * SPREAD_SHARE * interval
            due_at, latest = due_at + spread, latest + spread
        return min(max(due_at, now + timedelta(seconds=1)), latest)

    @property
    def is_due(self) -> bool:
        """Whether upstream should be asked now."""
        return self.period.is_due(self._clock.now(), self._interval)

    @property
    def seconds_until_probe(self) -> float:
        """How long to leave upstream to the schedule, because it failed too often in a row; 0 when it did not."""
        if not self.period.is_circuit_open:
            return 0.0
        return (self.next_due_at - self._clock.now()).total_seconds()

    async def load(self) -> None:
        """Take over what siblings did since, or give the store back what it lost."""
        with contextlib.suppress(StoreError):
            stored = unpack_period(await self._store.load_state())
            if self.period.is_ahead_of(stored, self._clock.now()):
                await self._store.save_state(self.period.packed())
            else:
                self.period = stored

    def look_again_in(self, seconds: float) -> None:
        """Ring that soon, in this instance alone."""
        self.period = replace(self.period, due_at=self._clock.now() + timedelta(seconds=seconds))

    async def succeeded(self, read_at: datetime, quarantined: Sequence[Quarantined]) -> None:
        """Note that upstream was read and judged good."""
        await self._keep(self.period.succeeded(read_at, self._interval, quarantined))

    async def confirmed(self) -> None:
        """Note that upstream said that what it gave last still holds."""
        await self._keep(self.period.confirmed(self._clock.now(), self._interval))

    async def refused(self) -> None:
        """Note that upstream gave a catalog that the guard refused, or that could not be built."""
        await self._keep(self.period.refused(self._clock.now(), self._interval, self._draw))

    async def failed(self, asked_seconds: float | None = None) -> None:
        """Note that an attempt brought nothing, and how long upstream asked us to wait; None when it did not."""
        await self._keep(self.period.failed(self._clock.now(), self._interval, asked_seconds, self._draw))

    async def _keep(self, period: Period) -> None:
        self.period = period
        with contextlib.suppress(StoreError):
            await self._store.save_state(period.packed())
