"""`/api/v1`, read by OpenRouter's own Python and npm SDKs, with catalogs from 2024 on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.heavy.clients import needs_npm_clients, needs_python_clients, told_by
from tests.heavy.conftest import Registry

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]


async def assert_common(told: dict[str, Any], registry: Registry) -> None:
    """Check what both SDKs saw."""
    served = [row["id"] for row in (await registry.read("/api/v1/models"))["data"]]
    assert told["ids"] == told["paged_by_70"] == served
    assert set(served) >= {record["id"] for record in registry.records}
    assert told["got"] == told["sampled"]
    assert len(told["got"]) >= 40
    assert told["count"] == len(served)
    assert [entry["id"] for entry in told["endpoints"]] == told["sampled"][:10]
    assert any(entry["endpoints"] for entry in told["endpoints"])
    assert len(told["providers"]) > 5


@needs_python_clients
async def test_the_python_sdk_reads_pages_and_asks_for_every_document(registry: Registry) -> None:
    told = await told_by("openrouter_python.py", registry.address)
    await assert_common(told, registry)
    assert told["paged_by_500"] == told["ids"]
    assert (told["total_count"], told["next"]) == (len(told["ids"]), None)
    upstream = {record["id"]: record["pricing"]["prompt"] for record in registry.records}
    assert {model_id: told["prompts"][model_id] for model_id in upstream} == upstream
    assert 0 < len(told["filtered"]) < len(told["ids"])
    assert told["missing"]["status"] == 404
    assert "there-is-no-such-model-9000" in told["missing"]["message"]
    assert told["refused"].startswith("zdr")


@needs_npm_clients
async def test_the_npm_sdk_reads_pages_and_asks_for_every_document(registry: Registry) -> None:
    told = await told_by("openrouter_npm.mjs", registry.address)
    await assert_common(told, registry)
    assert told["paged_by_default"] == told["ids"]
    assert told["missing"] == 404
