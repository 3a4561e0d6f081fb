"""One attempt to refresh, while it is under way, and how it becomes the outcome that is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.catalog.snapshot import Snapshot
from app.clock import Clock
from app.outcome import Outcome, Result, Trigger


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who asked for it, in which way, and when it began by the wall clock and by the monotonic one."""

    instance: str
    trigger: Trigger
    started_at: datetime
    started: float
    is_dry_run: bool
    is_forced: bool
    clock: Clock

    @classmethod
    def begin(
        cls, trigger: Trigger, instance: str, clock: Clock, *, is_dry_run: bool = False, is_forced: bool = False
    ) -> Attempt:
        """Return an attempt that begins now."""
        return cls(instance, trigger, clock.now(), clock.monotonic(), is_dry_run, is_forced, clock)

    @property
    def owner(self) -> str:
        """The name under which it holds the lease; what stands before the last colon is the instance."""
        return f"{self.instance}:{self.started}"

    def outcome(self, result: Result, served: Snapshot | None, **about: Any) -> Outcome:
        """Return what came of it, with the snapshot that is served now."""
        return Outcome(
            result=result,
            trigger=self.trigger,
            started_at=self.started_at,
            seconds=self.clock.monotonic() - self.started,
            generation=served.generation if served else 0,
            snapshot_id=served.id if served else "",
            instance=self.instance,
            is_forced=self.is_forced,
            is_dry_run=self.is_dry_run,
            **about,
        )
