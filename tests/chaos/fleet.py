"""The instances of a storm, and what is known of each from outside."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.processes import ServiceProcess


class Member:
    """One instance: its process, and the newest generation that anybody has read from it in any of its lives.

    `upheavals` grows whenever the process is hurt: a read that fails across one was cut by us, not by the service.
    """

    def __init__(self, process: ServiceProcess) -> None:
        self.process = process
        self.port = 0
        self.generation = 0
        self.upheavals = 0
        self.lives = 0
        self.start_seconds: list[float] = []
        self.is_up = asyncio.Event()
        self._hurting = asyncio.Lock()

    async def start(self) -> None:
        """Start the process and wait until it is ready."""
        started = time.monotonic()
        await self.process.start()
        self.start_seconds.append(time.monotonic() - started)
        self.port = self.process.client.base_url.port or 0
        self.lives += 1
        self.is_up.set()

    async def die(self, seconds: float) -> None:
        """Kill the process as a crash does, and start it again after a while."""
        async with self._hurting:
            self._leave()
            await self.process.kill()
            await asyncio.sleep(seconds)
            await self.start()

    async def freeze(self, seconds: float) -> None:
        """Stop the process in its tracks for a while."""
        async with self._hurting:
            self._leave()
            self.process.send(signal.SIGSTOP)
            try:
                await asyncio.sleep(seconds)
            finally:
                self.process.send(signal.SIGCONT)
            self.is_up.set()

    def _leave(self) -> None:
        self.is_up.clear()
        self.upheavals += 1


def fleet(folder: Path, count: int, period_seconds: float, settings: Mapping[str, str]) -> list[Member]:
    """Return instances that are not started yet."""
    return [
        Member(
            ServiceProcess(
                folder, f"number-{number}", period_seconds=period_seconds, is_traced=False, settings=settings
            )
        )
        for number in range(count)
    ]
