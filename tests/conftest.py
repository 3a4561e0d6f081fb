"""What every test may ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.simulator import Simulator, generate_catalog


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio, as the service does."""
    return "asyncio"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Serve 120 generated models."""
    async with Simulator(generate_catalog(120)) as running:
        yield running
