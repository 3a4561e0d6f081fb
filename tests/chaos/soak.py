"""`make soak`: a thousand refreshes, each with another catalog, and what the process weighs meanwhile."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.processes import ServiceProcess, running
from tests.e2e.test_loop_and_memory import changed
from tests.simulator import Simulator, generate_catalog

MOST_GROWTH_MIB = 10.0
SETTLED_AFTER = 20
"""Allocators and caches have their size by then; what grows later is kept for good."""


async def soak(folder: Path, refreshes: int, models: int) -> list[float]:
    """Return the resident memory in MiB after each refresh."""
    turns = iter(range(10_000_000))
    catalog = generate_catalog(models)
    resident_mib = []
    async with Simulator(catalog, next_catalog=lambda: changed(catalog, next(turns))) as simulator:
        service = ServiceProcess(folder, is_traced=False, settings={"OPENROUTER_BASE_URL": simulator.base_url})
        async with running(service):
            await service.fetched()
            for _ in range(refreshes):
                assert (await service.refresh())["outcome"] == "updated"
                for path in ("/models", "/models?format=frontend", "/models/search?q=gpt", "/api/v1/models"):
                    assert (await service.client.get(path)).status_code == 200
                resident_mib.append(service.resident_mib)
    return resident_mib


def main() -> int:
    """Soak and return the exit status: 1 when it grew."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--refreshes", type=int, default=1_000)
    parser.add_argument("--models", type=int, default=421)
    chosen = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        resident_mib = asyncio.run(soak(Path(folder), chosen.refreshes, chosen.models))
    step = max(1, chosen.refreshes // 10)
    for refresh in range(step, chosen.refreshes + 1, step):
        print(f"{refresh:6} refreshes  {resident_mib[refresh - 1]:6.1f} MiB")
    growth_mib = resident_mib[-1] - resident_mib[min(SETTLED_AFTER, chosen.refreshes) - 1]
    print(
        f"{chosen.models} models, {time.monotonic() - started:.0f} s: grew by {growth_mib:.1f} MiB after the first "
        f"{SETTLED_AFTER} refreshes; {MOST_GROWTH_MIB:g} are allowed"
    )
    return 0 if growth_mib < MOST_GROWTH_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
