"""The rules of models.dev's strict schema, and those of opencode's where its source asks for more.

Every object is closed: a key that is not known breaks the catalog as surely as one that is missing, and one bad model
breaks it for all. opencode's schema names `temperature`, which models.dev's can do without, as required; 1.18.33 as
it is shipped forgives its absence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.dialects.checks import are_texts, is_price, is_text, is_whole, shown
from app.dialects.dialect import Document, Row
from app.dialects.openrouter_facts import EFFORTS

MODALITY_OF: Mapping[str, str] = {"text": "text", "audio": "audio", "image": "image", "video": "video", "file": "pdf"}
COST_KEYS: Mapping[str, str] = {
    "prompt": "input",
    "completion": "output",
    "internal_reasoning": "reasoning",
    "input_cache_read": "cache_read",
    "input_cache_write": "cache_write",
    "audio": "input_audio",
    "audio_output": "output_audio",
}
"""models.dev's key for each of upstream's rates, in USD per million tokens."""
_FLAGS = ("attachment", "reasoning", "tool_call", "temperature", "open_weights")
_EFFORT_VALUES = frozenset({*EFFORTS, "default"})
_OPTION_KEYS = {"toggle": {"type"}, "effort": {"type", "values"}, "budget_tokens": {"type", "min", "max"}}
_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?")
_MODEL_KEYS = frozenset(
    {"id", "name", "family", *_FLAGS, "reasoning_options", "interleaved", "structured_output", "knowledge"}
    | {"release_date", "last_updated", "modalities", "limit", "status", "cost", "experimental", "provider"}
)
_PROVIDER_KEYS = frozenset({"id", "env", "npm", "api", "name", "doc", "models"})
_API_NEEDED = frozenset({"@ai-sdk/openai-compatible", "@openrouter/ai-sdk-provider"})


def modelsdev_flaw(row: Row) -> str | None:
    """Return what models.dev's strict schema, or opencode's, refuses in a model; None when nothing."""
    if not isinstance(row, dict) or not is_text(row.get("id")) or not is_text(row.get("name")):
        return "a model must be an object with the strings id and name"
    if unknown := row.keys() - _MODEL_KEYS:
        return f"{', '.join(sorted(unknown))} is not known, and the schema is strict"
    for key in _FLAGS:
        if not isinstance(row.get(key), bool):
            return f"{key} must be true or false, got {shown(row.get(key))}"
    for key in ("release_date", "last_updated", "knowledge"):
        if (key in row or key != "knowledge") and not _is_date(row.get(key)):
            return f"{key} must be YYYY-MM or YYYY-MM-DD, got {shown(row.get(key))}"
    modalities, limit = row.get("modalities"), row.get("limit")
    for key in ("input", "output"):
        words = modalities.get(key) if isinstance(modalities, dict) else None
        if not isinstance(words, list) or not are_texts(words) or not set(words) <= set(MODALITY_OF.values()):
            return f"modalities.{key} must be a list of {', '.join(MODALITY_OF.values())}, got {shown(words)}"
    for key in ("context", "output"):
        if not isinstance(limit, dict) or not is_whole(limit.get(key)):
            return f"limit.{key} must be a whole number, got {shown(limit)}"
    if row.get("status", "beta") not in {"alpha", "beta", "deprecated"}:
        return f"status must be alpha, beta or deprecated, got {shown(row['status'])}"
    return _reasoning_flaw(row) or _cost_flaw(row)


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and _DATE.fullmatch(value) is not None


def _reasoning_flaw(row: Mapping[str, Any]) -> str | None:
    options = row.get("reasoning_options")
    if row["reasoning"] != (options is not None):
        return "reasoning_options must be there for a model that reasons, and for no other"
    for option in options or ():
        kind = option.get("type") if isinstance(option, dict) else None
        if kind not in _OPTION_KEYS or not option.keys() <= _OPTION_KEYS[kind]:
            return f"a reasoning option must be toggle, effort or budget_tokens, got {shown(option)}"
        values = option.get("values", [])
        if kind == "effort" and not (
            isinstance(values, list) and all(v is None or v in _EFFORT_VALUES for v in values)
        ):
            return f"an effort must be one of {', '.join(sorted(_EFFORT_VALUES))}, got {shown(values)}"
    return None


def _cost_flaw(row: Mapping[str, Any]) -> str | None:
    if "cost" not in row:
        return None
    cost = row["cost"]
    if not isinstance(cost, dict) or not isinstance(cost.get("tiers", []), list):
        return f"cost must be an object, its tiers a list, got {shown(cost)}"
    if "reasoning" in cost and not row["reasoning"]:
        return "cost.reasoning must not be there for a model that does not reason"
    tiers = cost.get("tiers", [])
    blocks = [cost, *tiers, *([cost["context_over_200k"]] if "context_over_200k" in cost else [])]
    for block in blocks:
        if not isinstance(block, dict) or not {"input", "output"} <= block.keys():
            return f"input and output must be there wherever there is a cost, got {shown(block)}"
        prices = {key: value for key, value in block.items() if key not in {"tiers", "tier", "context_over_200k"}}
        if any(key not in COST_KEYS.values() or not is_price(value) for key, value in prices.items()):
            return f"a cost must be a number from 0, got {shown(prices)}"
    conditions = [tier.get("tier") for tier in tiers]
    if not all(
        isinstance(one, dict) and one.get("type") == "context" and is_whole(one.get("size")) for one in conditions
    ):
        return f"a tier must say its size in tokens of context, got {shown(conditions)}"
    if len({one["size"] for one in conditions}) != len(conditions):
        return "no two tiers may have the same size"
    return None


def modelsdev_document_flaw(document: Document) -> str | None:
    """Return what makes a reader refuse the whole catalog, or None; one bad model does that, too."""
    if not isinstance(document, dict) or not document:
        return "the document must be an object of providers"
    return next((flaw for key, one in document.items() if (flaw := _provider_flaw(key, one)) is not None), None)


def _provider_flaw(key: str, provider: Any) -> str | None:
    if not isinstance(provider, dict) or provider.get("id") != key:
        return f"{shown(key)} must be an object with the same id"
    if unknown := provider.keys() - _PROVIDER_KEYS:
        return f"{key}: {', '.join(sorted(unknown))} is not known, and the schema is strict"
    if not all(is_text(provider.get(name)) for name in ("npm", "name", "doc")):
        return f"{key}: npm, name and doc must be strings"
    if not are_texts(provider.get("env")) or not provider["env"]:
        return f"{key}: env must name at least one variable"
    if provider["npm"] in _API_NEEDED and not is_text(provider.get("api")):
        return f"{key}: api must be there for {provider['npm']}"
    if not isinstance(provider.get("models"), dict):
        return f"{key}: models must be an object"
    for model_id, row in provider["models"].items():
        if isinstance(row, dict) and row.get("id") != model_id:
            return f"{key}: {shown(model_id)} must have the same id"
    return None
