"""Hermes Agent's model catalog: which of OpenRouter's models its picker offers.

One entry without an id, and Hermes refuses the whole manifest. It shows the ids in the order given, asks OpenRouter
itself for prices, and reads "free" in a description. No entry is marked as the default: Hermes would use it for
whoever never chose one, and what that costs is not ours to decide; it falls back to its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.catalog.model import Model
from app.catalog.price import PriceState
from app.dialects.checks import is_text, name_in, shown
from app.dialects.dialect import Context, Dialect, Document, Row, fragments
from app.dialects.native import timestamp
from app.dialects.openrouter_facts import has_token_prices, require_conversation, require_openrouter

HERMES_AGENT = "Hermes Agent"
VERSION = 1


def hermes_row(model: Model, _context: Context) -> Row:
    """Return a model as the manifest lists it; raises UnfitError for one that an agent can't work with."""
    require_openrouter(model, HERMES_AGENT)
    require_conversation(model, HERMES_AGENT)
    is_free = model.price.state is PriceState.FREE and has_token_prices(model.price)
    return {"id": model.id, "description": "free" if is_free else ""}


def hermes_document(rows: Mapping[str, bytes], context: Context) -> Document:
    """Return the manifest; it says nothing of other providers, whose models Hermes knows by itself."""
    return {
        "version": VERSION,
        "updated_at": timestamp(context.snapshot.updated_at),
        "metadata": {"snapshot": context.snapshot.id},
        "providers": {"openrouter": {"metadata": {}, "models": fragments(rows)}},
    }


def hermes_flaw(row: Row) -> str | None:
    """Return what makes Hermes refuse the whole manifest, or None."""
    if not isinstance(row, dict) or not is_text(row.get("id")):
        return f"an entry must be an object with an id, got {shown(row)}"
    if not isinstance(row.get("description", ""), str):
        return f"description must be a string, got {shown(row['description'])}"
    return None


def hermes_document_flaw(document: Document) -> str | None:
    """Return what makes Hermes refuse the manifest, or None."""
    if not isinstance(document, dict):
        return "the document must be an object"
    version = document.get("version")
    if not isinstance(version, int) or version > VERSION:
        return f"version must be a whole number up to {VERSION}, got {shown(version)}"
    providers = document.get("providers")
    if not isinstance(providers, dict) or "openrouter" not in providers:
        return "providers must be an object with openrouter"
    for name, block in providers.items():
        if not isinstance(block, dict) or not isinstance(block.get("models"), list):
            return f"{shown(name)} must be an object with a list of models"
    return None


def hermes_rows(document: Any) -> Iterable[tuple[str, Any]]:
    """Return the entries of every provider of a manifest that was read; raises ValueError for another shape."""
    providers = document.get("providers") if isinstance(document, dict) else None
    if not isinstance(providers, dict):
        raise ValueError("the document must be an object with an object 'providers'")
    blocks = [block for block in providers.values() if isinstance(block, dict)]
    lists = [models for block in blocks if isinstance(models := block.get("models"), list)]
    return [(name_in(entry, "id"), entry) for models in lists for entry in models]


HERMES = Dialect(
    name="hermes",
    path="/hermes/model-catalog.json",
    summary="Hermes Agent's model catalog",
    row=hermes_row,
    document=hermes_document,
    rows_in=hermes_rows,
    flaw=hermes_flaw,
    document_flaw=hermes_document_flaw,
)
