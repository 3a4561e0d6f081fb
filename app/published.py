"""What readers are served from: a snapshot with its index, rows and answers, built together, replaced whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from app.catalog.index import Index, build_index
from app.catalog.model import Model
from app.catalog.snapshot import Snapshot
from app.catalog.successor import Successors
from app.dialects.dialect import Context
from app.dialects.dropdown import dropdown_row
from app.dialects.native import model_document, timestamp, to_json
from app.dialects.openrouter import OPENROUTER
from app.dialects.openrouter_filters import Listing, listing_of
from app.dialects.table import SpokenTable
from app.keeping import SecondChance
from app.store.protocol import Stored

if TYPE_CHECKING:
    # Whoever builds catalogs needs neither of them, nor the 50 ms that the metrics behind them take to load.
    from app.prepared import Prepared
    from app.wire import WireAnswer

# Requests as clients send them: a few hundred bytes each, one per client and target.
WIRE_MAX_COUNT = 4_096
WIRE_MAX_BYTES = 16 * 1024**2


@dataclass(frozen=True)
class Published:
    """One snapshot, ready to be read.

    `rows` and `dropdown_rows` hold each model's JSON, in the snapshot's order; `rows_digest` is a hash over all of
    them. `spoken` holds each client dialect by its name. `is_stale` says that upstream was not reached for longer
    than promised, `published_at` when all this was built and checked here. `targets` holds prepared answers by
    request target, `wire` by the very bytes of the request. `stored` is what a store keeps of it; None if nobody asked.
    """

    index: Index
    is_stale: bool
    published_at: datetime
    rows: Sequence[bytes]
    dropdown_rows: Sequence[bytes]
    rows_digest: bytes
    spoken: SpokenTable
    targets: SecondChance[Prepared]
    wire: SecondChance[WireAnswer]
    stored: Stored | None = None

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot behind everything else."""
        return self.index.snapshot

    @cached_property
    def envelope_facts(self) -> dict[str, object]:
        """What every list says about the snapshot that it was made from."""
        return {
            "updated_at": timestamp(self.snapshot.updated_at),
            "snapshot": self.snapshot.id,
            "stale": self.is_stale,
        }

    @cached_property
    def successors(self) -> Successors:
        """Who takes the place of what is gone; made when somebody asks for the first time."""
        return Successors(self.index)

    @cached_property
    def mirror(self) -> Listing:
        """What OpenRouter's queries are answered from; made when the first comes."""
        return listing_of(self.snapshot, self.spoken[OPENROUTER.name])

    def row(self, model: Model) -> bytes:
        """Return a model's JSON."""
        return self.rows[self.index.places[model.id]]


@dataclass(frozen=True, slots=True)
class RenderingBounds:
    """How many answers may be kept per snapshot besides the pinned ones, and how long caches may reuse them."""

    max_count: int = 2_000
    max_bytes: int = 64 * 1024**2
    max_age_seconds: int = 60


def publish_snapshot(
    snapshot: Snapshot,
    *,
    is_stale: bool,
    at: datetime,
    litellm_base_map: Mapping[str, Any] | None = None,
    stored: Stored | None = None,
) -> Published:
    """Build everything that readers need; tens of milliseconds for 400 models, so not on the event loop."""
    names = snapshot.contents.provider_names
    rows = tuple(to_json(model_document(model)) for model in snapshot.models)
    dropdown_rows = tuple(to_json(dropdown_row(model, names)) for model in snapshot.models)
    digest = hashlib.blake2b(digest_size=16)
    for row in chain(rows, dropdown_rows):
        digest.update(row)
    bounds = RenderingBounds()
    return Published(
        index=build_index(snapshot),
        is_stale=is_stale,
        published_at=at,
        rows=rows,
        dropdown_rows=dropdown_rows,
        rows_digest=digest.digest(),
        spoken=SpokenTable(Context(snapshot, litellm_base_map)),
        targets=SecondChance(max_count=bounds.max_count, max_bytes=bounds.max_bytes),
        wire=SecondChance(max_count=WIRE_MAX_COUNT, max_bytes=WIRE_MAX_BYTES),
        stored=stored,
    )


def with_room(published: Published, bounds: RenderingBounds) -> Published:
    """Return the same with room of its own for answers to come, and with none yet."""
    return replace(
        published,
        targets=SecondChance(max_count=bounds.max_count, max_bytes=bounds.max_bytes),
        wire=SecondChance(max_count=WIRE_MAX_COUNT, max_bytes=WIRE_MAX_BYTES),
    )
