"""What readers notice of a Redis that fails: the time of each read with Redis well, frozen and gone, in turns.

Only figures of the same run are compared, and of many rounds the one in the middle; what else a machine does shows in
the 99th of a hundred reads first, so nothing here fails.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from rich.table import Table

from tests.chaos.line import Line
from tests.chaos.upstream import restless_upstream
from tests.e2e.processes import ServiceProcess, running
from tests.redis.server import RedisServer

ROUNDS = 10
WINDOW_SECONDS = 1.0
PATIENCE_SECONDS = 15.0
TARGETS = ("/models", "/models?limit=5", "/models/search?q=gpt", "/api/v1/models")
WELL, FROZEN, GONE = "well", "frozen (SIGSTOP)", "gone (kill -9)"


@dataclass(slots=True)
class Latency:
    """The milliseconds of each read, by the state of Redis and then by round."""

    reads_ms: dict[str, list[list[float]]] = field(default_factory=lambda: {WELL: [], FROZEN: [], GONE: []})

    def table(self) -> Table:
        """Return p50 and p99 of each state, of the round in the middle, and how they compare with Redis well."""
        table = Table("Redis is", "reads", "p50 ms", "p99 ms", "p99 over p99 with Redis well", title_justify="left")
        table.title = f"reads of one instance, {ROUNDS} rounds of {WINDOW_SECONDS:g} s each"
        well = median(map(_p99, self.reads_ms[WELL]))
        for state, rounds in self.reads_ms.items():
            p50, p99 = median(map(median, rounds)), median(map(_p99, rounds))
            table.add_row(state, f"{sum(map(len, rounds)):,}", f"{p50:.2f}", f"{p99:.2f}", f"{p99 / well:.2f}")
        return table


def _p99(reads_ms: list[float]) -> float:
    return quantiles(reads_ms, n=100)[98]


async def measured_latency(folder: Path) -> Latency:
    """Measure in a folder of its own."""
    (folder / "redis").mkdir(parents=True)
    redis = RedisServer(folder / "redis")
    redis.start()
    latency = Latency()
    try:
        async with restless_upstream(seed=1) as simulator:
            settings = {"OPENROUTER_BASE_URL": simulator.base_url, "REDIS_URL": redis.url}
            service = ServiceProcess(folder, is_traced=False, settings=settings)
            async with running(service):
                await service.fetched()
                port = service.client.base_url.port or 0
                await _window(port)
                for _ in range(ROUNDS):
                    latency.reads_ms[WELL].append(await _window(port))
                    redis.freeze()
                    latency.reads_ms[FROZEN].append(await _window(port))
                    redis.thaw()
                    redis.stop()
                    latency.reads_ms[GONE].append(await _window(port))
                    await asyncio.to_thread(redis.start)
    finally:
        redis.stop()
    return latency


async def _window(port: int) -> list[float]:
    """Read for a while and return how long each read took, in milliseconds."""
    line = Line()
    took: list[float] = []
    give_up_at = time.perf_counter() + WINDOW_SECONDS
    while (started := time.perf_counter()) < give_up_at:
        answer = await line.ask(port, "GET", TARGETS[len(took) % len(TARGETS)], PATIENCE_SECONDS)
        took.append(1000 * (time.perf_counter() - started))
        assert answer.status == 200
    line.close()
    return took
