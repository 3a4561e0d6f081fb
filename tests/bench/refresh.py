"""Refreshes: their CPU time whole and by stage, their pauses, their memory, at 421, 5,000 and 100,000 models."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

from tests.bench.bounds import MODELS, Bench
from tests.bench.pace import Pace, pace
from tests.bench.processes import get, module, running
from tests.bench.report import Row, measured, number
from tests.bench.upstream import base_url, upstream

SECTION = "Refresh"
SECTION_VERY_MANY = "The first refresh of 100,000 models"
MANY = 5_000
VERY_MANY = 100_000
MOST_CPU_MS = 500.0
MOST_PAUSE_MS = 10.0
MOST_PAUSE_VERY_MANY_MS = 50.0
MOST_MEMORY_TIMES_DOCUMENT = 5.0
# Generating it takes ten seconds of CPU.
VERY_MANY_START_SECONDS = 60.0
VERY_MANY_SECONDS = 150.0


def refreshes(bench: Bench) -> list[Row]:
    """Measure the refresh of a real catalog's size."""
    with pace(bench) as known:
        return _at(bench, MODELS, changes=2 if bench.is_quick else 4, core=bench.server_core, known=known)


def refreshes_of_many(bench: Bench, *, core: int) -> list[Row]:
    """Measure the refresh of ten times a real catalog."""
    return _at(bench, MANY, changes=1, core=core)


def _at(bench: Bench, models: int, *, changes: int, core: int, known: Pace | None = None) -> list[Row]:
    """Return what refreshes cost; held against aims where the pace of the machine is asked for."""
    if known is not None:
        known.look()
    with upstream(bench, models, every=2) as feed:
        found = _measure(bench, base_url(feed), 1 + 2 * changes, seconds=120, core=core)
    if found is None:
        bench.left_out.append(f"the refresh of {models:,} models: not done within 120 s")
        return []
    # The first one goes from the core models to upstream's; then same and changed catalogs take turns.
    by_result = {word: [one for one in found[1:] if one["result"] == word] for word in ("updated", "unchanged")}
    if [one["result"] for one in found[1:]] != ["unchanged", "updated"] * changes:
        raise RuntimeError(f"expected unchanged and updated in turn, got {[one['result'] for one in found]}")
    if known is not None:
        known.look()
    size = f"{models:,} models"
    rows = []
    whole_ms = median(one["cpu_ms"] for one in by_result["updated"])
    for result, title in (("updated", "changed catalog"), ("unchanged", "unchanged catalog")):
        cpu = [one["cpu_ms"] for one in by_result[result]]
        pause = [one["longest_pause_ms"] for one in by_result[result]]
        aim = MOST_CPU_MS if known is not None and result == "updated" else None
        at_pace = known.note(median(cpu), " ms") if known is not None else ""
        rows.append(measured(SECTION, f"{size}, {title}: CPU in all", cpu, " ms", at_most=aim, note=at_pace))
        rows.append(
            measured(
                SECTION,
                f"{size}, {title}: longest pause of the event loop",
                [max(pause)],
                " ms",
                at_most=None if known is None else MOST_PAUSE_MS,
                note=f"of {len(pause)} refreshes",
            )
        )
    return rows + _stages(bench, models, whole_ms, core=core)


def _stages(bench: Bench, models: int, whole_ms: float, *, core: int) -> list[Row]:
    """Return where the CPU time of a refresh goes, one row for each stage."""
    command = module("tests.bench.stages", models, "--times", 3 if models == MODELS else 1)
    if bench.catalog is not None and models == MODELS:
        command += ["--catalog", str(bench.catalog)]
    found = _json_of(bench, f"stages-{models}", command, seconds=120, core=core)
    if found is None:
        bench.left_out.append(f"the stages of a refresh of {models:,} models: not done within 120 s")
        return []
    rows = [
        measured(
            SECTION,
            f"{models:,} models, stage: {name}",
            [stage["cpu_ms"]],
            " ms",
            note=f"keeps others waiting {number(stage['longest_hold_ms'])} ms at most",
        )
        for name, stage in found.items()
    ]
    # Fetch, inflate, lease, journal, threads: what only a running service does.
    rest = whole_ms - sum(stage["cpu_ms"] for stage in found.values())
    return [*rows, measured(SECTION, f"{models:,} models, stage: fetch and the rest", [rest], " ms")]


def very_many(bench: Bench) -> list[Row]:
    """Measure one refresh of 100,000 models, from the core models on, as long as the bench has time."""
    # Idle until the document is there.
    core = bench.server_core
    with upstream(bench, VERY_MANY, start_seconds=VERY_MANY_START_SECONDS, core=core) as feed:
        document_mib = len(get(feed.port, "/api/v1/models", timeout=60).body) / 1024**2
        seconds = max(1.0, min(VERY_MANY_SECONDS, bench.seconds_left))
        found = _measure(bench, base_url(feed), 1, seconds=seconds, core=core)
    if found is None:
        bench.left_out.append(f"{VERY_MANY:,} models: not served within {seconds:.0f} s")
        return []
    one = found[0]
    if one["result"] != "updated" or one["models"] < VERY_MANY:
        raise RuntimeError(f"the refresh of {VERY_MANY:,} models did not bring them: {one}")
    times = one["memory_mib"] / document_mib
    return [
        measured(SECTION_VERY_MANY, "CPU in all", [one["cpu_ms"] / 1e3], " s"),
        measured(SECTION_VERY_MANY, "time in all", [one["wall_ms"] / 1e3], " s"),
        measured(
            SECTION_VERY_MANY,
            "longest pause of the event loop",
            [one["longest_pause_ms"]],
            " ms",
            at_most=MOST_PAUSE_VERY_MANY_MS,
        ),
        measured(
            SECTION_VERY_MANY,
            f"memory, times the document of {document_mib:.0f} MiB",
            [times],
            "×",
            at_most=MOST_MEMORY_TIMES_DOCUMENT,
            note=f"{one['memory_mib']:,.0f} MiB, {one['peak_memory_mib']:,.0f} MiB at worst",
        ),
    ]


def _measure(bench: Bench, feed: str, times: int, *, seconds: float, core: int) -> list[dict[str, Any]] | None:
    command = module("tests.bench.refresh_process", feed, "--times", times)
    found: list[dict[str, Any]] | None = _json_of(bench, f"refresh-{core}", command, seconds=seconds, core=core)
    return found


def _json_of(bench: Bench, name: str, command: Sequence[str], *, seconds: float, core: int) -> Any:
    """Return what a command prints as JSON; None when it takes too long."""
    log = bench.folder / f"{name}.log"
    before = log.stat().st_size if log.exists() else 0
    with running(bench, name, command, core=core) as process:
        give_up_at = time.monotonic() + seconds
        try:
            process.wait(give_up_at - time.monotonic())
        except subprocess.TimeoutExpired:
            return None
    printed = log.read_text()[before:]
    if process.returncode:
        raise RuntimeError(f"{name} failed: {printed[-2_000:]}")
    return json.loads(printed.splitlines()[-1])
