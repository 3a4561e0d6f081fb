"""A rolling restart under load, behind a proxy that takes the next instance where one refuses: nobody notices.

It is heavy: the load is made for the whole machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.chaos.line import Line
from tests.e2e.processes import ServiceProcess, eventually, running
from tests.simulator import Simulator

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.heavy]

READERS = 4
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 15.0


class Proxy:
    """Sends reads to instances that say that they are ready; as nginx does, it tries the next one where one refuses.

    `ports` are where the instances listen now; `failed` holds reads that no instance answered.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports = list(ports)
        self.ready: list[int] = []
        self.answered = 0
        self.failed: list[str] = []
        self.retried = 0

    async def look(self, is_over: asyncio.Event) -> None:
        """Ask everybody for readiness, again and again."""
        line = Line()
        while not is_over.is_set():
            ready = []
            for port in self.ports:
                with suppress(OSError, EOFError, TimeoutError):
                    if (await line.ask(port, "GET", "/readyz", PATIENCE_SECONDS)).status == 200:
                        ready.append(port)
            self.ready = ready
            await asyncio.sleep(LOOK_SECONDS)
        line.close()

    async def sees(self, count: int) -> None:
        """Wait until so many instances are ready."""
        assert await eventually(lambda: len(self.ready) == count, PATIENCE_SECONDS) is not None

    async def read(self, is_over: asyncio.Event) -> None:
        """Read without end, from another instance each time."""
        turn = 0
        while not is_over.is_set():
            turn += 1
            await self._read_once(turn)
            await asyncio.sleep(0.005)

    async def _read_once(self, turn: int) -> None:
        ready = list(self.ready)
        why = "nobody is ready"
        for attempt in range(len(ready)):
            line = Line()
            try:
                answer = await line.ask(ready[(turn + attempt) % len(ready)], "GET", "/models", PATIENCE_SECONDS)
            except (OSError, EOFError, TimeoutError) as error:
                self.retried += 1
                why = repr(error)
                continue
            finally:
                line.close()
            if answer.status == 200:
                self.answered += 1
                return
            why = str(answer.status)
        self.failed.append(why)


def port_of(service: ServiceProcess) -> int:
    """Return where an instance listens."""
    port = service.client.base_url.port
    assert port is not None
    return port


async def test_a_rolling_restart_under_load_fails_no_read(tmp_path: Path, simulator: Simulator) -> None:
    settings = {"OPENROUTER_BASE_URL": simulator.base_url, "DATA_DIR": str(tmp_path / "shared")}
    services = [ServiceProcess(tmp_path, f"number-{number}", is_traced=False, settings=settings) for number in range(2)]
    is_over = asyncio.Event()
    async with running(*services):
        for service in services:
            await service.fetched()
        proxy = Proxy([port_of(service) for service in services])
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(proxy.look(is_over))
            await proxy.sees(2)
            for _ in range(READERS):
                tasks.create_task(proxy.read(is_over))
            for number, service in enumerate(services):
                await asyncio.sleep(0.3)
                await service.stop()
                await proxy.sees(1)
                await service.start()
                proxy.ports[number] = port_of(service)
                await proxy.sees(2)
            await asyncio.sleep(0.3)
            is_over.set()
    print(f"{proxy.answered} reads answered, {proxy.retried} taken to the next instance, {len(proxy.failed)} failed")
    assert proxy.failed == []
    assert proxy.answered > 100
    assert len(simulator.requests) == 1, "nobody fetched anew"
