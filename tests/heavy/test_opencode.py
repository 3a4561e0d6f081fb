"""`/api.json`, read by opencode itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.heavy.clients import SCRIPTS, needs_npm_clients, told_by
from tests.heavy.conftest import Registry

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]
# The build for every x64 processor; npm leaves it out on other machines.
PROGRAMS = sorted((SCRIPTS / "node_modules").glob("opencode-*/bin/opencode"))
# opencode leaves these out of OpenRouter's, whatever its catalog says.
NEVER_SHOWN = {"openai/gpt-5-chat"}
needs_opencode = pytest.mark.skipif(not PROGRAMS, reason="no opencode for this machine; `make clients` brings it")


@needs_npm_clients
@needs_opencode
async def test_opencode_takes_every_model_with_its_price_and_its_limits(registry: Registry) -> None:
    told = {row["id"]: row for row in await told_by("opencode.mjs", registry.address, str(PROGRAMS[0]))}
    [provider] = (await registry.read("/api.json")).values()
    assert told.keys() == provider["models"].keys() - NEVER_SHOWN
    assert len(told) > 100
    for model_id, understood in told.items():
        row = provider["models"][model_id]
        assert understood["api"]["url"] == provider["api"]
        assert understood["limit"] == row["limit"], model_id
        assert _cost(understood["cost"]) == _said(row.get("cost", {})), model_id
        assert understood["capabilities"]["toolcall"] == row["tool_call"]
        assert understood["capabilities"]["attachment"] == row["attachment"]
        assert understood["capabilities"]["reasoning"] == row["reasoning"]


def _cost(cost: dict[str, Any]) -> dict[str, Any]:
    tiers = [_cost(tier) | {"size": tier["tier"]["size"]} for tier in cost.get("tiers", [])]
    return _numbers(cost["input"], cost["output"], cost["cache"]["read"], cost["cache"]["write"]) | (
        {"tiers": tiers} if tiers else {}
    )


def _said(cost: dict[str, Any]) -> dict[str, Any]:
    """Return what opencode makes of a cost: it takes what is absent for 0."""
    tiers = [_said(tier) | {"size": tier["tier"]["size"]} for tier in cost.get("tiers", [])]
    rates = (cost.get(key, 0) for key in ("input", "output", "cache_read", "cache_write"))
    return _numbers(*rates) | ({"tiers": tiers} if tiers else {})


def _numbers(*rates: float) -> dict[str, Any]:
    names = ("input", "output", "cache_read", "cache_write")
    return {name: Decimal(str(rate)) for name, rate in zip(names, rates, strict=True)}
