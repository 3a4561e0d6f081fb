"""The process that builds catalogs, beside a real service: it is there while there is work, and never outlives it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from app.building.in_child import KEPT_SECONDS
from tests.e2e.processes import ServiceProcess, eventually, running
from tests.simulator import Simulator, generate_catalog

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.e2e,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="there is no /proc here to look at processes in"),
]

END_SECONDS = 10


def builders_of(pid: int) -> list[int]:
    """Return the processes that build catalogs for a service."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [
            int(child) for child in children if b"app.building.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
    except OSError:
        return []


def is_there(pid: int) -> bool:
    """Whether a process runs; one that only waits to be counted does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


async def working(service: ServiceProcess) -> int:
    """Refresh, and return the process that built the catalog."""
    answer = await service.client.post("/refresh")
    assert answer.status_code == 200, answer.text
    [builder] = builders_of(service.pid)
    return builder


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_it_ends_with_its_service(tmp_path: Path, simulator: Simulator, end: str) -> None:
    service = ServiceProcess(tmp_path, OPENROUTER_BASE_URL=simulator.base_url)
    async with running(service):
        await service.fetched()
        builder = await working(service)
        if end == "kill":
            await service.kill()
            assert await eventually(lambda: not is_there(builder), END_SECONDS) is not None
        else:
            await service.stop()
            assert not is_there(builder)


async def test_killing_it_costs_no_refresh_and_without_work_there_is_none(tmp_path: Path, simulator: Simulator) -> None:
    service = ServiceProcess(tmp_path, OPENROUTER_BASE_URL=simulator.base_url)
    async with running(service):
        await service.fetched()
        os.kill(await working(service), signal.SIGKILL)
        simulator.catalog = generate_catalog(121)
        answer = await service.client.post("/refresh")
        assert (answer.status_code, answer.json()["outcome"]) == (200, "updated")
        assert (await service.client.get("/models/openrouter")).json()["total"] >= 121
        assert await eventually(lambda: not builders_of(service.pid), KEPT_SECONDS + END_SECONDS) is not None
