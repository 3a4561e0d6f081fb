"""`/litellm/...` and a LiteLLM proxy's model info, as LiteLLM and its pickers ask for them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.dialects.dialect import findings
from app.dialects.litellm_config import LITELLM_CONFIG_JSON, LITELLM_MODEL_INFO
from app.dialects.litellm_cost_map import LITELLM_COST_MAP
from tests.api.catalog import BATCH, DYNAMIC, FREE, LATEST, PLAIN, UNPRICED, VISION
from tests.api.service import Service, assert_hardened, serving

pytestmark = pytest.mark.anyio
COST_MAP = "/litellm/model_prices_and_context_window.json"


async def test_the_cost_map_holds_every_model_with_a_price_and_its_exact_numbers(service: Service) -> None:
    document = await service.read(COST_MAP)
    listed = (await service.read("/models"))["models"]
    billed = {
        f"openrouter/{model['id']}"
        for model in listed
        if model["price"]["state"] in {"free", "priced"} and "openrouter" in model["sources"]
    }
    assert set(document) == billed
    assert {f"openrouter/{DYNAMIC}", f"openrouter/{UNPRICED}"}.isdisjoint(document)
    assert document[f"openrouter/{VISION}"]["input_cost_per_token"] == 0.00000125
    assert document[f"openrouter/{FREE}"]["output_cost_per_token"] == 0
    assert findings(LITELLM_COST_MAP, document) == (len(document), ())


async def test_the_checksum_is_of_the_uncompressed_body(service: Service) -> None:
    body = (await service.get(COST_MAP)).content
    checksum = await service.get(f"{COST_MAP}.sha256")
    assert checksum.text == hashlib.sha256(body).hexdigest()
    assert checksum.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_the_config_is_the_same_in_yaml_and_json(service: Service) -> None:
    answer = await service.get("/litellm/config.yaml")
    assert answer.headers["Content-Type"] == "application/yaml"
    document = await service.read("/litellm/config.json")
    assert yaml.safe_load(answer.text) == document
    assert findings(LITELLM_CONFIG_JSON, document)[1] == ()
    by_id = {entry["model_info"]["id"]: entry for entry in document["model_list"]}
    assert by_id[f"model-registry/{PLAIN}@openrouter"]["model_name"] == "openrouter/acme-anvil-1"
    assert "input_cost_per_token" not in by_id[f"model-registry/{DYNAMIC}@openrouter"]["model_info"]
    fallbacks = document["router_settings"]["fallbacks"]
    assert {by_id[f"model-registry/{BATCH}@openrouter"]["model_name"]: ["openrouter/acme-anvil-1"]} in fallbacks
    assert {by_id[f"model-registry/{LATEST}@openrouter"]["model_name"]: ["openrouter/acme-anvil-1"]} in fallbacks
    assert not [entry for entry in fallbacks if by_id[f"model-registry/{FREE}@openrouter"]["model_name"] in entry]


async def test_model_info_answers_by_both_paths(service: Service) -> None:
    document = await service.read("/v1/model/info")
    assert await service.read("/model/info") == document
    assert findings(LITELLM_MODEL_INFO, document)[1] == ()
    groups = await service.read("/model_group/info")
    assert [row["model_group"] for row in groups["data"]] == [row["model_name"] for row in document["data"]]


@pytest.mark.parametrize("path", [COST_MAP, f"{COST_MAP}.sha256", "/litellm/config.yaml", "/model/info"])
async def test_a_client_that_knows_the_answer_gets_304(service: Service, path: str) -> None:
    first = await service.get(f"{path}?whatever=1")
    assert first.status_code == 200
    again = await service.get(path, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    head = await service.client.head(path, headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(first.content)))


async def test_with_core_models_alone_clients_keep_what_they_have(tmp_path: Path) -> None:
    async with serving(tmp_path, catalog=(), openrouter_enabled=False) as service:
        for path in (COST_MAP, f"{COST_MAP}.sha256", "/litellm/config.yaml", "/v1/model/info", "/model/info"):
            answer = await service.get(path)
            assert answer.status_code == 503, path
            assert_hardened(answer)
            assert answer.json()["error"]["code"] == "503"


async def test_ours_is_laid_over_a_given_map_and_status_says_so(tmp_path: Path) -> None:
    base: dict[str, Any] = {f"vendor/model-{number}": {"mode": "chat"} for number in range(300)}
    base[f"openrouter/{DYNAMIC}"] = {"mode": "chat", "input_cost_per_token": 0}
    path = tmp_path / "map.json"
    path.write_text(json.dumps(base))
    async with serving(tmp_path / "data", litellm_base_map=str(path)) as service:
        document = await service.read(COST_MAP)
        assert document["vendor/model-7"] == {"mode": "chat"}
        assert f"openrouter/{PLAIN}" in document
        assert f"openrouter/{DYNAMIC}" not in document
        state = (await service.read("/status"))["litellm_base_map"]
        assert (state["state"], state["rows"], state["last_error"]) == ("valid", 301, None)


async def test_a_given_map_that_can_not_be_read_blocks_nothing_and_is_told(tmp_path: Path) -> None:
    async with serving(tmp_path, litellm_base_map=str(tmp_path / "missing.json")) as service:
        assert f"openrouter/{PLAIN}" in await service.read(COST_MAP)
        status = await service.read("/status")
        assert status["status"] == "degraded"
        assert status["litellm_base_map"]["state"] == "interrupted"
        assert "LITELLM_BASE_MAP" in status["litellm_base_map"]["last_error"]["reason"]


async def test_a_map_from_an_address_is_laid_under_as_soon_as_it_comes(tmp_path: Path) -> None:
    body = json.dumps({"vendor/model": {"mode": "chat"}}).encode()

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/map.json"
        async with serving(tmp_path, litellm_base_map=url) as service:
            for _ in range(500):
                document = await service.read(COST_MAP)
                if "vendor/model" in document:
                    break
                await asyncio.sleep(0.02)
            assert document.keys() >= {"vendor/model", f"openrouter/{PLAIN}"}
            assert (await service.read("/status"))["litellm_base_map"]["state"] == "valid"
    assert (tmp_path / "litellm_base_map.json").read_bytes() == body.replace(b": ", b":")
