"""Contents to plain JSON values and back, so that a store can keep them.

`..._to_plain` and `..._from_plain` are inverse. Decimals are strings, dates ISO 8601. Upstream records stay packed, so
that whoever writes them can take their bytes; they are read packed or plain. Everything else stands by its field name,
absent when it has its default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from app.catalog.model import Lifecycle, LifecycleState, Model, Route
from app.catalog.packed import packed
from app.catalog.parse import Quarantined
from app.catalog.price import Price, PriceOverride, PriceState
from app.catalog.shapes import day, entries, members, moment, or_none, rate, text, truth, whole
from app.catalog.snapshot import Contents, Origin, Snapshot

Plain = dict[str, Any]


def head_to_plain(snapshot: Snapshot) -> Plain:
    """Return everything of a snapshot but its models, as JSON values."""
    contents = snapshot.contents
    return {
        "generation": snapshot.generation,
        "updated_at": snapshot.updated_at.isoformat(),
        "fetched_at": snapshot.fetched_at.isoformat() if snapshot.fetched_at else None,
        "origin": contents.origin.value,
        "models": len(contents.models),
        "upstream_ids": list(contents.upstream_ids),
        "quarantined": [[entry.record_id, entry.position, entry.reason] for entry in contents.quarantined],
        "held_back": dict(contents.held_back),
        "withheld": dict(contents.withheld),
        "unmatched_overrides": list(contents.unmatched_overrides),
        "provider_names": dict(contents.provider_names),
    }


def snapshot_from_plain(head: Mapping[str, Any], models: Iterable[Mapping[str, Any]]) -> Snapshot:
    """Return the snapshot of a head and the models in their order.

    Raises KeyError, TypeError or ValueError when the values are of another shape.
    """
    contents = Contents(
        models=tuple(model_from_plain(model) for model in models),
        origin=Origin(head["origin"]),
        upstream_ids=entries(text)(head["upstream_ids"]),
        quarantined=entries(_quarantined_from_plain)(head["quarantined"]),
        held_back=members(whole)(head["held_back"]),
        withheld=MappingProxyType({key: packed(record) for key, record in head["withheld"].items()}),
        unmatched_overrides=entries(text)(head["unmatched_overrides"]),
        provider_names=members(text)(head["provider_names"]),
    )
    return Snapshot(
        generation=whole(head["generation"]),
        updated_at=moment(head["updated_at"]),
        fetched_at=or_none(moment)(head["fetched_at"]),
        contents=contents,
    )


def _quarantined_from_plain(plain: Any) -> Quarantined:
    record_id, position, reason = plain
    return Quarantined(or_none(text)(record_id), whole(position), text(reason))


def price_to_plain(price: Price) -> Plain:
    """Return a price as JSON values; rates are decimal strings in USD per token or unit."""
    plain: Plain = {"state": price.state.value}
    if price.rates:
        plain["rates"] = _rates_to_plain(price.rates)
    if price.overrides:
        plain["overrides"] = [
            {
                "min_prompt_tokens": override.min_prompt_tokens,
                "utc_start_minute": override.utc_start_minute,
                "utc_end_minute": override.utc_end_minute,
                "utc_days": list(override.utc_days),
                "rates": _rates_to_plain(override.rates),
            }
            for override in price.overrides
        ]
    if price.zero_since:
        plain["zero_since"] = price.zero_since.isoformat()
    return plain


def decimal_text(value: Decimal) -> str:
    """Return a decimal without exponent and without trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rates_to_plain(rates: Mapping[str, Decimal]) -> dict[str, str]:
    return {key: decimal_text(rate) for key, rate in rates.items()}


def _price_from_plain(plain: Mapping[str, Any]) -> Price:
    return Price(
        state=PriceState(plain["state"]),
        rates=members(rate)(plain.get("rates", {})),
        overrides=entries(_override_from_plain)(plain.get("overrides", [])),
        zero_since=or_none(moment)(plain.get("zero_since")),
    )


def _override_from_plain(plain: Mapping[str, Any]) -> PriceOverride:
    return PriceOverride(
        rates=members(rate)(plain["rates"]),
        min_prompt_tokens=or_none(whole)(plain["min_prompt_tokens"]),
        utc_start_minute=or_none(whole)(plain["utc_start_minute"]),
        utc_end_minute=or_none(whole)(plain["utc_end_minute"]),
        utc_days=entries(text)(plain["utc_days"]),
    )


def _lifecycle_to_plain(lifecycle: Lifecycle) -> Plain:
    return {
        "state": lifecycle.state.value,
        "expires_on": lifecycle.expires_on.isoformat() if lifecycle.expires_on else None,
        "last_seen_at": lifecycle.last_seen_at.isoformat() if lifecycle.last_seen_at else None,
    }


def _lifecycle_from_plain(plain: Mapping[str, Any]) -> Lifecycle:
    return Lifecycle(
        LifecycleState(plain["state"]), or_none(day)(plain["expires_on"]), or_none(moment)(plain["last_seen_at"])
    )


def _route_from_plain(plain: Any) -> Route:
    provider, source, upstream_id, base_url = plain
    return Route(text(provider), text(source), text(upstream_id), or_none(text)(base_url))


_TO_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "price": price_to_plain,
    "lifecycle": _lifecycle_to_plain,
    "created_at": datetime.isoformat,
    "knowledge_cutoff": date.isoformat,
    "routes": lambda routes: [[r.provider, r.source, r.upstream_id, r.base_url] for r in routes],
    "provenance": dict,
}
_FROM_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "id": text,
    "name": text,
    "author": text,
    "provider": text,
    "family": or_none(text),
    "description": or_none(text),
    "created_at": or_none(moment),
    "context_tokens": or_none(whole),
    "max_output_tokens": or_none(whole),
    "input_modalities": entries(text),
    "output_modalities": entries(text),
    "supported_parameters": entries(text),
    "capabilities": entries(text),
    "category": or_none(text),
    "variant": or_none(text),
    "price": _price_from_plain,
    "lifecycle": _lifecycle_from_plain,
    "aliases": entries(text),
    "alias_target": or_none(text),
    "canonical_slug": or_none(text),
    "knowledge_cutoff": or_none(day),
    "hugging_face_id": or_none(text),
    "rank": or_none(whole),
    "notes": or_none(text),
    "routes": entries(_route_from_plain),
    "sources": entries(text),
    "provenance": members(text),
    "is_stale": truth,
    "upstream": packed,
}
_MODEL_FIELDS = fields(Model)
_BLANK = Model(id="", name="", author="", provider="")
_REQUIRED = frozenset({"id", "name", "author", "provider"})


def model_to_plain(model: Model) -> Plain:
    """Return a model as JSON values."""
    plain: Plain = {}
    for field in _MODEL_FIELDS:
        value = getattr(model, field.name)
        if field.name not in _REQUIRED and value == getattr(_BLANK, field.name):
            continue
        write = _TO_PLAIN.get(field.name)
        plain[field.name] = write(value) if write else value
    return plain


def model_from_plain(plain: Mapping[str, Any]) -> Model:
    """Return the model that `model_to_plain` was given; raises as `snapshot_from_plain` does."""
    return Model(**{name: _FROM_PLAIN[name](value) for name, value in plain.items()})
