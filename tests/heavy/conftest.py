"""A registry process behind which stands a simulated OpenRouter with a generated or a real catalog."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.e2e.processes import ServiceProcess, running
from tests.real_data.catalogs import days, read
from tests.simulator import Simulator, generate_catalog

GENERATED = "generated"
# The oldest ones lack what today's strict clients demand; the newest is the largest.
REAL = ("2024-11-10", "2025-06-11", "2026-01-16", "2026-08-22")


@dataclass(frozen=True)
class Registry:
    """A running registry, what its upstream lists, and a client to ask both."""

    address: str
    records: list[dict[str, Any]]
    client: httpx.AsyncClient

    async def read(self, target: str) -> Any:
        """Return the JSON of a target that is there."""
        response = await self.client.get(target)
        assert response.status_code == 200, response.text[:500]
        return response.json()


def records_of(name: str) -> list[dict[str, Any]]:
    """Return the records of a catalog; skips where the real ones are absent."""
    if name == GENERATED:
        return [dict(record) for record in generate_catalog(150)]
    found = [path for path in days() if f"openrouter-{name}" in path.name]
    if not found:
        pytest.skip("the real catalogs are not beside this checkout")
    return read(found[0])


@pytest.fixture(
    scope="session", params=[GENERATED, *(pytest.param(name, marks=pytest.mark.real_data) for name in REAL)]
)
async def registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Registry]:
    """Serve each catalog in turn."""
    records = records_of(request.param)
    async with Simulator(records) as upstream:
        service = ServiceProcess(tmp_path_factory.mktemp("clients"), OPENROUTER_BASE_URL=upstream.base_url)
        async with running(service):
            await service.fetched()
            yield Registry(str(service.client.base_url).rstrip("/"), records, service.client)
