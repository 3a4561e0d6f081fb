"""The time, as an argument: wall clock for stamps, monotonic clock for intervals."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """Return the wall clock in UTC; it may jump."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some moment; it never goes back."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the wall clock in UTC, in whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)

    def monotonic(self) -> float:
        """Return the machine's monotonic clock in seconds."""
        return time.monotonic()
