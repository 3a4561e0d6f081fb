"""The model as we publish it: frozen, units in the names, None for what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from app.catalog.packed import Packed
from app.catalog.price import UNKNOWN_PRICE, Price

Record = Mapping[str, Any]
"""A record as a source gave it: JSON, untouched; packed or decoded."""

NO_PROVENANCE: Mapping[str, str] = MappingProxyType({})


class LifecycleState(StrEnum):
    """Where a model stands between its arrival and its end."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    DELISTED = "delisted"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Where a model stands.

    `expires_on` is the announced last day, which may already have passed; None when none is announced.
    `last_seen_at` is set for delisted models only: the last refresh in which a source still listed it.
    """

    state: LifecycleState = LifecycleState.ACTIVE
    expires_on: date | None = None
    last_seen_at: datetime | None = None


ACTIVE = Lifecycle()


@dataclass(frozen=True, slots=True)
class Route:
    """One way to reach a model: who serves it, where, and under which id there.

    `base_url` is None when the source does not know it.
    """

    provider: str
    source: str
    upstream_id: str
    base_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of the catalog.

    `id` is lower case, `author/slug` with an optional `:variant` and an optional leading `~` for an alias that
    upstream moves. `created_at` is when upstream added it. `rank` is the curated place, 1 being first; None for
    models that nobody ranked. `is_stale` marks a model whose newest record could not be read, so that the last
    good one is shown. `provenance` maps a field to the source that decided it. `upstream` is the record as
    OpenRouter sent it; None for models that it does not list. `alias_target` is the id that an alias points to.
    """

    id: str
    name: str
    author: str
    provider: str
    family: str | None = None
    description: str | None = None
    created_at: datetime | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    supported_parameters: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    category: str | None = None
    variant: str | None = None
    price: Price = UNKNOWN_PRICE
    lifecycle: Lifecycle = ACTIVE
    aliases: tuple[str, ...] = ()
    alias_target: str | None = None
    canonical_slug: str | None = None
    knowledge_cutoff: date | None = None
    hugging_face_id: str | None = None
    rank: int | None = None
    notes: str | None = None
    routes: tuple[Route, ...] = ()
    sources: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=lambda: NO_PROVENANCE)
    is_stale: bool = False
    upstream: Packed | None = None

    @property
    def is_listed(self) -> bool:
        """Whether a source lists the model today."""
        return self.lifecycle.state is not LifecycleState.DELISTED
