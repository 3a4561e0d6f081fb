"""Servers to compare: real processes with one catalog, and a server in a thread whose inside can be looked at."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from fastapi import FastAPI

from app.main import create_app
from app.protocol import protocol_for
from app.web.application import overload_of, with_front
from app.web.serving import Serving
from tests.api.two_ways import settings_for
from tests.e2e.raw_http import Connection, request
from tests.simulator import Simulator

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running `python -m app serve`."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> list[dict[str, Any]]:
        """What it logged so far."""
        lines = (self.folder / "server.log").read_bytes().splitlines()
        return [orjson.loads(line) for line in lines if line.startswith(b"{")]

    @property
    def resident_bytes(self) -> int:
        """Its resident memory now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> int:
        """Ask it to stop as an orchestrator does; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def simulated(records: list[dict[str, Any]]) -> Iterator[Simulator]:
    """Run an OpenRouter in a thread of its own."""
    simulator = Simulator(records)
    started, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        async with simulator:
            started.set()
            await stop.wait()

    def main() -> None:
        loop.run_until_complete(run())
        loop.close()

    thread = threading.Thread(target=main, name="simulator")
    thread.start()
    assert started.wait(START_SECONDS)
    try:
        yield simulator
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(STOP_SECONDS)


@contextmanager
def serving(folder: Path, base_url: str, **options: str) -> Iterator[Server]:
    """Run a server until the block ends; it is ready when it serves upstream's catalog."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "DATA_DIR": str(folder / "data"),
        "OPENROUTER_BASE_URL": base_url,
        "LOG_FORMAT": "json",
        "FOLLOW_SECONDS": "60",
        "REFRESH_COOLDOWN_SECONDS": "0",
        "ADMIN_REQUESTS_PER_MINUTE": "1000000",
        "PYTHONPATH": str(ROOT),
        # Starlette writes Allow in the order of a set.
        "PYTHONHASHSEED": "0",
        # So that coverage reaches it.
        **{name: value for name, value in os.environ.items() if name.startswith("COV")},
        **options,
    }
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve"],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        await_catalog(port, process)
        yield Server(port, folder, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def await_catalog(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server serves more than the core models (generation 0)."""
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            with Connection(port) as connection:
                if not connection.ask(request("/models/core")).header(b"x-catalog-snapshot").startswith(b"0-"):
                    return
        except (OSError, EOFError, KeyError):
            pass  # Not yet.
        time.sleep(0.05)
    raise AssertionError(f"the server on port {port} did not come up; exit code {process.poll()}")


@dataclass(frozen=True, slots=True)
class Twins:
    """Two servers with the same catalog, one with the fast protocol, one with uvicorn's own."""

    fast: Server
    plain: Server
    simulator: Simulator


@contextmanager
def twins(folder: Path, records: list[dict[str, Any]], **options: str) -> Iterator[Twins]:
    """Run both; the catalog is fetched once, so that ids and times agree."""
    with simulated(records) as simulator:
        with serving(folder / "first", simulator.base_url) as first:
            first.stop()
        for name in ("fast", "plain"):
            shutil.copytree(folder / "first" / "data", folder / name / "data")
        url = simulator.base_url
        with (
            serving(folder / "fast", url, FAST_PROTOCOL="true", **options) as fast,
            serving(folder / "plain", url, FAST_PROTOCOL="false", **options) as plain,
        ):
            yield Twins(fast, plain, simulator)


@dataclass(slots=True)
class ThreadedServer:
    """A server in a thread; what happens on its loop must be done by `on_loop`."""

    app: FastAPI
    server: uvicorn.Server
    port: int
    loop: asyncio.AbstractEventLoop
    access_lines: list[tuple[str, str, int, str]] = field(default_factory=list)

    @property
    def parts(self) -> Serving:
        """What its handlers share."""
        shared: Serving = self.app.state.serving
        return shared

    def on_loop(self, work: Callable[[], object]) -> None:
        """Do something on the server's loop and wait until it is done."""
        done = threading.Event()

        def run() -> None:
            work()
            done.set()

        self.loop.call_soon_threadsafe(run)
        assert done.wait(STOP_SECONDS)


@contextmanager
def threaded(folder: Path, *, is_fast: bool = True, **options: Any) -> Iterator[ThreadedServer]:
    """Run a server in a thread, with options of uvicorn that the settings don't offer."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = settings_for(folder)
    app = create_app(settings)
    lines: list[tuple[str, str, int, str]] = []

    def access_log(method: str, path: str, status: int, _seconds: float, request_id: str) -> None:
        lines.append((method, path, status, request_id))

    front = with_front(app, settings)
    overload = overload_of(app, settings) if "limit_concurrency" in options else None
    protocol = protocol_for(front, app.state.serving.registry, access_log, overload, is_fast=is_fast)
    config = uvicorn.Config(
        front,
        http=protocol or "httptools",
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        **options,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    loops: list[asyncio.AbstractEventLoop] = []

    class WatchedServer(uvicorn.Server):
        """Tells which loop it runs on."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            loops.append(asyncio.get_running_loop())
            await super().startup(sockets)

    server = WatchedServer(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server")
    thread.start()
    try:
        give_up_at = time.monotonic() + START_SECONDS
        while not server.started:
            assert time.monotonic() < give_up_at, "the server did not start"
            assert thread.is_alive(), "the server ended while it started"
            time.sleep(0.01)
        yield ThreadedServer(app, server, listener.getsockname()[1], loops[0], lines)
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)
        listener.close()
