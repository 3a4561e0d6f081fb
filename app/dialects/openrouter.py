"""OpenRouter's own model list: upstream's records, untouched and in upstream's order, then what only we know.

A record of an older day lacks keys that today's strict SDKs require; those are filled in where the answer is
certain, and with null where null is allowed. A null that breaks a client is left out. Facts that the overrides
decide win over the record's; `provenance` in the native API says which those are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from app.catalog.identity import base_of
from app.catalog.merge import OVERRIDES
from app.catalog.model import Model
from app.catalog.snapshot import Snapshot
from app.dialects.dialect import Context, Dialect, Document, Row, fragments
from app.dialects.openrouter_rules import document_flaw, row_flaw
from app.dialects.rate_card import rate_card

PATH = "/api/v1/models"
# Present as null in one client and absent in another's rules: absent is what every one of them takes.
_NEVER_NULL = ("description", "alias_target", "benchmarks", "reasoning")
_NULL_WHERE_UNKNOWN = ("context_length", "per_request_limits", "default_parameters", "supported_voices")


def openrouter_row(model: Model, _context: Context) -> Row:
    """Return a model's record."""
    row = _record_of(model) if model.upstream is None else _completed(model, dict(model.upstream.opened()))
    for field, source in model.provenance.items():
        if source == OVERRIDES and field in _OVERRIDDEN and model.upstream is not None:
            _OVERRIDDEN[field](row, model)
    return row


def _record_of(model: Model) -> dict[str, Any]:
    """Return the record of a model that OpenRouter does not list."""
    row: dict[str, Any] = {
        "id": model.id,
        "canonical_slug": model.canonical_slug or base_of(model.id),
        "hugging_face_id": model.hugging_face_id,
        "name": model.name,
        # The SDKs demand a number; 0 stands for a date that nobody knows, as in upstream's records.
        "created": int(model.created_at.timestamp()) if model.created_at else 0,
        "description": model.description or "",
        "context_length": model.context_tokens,
        "architecture": {},
        "pricing": rate_card(model.price),
        "top_provider": {
            "context_length": model.context_tokens,
            "max_completion_tokens": model.max_output_tokens,
            # OpenRouter moderates only what goes through OpenRouter.
            "is_moderated": False,
        },
        "per_request_limits": None,
        "supported_parameters": list(model.supported_parameters),
        "default_parameters": None,
        "supported_voices": None,
        "knowledge_cutoff": model.knowledge_cutoff.isoformat() if model.knowledge_cutoff else None,
        "expiration_date": model.lifecycle.expires_on.isoformat() if model.lifecycle.expires_on else None,
        "links": {"details": details_of(base_of(model.id))},
    }
    _decide_modalities(row, model)
    return row


def _completed(model: Model, row: dict[str, Any]) -> dict[str, Any]:
    """Return upstream's record with what it lacks; the same record when it lacks nothing."""
    for key in _NEVER_NULL:
        if key in row and row[key] is None:
            del row[key]
    for key in _NULL_WHERE_UNKNOWN:
        row.setdefault(key, None)
    row.setdefault("canonical_slug", base_of(model.id))
    row.setdefault("links", {"details": details_of(base_of(model.id))})
    row.setdefault("supported_parameters", list(model.supported_parameters))
    pricing = row.get("pricing")
    if isinstance(pricing, dict) and None in pricing.values():
        row["pricing"] = {key: rate for key, rate in pricing.items() if rate is not None}
    known = row.get("architecture") or {}
    if not {"modality", "input_modalities", "output_modalities"} <= known.keys() or known.get("tokenizer", "") is None:
        row["architecture"] = _architecture(model, known)
    return row


def _architecture(model: Model, known: Mapping[str, Any]) -> dict[str, Any]:
    is_known = bool(model.input_modalities and model.output_modalities)
    made: dict[str, Any] = {
        "modality": f"{'+'.join(model.input_modalities)}->{'+'.join(model.output_modalities)}" if is_known else None,
        "input_modalities": list(model.input_modalities),
        "output_modalities": list(model.output_modalities),
        **known,
    }
    if made.get("tokenizer", "") is None:
        del made["tokenizer"]
    return made


def details_of(slug: str) -> str:
    """Return where the endpoints of a model are listed."""
    return f"{PATH}/{slug}/endpoints"


