"""One registry in this process, refreshed again and again: its CPU time, and how long the event loop is held.

`python -m tests.bench.refresh_process BASE_URL --times N` prints JSON. Upstream must bring a changed catalog with
every second list; the first refresh goes from the core models to upstream's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from app.building.in_child import ChildBuilder
from app.logs import configure_logs
from app.main import create_app
from app.memory import limit_allocator
from app.outcome import Trigger
from app.runtime import calm_interpreter, patient_threads
from app.settings import Settings
from tests.bench.processes import cpu_seconds, memory_mib

TICK_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Refreshed:
    """One refresh: how it ended, what it cost, and for how long the event loop did not turn."""

    result: str
    models: int
    cpu_ms: float
    wall_ms: float
    longest_pause_ms: float
    memory_mib: float
    peak_memory_mib: float


class Ticker:
    """Asks to be called every millisecond and remembers how late it was at worst."""

    def __init__(self) -> None:
        self.longest_seconds = 0.0

    async def tick(self) -> None:
        """Tick until cancelled."""
        last = time.perf_counter()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.perf_counter()
            self.longest_seconds = max(self.longest_seconds, now - last - TICK_SECONDS)
            last = now


async def refreshes(base_url: str, times: int, folder: Path) -> list[Refreshed]:
    """Run the application and refresh it; the first outcome is the one after the start."""
    settings = Settings(
        _env_file=None,
        openrouter_base_url=base_url,
        data_dir=folder,
        refresh_interval_minutes=10_080,
        follow_seconds=60,
        lease_seconds=3_600,
        store_deadline_seconds=30,
        fetch_deadline_seconds=600,
        fetch_max_wire_bytes=1024**3,
        fetch_max_decoded_bytes=1024**3,
    )
    asyncio.get_running_loop().set_default_executor(patient_threads())
    builder = ChildBuilder(kept_seconds=60)
    app = create_app(settings, builder=builder)
    serving = app.state.serving
    ticker = Ticker()
    found = []
    async with app.router.lifespan_context(app):
        ticking = asyncio.create_task(ticker.tick())
        for _ in range(times):
            await asyncio.sleep(0.05)
            ticker.longest_seconds = 0.0
            cpu, started = cpu_seconds(os.getpid()), time.perf_counter()
            outcome = await serving.refresher.refresh(Trigger.OPERATOR)
            cpu, wall = cpu_seconds(os.getpid()) - cpu, time.perf_counter() - started
            await asyncio.sleep(0.05)
            found.append(
                Refreshed(
                    result=outcome.result.value,
                    models=len(serving.registry.published.snapshot.models),
                    cpu_ms=cpu * 1e3,
                    wall_ms=wall * 1e3,
                    longest_pause_ms=ticker.longest_seconds * 1e3,
                    memory_mib=memory_mib(os.getpid()),
                    peak_memory_mib=memory_mib(os.getpid(), "VmHWM"),
                )
            )
        ticking.cancel()
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what was found as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.refresh_process", description=__doc__)
    parser.add_argument("base_url")
    parser.add_argument("--times", type=int, default=1)
    options = parser.parse_args(arguments)
    configure_logs("warning", "text")
    limit_allocator()
    calm_interpreter()
    with tempfile.TemporaryDirectory() as folder:
        found = uvloop.run(refreshes(options.base_url, options.times, Path(folder)))
    print(json.dumps([asdict(refreshed) for refreshed in found]))


if __name__ == "__main__":
    main()
