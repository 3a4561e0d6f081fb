"""`make chaos`: two minutes of storm and half a minute of clocked reads; exit status 1 when a promise did not hold."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.chaos.latency import measured_latency
from tests.chaos.storm import Plan, storm
from tests.chaos.table import show, storm_table


def main() -> int:
    """Run what is asked for and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="another number, another storm")
    parser.add_argument("--gusts", type=int, default=4)
    parser.add_argument("--gust-seconds", type=float, default=25)
    parser.add_argument("--triggers", type=int, default=100, help="refreshes by hand")
    parser.add_argument("--file", action="store_true", help="several processes on one SQLite file, not on Redis")
    chosen = parser.parse_args()
    plan = Plan(chosen.seed, chosen.gusts, chosen.gust_seconds, chosen.triggers, is_on_redis=not chosen.file)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        report = asyncio.run(storm(plan, Path(folder) / "storm"))
        show(storm_table(report))
        show(asyncio.run(measured_latency(Path(folder) / "latency")).table())
    for broken in report.broken_promises:
        print(f"BROKEN: {broken}")
    return 1 if report.broken_promises else 0


if __name__ == "__main__":
    sys.exit(main())
