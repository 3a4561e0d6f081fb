"""The life of a process: its start, its memory after many refreshes, and reads while it refreshes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median

from tests.bench.bounds import MODELS, Bench
from tests.bench.hot import one_model
from tests.bench.pace import pace
from tests.bench.processes import Served, cpu_seconds, free_port, get, memory_mib, module, registry, running
from tests.bench.report import Row, compared, measured, number
from tests.bench.upstream import base_url, upstream
from tests.bench.wrk import load

MOST_START_SECONDS = 0.6
MOST_MEMORY_MIB = 80.0
MOST_P99_TIMES = 1.5
# What a process may gain between its 20th and its last refresh and still count as flat.
MOST_GROWTH_MIB = 4.0
SETTLED_AFTER = 20
REFRESH_EACH_SECONDS = 1.0
# Whether refreshing, and how many runs. On a core that readers fill, a refresh begins with the start of a process and
# takes longer than a run.
IN_TURN, ONCE = ((False, 2), (True, 4), (False, 2)), ((False, 1), (True, 1))
START_SECONDS = 20.0
# With 32 connections some 20,000 requests a second; wrk knows no smaller pause than a millisecond.
SLOWLY = "function delay() return 1 end"
WHOLE_ANSWERS = ("/models", "/models?format=frontend", "/models/core", "/models/openrouter")


def starts(bench: Bench) -> list[Row]:
    """Measure the CPU time from the start of the process to its first 200, with and without a stored catalog."""
    fresh, stored = [], []
    with upstream(bench, MODELS) as feed, pace(bench) as known:
        with registry(bench, "start-stored", base_url(feed)):
            pass  # Leaves a stored catalog behind.
        for round_number in range(bench.rounds):
            known.look()
            fresh.append(_first_200(bench, f"start-{round_number}", base_url(feed)))
            stored.append(_first_200(bench, "start-stored", base_url(feed)))
    section = "Start and memory"
    return [
        measured(section, what, seconds, " s", at_most=MOST_START_SECONDS, note=known.note(median(seconds), " s"))
        for what, seconds in (
            ("CPU to the first 200, nothing stored", fresh),
            (f"CPU to the first 200, {MODELS} models stored", stored),
        )
    ]


def _first_200(bench: Bench, name: str, feed: str) -> float:
    port = free_port()
    env = {"PORT": str(port), "DATA_DIR": str(bench.folder / name), "OPENROUTER_BASE_URL": feed, "LOG_LEVEL": "warning"}
    with running(bench, name, module("app", "serve"), core=bench.server_core, env=env) as process:
        give_up_at = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up_at:
            try:
                # The port is open before the application is; the answer comes when it can.
                if get(port, "/models").status == 200:
                    return cpu_seconds(process.pid)
            except OSError:
                time.sleep(0.002)
    raise RuntimeError(f"no 200 within {START_SECONDS:g} s; see {bench.folder / name}.log")


def memory(bench: Bench, *, core: int) -> list[Row]:
    """Measure resident memory after the start and after many refreshes, each with a changed catalog."""
    refreshes = 30 if bench.is_quick else 100
    with (
        upstream(bench, MODELS, every=1) as feed,
        registry(bench, "memory", base_url(feed), core=core) as served,
    ):
        _read_whole_answers(served)
        time.sleep(1)
        first = memory_mib(served.pid)
        done = 0
        while done < SETTLED_AFTER or (done < refreshes and bench.seconds_left > 0):
            _refresh(served)
            _read_whole_answers(served)
            done += 1
            if done == SETTLED_AFTER:
                settled = memory_mib(served.pid)
        if done < refreshes:
            bench.left_out.append(f"{refreshes - done} of {refreshes} refreshes, for want of time")
        last, worst = memory_mib(served.pid), memory_mib(served.pid, "VmHWM")
    section = "Start and memory"
    return [
        measured(section, f"memory with {MODELS} models", [first], " MiB", at_most=MOST_MEMORY_MIB),
        measured(
            section,
            f"memory after {done} refreshes",
            [last],
            " MiB",
            at_most=MOST_MEMORY_MIB,
            note=f"{worst:.0f} MiB at worst",
        ),
        measured(
            section,
            f"growth from refresh {SETTLED_AFTER} to {done}",
            [last - settled],
            " MiB",
            at_most=MOST_GROWTH_MIB,
        ),
    ]


def reads_meanwhile(bench: Bench) -> list[Row]:
    """Measure the p99 of reads with a refresh every second, and without; as fast as the server can, and slower.

    On a core that readers fill, a refresh has what the event loop lends its builder, and takes seconds.
    """
    seconds = 2 * bench.seconds
    slowly = bench.folder / "slowly.lua"
    slowly.write_text(SLOWLY)
    with (
        upstream(bench, MODELS, every=1, is_prepared=True) as feed,
        registry(bench, "meanwhile", base_url(feed)) as served,
    ):
        one = one_model(served)
        cases: dict[str, tuple[str, dict[str, str], Path | None]] = {
            "one model": (one, {}, None),
            "/models gzip": ("/models", {"Accept-Encoding": "gzip"}, None),
            "one model, a fifth of the load": (one, {}, slowly),
        }
        found: dict[tuple[str, bool], list[float]] = {}
        took: dict[str, list[float]] = {label: [] for label in cases}
        for label, (target, headers, script) in cases.items():
            is_repeated = script is None and not bench.is_quick
            for is_meanwhile, times in IN_TURN if is_repeated else ONCE:
                with _refreshing(served, took[label]) if is_meanwhile else nullcontext():
                    runs = [load(bench, served, target, headers, seconds=seconds, script=script) for _ in range(times)]
                found.setdefault((label, is_meanwhile), []).extend(run.p99_ms for run in runs)
    return [
        compared(
            "Reads while a refresh runs every second, p99",
            label,
            yardstick=("without", found[label, False]),
            ours=("with", found[label, True]),
            unit=" ms",
            at_most=MOST_P99_TIMES,
            note=f"a refresh takes {number(median(took[label]))} s",
        )
        for label in cases
    ]


def _refresh(served: Served) -> None:
    answer = get(served.port, "/refresh", method="POST")
    if answer.status != 200 or b'"outcome":"updated"' not in answer.body:
        raise RuntimeError(f"a refresh was expected to update the catalog: {answer.status} {answer.body[:300]!r}")


def _read_whole_answers(served: Served) -> None:
    for target in WHOLE_ANSWERS:
        for coding in ("identity", "gzip", "br", "zstd"):
            get(served.port, target, {"Accept-Encoding": coding})


@contextmanager
def _refreshing(served: Served, took_seconds: list[float]) -> Iterator[None]:
    """Refresh once a second, until the block ends, and note how long each took."""
    is_over = threading.Event()

    def refresh_again() -> None:
        while not is_over.is_set():
            started = time.monotonic()
            _refresh(served)
            took_seconds.append(time.monotonic() - started)
            is_over.wait(max(0.0, REFRESH_EACH_SECONDS - took_seconds[-1]))

    thread = threading.Thread(target=refresh_again)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
