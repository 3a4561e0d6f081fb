"""What every part of the bench needs to know: how long, how often, on which cores, where to write."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = 421
CONNECTIONS = 32
# A run in which others took more than this share of a core is repeated, within bounds.
MAX_FOREIGN_SHARE = 0.08
MAX_REPEATS = 15
MAX_REPEATS_QUICK = 5
# Under five minutes, with what is not stopped in the middle: ending a server of 100,000 models can take ten seconds.
MOST_SECONDS = 280.0


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of the bench.

    Servers run on one core, load and upstream on another. `left_out` collects what was not measured, and why;
    `disturbed` what was measured while others used the cores, `repeated` what was measured again for that, `printed`
    the tables of benches of their own.
    """

    folder: Path
    rounds: int
    seconds: int
    is_quick: bool
    server_core: int
    load_core: int
    catalog: Path | None
    left_out: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    disturbed: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def has_wrk(self) -> bool:
        """Whether load can be made."""
        return shutil.which("wrk") is not None

    @property
    def has_nginx(self) -> bool:
        """Whether the first yardstick is there."""
        return shutil.which("nginx") is not None

    @property
    def seconds_left(self) -> float:
        """How much of the time for the whole bench is left."""
        return self.started + MOST_SECONDS - time.monotonic()

    def should_repeat(self, foreign: float, what: str) -> bool:
        """Whether a run should be repeated, because others took this share of a core; takes note of it."""
        if foreign <= MAX_FOREIGN_SHARE:
            return False
        self.disturbed.append(what)
        if len(self.repeated) >= (MAX_REPEATS_QUICK if self.is_quick else MAX_REPEATS):
            return False
        self.repeated.append(what)
        return True


def cores() -> tuple[int, int]:
    """Return the core for servers and the core for load; the same one where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]
