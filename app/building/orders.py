"""What can be ordered from whoever builds catalogs, and what comes back; values that any process can be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from app.candidate import Rules
from app.catalog.diff import Diff
from app.catalog.guard import Verdict
from app.catalog.merge import Ingredients
from app.catalog.model import Record
from app.catalog.parse import Quarantined
from app.catalog.snapshot import Origin
from app.published import Published
from app.rendering import Rendering
from app.store.protocol import Stored


class BuilderLostError(Exception):
    """Whoever builds catalogs is gone, or does not know what it is asked about; the message says which."""


@dataclass(frozen=True, slots=True)
class Proposing:
    """Order a catalog that may be adopted, and what the guard says of it.

    `records` are upstream's; None makes the catalog of the last good records with the ingredients of today, and of
    core models alone where there are none. `last_good` is what is served now. `last_seen_at` is when upstream was last
    known to list it.
    """

    ingredients: Ingredients
    rules: Rules
    last_good: Stored | None
    last_seen_at: datetime
    now: datetime
    records: Sequence[Record] | None = None
    origin: Origin = Origin.CORE


@dataclass(frozen=True, slots=True)
class Proposal:
    """A catalog that is not adopted yet; it stays with its builder, who knows it by `token` until the next one.

    `is_change` says that adopting it would change something that a reader can tell.
    """

    token: str
    origin: Origin
    verdict: Verdict
    diff: Diff
    is_change: bool
    quarantined: tuple[Quarantined, ...]


@dataclass(frozen=True, slots=True)
class Adopted:
    """A proposal with its place in the line of generations."""

    token: str
    generation: int
    updated_at: datetime
    fetched_at: datetime | None


@dataclass(frozen=True, slots=True)
class Building:
    """Order everything that readers need of a catalog, either a proposal or one that was stored.

    When it is hurried, the answers that everybody asks for may be left out.
    """

    catalog: Adopted | Stored
    at: datetime
    is_stale: bool
    is_hurried: bool = False
    litellm_base_map: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The body of an answer that everybody asks for, with its request target and its route."""

    target: bytes
    route: str
    rendering: Rendering


@dataclass(frozen=True, slots=True)
class Built:
    """What readers are served from, without room for the answers to come, and the answers that are there already."""

    published: Published
    ready: Sequence[Ready]


class Builder(Protocol):
    """Builds catalogs, one order at a time."""

    async def propose(self, order: Proposing) -> Proposal:
        """Return what upstream's or the local files' news would make of the catalog.

        Raises EnvelopeError for a last good catalog that can't be read.
        """
        ...

    async def build(self, order: Building) -> Built:
        """Return what readers are served from.

        Raises EnvelopeError for a stored catalog that can't be read, BuilderLostError for a proposal that is gone.
        """
        ...

    async def close(self) -> None:
        """Let go of everything; what is being built is given up."""
        ...
