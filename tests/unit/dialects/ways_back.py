"""From each dialect's document back to USD per token, with every digit; written apart from what writes them.

A way back gives, by model id, the rates that a document tells, under upstream's names for them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Context as Digits
from decimal import Decimal
from typing import Any

import yaml

from app.catalog.model import Model
from app.catalog.price import PriceState
from app.dialects.dialect import Context, Dialect, speak
from app.dialects.litellm_facts import name_of

Rates = dict[str, dict[str, Decimal]]
EXACT = Digits(prec=200)
MILLION = Decimal(1_000_000)
_LITELLM = {
    "input_cost_per_token": "prompt",
    "output_cost_per_token": "completion",
    "cache_read_input_token_cost": "input_cache_read",
    "cache_creation_input_token_cost": "input_cache_write",
    "cache_creation_input_token_cost_above_1hr": "input_cache_write_1h",
    "output_cost_per_reasoning_token": "internal_reasoning",
    "input_cost_per_audio_token": "audio",
    "cache_read_input_audio_token_cost": "input_audio_cache",
    "output_cost_per_audio_token": "audio_output",
    "output_cost_per_image_token": "image_output",
}
_CATWALK = {
    "cost_per_1m_in": "prompt",
    "cost_per_1m_out": "completion",
    "cost_per_1m_in_cached": "input_cache_write",
    "cost_per_1m_out_cached": "input_cache_read",
}
_MODELSDEV = {
    "input": "prompt",
    "output": "completion",
    "reasoning": "internal_reasoning",
    "cache_read": "input_cache_read",
    "cache_write": "input_cache_write",
    "input_audio": "audio",
    "output_audio": "audio_output",
}
_NEWAPI = {
    "completion_ratio": "completion",
    "cache_ratio": "input_cache_read",
    "create_cache_ratio": "input_cache_write",
}


def exact_json(body: bytes) -> Any:
    """Return JSON with every number as it is written."""
    return json.loads(body, parse_float=Decimal, parse_int=Decimal)


def _named(row: Mapping[str, Any], names: Mapping[str, str], per: Decimal = Decimal(1)) -> dict[str, Decimal]:
    return {name: EXACT.divide(Decimal(row[key]), per) for key, name in names.items() if key in row}


def _openrouter(body: bytes, _context: Context) -> Rates:
    rows = exact_json(body)["data"]
    return {row["id"]: {name: Decimal(rate) for name, rate in _texts(row["pricing"])} for row in rows}


def _texts(pricing: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Return the rates of a price; a zero says "not applicable" for all but prompt and completion."""
    for name, rate in pricing.items():
        if isinstance(rate, str) and (Decimal(rate) or name in {"prompt", "completion"}):
            yield name, rate


def _cost_map(body: bytes, _context: Context) -> Rates:
    return {key.removeprefix("openrouter/"): _named(row, _LITELLM) for key, row in exact_json(body).items()}


def _entries(entries: Iterable[Mapping[str, Any]]) -> Rates:
    return {
        entry["litellm_params"]["model"].removeprefix("openrouter/"): _named(entry["model_info"], _LITELLM)
        for entry in entries
    }


def _config_yaml(body: bytes, _context: Context) -> Rates:
    # Every scalar as its text: YAML's own floats would lose digits.
    return _entries(yaml.load(body, yaml.CBaseLoader)["model_list"])  # noqa: S506


def _config_json(body: bytes, _context: Context) -> Rates:
    return _entries(exact_json(body)["model_list"])


def _model_info(body: bytes, _context: Context) -> Rates:
    return _entries(exact_json(body)["data"])


def _model_groups(body: bytes, context: Context) -> Rates:
    ids = {name_of(model, context.snapshot): model.id for model in context.snapshot.models}
    told = {ids[row["model_group"]]: row for row in exact_json(body)["data"]}
    return {
        model_id: _named({key: value for key, value in row.items() if value is not None}, _LITELLM)
        for model_id, row in told.items()
    }


