"""What refreshes leave behind: nothing that only a collection would take away, which nobody makes of what is kept."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.building.in_child import ChildBuilder
from app.main import create_app
from app.outcome import Trigger
from app.settings import Settings
from tests.e2e.test_loop_and_memory import changed
from tests.simulator import Simulator, generate_catalog

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]
MODELS = 60
REFRESHES = 8
# What is made once, by libraries and by this test itself; eight refreshes left 650 by httpx alone, and 800 by us.
MOST_LEFT = 150


@pytest.fixture
def frozen() -> Iterator[None]:
    """Keep what is there now out of collections, as the service does."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("frozen")
async def test_refreshes_leave_no_cycles_behind(tmp_path: Path) -> None:
    catalog = generate_catalog(MODELS)
    turns = iter(range(1_000))
    async with Simulator(catalog, next_catalog=lambda: changed(catalog, next(turns))) as simulator:
        settings = Settings(
            _env_file=None,
            data_dir=tmp_path,
            openrouter_base_url=simulator.base_url,
            refresh_interval_minutes=10_080,
            follow_seconds=60,
        )
        app = create_app(settings, builder=ChildBuilder())
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            refresher = app.state.serving.refresher
            await refresher.refresh(Trigger.OPERATOR)
            gc.unfreeze()
            gc.collect()
            for _ in range(REFRESHES):
                assert (await refresher.refresh(Trigger.OPERATOR)).result.value == "updated"
                assert (await client.get("/models/search?q=gpt")).status_code == 200
            gc.unfreeze()
            assert gc.collect() < MOST_LEFT
