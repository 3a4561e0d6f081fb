"""The OpenAI model list, one superset row for every client that reads `/v1/models`.

OpenAI's SDK reads `id`, `object`, `created`, `owned_by`; Claude Code reads Anthropic's `type`, `display_name`,
`created_at` and `has_more`; Open WebUI and Continue read `name`; LibreChat reads `pricing` and `context_length`, and
drops every price of the list when one row lacks a number there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from app.catalog.model import Model
from app.catalog.packed import opened
from app.dialects.dialect import Context, Dialect, Document, Row, UnfitError, fragments
from app.dialects.dropdown import label_of
from app.dialects.native import timestamp
from app.dialects.rate_card import rate_card

# Anthropic documents the epoch for a date that nobody knows; OpenAI's clients demand a number.
_UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
_STRINGS = ("id", "owned_by", "display_name", "created_at", "name", "description")


def openai_row(model: Model, _context: Context) -> Row:
    """Return a model's row; raises UnfitError without a context length."""
    if model.context_tokens is None:
        raise UnfitError("no context length is known; LibreChat drops every price when one row lacks it")
    created = model.created_at or _UNDATED
    upstream = opened(model.upstream)
    top_provider = upstream.get("top_provider") or {}
    return {
        "id": model.id,
        "object": "model",
        "created": int(created.timestamp()),
        "owned_by": model.author,
        "type": "model",
        "display_name": label_of(model),
        "created_at": timestamp(created),
        "name": model.name,
        "canonical_slug": model.canonical_slug or model.id,
        "description": model.description or "",
        "context_length": model.context_tokens,
        "max_input_tokens": model.context_tokens,
        "max_output_tokens": model.max_output_tokens,
        "max_tokens": model.max_output_tokens,
        "architecture": architecture(model),
        "pricing": rate_card(model.price),
        "top_provider": {
            "context_length": top_provider.get("context_length", model.context_tokens),
            "max_completion_tokens": model.max_output_tokens,
            **{key: top_provider[key] for key in ("is_moderated",) if key in top_provider},
        },
        "per_request_limits": upstream.get("per_request_limits"),
        "default_parameters": upstream.get("default_parameters"),
        "supported_voices": upstream.get("supported_voices"),
        "supported_parameters": list(model.supported_parameters),
        "knowledge_cutoff": model.knowledge_cutoff.isoformat() if model.knowledge_cutoff else None,
        "expiration_date": model.lifecycle.expires_on.isoformat() if model.lifecycle.expires_on else None,
        "hugging_face_id": model.hugging_face_id,
        "links": {"details": f"/api/v1/models/{model.id}/endpoints"},
    }


def architecture(model: Model) -> dict[str, Any]:
    """Return OpenRouter's `architecture`: upstream's own words where it has some, derived from modalities else."""
    inputs, outputs = list(model.input_modalities), list(model.output_modalities)
    known = opened(model.upstream).get("architecture") or {}
    tokenizer = known.get("tokenizer")
    derived = f"{'+'.join(inputs)}->{'+'.join(outputs)}" if inputs and outputs else None
    return {
        "modality": known.get("modality") or derived,
        "input_modalities": inputs,
        "output_modalities": outputs,
        # A null would break the strict SDKs; absent is allowed.
        **({"tokenizer": tokenizer} if isinstance(tokenizer, str) else {}),
        "instruct_type": known.get("instruct_type"),
    }


def openai_flaw(row: Row) -> str | None:
    """Return what breaks one of the clients, or None."""
    if not isinstance(row, dict):
        return "a row must be an object"
    for key in _STRINGS:
        if not isinstance(row.get(key), str):
            return f"{key} must be a string"
    if not row["id"] or row.get("object") != "model" or row.get("type") != "model":
        return "id must not be empty; object and type must be 'model'"
    for key, least in (("created", 0), ("context_length", 1)):
        value = row.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            return f"{key} must be a whole number from {least}, got {value!r:.40}"
    pricing = row.get("pricing")
    if not isinstance(pricing, dict) or not {"prompt", "completion"} <= pricing.keys():
        return "pricing must have prompt and completion"
    for key, rate in pricing.items():
        if key not in {"overrides", "discount"} and not is_plain_decimal(rate):
            return f"pricing.{key} must be a plain decimal string, got {rate!r:.40}"
    return None


def is_plain_decimal(text: object) -> bool:
    """Whether a value is a decimal string without exponent, as every OpenRouter client reads prices."""
    if not isinstance(text, str):
        return False
    whole, dot, fraction = text.removeprefix("-").partition(".")
    return whole.isascii() and whole.isdigit() and (not dot or (fraction.isascii() and fraction.isdigit()))


def openai_document(rows: Mapping[str, bytes], _context: Context) -> Document:
    """Return the whole list."""
    return openai_page(rows, list(rows), has_more=False)


def openai_page(rows: Mapping[str, bytes], ids: list[str], *, has_more: bool) -> Document:
    """Return a page of the list; `ids` name its rows in order."""
    return {
        "object": "list",
        "data": fragments({model_id: rows[model_id] for model_id in ids}),
        "total_count": len(rows),
        "links": {"next": None},
        "has_more": has_more,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
    }


def openai_document_flaw(document: Document) -> str | None:
    """Return what breaks a client in the envelope, or None."""
    if document.get("object") != "list":
        return "object must be 'list'"
    if not isinstance(document.get("has_more"), bool):
        return "has_more must be true or false; Claude Code pages by it"
    return None


def openai_rows(document: Any) -> Iterable[tuple[str, Any]]:
    """Return the rows of a list that was read from JSON; raises ValueError for another shape."""
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        raise ValueError("the document must be an object with a list 'data'")
    return [(str(row.get("id")) if isinstance(row, dict) else repr(row)[:40], row) for row in document["data"]]


OPENAI = Dialect(
    name="openai",
    path="/v1/models",
    summary="OpenAI's model list, for every client that reads /v1/models",
    row=openai_row,
    document=openai_document,
    rows_in=openai_rows,
    flaw=openai_flaw,
    document_flaw=openai_document_flaw,
)
