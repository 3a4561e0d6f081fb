"""The registry's own JSON: a model, and the envelopes around models.

Decimals are strings. Rates stand twice: exact in USD per token, and in USD per million tokens for people. What
nobody knows is null; what does not apply is absent from the rates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

from app.catalog.codec import decimal_text
from app.catalog.model import Model
from app.catalog.price import UNIT_OF_RATE, Price, PriceOverride
from app.catalog.search import Hit

Document = dict[str, Any]
# One call that joins 180 MB holds the interpreter for half a second.
ROWS_AT_ONCE = 512
_SHOWN_AS = {"created_at": "created"}


def model_document(model: Model) -> Document:
    """Return a model as JSON values; the upstream record is left out."""
    return {
        "id": model.id,
        "name": model.name,
        "author": model.author,
        "provider": model.provider,
        "family": model.family,
        "description": model.description,
        "created": timestamp(model.created_at),
        "context_tokens": model.context_tokens,
        "max_output_tokens": model.max_output_tokens,
        "input_modalities": model.input_modalities,
        "output_modalities": model.output_modalities,
        "supported_parameters": model.supported_parameters,
        "capabilities": model.capabilities,
        "category": model.category,
        "variant": model.variant,
        "price": price_document(model.price),
        "lifecycle": {
            "state": model.lifecycle.state.value,
            "expires_on": model.lifecycle.expires_on.isoformat() if model.lifecycle.expires_on else None,
            "last_seen_at": timestamp(model.lifecycle.last_seen_at),
        },
        "aliases": model.aliases,
        "alias_target": model.alias_target,
        "canonical_slug": model.canonical_slug,
        "knowledge_cutoff": model.knowledge_cutoff.isoformat() if model.knowledge_cutoff else None,
        "hugging_face_id": model.hugging_face_id,
        "rank": model.rank,
        "notes": model.notes,
        "sources": model.sources,
        "routes": [
            {
                "provider": route.provider,
                "source": route.source,
                "base_url": route.base_url,
                "upstream_id": route.upstream_id,
            }
            for route in model.routes
        ],
        "provenance": {_SHOWN_AS.get(name, name): source for name, source in model.provenance.items()},
        "is_stale": model.is_stale,
    }


def price_document(price: Price) -> Document:
    """Return a price statement: its state, the rates by unit, the tiers and the windows."""
    document: Document = {"state": price.state.value, **_rates_document(price.rates)}
    document["tiers"] = [
        {"min_prompt_tokens": tier.min_prompt_tokens, **_rates_document(tier.rates)} for tier in price.tiers
    ]
    document["windows"] = [_window_document(window) for window in price.windows]
    document["zero_since"] = timestamp(price.zero_since)
    return document


def _rates_document(rates: Mapping[str, Decimal]) -> Document:
    per_token = {key: rate for key, rate in rates.items() if key not in UNIT_OF_RATE}
    return {
        "usd_per_token": {key: decimal_text(rate) for key, rate in per_token.items()},
        "usd_per_million_tokens": {key: decimal_text(rate.scaleb(6)) for key, rate in per_token.items()},
        "usd_per_unit": {key: decimal_text(rate) for key, rate in rates.items() if key in UNIT_OF_RATE},
    }


def _window_document(window: PriceOverride) -> Document:
    return {
        "utc_start": clock_text(window.utc_start_minute),
        "utc_end": clock_text(window.utc_end_minute),
        "utc_days": window.utc_days,
        "min_prompt_tokens": window.min_prompt_tokens,
        **_rates_document(window.rates),
    }


def clock_text(minute: int | None) -> str | None:
    """Return minutes since midnight as HH:MM."""
    return None if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"


def timestamp(moment: datetime | None) -> str | None:
    """Return a moment in UTC as ISO 8601 with a Z."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def with_match(row: bytes, hit: Hit) -> tuple[bytes, bytes]:
    """Return a model's JSON with what a search found in it, in two parts with a comma between them."""
    shown = hit.shown
    if shown.json is None:
        shown.json = orjson.dumps({"fields": shown.fields, "highlights": shown.highlights})[1:]
    return row[:-1], b'"match":{"score":%b,%b}' % (_score_json(hit.score), shown.json)


# The hits of a search share a few scores, and so do searches.
@lru_cache(1_024)
def _score_json(score: float) -> bytes:
    return orjson.dumps(round(score, 4))


def to_json(document: object) -> bytes:
    """Return compact JSON.

    Copied once, because orjson leaves its buffer at its full size: 16 KiB for a row of 2 KiB.
    """
    return bytes(memoryview(orjson.dumps(document)))


def envelope(rows: Sequence[bytes], after: Mapping[str, object]) -> Iterator[bytes]:
    """Return `{"models": [rows], ...after}` from rows that are already JSON, in pieces of some hundred rows.

    Everything is joined by commas, so that no row but the first and the last is copied twice; rows may be in parts.
    """
    parts = [*rows] or [b""]
    parts[0] = b'{"models":[' + parts[0]
    parts[-1] += b"]"
    parts.append(orjson.dumps(after)[1:])
    for start in range(0, len(parts), ROWS_AT_ONCE):
        if start:
            parts[start] = b"," + parts[start]
        yield b",".join(parts[start : start + ROWS_AT_ONCE])
