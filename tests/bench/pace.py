"""How fast this machine is now, told by the yardstick whose figure is known from elsewhere.

Aims in seconds and in answers a second were set on a machine where a bare ASGI callable under uvicorn answered 44,100
times a second with 2.5 kB. Machines differ, and one that is shared is half as fast in one minute as in the next; so
beside what was measured the table says what it would be at that pace. Whether an aim is met goes by what was measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

from tests.bench.bounds import Bench
from tests.bench.processes import Got, Served, free_port, module, serving
from tests.bench.recorded import write_down
from tests.bench.report import number
from tests.bench.wrk import load

KNOWN_PER_SECOND = 44_100
_TARGET = "/known"
_BODY = b'{"id":"acme/one"}' * 150
_HEADERS = {"content-type": "application/json", "content-length": str(len(_BODY)), "etag": '"known"'}


@dataclass(slots=True)
class Pace:
    """What the yardstick gave so far, in answers for each second of its CPU; `bare` is None without wrk."""

    bench: Bench
    bare: Served | None
    per_second: list[float] = field(default_factory=list)

    def look(self) -> None:
        """Measure it for a second."""
        if self.bare is not None:
            self.per_second.append(load(self.bench, self.bare, _TARGET, seconds=1, tries=1).per_cpu_second)

    def note(self, figure: float, unit: str, *, is_rate: bool = False) -> str:
        """Return what a figure would be at the known pace; nothing where nothing was measured."""
        if not self.per_second:
            return ""
        times = KNOWN_PER_SECOND / median(self.per_second)
        return f"{number(figure * times if is_rate else figure / times)}{unit} at the known pace"


@contextmanager
def pace(bench: Bench) -> Iterator[Pace]:
    """Run the yardstick until the block ends, where there is wrk."""
    if not bench.has_wrk:
        yield Pace(bench, None)
        return
    folder, port = bench.folder / "pace", free_port()
    write_down([(_TARGET, None, Got(200, _HEADERS, _BODY))], folder)
    command = module("tests.bench.yardsticks", "bare", folder, port)
    with serving(bench, "pace", command, port, core=bench.server_core) as bare:
        yield Pace(bench, bare)