def _catwalk(body: bytes, _context: Context) -> Rates:
    return {row["id"]: _named(row, _CATWALK, MILLION) for one in exact_json(body) for row in one["models"]}


def _modelsdev(body: bytes, _context: Context) -> Rates:
    rows = [row for one in exact_json(body).values() for row in one["models"].values()]
    return {row["id"]: _named(row.get("cost", {}), _MODELSDEV, MILLION) for row in rows}


def _hermes(body: bytes, _context: Context) -> Rates:
    """A manifest tells no price, but for the word that says free."""
    entries = exact_json(body)["providers"]["openrouter"]["models"]
    free = {"prompt": Decimal(0), "completion": Decimal(0)}
    return {entry["id"]: free if entry["description"] == "free" else {} for entry in entries}


def _ratio_config(body: bytes, _context: Context) -> Rates:
    tables = exact_json(body)["data"]
    return {
        model_id: _of_ratios({key: table[model_id] for key, table in tables.items() if model_id in table})
        for model_id in tables["model_ratio"]
    }


def _pricing(body: bytes, _context: Context) -> Rates:
    return {row["model_name"]: _of_ratios(row) for row in exact_json(body)["data"]}


def _of_ratios(ratios: Mapping[str, Any]) -> dict[str, Decimal]:
    """A multiple that has no end is rounded beyond the digits that a rate may have, so rounding to those is exact."""
    prompt = EXACT.divide(ratios["model_ratio"], Decimal(500_000))
    rates = {"prompt": prompt}
    for key, name in _NEWAPI.items():
        if key in ratios:
            rates[name] = Digits(prec=28).multiply(prompt, ratios[key])
    return rates if prompt else {"prompt": prompt, "completion": prompt}


WAYS_BACK: Mapping[str, Callable[[bytes, Context], Rates]] = {
    "openai": _openrouter,
    "openrouter": _openrouter,
    "litellm-cost-map": _cost_map,
    "litellm-config-yaml": _config_yaml,
    "litellm-config-json": _config_json,
    "litellm-model-info": _model_info,
    "litellm-model-groups": _model_groups,
    "catwalk": _catwalk,
    "modelsdev": _modelsdev,
    "hermes": _hermes,
    "newapi-ratio-config": _ratio_config,
    "newapi-pricing": _pricing,
}
ALWAYS_TELLS_PRICES = frozenset(WAYS_BACK) - {"hermes"}


def hold_prices(dialect: Dialect, context: Context) -> int:
    """Assert that every price which a dialect tells is the model's own, to the last digit; return how many it tells.

    A price that is no number must not read as a number from 0: it is absent, or "-1" where OpenRouter's clients
    expect that. The mirror alone hands on upstream's own words for such prices.
    """
    said = speak(dialect, context)
    if said.body is None:
        assert said.flaw
        return 0
    told = WAYS_BACK[dialect.name](said.body, context)
    assert told.keys() <= said.rows.keys()
    # Upstream's list leaves out what makes no text.
    assert len(told) == said.count or dialect.name == "openrouter"
    for model_id, rates in told.items():
        _hold(dialect, context.snapshot.by_id[model_id], rates)
    return sum(map(len, told.values()))


def _hold(dialect: Dialect, model: Model, rates: Mapping[str, Decimal]) -> None:
    where = f"{dialect.name}: {model.id}"
    if model.price.state in {PriceState.FREE, PriceState.PRICED}:
        for name, rate in rates.items():
            if rate >= 0:
                assert model.price.rates.get(name) == rate, (where, name, rate)
            else:
                assert name not in model.price.rates, (where, name, rate)
        both = {"prompt", "completion"}
        if dialect.name in ALWAYS_TELLS_PRICES and both <= model.price.rates.keys():
            assert both <= rates.keys(), where
    elif dialect.name != "openrouter":
        assert not [name for name in ("prompt", "completion") if rates.get(name, Decimal(-1)) >= 0], where
