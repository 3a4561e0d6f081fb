"""The Streamlit example, used as a person uses it, against a registry process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.api.catalog import CATALOG, FREE, PLAIN
from tests.e2e.processes import ServiceProcess, running
from tests.heavy.clients import needs_python_clients, told_by
from tests.simulator import Simulator

pytestmark = [pytest.mark.anyio, pytest.mark.heavy, pytest.mark.e2e, needs_python_clients]
EXAMPLE = Path(__file__).parents[2] / "examples" / "streamlit" / "app.py"
TOKEN = "preferences-canary-" + "0" * 32


async def test_the_sidebar_keeps_what_is_chosen_and_offers_a_successor_for_what_is_gone(tmp_path: Path) -> None:
    async with Simulator(CATALOG) as upstream:
        service = ServiceProcess(
            tmp_path, OPENROUTER_BASE_URL=upstream.base_url, PREFERENCES_TOKEN=TOKEN, ADMIN_TOKEN=TOKEN
        )
        async with running(service):
            await service.fetched()
            bearer = {"Authorization": f"Bearer {TOKEN}"}
            path = "/users/eve/preferences"
            put = await service.client.put(path, json={"selected": FREE}, headers=bearer)
            assert put.status_code == 200, put.text
            upstream.catalog = [record for record in CATALOG if record["id"] != FREE]
            refreshed = await service.client.post("/refresh", headers=bearer)
            assert refreshed.json()["outcome"] == "updated"
            listed = (await service.client.get("/models")).json()["total"]
            told: dict[str, Any] = await told_by(
                "streamlit_sidebar.py",
                *(str(EXAMPLE), str(service.client.base_url), PLAIN, "eve"),
                PREFERENCES_TOKEN=TOKEN,
            )
            kept = (await service.client.get(path, headers=bearer)).json()
    assert [state for state in told.values() if state["exceptions"]] == []
    assert (told["new"]["chosen"], told["new"]["options"]) == (None, listed)
    assert told["chosen"]["chosen"] == PLAIN
    assert told["chosen"]["buttons"] == ["☆ Make it a favourite"]
    assert told["favourite"]["buttons"] == ["★ A favourite"]
    assert told["again"] == told["favourite"], "another session finds it as it was left"
    assert told["other"]["chosen"] is None
    assert (told["gone"]["chosen"], told["gone"]["options"]) == (FREE, listed + 1)
    assert told["gone"]["buttons"][1].startswith("Use ")
    [warning] = told["gone"]["warnings"]
    assert "is no longer listed" in warning
    assert (told["successor"]["chosen"], told["successor"]["warnings"]) == (PLAIN, [])
    assert (kept["selected"], kept["recents"]) == (PLAIN, [PLAIN])
    assert (told["closed"]["chosen"], len(told["closed"]["errors"])) == (None, 1)
    assert (told["unsaved"]["chosen"], len(told["unsaved"]["errors"])) == (PLAIN, 1)
