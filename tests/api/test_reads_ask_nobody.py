"""No read waits for a store or for upstream: whatever is asked, neither of them hears of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.main import create_app
from tests.api.catalog import CATALOG, PLAIN
from tests.api.service import client_of, settings_for
from tests.simulator import Simulator
from tests.unit.fakes import MemoryStore

pytestmark = pytest.mark.anyio
# Endpoints and providers are asked of upstream when somebody wants them, and say so.
LIVE = {"/api/v1/models/{author}/{slug}/endpoints", "/api/v1/providers"}
# Searches want a query, and no embedding models are loaded: they are answered all the same.
ANSWERED = {200, 404, 422}


async def test_no_read_asks_the_store_or_upstream(tmp_path: Path) -> None:
    store = MemoryStore()
    async with Simulator(CATALOG) as simulator:
        app = create_app(settings_for(simulator, tmp_path), store=store, is_ringing=False)
        async with app.router.lifespan_context(app), client_of(app) as client:
            assert (await client.post("/refresh")).json()["outcome"] == "updated"
            paths = {path for path, item in app.openapi()["paths"].items() if "get" in item} - LIVE
            calls, asked = sum(store.calls.values()), len(simulator.requests)
            store.fails = {"*"}
            statuses = []
            for path in sorted(paths):
                target = path.replace("{author}/{slug}", PLAIN).replace("{model_id}", PLAIN)
                statuses.append((await client.get(target)).status_code)
            assert set(statuses) <= ANSWERED
            assert statuses.count(200) > 25
            assert (sum(store.calls.values()), len(simulator.requests)) == (calls, asked)
