"""LiteLLM's cost map: our rows under `openrouter/<id>`, laid over a map that was given.

LiteLLM refuses a map with fewer rows than half of its own 4,240, and calls `.get` on every value at the top: one
that is no object breaks its import. So ours is laid over an upstream map where one is given. Of a row that is there
already, keys that we know nothing about stay; prices, limits and abilities that we know are ours. A row whose price
we know to be no number is taken out: LiteLLM would bill by what stands there.

No `aliases` are written: LiteLLM turns each into a row, and warns at every import of one that exists already. Those
of the given map that would name one of our rows are taken out for the same reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping
from typing import Any

import orjson

from app.catalog.model import Model
from app.catalog.price import PriceState
from app.dialects.dialect import Context, Dialect, Document, Row, UnfitError
from app.dialects.litellm_facts import PREFIX, facts_flaw, told_of
from app.dialects.litellm_prices import is_cost_key, why_no_keys

RESERVED = frozenset({"sample_spec", "fallback_generalizations"})
"""Keys at the top of a map that are no models."""
_NO_MAP: Mapping[str, Any] = {}


def cost_map_row(model: Model, context: Context) -> Row:
    """Return a model's row, over the one of the given map; raises UnfitError where LiteLLM would bill wrongly."""
    _, facts = context.once(told_of, model)
    if "input_cost_per_token" not in facts:
        raise UnfitError(why_no_keys(model.price))
    row: dict[str, Any] = {
        "litellm_provider": "openrouter",
        "mode": facts["mode"],
        "source": f"https://openrouter.ai/{model.id}",
        **facts,
    }
    given = (context.litellm_base_map or _NO_MAP).get(PREFIX + model.id)
    if given is None:
        return row
    merged = _over(given, row, knows_output=model.max_output_tokens is not None)
    # What the given row has wrong must not cost us ours.
    return row if cost_map_flaw(merged) else merged


def _over(given: Mapping[str, Any], row: dict[str, Any], *, knows_output: bool) -> dict[str, Any]:
    kept = {key: value for key, value in given.items() if not is_cost_key(key)}
    merged = {**kept, **row}
    if not knows_output and "max_output_tokens" in kept and "max_tokens" in kept:
        # It is the output's limit, which only the given map knows.
        merged["max_tokens"] = kept["max_tokens"]
    return merged


def cost_map_document(rows: Mapping[str, bytes], context: Context) -> Document:
    """Return the given map with our rows in it: its own order first, then what it lacks."""
    ours = {PREFIX + model_id: orjson.Fragment(row) for model_id, row in rows.items()}
    given = context.litellm_base_map or _NO_MAP
    untrue = {PREFIX + model.id for model in context.snapshot.models if _has_no_number(model, given)}
    kept = {key: _without_our_aliases(row, ours) for key, row in given.items() if key not in untrue}
    return {**kept, **ours}


def _has_no_number(model: Model, given: Mapping[str, Any]) -> bool:
    """Whether the given map bills a model that has no price per token; what is unknown to us it may know."""
    row = given.get(PREFIX + model.id)
    if row is None or model.price.state in {PriceState.FREE, PriceState.PRICED}:
        return False
    return model.price.state is not PriceState.UNKNOWN or not row.get("input_cost_per_token")


def _without_our_aliases(row: Any, ours: Container[str]) -> Any:
    aliases = row.get("aliases") if isinstance(row, dict) else None
    if not isinstance(aliases, list):
        return row
    return {**row, "aliases": [alias for alias in aliases if alias not in ours]}


def cost_map_flaw(row: Row) -> str | None:
    """Return what breaks LiteLLM, or makes it bill wrongly, in one of our rows; None when nothing does."""
    if not isinstance(row, dict):
        return "a row must be an object; LiteLLM calls .get on it"
    if not isinstance(row.get("litellm_provider"), str) or "mode" not in row:
        return "litellm_provider and mode must be there"
    return facts_flaw(row, needs_price=True)


def cost_map_document_flaw(document: Document) -> str | None:
    """Return what breaks LiteLLM's import of a whole map, or None."""
    if not isinstance(document, dict):
        return "the document must be an object"
    for key, value in document.items():
        if not isinstance(value, dict | orjson.Fragment):
            return f"{key!r:.80} must be an object; LiteLLM calls .get on every value at the top"
    return None


def cost_map_rows(document: Any) -> Iterable[tuple[str, Any]]:
    """Return the rows for OpenRouter's models of a map that was read from JSON; ValueError for another shape."""
    if not isinstance(document, dict):
        raise ValueError("the document must be an object")
    return [(key, row) for key, row in document.items() if key.startswith(PREFIX)]


def sha256_of(body: bytes) -> bytes:
    """Return what sub2api compares: the SHA-256 of the exact body in hex."""
    return hashlib.sha256(body).hexdigest().encode()


LITELLM_COST_MAP = Dialect(
    name="litellm-cost-map",
    path="/litellm/model_prices_and_context_window.json",
    summary="LiteLLM's cost map, for LITELLM_MODEL_COST_MAP_URL",
    row=cost_map_row,
    document=cost_map_document,
    rows_in=cost_map_rows,
    flaw=cost_map_flaw,
    document_flaw=cost_map_document_flaw,
)
