"""`make chaos`: two minutes of storm on one Redis, a gust on one SQLite file, and reads by the clock.

The exit status is 1 when a promise did not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import replace
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
    parser.add_argument("--file", action="store_true", help="the whole storm on one SQLite file")
    chosen = parser.parse_args()
    plan = Plan(chosen.seed, chosen.gusts, chosen.gust_seconds, chosen.triggers, is_on_redis=not chosen.file)
    one_gust_on_a_file = replace(plan, gusts=1, triggers=plan.triggers // plan.gusts, is_on_redis=False)
    plans = [plan] if chosen.file else [plan, one_gust_on_a_file]
    broken = []
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        for number, one in enumerate(plans):
            report = asyncio.run(storm(one, Path(folder) / f"storm-{number}"))
            show(storm_table(report))
            broken += report.broken_promises
        show(asyncio.run(measured_latency(Path(folder) / "latency")).table())
    for promise in broken:
        print(f"BROKEN: {promise}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
