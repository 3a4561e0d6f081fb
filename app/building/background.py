"""Put processes that build catalogs behind everybody else: readers go first, and these go first where memory is short.

By whoever starts one, at once: on its way to its first line Python computes for 200 ms, and in those it would take
turns with the readers.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

NICE = 5
PRESSURE = Path("/proc/pressure/cpu")
CROWDED_PERCENT = 20.0
# The kernel's mean of ten seconds has forgotten most of what was before.
FORGOTTEN_AFTER_SECONDS = 20.0
# Less says nothing.
LEAST_SECONDS = 1.0
# From 0 to 1,000; what the kernel adds to a process's share of the memory before it looks for one to end.
OOM_SCORE = 600
_PRESSURE = re.compile(r"some avg10=([\d.]+) .*total=(\d+)")


class Background:
    """Puts processes behind others, and looks at how long others had to wait for a core meanwhile.

    Idle work waits as others do, and the kernel counts it: only the time without a process of ours is looked at.
    `is_idle_work` says how the last one was put.
    """

    def __init__(self, pressure: Path = PRESSURE, now: Callable[[], float] = time.monotonic) -> None:
        self._pressure = pressure
        self._now = now
        self._is_crowded = False
        self._processes = 0
        self._alone_since: tuple[float, float] | None = None
        self.is_idle_work = False

    def put(self, process_id: int, *, with_share: bool = False) -> None:
        """Let a process run when nobody else wants to; on a machine where others have to wait anyway, with a share.

        With a refresh each second on a core that readers saturate, the p99 of reads is what it is without one while
        the process is idle work. With a share it is one tick of the scheduler, 4 ms. As idle work it might never get
        one on a machine that is always full, and siblings have to follow within seconds: on two cores that two others
        fill, 421 models take 22 s at a niceness of 19, 6 s at 10 and 2 s at 5, and the p99 of reads is 6 to 12 ms with
        each. Does nothing where the system has no such thing, or does not let us.
        """
        self.is_idle_work = False
        # Decided before it counts.
        is_shared = with_share or self.is_crowded()
        self._processes += 1
        with contextlib.suppress(OSError, AttributeError):
            if is_shared:
                os.setpriority(os.PRIO_PROCESS, process_id, NICE)
            else:
                os.sched_setscheduler(process_id, os.SCHED_IDLE, os.sched_param(0))
                self.is_idle_work = True
        with contextlib.suppress(OSError):
            Path(f"/proc/{process_id}/oom_score_adj").write_text(str(OOM_SCORE), encoding="ascii")

    def is_crowded(self) -> bool:
        """Whether others had to wait for a core for much of the last seconds; by the load where that is not told."""
        told = self._told()
        if told is None:
            return os.getloadavg()[0] > (os.cpu_count() or 1)
        if self._processes:
            return self._is_crowded
        percent, waited_seconds = told
        if self._alone_since is not None:
            since, waited_before = self._alone_since
            seconds = self._now() - since
            if seconds < LEAST_SECONDS:
                return self._is_crowded
            if seconds < FORGOTTEN_AFTER_SECONDS:
                percent = (waited_seconds - waited_before) / seconds * 100
        self._is_crowded = percent > CROWDED_PERCENT
        return self._is_crowded

    def left(self) -> None:
        """Take note that a process is gone; as idle work on a full machine, even its end takes seconds."""
        self._processes -= 1
        told = self._told()
        self._alone_since = None if told is None else (self._now(), told[1])

    def _told(self) -> tuple[float, float] | None:
        """Return how much of the last ten seconds somebody waited, in percent, and how many seconds since the boot."""
        try:
            told = _PRESSURE.match(self._pressure.read_text(encoding="ascii"))
        except OSError:
            return None
        return (float(told[1]), int(told[2]) / 1e6) if told else None
