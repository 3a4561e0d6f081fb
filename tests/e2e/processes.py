"""Real processes of the service on free ports of this machine: started, asked, stopped, killed, always cleaned up."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import httpx
import orjson

ROOT = Path(__file__).parents[2]
START_SECONDS = 20.0
STOP_SECONDS = 15.0
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
SERVE = ("-m", "app", "serve")
# Settings allow no period below a minute; a test can't wait that long for three of them.
SHORT_PERIOD = """
import sys
from app.serve import serve
from app.settings import Settings
sys.exit(serve(Settings().model_copy(update={"refresh_interval_minutes": float(sys.argv[1]) / 60})))
"""


class ServiceProcess:
    """One `python -m app serve`, with nothing but the given settings in its environment.

    `period_seconds` replaces the refresh interval by one that is shorter than operators may choose. `is_traced` lets
    a measurement of test coverage into the process, when there is one; it costs time and memory.
    """

    def __init__(
        self,
        folder: Path,
        name: str = "one",
        *,
        period_seconds: float | None = None,
        is_traced: bool = True,
        settings: Mapping[str, str] = NO_SETTINGS,
        **more_settings: str,
    ) -> None:
        self.folder = folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._arguments = SERVE if period_seconds is None else ("-c", SHORT_PERIOD, str(period_seconds))
        self._settings = {
            "PORT": "0",
            "LOG_FORMAT": "json",
            "DATA_DIR": str(self.folder / "data"),
            "FOLLOW_SECONDS": "0.5",
            "REFRESH_COOLDOWN_SECONDS": "0",
            "ADMIN_REQUESTS_PER_MINUTE": "1000000",
            **settings,
            **more_settings,
        }
        self._is_traced = is_traced
        self._process: subprocess.Popen[bytes] | None = None
        self._client: httpx.AsyncClient | None = None
        self.started = 0.0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    @property
    def log(self) -> str:
        """Everything that the process wrote, over all its lives."""
        path = self.folder / "service.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def events(self) -> list[dict[str, Any]]:
        """The log lines as values; one that is being written does not count yet."""
        whole, _, _ = self.log.rpartition("\n")
        return [orjson.loads(line) for line in whole.splitlines() if line.startswith("{")]

    @property
    def client(self) -> httpx.AsyncClient:
        assert self._client is not None, "the process does not run"
        return self._client

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None, "the process does not run"
        return self._process.pid

    @property
    def resident_mib(self) -> float:
        """Resident memory now."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) / 1024

    async def start(self, *, is_ready: bool = True) -> None:
        """Start the process and wait until it listens, and is ready unless told otherwise."""
        known = len(self.events)
        # Nothing of ours is inherited, least of all a proxy or a setting of whoever runs the tests.
        wanted = ("PATH", "HOME", "COVERAGE_") if self._is_traced else ("PATH", "HOME")
        kept = {key: value for key, value in os.environ.items() if key.startswith(wanted)}
        environment = {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **self._settings}
        self.started = time.monotonic()
        with (self.folder / "service.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
                [sys.executable, *self._arguments], cwd=self.folder, env=environment, stdout=log, stderr=log
            )
        await eventually(lambda: self._address(known) is not None or not self.is_running, START_SECONDS, pace=0.005)
        address = self._address(known)
        assert address is not None, f"{self.folder.name} did not start:\n{self.log}"
        self._client = httpx.AsyncClient(base_url=address, timeout=10, trust_env=False)
        if is_ready:
            await self.wait_for("/readyz")

    async def wait_for(self, path: str, within_seconds: float = START_SECONDS) -> httpx.Response:
        """Ask until the answer is a 200."""
        give_up_at = time.monotonic() + within_seconds
        while True:
            try:
                answer = await self.client.get(path)
                if answer.status_code == 200:
                    return answer
            except httpx.TransportError:
                answer = None
            assert self.is_running, self.log
            assert time.monotonic() < give_up_at, f"{path} gave {answer}\n{self.log}"
            await asyncio.sleep(0.005)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def status(self) -> Any:
        return (await self.client.get("/status")).json()

    async def snapshot_id(self) -> str:
        """The id of what is served now."""
        return str((await self.client.get("/readyz")).json()["snapshot"])

    async def origin(self) -> str:
        """Where what is served now came from: core, bootstrap or upstream."""
        return str((await self.client.get("/readyz")).json()["state"])

    async def fetched(self, within_seconds: float = START_SECONDS) -> None:
        """Wait until upstream's catalog is served and whoever fetched it has let go of the lease."""
        give_up_at = time.monotonic() + within_seconds
        while await self.origin() != "upstream" or (await self.status())["refresh"]["is_running"]:
            assert time.monotonic() < give_up_at, self.log
            await asyncio.sleep(0.02)

    async def interrupted(self, within_seconds: float = START_SECONDS) -> Any:
        """Wait until upstream has failed and return what `/status` says then."""
        give_up_at = time.monotonic() + within_seconds
        while (status := await self.status())["upstream"]["state"] != "interrupted":
            assert time.monotonic() < give_up_at, self.log
            await asyncio.sleep(0.02)
        return status

    async def etag(self, coding: str = "identity") -> str:
        """The ETag of the whole list in one coding; right after a start compressed forms are not there yet."""
        answer = await self.client.get("/models", headers={"Accept-Encoding": coding})
        return answer.headers["etag"]

    async def refresh(self, **switches: str) -> Any:
        """Refresh by hand and return the outcome."""
        return (await self.client.post("/refresh", params=switches)).json()

    async def stop(self) -> int:
        """Ask the process to end and return its exit code."""
        self.send(signal.SIGTERM)
        await eventually(lambda: not self.is_running, STOP_SECONDS)
        assert self._process is not None
        code = self._process.poll()
        assert code is not None, f"{self.folder.name} did not stop within {STOP_SECONDS:g} s:\n{self.log}"
        await self._forget()
        return code

    async def kill(self) -> None:
        """End the process as a crash does; nothing happens when it has ended already."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        await self._forget()

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def _forget(self) -> None:
        self._process = None
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _address(self, known: int) -> str | None:
        found = (entry["at"] for entry in self.events[known:] if entry["event"] == "serving the model registry")
        return next(found, None)


@asynccontextmanager
async def running(*services: ServiceProcess) -> AsyncIterator[None]:
    """Start services at the same moment and kill them at the end, whatever happens."""
    try:
        await asyncio.gather(*(service.start() for service in services))
        yield
    finally:
        for service in services:
            await service.kill()


async def eventually(fact: Callable[[], bool], within_seconds: float, pace: float = 0.02) -> float | None:
    """Wait until a fact holds and return after how many seconds; None when it never did."""
    started = time.monotonic()
    while not fact():
        if time.monotonic() - started > within_seconds:
            return None
        await asyncio.sleep(pace)
    return time.monotonic() - started


async def all_serve(services: list[ServiceProcess], snapshot_id: str, within_seconds: float) -> float:
    """Wait until every service serves a snapshot and return after how many seconds."""
    started = time.monotonic()
    while True:
        served = [await service.snapshot_id() for service in services]
        seconds = time.monotonic() - started
        if set(served) == {snapshot_id}:
            return seconds
        assert seconds < within_seconds, f"after {seconds:.1f} s {served} are served, not {snapshot_id}"
        await asyncio.sleep(0.05)
