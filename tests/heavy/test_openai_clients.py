"""`/v1/models`, read by OpenAI's own Python and npm packages, and by LangChain."""

from __future__ import annotations

import pytest

from tests.heavy.clients import needs_npm_clients, needs_python_clients, told_by
from tests.heavy.conftest import Registry

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]


@needs_python_clients
async def test_the_python_sdk_lists_and_retrieves_every_model(registry: Registry) -> None:
    told = await told_by("openai_python.py", registry.address)
    served = [row["id"] for row in (await registry.read("/v1/models"))["data"]]
    assert told["ids"] == told["langchain"] == served
    assert len(served) > 100
    assert set(told["retrieved"]) <= set(served)
    assert len(told["retrieved"]) >= 40
    assert told["created_are_whole"]
    assert told["prices_survive"]
    assert told["missing"] == "model_not_found"


@needs_npm_clients
async def test_the_npm_package_lists_and_retrieves_every_model(registry: Registry) -> None:
    told = await told_by("openai_npm.mjs", registry.address)
    assert told["ids"] == [row["id"] for row in (await registry.read("/v1/models"))["data"]]
    assert len(told["retrieved"]) >= 40
    assert told["missing"] == "model_not_found"