def _decide_modalities(row: dict[str, Any], model: Model) -> None:
    known = row.get("architecture") or {}
    decided = ("modality", "input_modalities", "output_modalities")
    row["architecture"] = _architecture(model, {key: known[key] for key in known if key not in decided})


def _decide_description(row: dict[str, Any], model: Model) -> None:
    row["description"] = model.description or ""


def _decide_context(row: dict[str, Any], model: Model) -> None:
    # Clients read either of the two; aider the one of the provider first.
    row["context_length"] = model.context_tokens
    row["top_provider"] = {**(row.get("top_provider") or {}), "context_length": model.context_tokens}


def _decide_output(row: dict[str, Any], model: Model) -> None:
    row["top_provider"] = {**(row.get("top_provider") or {}), "max_completion_tokens": model.max_output_tokens}


def _decide_expiry(row: dict[str, Any], model: Model) -> None:
    row["expiration_date"] = model.lifecycle.expires_on.isoformat() if model.lifecycle.expires_on else None


def _decide_cutoff(row: dict[str, Any], model: Model) -> None:
    row["knowledge_cutoff"] = model.knowledge_cutoff.isoformat() if model.knowledge_cutoff else None


def _decide_price(row: dict[str, Any], model: Model) -> None:
    row["pricing"] = rate_card(model.price)


def _decide_name(row: dict[str, Any], model: Model) -> None:
    row["name"] = model.name


def _decide_parameters(row: dict[str, Any], model: Model) -> None:
    row["supported_parameters"] = list(model.supported_parameters)


_OVERRIDDEN: Mapping[str, Callable[[dict[str, Any], Model], None]] = MappingProxyType(
    {
        "name": _decide_name,
        "description": _decide_description,
        "context_tokens": _decide_context,
        "max_output_tokens": _decide_output,
        "input_modalities": _decide_modalities,
        "output_modalities": _decide_modalities,
        "supported_parameters": _decide_parameters,
        "price": _decide_price,
        "lifecycle": _decide_expiry,
        "knowledge_cutoff": _decide_cutoff,
    }
)
"""Where a fact that the overrides decide stands in the record."""


def in_upstream_order(snapshot: Snapshot) -> list[Model]:
    """Return upstream's models in upstream's order, then the others in ours."""
    by_id, ids = snapshot.by_id, snapshot.contents.upstream_ids
    first = [by_id[model_id] for model_id in ids if model_id in by_id]
    there = set(ids)
    return [*first, *(model for model in snapshot.models if model.id not in there)]


def speaks_text(model: Model) -> bool:
    """Whether a model is in the list that is asked for without modalities: what puts out text, as upstream decides.

    A registry may load more modalities than text. Clients that ask for nothing in particular get what OpenRouter
    would give them: no embedding models in a list for chats. A model with no known output is one that OpenRouter
    listed when it was asked for text.
    """
    return "text" in model.output_modalities or not model.output_modalities


def openrouter_document(rows: Mapping[str, bytes], context: Context) -> Document:
    """Return the list that is asked for without a query."""
    by_id = context.snapshot.by_id
    return page({model_id: row for model_id, row in rows.items() if speaks_text(by_id[model_id])})


def page(rows: Mapping[str, bytes], *, total: int | None = None, following: str | None = None) -> Document:
    """Return rows in the envelope; `following` leads to the next page."""
    data: Sequence[Any] = fragments(rows)
    return {"data": data, "total_count": len(rows) if total is None else total, "links": {"next": following}}


def openrouter_rows(document: Any) -> Iterable[tuple[str, Any]]:
    """Return the rows of a list that was read from JSON; raises ValueError for another shape."""
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        raise ValueError("the document must be an object with a list 'data'")
    return [(str(row.get("id")) if isinstance(row, dict) else repr(row)[:40], row) for row in document["data"]]


OPENROUTER = Dialect(
    name="openrouter",
    path=PATH,
    summary="OpenRouter's model list, for OpenRouter's SDKs and every client of its API",
    row=openrouter_row,
    document=openrouter_document,
    rows_in=openrouter_rows,
    flaw=row_flaw,
    document_flaw=document_flaw,
    order=in_upstream_order,
)
