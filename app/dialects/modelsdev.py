"""models.dev's `api.json`, for opencode, Cline and whoever else reads that catalog.

All models stand below the provider `openrouter`, mapped as models.dev maps OpenRouter itself. A model that only its
maker serves would need a package and the name of a key's variable for that provider, which nothing here tells, so it
is withheld. `family` is a closed list that changes, and is left out, as is `status`: opencode hides what is
`deprecated`, and an announced end is no end yet. The companions (models.json, logos) have no reader among the clients
that are named: opencode asks for `/api.json` alone, Cline for the one address that it is given.

Without `cost` opencode counts nothing; a price that is no number per token is left out all the same, because models.dev
says unknown that way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from app.catalog.model import Model
from app.catalog.price import tier_rates
from app.dialects.checks import name_in
from app.dialects.dialect import Context, Dialect, Document, Row, UnfitError
from app.dialects.dropdown import label_of
from app.dialects.modelsdev_rules import COST_KEYS, MODALITY_OF, modelsdev_document_flaw, modelsdev_flaw
from app.dialects.openrouter_facts import (
    API_URL,
    KEY_VARIABLE,
    NAME,
    efforts_of,
    has_token_prices,
    reasoning_of,
    require_openrouter,
    served_context_tokens,
    usd_per_million,
)

PROVIDER = "openrouter"
_TIER_KEYS = {name: key for name, key in COST_KEYS.items() if key in {"input", "output", "cache_read", "cache_write"}}
# Readers older than the tiers know this one threshold only.
_LEGACY_TIER_TOKENS = 200_000


def modelsdev_row(model: Model, context: Context) -> Row:
    """Return a model as models.dev lists it; raises UnfitError where a key that is needed can't be told truthfully."""
    require_openrouter(model, "opencode")
    context_tokens = served_context_tokens(model)
    if context_tokens is None:
        raise UnfitError("no context length is known, and limit.context must be a number")
    if model.created_at is None:
        raise UnfitError("no date is known, and release_date must be one")
    inputs = _modalities(model.input_modalities)
    # The day of its arrival at OpenRouter is the only date that is known; models.dev takes the same.
    day = model.created_at.date().isoformat()
    row: dict[str, Any] = {
        "id": model.id,
        "name": label_of(model),
        "attachment": any(word != "text" for word in inputs),
        "reasoning": "reasoning" in model.capabilities,
        "tool_call": "tools" in model.capabilities,
        # models.dev can do without; opencode's schema can't.
        "temperature": "temperature" in model.supported_parameters,
        "release_date": day,
        "last_updated": day,
        "modalities": {"input": inputs, "output": _modalities(model.output_modalities)},
        "open_weights": context.snapshot.has_open_weights(model),
        "limit": {"context": context_tokens, "output": model.max_output_tokens or context_tokens},
    }
    if row["reasoning"]:
        row["reasoning_options"] = _reasoning_options(model)
    if "structured_outputs" in model.capabilities:
        row["structured_output"] = True
    if model.knowledge_cutoff is not None:
        row["knowledge"] = model.knowledge_cutoff.isoformat()
    if has_token_prices(model.price):
        row["cost"] = _cost(model)
    return row


def _modalities(words: Iterable[str]) -> list[str]:
    found = list(words)
    unknown = [word for word in found if word not in MODALITY_OF]
    if unknown or not found:
        raise UnfitError(f"models.dev has no word for the modality {', '.join(unknown) or 'that is not known'}")
    return [MODALITY_OF[word] for word in found]


def _reasoning_options(model: Model) -> list[dict[str, Any]]:
    known = reasoning_of(model)
    options: list[dict[str, Any]] = []
    if known.get("mandatory") is False:
        options.append({"type": "toggle"})
    if efforts := efforts_of(model):
        options.append({"type": "effort", "values": efforts})
    if known.get("supports_max_tokens") is True:
        options.append({"type": "budget_tokens"})
    return options


def _cost(model: Model) -> dict[str, Any]:
    cost: dict[str, Any] = _in_words(model.price.rates, COST_KEYS)
    if "reasoning" not in model.capabilities:
        cost.pop("reasoning", None)
    tiers = [
        {**_in_words(rates, _TIER_KEYS), "tier": {"type": "context", "size": size}}
        for size, rates in tier_rates(model.price)
    ]
    if tiers:
        cost["tiers"] = tiers
    for tier in tiers:
        if tier["tier"]["size"] == _LEGACY_TIER_TOKENS:
            cost["context_over_200k"] = {key: rate for key, rate in tier.items() if key != "tier"}
    return cost


def _in_words(rates: Mapping[str, Decimal], keys: Mapping[str, str]) -> dict[str, Any]:
    return {key: usd_per_million(rates[name]) for name, key in keys.items() if name in rates}


def modelsdev_document(rows: Mapping[str, bytes], _context: Context) -> Document:
    """Return the catalog of the one provider."""
    return {
        PROVIDER: {
            "id": PROVIDER,
            "env": [KEY_VARIABLE],
            "npm": "@openrouter/ai-sdk-provider",
            "api": API_URL,
            "name": NAME,
            "doc": "https://openrouter.ai/models",
            "models": {model_id: orjson.Fragment(row) for model_id, row in rows.items()},
        }
    }


def modelsdev_rows(document: Any) -> Iterable[tuple[str, Any]]:
    """Return the models of every provider of a catalog that was read from JSON; raises ValueError for another shape."""
    if not isinstance(document, dict):
        raise ValueError("the document must be an object of providers")
    tables = [
        models for one in document.values() if isinstance(one, dict) and isinstance(models := one.get("models"), dict)
    ]
    return [(name_in(row, "id"), row) for models in tables for row in models.values()]


MODELSDEV = Dialect(
    name="modelsdev",
    path="/api.json",
    summary="models.dev's catalog, for opencode and Cline",
    row=modelsdev_row,
    document=modelsdev_document,
    rows_in=modelsdev_rows,
    flaw=modelsdev_flaw,
    document_flaw=modelsdev_document_flaw,
)
