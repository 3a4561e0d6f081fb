"""Snapshots made of records, for dialects to speak of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from app.catalog.parse import parse_records
from app.catalog.snapshot import Contents, Origin, Snapshot
from app.dialects.dialect import Context
from tests.simulator import make_record

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def snapshot_of(records: Iterable[Mapping[str, Any]]) -> Snapshot:
    """Return the snapshot that these records alone make."""
    parsed = parse_records(list(records), base_url="https://openrouter.ai/api/v1")
    contents = Contents(
        models=tuple(parsed.models),
        origin=Origin.UPSTREAM,
        upstream_ids=tuple(model.id for model in parsed.models),
        quarantined=tuple(parsed.quarantined),
        held_back=MappingProxyType({}),
        withheld=MappingProxyType({}),
        unmatched_overrides=(),
        provider_names=MappingProxyType({}),
    )
    return Snapshot(1, NOW, NOW, contents)


def context_of(*records: Mapping[str, Any], base_map: Mapping[str, Any] | None = None) -> Context:
    """Return what a dialect gets to see."""
    return Context(snapshot_of(records), base_map)


def priced(model_id: str = "acme/one", **pricing: Any) -> dict[str, Any]:
    """Return a record with these rates, as decimal strings, and `overrides`."""
    return make_record(model_id, pricing={"prompt": "0.000001", "completion": "0.000002", **pricing})
