"""Catwalk's provider list, which Crush reads from CATWALK_URL.

Go decodes the list whole: one string where a number belongs, and Crush keeps its old list. What is absent or null it
takes for 0, so a model whose price is no number would cost nothing there, and is withheld.

`cost_per_1m_in_cached` is what it costs to write the cache, `cost_per_1m_out_cached` to read it. Catwalk's own
generator rounds to five digits behind the point; here every digit stays. There are no tiers: long prompts cost what
short ones do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.catalog.model import Model
from app.dialects.checks import are_texts, is_price, is_text, is_whole, name_in, shown
from app.dialects.dialect import Context, Dialect, Document, Row, UnfitError, fragments
from app.dialects.openrouter_facts import (
    API_URL,
    KEY_VARIABLE,
    NAME,
    efforts_of,
    first_of,
    has_token_prices,
    reasoning_of,
    require_conversation,
    require_openrouter,
    served_context_tokens,
    usd_per_million,
    why_no_number,
)

CRUSH = "Crush"
PROVIDER_TYPES = frozenset(
    {"openai", "openai-compat", "openrouter", "vercel", "anthropic", "google", "azure", "bedrock", "google-vertex"}
)
# Crush's own instructions and tools take most of a smaller window.
LEAST_CONTEXT_TOKENS = 20_000
COST_KEYS: Mapping[str, str] = {
    "prompt": "cost_per_1m_in",
    "completion": "cost_per_1m_out",
    "input_cache_write": "cost_per_1m_in_cached",
    "input_cache_read": "cost_per_1m_out_cached",
}
"""Catwalk's key for each of upstream's rates, in USD per million tokens."""
# How Crush presents itself to OpenRouter when it uses the list that it was built with.
_HEADERS = {"HTTP-Referer": "https://charm.land", "X-Title": "Crush"}
_OPTIONAL_TEXTS = ("api_key", "api_endpoint", "default_large_model_id", "default_small_model_id")


def catwalk_row(model: Model, _context: Context) -> Row:
    """Return a model as Catwalk lists it; raises UnfitError for one that Crush can't use or would misprice."""
    require_openrouter(model, CRUSH)
    require_conversation(model, CRUSH)
    context_tokens = served_context_tokens(model)
    if context_tokens is None or context_tokens < LEAST_CONTEXT_TOKENS:
        raise UnfitError(f"a context of {context_tokens or 'unknown'} tokens; Crush needs {LEAST_CONTEXT_TOKENS}")
    if not has_token_prices(model.price):
        raise UnfitError(f"{why_no_number(model.price)}, and Crush takes an absent one for 0")
    rates = model.price.rates
    row: dict[str, Any] = {
        "id": model.id,
        "name": model.name,
        **{key: usd_per_million(rates[name]) for name, key in COST_KEYS.items() if name in rates},
        "context_window": context_tokens,
        # Half of what it could write leaves room for what was said before; a tenth of the window where nothing is said.
        "default_max_tokens": max(model.max_output_tokens // 2, 1) if model.max_output_tokens else context_tokens // 10,
        "can_reason": "reasoning" in model.capabilities,
        "supports_attachments": "image" in model.input_modalities,
        "options": {},
    }
    if row["can_reason"] and (efforts := efforts_of(model)):
        row["reasoning_levels"] = efforts
        default = reasoning_of(model).get("default_effort")
        if default in efforts:
            row["default_reasoning_effort"] = default
    return row


def catwalk_document(rows: Mapping[str, bytes], context: Context) -> Document:
    """Return the list of one provider; its defaults are the highest ranked flagship and fast model in it."""
    models = [context.snapshot.by_id[model_id] for model_id in rows]
    large = first_of("flagship", models) or models[0]
    small = first_of("fast", models) or large
    return [
        {
            "name": NAME,
            "id": "openrouter",
            "api_key": f"${KEY_VARIABLE}",
            "api_endpoint": API_URL,
            "type": "openrouter",
            "default_large_model_id": large.id,
            "default_small_model_id": small.id,
            "models": fragments(rows),
            "default_headers": _HEADERS,
        }
    ]


def catwalk_flaw(row: Row) -> str | None:
    """Return what Go would refuse, or Crush misread, in a model; None when nothing does."""
    if not isinstance(row, dict) or not is_text(row.get("id")) or not isinstance(row.get("name"), str):
        return "a model must be an object with the strings id and name"
    for key in COST_KEYS.values():
        if key in row and not is_price(row[key]):
            return f"{key} must be a number from 0, got {shown(row[key])}"
    if not {"cost_per_1m_in", "cost_per_1m_out"} <= row.keys():
        return "cost_per_1m_in and cost_per_1m_out must be there; Crush takes an absent one for 0"
    for key in ("context_window", "default_max_tokens"):
        if not is_whole(row.get(key), least=1):
            return f"{key} must be a whole number from 1, got {shown(row.get(key))}"
    for key in ("can_reason", "supports_attachments"):
        if not isinstance(row.get(key, False), bool):
            return f"{key} must be true or false, got {shown(row[key])}"
    levels = row.get("reasoning_levels", [])
    if not are_texts(levels):
        return f"reasoning_levels must be a list of strings, got {shown(levels)}"
    if "default_reasoning_effort" in row and row["default_reasoning_effort"] not in levels:
        return f"default_reasoning_effort must be one of the levels, got {shown(row['default_reasoning_effort'])}"
    if not isinstance(row.get("options", {}), dict):
        return f"options must be an object, got {shown(row['options'])}"
    return None


def catwalk_document_flaw(document: Document) -> str | None:
    """Return what makes Crush keep its old list, or start without a model; None when nothing does."""
    if not isinstance(document, list) or not document:
        return "the document must be an array with a provider; Crush refuses an empty one"
    return next((flaw for provider in document if (flaw := _provider_flaw(provider)) is not None), None)


def _provider_flaw(provider: Any) -> str | None:
    if not isinstance(provider, dict) or not is_text(provider.get("id")) or not is_text(provider.get("name")):
        return "a provider must be an object with the strings id and name"
    if provider.get("type", "openai") not in PROVIDER_TYPES:
        return f"type must be one that Crush knows, got {shown(provider['type'])}"
    if any(not isinstance(provider.get(key, ""), str) for key in _OPTIONAL_TEXTS):
        return f"{', '.join(_OPTIONAL_TEXTS)} must be strings"
    models = provider.get("models", [])
    if not isinstance(models, list):
        return f"models must be an array, got {shown(models)}"
    ids = {model.get("id") for model in models if isinstance(model, dict)}
    for key in ("default_large_model_id", "default_small_model_id"):
        # Rows that are bytes already are ours: the default was chosen from among them.
        if ids and key in provider and provider[key] not in ids:
            return f"{key} must be the id of a model in the list, got {shown(provider[key])}"
    return None


def catwalk_rows(document: Any) -> Iterable[tuple[str, Any]]:
    """Return the models of every provider of a list that was read from JSON; raises ValueError for another shape."""
    if not isinstance(document, list):
        raise ValueError("the document must be an array of providers")
    providers = [provider for provider in document if isinstance(provider, dict)]
    lists = [models for provider in providers if isinstance(models := provider.get("models"), list)]
    return [(name_in(model, "id"), model) for models in lists for model in models]


CATWALK = Dialect(
    name="catwalk",
    path="/v2/providers",
    summary="Catwalk's provider list, for Crush (CATWALK_URL)",
    row=catwalk_row,
    document=catwalk_document,
    rows_in=catwalk_rows,
    flaw=catwalk_flaw,
    document_flaw=catwalk_document_flaw,
)
