"""LiteLLM itself on the cost map, the model_list and the config of a running registry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.cli.litellm_file import exact, put_into
from tests.e2e.processes import ServiceProcess, running
from tests.heavy.clients import PYTHON, needs_python_clients, told_by
from tests.heavy.conftest import Registry
from tests.simulator import Simulator, generate_catalog

pytestmark = [pytest.mark.anyio, pytest.mark.heavy, needs_python_clients]
USAGES = {"short": (1_000, 100), "long": (300_000, 1_000)}
THEIRS = """\
model_list:
  - model_name: theirs
    litellm_params: {model: openai/gpt-4o, api_key: unused}
    model_info: {id: theirs-1}
"""
FIND_MAP = "import importlib.util as u, pathlib as p; print(p.Path(u.find_spec('litellm').origin).parent)"


def expected_cost(pricing: dict[str, Any], prompt_tokens: int, completion_tokens: int) -> Decimal | None:
    """Return what upstream's own record says that a request costs; None when hours decide or it is no number."""
    rates = {key: Decimal(rate) for key, rate in pricing.items() if isinstance(rate, str)}
    for override in pricing.get("overrides", []):
        if "utc_start" in override:
            return None
        if prompt_tokens > override["min_prompt_tokens"]:
            rates.update({key: Decimal(rate) for key, rate in override.items() if isinstance(rate, str)})
    return rates["prompt"] * prompt_tokens + rates["completion"] * completion_tokens


async def priced(registry: Registry) -> dict[str, dict[str, Any]]:
    """Return upstream's pricing of each model whose price is a number per token, under LiteLLM's name."""
    models = (await registry.read("/models?source=openrouter"))["models"]
    billed = {model["id"] for model in models if model["price"]["state"] in {"free", "priced"}}
    return {f"openrouter/{row['id']}": row["pricing"] for row in registry.records if row["id"] in billed}


async def test_litellm_takes_the_map_and_bills_every_model_as_upstream_does(registry: Registry) -> None:
    pricing = await priced(registry)
    others = [f"openrouter/{row['id']}" for row in registry.records if f"openrouter/{row['id']}" not in pricing]
    told = await told_by("litellm_cost_map.py", registry.address, *others, MODEL_COST_MAP_MAX_SHRINK_RATIO="0")
    assert (told["source"], told["fallback_reason"]) == ("remote", None)
    assert set(told["models"]) == set(pricing)
    assert told["refused"] == others
    compared = 0
    for name, rates in pricing.items():
        for usage, tokens in USAGES.items():
            expected = expected_cost(rates, *tokens)
            if expected is not None:
                assert told["costs"][name][usage] == pytest.approx(float(expected), rel=1e-12), (name, usage)
                compared += 1
    assert compared >= 2 * len(pricing) - 20
    by_name = {f"openrouter/{row['id']}": row for row in registry.records}
    assert {name: limits[0] for name, limits in told["limits"].items()} == {
        name: by_name[name]["context_length"] or None for name in pricing
    }
    with_tools = {name for name in pricing if "tools" in by_name[name].get("supported_parameters", [])}
    assert with_tools <= set(told["functions"])


async def test_the_router_serves_every_model_once_and_bills_it(registry: Registry) -> None:
    told = await told_by("litellm_router.py", registry.address)
    config = await registry.read("/litellm/config.json")
    assert sorted(told["names"]) == sorted({entry["model_name"] for entry in config["model_list"]})
    assert len(told["names"]) == len(told["ids"]) == len(registry.records)
    assert told["fallbacks"] == len(config.get("router_settings", {}).get("fallbacks", []))
    pricing = await priced(registry)
    for name, rates in pricing.items():
        expected = expected_cost(rates, 1_000, 100)
        if expected is not None:
            assert told["costs"][name] == pytest.approx(float(expected), rel=1e-12), name
    # Budgets are not checked for these: only what is truly free may be among them.
    free = {name for name, rates in pricing.items() if expected_cost(rates, 300_000, 1_000) == 0}
    assert set(told["free"]) == free


@pytest.fixture(scope="module")
async def with_base_map(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, Path]]:
    """A registry whose cost map lies over LiteLLM's own, and a config that was exported from it."""
    asked = await asyncio.create_subprocess_exec(str(PYTHON), "-c", FIND_MAP, stdout=asyncio.subprocess.PIPE)
    found, _ = await asked.communicate()
    base = Path(found.decode().strip()) / "model_prices_and_context_window_backup.json"
    folder = tmp_path_factory.mktemp("base-map")
    async with Simulator(generate_catalog(150)) as upstream:
        service = ServiceProcess(folder, OPENROUTER_BASE_URL=upstream.base_url, LITELLM_BASE_MAP=str(base))
        async with running(service):
            await service.fetched()
            config = folder / "config.yaml"
            config.write_text(THEIRS)
            put_into(str(config), exact((await service.client.get("/litellm/config.json")).content), is_dry_run=False)
            yield str(service.client.base_url).rstrip("/"), config


async def test_over_its_own_map_litellms_default_guards_are_content(with_base_map: tuple[str, Path]) -> None:
    address, _ = with_base_map
    told = await told_by("litellm_cost_map.py", address)
    assert (told["source"], told["fallback_reason"]) == ("remote", None)
    assert told["rows"] > 4_000
    assert len(told["models"]) > 100


async def test_the_proxy_starts_on_the_config_and_lists_our_models(with_base_map: tuple[str, Path]) -> None:
    address, config = with_base_map
    told = await told_by("litellm_proxy.py", str(config))
    names = {f"openrouter/{row['id'].replace('/', '-', 1)}" for row in generate_catalog(150)}
    assert set(told["models"]) == {*names, "theirs"}
    ids = {row["model_info"]["id"] for row in told["info"]} - {"theirs-1"}
    assert ids == {f"model-registry/{row['id']}@openrouter" for row in generate_catalog(150)}
    assert {group["model_group"] for group in told["groups"]} == {*names, "theirs"}
    assert address not in config.read_text()
