"""Where catalogs are built: from records to a proposal, from a proposal or a stored catalog to what readers need."""

from __future__ import annotations

import secrets

from app.building.orders import Adopted, BuilderLostError, Building, Built, Proposal, Proposing
from app.building.ready import ready_answers
from app.candidate import from_last_good, from_records
from app.catalog.snapshot import Contents, Snapshot
from app.memory import without_collections
from app.published import publish_snapshot
from app.store.envelope import seal, unseal
from app.store.protocol import Stored


class Workshop:
    """Takes one order after the other; not for two threads at once.

    It remembers the newest proposal, and the newest catalog so that the next one is compared with it without reading
    it anew.
    """

    def __init__(self) -> None:
        self._proposed: tuple[str, Contents] | None = None
        self._known: tuple[Stored, Snapshot] | None = None

    def knows(self, adopted: Adopted) -> bool:
        """Whether a proposal is from here and not forgotten yet."""
        return self._proposed is not None and self._proposed[0] == adopted.token

    def forget(self) -> None:
        """Let go of everything."""
        self._proposed = self._known = None

    def propose(self, order: Proposing) -> Proposal:
        """Return what the records, or the last good ones with today's ingredients, would make of the catalog."""
        self._proposed = None
        with without_collections():
            last_good = None if order.last_good is None else self._read(order.last_good)
            if order.records is None:
                candidate = from_last_good(last_good, order.ingredients, order.rules, now=order.now)
            else:
                candidate = from_records(
                    order.records,
                    order.ingredients,
                    order.rules,
                    origin=order.origin,
                    last_good=last_good,
                    last_seen_at=order.last_seen_at,
                    now=order.now,
                )
        # Drawn, so that no proposal is taken for one of a builder before this one.
        token = secrets.token_hex(8)
        self._proposed = (token, candidate.contents)
        return Proposal(
            token=token,
            origin=candidate.contents.origin,
            verdict=candidate.verdict,
            diff=candidate.diff,
            is_change=candidate.changes(last_good),
            quarantined=candidate.contents.quarantined,
        )

    def build(self, order: Building) -> Built:
        """Return what readers are served from; raises EnvelopeError and BuilderLostError."""
        with without_collections():
            if isinstance(order.catalog, Adopted):
                snapshot = self._snapshot_of(order.catalog)
                stored = seal(snapshot)
                self._known = (stored, snapshot)
                self._proposed = None
            else:
                stored = order.catalog
                snapshot = self._read(stored)
            published = publish_snapshot(
                snapshot,
                is_stale=order.is_stale,
                at=order.at,
                litellm_base_map=order.litellm_base_map,
                stored=stored,
            )
            return Built(published, () if order.is_hurried else ready_answers(published))

    def _snapshot_of(self, adopted: Adopted) -> Snapshot:
        if self._proposed is None or self._proposed[0] != adopted.token:
            raise BuilderLostError("the catalog to be adopted is gone, because whoever builds catalogs was restarted")
        return Snapshot(adopted.generation, adopted.updated_at, adopted.fetched_at, self._proposed[1])

    def _read(self, stored: Stored) -> Snapshot:
        if self._known is None or self._known[0] != stored:
            self._known = (stored, unseal(stored))
        return self._known[1]
