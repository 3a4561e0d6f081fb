"""Servers as child processes: pinned to a core, on a free port, ended by their process id whatever happens."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.bounds import ROOT, Bench

START_SECONDS = 20.0
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers on a port of this machine."""

    name: str
    port: int
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def url(self, target: str) -> str:
        """Return the address of a target."""
        return f"http://127.0.0.1:{self.port}{target}"


@dataclass(frozen=True, slots=True)
class Got:
    """An answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def module(name: str, *arguments: object) -> list[str]:
    """Return the command that runs a module with this interpreter."""
    return [sys.executable, "-m", name, *map(str, arguments)]


@contextmanager
def running(
    bench: Bench, name: str, command: Sequence[str], *, core: int, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for as long as the block lasts; what it prints goes to a file of its own name."""
    clean = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "TMPDIR"}}
    with (bench.folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=bench.folder,
            env={**clean, "PYTHONPATH": str(ROOT), **(env or {})},
        )
        try:
            yield process
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def serving(
    bench: Bench,
    name: str,
    command: Sequence[str],
    port: int,
    *,
    core: int,
    env: Mapping[str, str] | None = None,
    start_seconds: float = START_SECONDS,
) -> Iterator[Served]:
    """Run a server until the block ends; it is ready when its port is open."""
    with running(bench, name, command, core=core, env=env) as process:
        _await_port(process, port, bench.folder / f"{name}.log", start_seconds)
        yield Served(name, port, process)


@contextmanager
def registry(bench: Bench, name: str, base_url: str, *, core: int | None = None, **options: object) -> Iterator[Served]:
    """Run this service until the block ends; it is ready when it serves upstream's catalog."""
    port = free_port()
    env = {
        "PORT": str(port),
        "DATA_DIR": str(bench.folder / name),
        "OPENROUTER_BASE_URL": base_url,
        "LOG_LEVEL": "warning",
        "REFRESH_INTERVAL_MINUTES": "10080",
        "REFRESH_COOLDOWN_SECONDS": "0",
        "ADMIN_REQUESTS_PER_MINUTE": "1000000",
        "FOLLOW_SECONDS": "60",
        **{word.upper(): str(value) for word, value in options.items()},
    }
    command = module("app", "serve")
    with serving(bench, name, command, port, core=bench.server_core if core is None else core, env=env) as served:
        give_up_at = time.monotonic() + START_SECONDS
        # Generation 0 is the core models alone.
        while get(port, "/models").headers.get("x-catalog-snapshot", "0-").startswith("0-"):
            if time.monotonic() > give_up_at:
                raise RuntimeError(f"{name} does not serve the simulator's catalog; see {bench.folder / name}.log")
            time.sleep(0.1)
        yield served


def _await_port(process: subprocess.Popen[bytes], port: int, log: Path, seconds: float) -> None:
    """Wait until a port is open; raises RuntimeError with the end of the log when that takes too long."""
    give_up_at = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < give_up_at:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    tail = log.read_text(errors="replace")[-2_000:] if log.exists() else ""
    raise RuntimeError(f"{log.stem} did not start on port {port}: {tail}")


def get(
    port: int, target: str, headers: Mapping[str, str] | None = None, *, method: str = "GET", timeout: float = 30
) -> Got:
    """Ask once, on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, target, headers=dict(headers or {}))
        answer = connection.getresponse()
        return Got(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process and its living children have used; 0 for one that is gone."""
    try:
        # The kernel's id of a process's own CPU clock: exact, where /proc counts in hundredths.
        own = time.clock_gettime((~pid << 3) | 2)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    return own + sum(cpu_seconds(int(child)) for child in children)


def memory_mib(pid: int, what: str = "VmRSS") -> float:
    """Return the resident memory of a process now; `VmHWM` is the most that it ever had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/{pid}/status has no {what}")
