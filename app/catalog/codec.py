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
    fetched_at = head["fetched_at"]
    contents = Contents(
        models=tuple(model_from_plain(model) for model in models),
        origin=Origin(head["origin"]),
        upstream_ids=tuple(head["upstream_ids"]),
        quarantined=tuple(Quarantined(*entry) for entry in head["quarantined"]),
        held_back=MappingProxyType(dict(head["held_back"])),
        withheld=MappingProxyType({key: packed(record) for key, record in head["withheld"].items()}),
        unmatched_overrides=tuple(head["unmatched_overrides"]),
        provider_names=MappingProxyType(dict(head["provider_names"])),
    )
    return Snapshot(
        generation=int(head["generation"]),
        updated_at=datetime.fromisoformat(head["updated_at"]),
        fetched_at=datetime.fromisoformat(fetched_at) if fetched_at else None,
        contents=contents,
    )


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


def _rates_from_plain(plain: Mapping[str, str]) -> Mapping[str, Decimal]:
    return MappingProxyType({key: Decimal(rate) for key, rate in plain.items()})


def _price_from_plain(plain: Mapping[str, Any]) -> Price:
    zero_since = plain.get("zero_since")
    return Price(
        state=PriceState(plain["state"]),
        rates=_rates_from_plain(plain.get("rates", {})),
        overrides=tuple(
            PriceOverride(
                rates=_rates_from_plain(entry["rates"]),
                min_prompt_tokens=entry["min_prompt_tokens"],
                utc_start_minute=entry["utc_start_minute"],
                utc_end_minute=entry["utc_end_minute"],
                utc_days=tuple(entry["utc_days"]),
            )
            for entry in plain.get("overrides", ())
        ),
        zero_since=datetime.fromisoformat(zero_since) if zero_since else None,
    )


def _lifecycle_to_plain(lifecycle: Lifecycle) -> Plain:
    return {
        "state": lifecycle.state.value,
        "expires_on": lifecycle.expires_on.isoformat() if lifecycle.expires_on else None,
        "last_seen_at": lifecycle.last_seen_at.isoformat() if lifecycle.last_seen_at else None,
    }


def _lifecycle_from_plain(plain: Mapping[str, Any]) -> Lifecycle:
    expires_on, seen_at = plain["expires_on"], plain["last_seen_at"]
    return Lifecycle(
        LifecycleState(plain["state"]),
        date.fromisoformat(expires_on) if expires_on else None,
        datetime.fromisoformat(seen_at) if seen_at else None,
    )


def _words_from_plain(plain: list[str]) -> tuple[str, ...]:
    return tuple(plain)


_TO_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "price": price_to_plain,
    "lifecycle": _lifecycle_to_plain,
    "created_at": datetime.isoformat,
    "knowledge_cutoff": date.isoformat,
    "routes": lambda routes: [[r.provider, r.source, r.upstream_id, r.base_url] for r in routes],
    "provenance": dict,
}
_FROM_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "price": _price_from_plain,
    "lifecycle": _lifecycle_from_plain,
    "created_at": datetime.fromisoformat,
    "knowledge_cutoff": date.fromisoformat,
    "routes": lambda routes: tuple(Route(*route) for route in routes),
    "provenance": MappingProxyType,
    "upstream": packed,
    "input_modalities": _words_from_plain,
    "output_modalities": _words_from_plain,
    "supported_parameters": _words_from_plain,
    "capabilities": _words_from_plain,
    "aliases": _words_from_plain,
    "sources": _words_from_plain,
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
    values = {}
    for name, value in plain.items():
        read = _FROM_PLAIN.get(name)
        values[name] = read(value) if read else value
    return Model(**values)
