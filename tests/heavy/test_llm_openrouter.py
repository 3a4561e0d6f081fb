"""`/api/v1/models`, read by the OpenRouter plugin of the llm command from the file that it takes for its cache."""

from __future__ import annotations

import pytest

from tests.heavy.clients import needs_python_clients, told_by
from tests.heavy.conftest import Registry

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]


@needs_python_clients
async def test_the_plugin_offers_every_model_with_its_abilities(registry: Registry) -> None:
    told = await told_by("llm_plugin.py", registry.address)
    rows = (await registry.read("/api/v1/models"))["data"]
    assert sorted(told["ids"]) == sorted(row["id"] for row in rows)
    assert told["with_tools"] == sum("tools" in row["supported_parameters"] for row in rows)
    assert told["with_images"] == sum("image" in row["architecture"]["input_modalities"] for row in rows)
