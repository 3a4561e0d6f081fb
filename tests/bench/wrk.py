"""Load: wrk with one thread and 32 keep-alive connections, and what it says about it."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.bounds import CONNECTIONS, Bench
from tests.bench.processes import Served, cpu_seconds

TRIES = 3
# Below this share of its core, a server could have done more: wrk was the slower side. One that could not shows 0.97 to
# 0.99 of a run, which begins with wrk's own start.
LEAST_BUSY = 0.95
BY_CPU = "per second of CPU, as wrk is slower"
_UNIT_MS = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_COUNT = re.compile(r"(\d+) requests in")
_PERCENTILE = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)\s*$", re.MULTILINE)
_TROUBLE = re.compile(r"(Non-2xx or 3xx responses: \d+|Socket errors: .+)")


@dataclass(frozen=True, slots=True)
class Load:
    """One run.

    `cpu_microseconds` is what the server spent per request, `busy` the share of the time that it spent at all:
    well below 1, it was wrk that could not do more. `foreign` is the share that others took of the two cores.
    """

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_microseconds: float
    busy: float
    foreign: float

    @property
    def per_cpu_second(self) -> float:
        """How many requests the server answers with a second of its core."""
        return 1e6 / self.cpu_microseconds


def comparable(*runs: Sequence[Load]) -> tuple[list[list[float]], bool]:
    """Return requests per second of each server, by its own CPU where wrk could not do more; and whether it is so.

    What wrk reads in a second says nothing about a server that waits for wrk; what it spends on a request does.
    """
    # A core that others used was not left idle by wrk.
    is_waiting = any(median(one.busy + one.foreign for one in loads) < LEAST_BUSY for loads in runs)
    return [[one.per_cpu_second if is_waiting else one.per_second for one in loads] for loads in runs], is_waiting


def load(
    bench: Bench,
    served: Served,
    target: str,
    headers: Mapping[str, str] | None = None,
    *,
    seconds: int | None = None,
    script: Path | None = None,
    arguments: Sequence[object] = (),
    tries: int = TRIES,
) -> Load:
    """Load one target of a server; raises RuntimeError when an answer is an error.

    A run during which others used the cores is repeated, within bounds; the least disturbed one counts.
    """
    seconds = seconds or bench.seconds
    command = [
        "taskset",
        "-c",
        str(bench.load_core),
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "--latency",
        "--timeout",
        "60s",
    ]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    command += ["-s", str(script)] if script else []
    command += [served.url(target)]
    command += ["--", *map(str, arguments)] if arguments else []
    runs = [_run(bench, served, command)]
    while len(runs) < tries and bench.should_repeat(runs[-1].foreign, f"{served.name} {target}"):
        runs.append(_run(bench, served, command))
    return min(runs, key=lambda run: run.foreign)


def _run(bench: Bench, served: Served, command: Sequence[str]) -> Load:
    before, busy_before, started = cpu_seconds(served.pid), _busy_seconds(bench), time.monotonic()
    own_before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, elapsed = cpu_seconds(served.pid) - before, time.monotonic() - started
    wrk = own.ru_utime + own.ru_stime - own_before.ru_utime - own_before.ru_stime
    rate, count = _RATE.search(done.stdout), _COUNT.search(done.stdout)
    percentiles = {at: float(value) * _UNIT_MS[unit] for at, value, unit in _PERCENTILE.findall(done.stdout)}
    trouble = _TROUBLE.search(done.stdout)
    if done.returncode or trouble or rate is None or count is None or not int(count[1]):
        raise RuntimeError(f"wrk and {served.name}: {trouble[0] if trouble else done.stdout + done.stderr}")
    return Load(
        requests=int(count[1]),
        per_second=float(rate[1]),
        p50_ms=percentiles["50"],
        p99_ms=percentiles["99"],
        cpu_microseconds=cpu / int(count[1]) * 1e6,
        busy=cpu / elapsed,
        foreign=max(0.0, _busy_seconds(bench) - busy_before - cpu - wrk) / elapsed,
    )


def _busy_seconds(bench: Bench) -> float:
    """Return the time that anybody spent on our cores, the machine's other guests included, interrupts not."""
    ours = {f"cpu{bench.server_core}", f"cpu{bench.load_core}"}
    ticks = 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, *counts = line.split()
        if name in ours:
            user, nice, system, _idle, _iowait, _irq, _softirq, steal = map(int, counts[:8])
            ticks += user + nice + system + steal
    return ticks / os.sysconf("SC_CLK_TCK")
