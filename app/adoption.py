"""How a snapshot comes to be what readers are served from: save it, publish it, follow siblings, write back.

The store's compare-and-set decides which generation wins; this module only ever moves forward. Everything that
takes long runs in a thread, the event loop swaps one reference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog

from app.catalog.model import LifecycleState
from app.catalog.snapshot import Contents, Origin, Snapshot
from app.clock import Clock
from app.memory import MANY_MODELS, let_go, without_collections
from app.metrics import Metrics
from app.prerender import announce, prerender, prerendered
from app.published import Published, RenderingBounds, publish_snapshot, with_base_map, with_staleness
from app.registry import Registry
from app.store.envelope import EnvelopeError, seal, unseal
from app.store.protocol import Head, Store, StoreError

log = structlog.get_logger("adoption")
BUSY_SECONDS = 0.2


class Adoption:
    """Moves snapshots between the store and the registry."""

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        bounds: RenderingBounds,
        litellm_base_map: Callable[[], Mapping[str, Any] | None] = lambda: None,
    ) -> None:
        self._registry = registry
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._bounds = bounds
        self._litellm_base_map = litellm_base_map
        self._swap = asyncio.Lock()
        self._unreadable: Head | None = None

    @property
    def current(self) -> Snapshot | None:
        """The published snapshot; None before the first one."""
        published = self._registry.current
        return published.snapshot if published else None

    @property
    def listed_count(self) -> int:
        """How many models are listed now."""
        published = self._registry.current
        return published.index.listed.bit_count() if published else 0

    @property
    def is_without_catalog(self) -> bool:
        """Whether nothing is served yet, or core models in its place; against those a catalog is no change."""
        current = self.current
        return current is None or current.contents.origin is Origin.CORE

    async def publish(self, snapshot: Snapshot, *, is_hurried: bool = False) -> bool:
        """Serve a snapshot from now on; False when a newer one is being served already.

        When it is hurried, answers are made as they are asked for, until `prerender_current` has made them.
        """
        async with self._swap:
            replaced = self._registry.current
            published = await asyncio.to_thread(self._build, snapshot, replaced, is_hurried=is_hurried)
            if published is None:
                return True
            if not self._registry.publish(published):
                return False
        self._metrics.generation.set(snapshot.generation)
        for state in LifecycleState:
            mask = published.index.facets["lifecycle"].get(state.value, 0)
            self._metrics.models.labels(state.value).set(mask.bit_count())
        if replaced is not None and len(replaced.rows) > MANY_MODELS:
            last = [replaced]
            del replaced
            await asyncio.to_thread(let_go, last)
        return True

    async def prerender_current(self) -> None:
        """Prepare the whole lists and the dialects of what is served already."""
        async with self._swap:
            current = self._registry.current
            if current is not None:
                pinned = await asyncio.to_thread(
                    prerendered, current, self._metrics.tallies, self._bounds.max_age_seconds
                )
                for target, prepared in pinned:
                    current.targets.pin(target, prepared)

    def _build(self, snapshot: Snapshot, current: Published | None, *, is_hurried: bool) -> Published | None:
        """Return the snapshot ready to be read; None when it is the one that is being served."""
        if current and current.snapshot.generation == snapshot.generation and current.snapshot.id == snapshot.id:
            return None
        is_stale = current.is_stale if current else False
        with without_collections():
            published = publish_snapshot(
                snapshot,
                is_stale=is_stale,
                at=self._clock.now(),
                bounds=self._bounds,
                litellm_base_map=self._litellm_base_map(),
            )
            if is_hurried:
                announce(self._metrics.tallies)
            else:
                prerender(published, self._metrics.tallies, self._bounds.max_age_seconds)
        return published

    async def set_stale(self, is_stale: bool) -> None:
        """Say in every answer whether the catalog is older than promised."""
        async with self._swap:
            current = self._registry.current
            if current is not None and current.is_stale != is_stale:
                again = with_staleness(current, is_stale=is_stale, bounds=self._bounds)
                await asyncio.to_thread(prerender, again, self._metrics.tallies, self._bounds.max_age_seconds)
                self._registry.publish(again)
                if is_stale:
                    log.warning("readers are told from now on that the catalog is stale")
                else:
                    log.info("the catalog is fresh again")

    async def lay_over_base_map(self) -> None:
        """Lay LiteLLM's cost map over the base map as it is now."""
        async with self._swap:
            current = self._registry.current
            if current is not None:
                again = await asyncio.to_thread(self._laid, current)
                self._registry.publish(again)

    def _laid(self, current: Published) -> Published:
        with without_collections():
            again = with_base_map(current, self._litellm_base_map(), bounds=self._bounds)
            prerender(again, self._metrics.tallies, self._bounds.max_age_seconds)
        return again

    async def load(self, tries: int = 1) -> Snapshot | None:
        """Return the newest stored snapshot; None when there is none, or none that can be read now.

        A store that is only busy is asked so many times.
        """
        stored = None
        for left in reversed(range(tries)):
            try:
                stored = await self._store.load()
                break
            except StoreError as error:
                if not error.is_busy or not left:
                    return None
                await asyncio.sleep(BUSY_SECONDS)
        if stored is None:
            return None
        try:
            return await asyncio.to_thread(unseal, stored)
        except EnvelopeError as error:
            unreadable = Head(stored.generation, stored.snapshot_id)
            if unreadable != self._unreadable:
                log.warning("the stored snapshot can't be used", reason=str(error))
            self._unreadable = unreadable
            return None

    async def follow(self) -> bool:
        """Adopt a sibling's newer snapshot, or write ours back where the store has an older one or none.

        Returns whether another snapshot is served now. Raises StoreError when the store can't be asked.
        """
        head = await self._store.head()
        current = self.current
        if current is None or (head is not None and self._is_ahead(head, current)):
            if head is None or head == self._unreadable:
                return False
            newer = await self.load()
            # Held here, the snapshot that is replaced would be freed in one step, on the event loop.
            del current
            return newer is not None and await self.publish(newer)
        if current.generation > 0 and (head is None or head.generation < current.generation):
            sealed = await asyncio.to_thread(seal, current)
            if await self._store.save(sealed):
                log.info("wrote our snapshot back to the store", snapshot=current.id)
        return False

    @staticmethod
    def _is_ahead(head: Head, current: Snapshot) -> bool:
        """Whether the store has a newer generation, or the winner of a generation that two instances made."""
        if head.generation == current.generation:
            return head.snapshot_id != current.id
        return head.generation > current.generation

    async def adopt(self, contents: Contents, *, fetched_at: datetime | None) -> bool:
        """Give contents the next generation, save and publish them; False when somebody else was faster.

        A store that can't be reached doesn't stop it: the snapshot is served and written back later.
        """
        snapshot = Snapshot(
            # One above what can't be read, too: otherwise it would keep every later snapshot out of the store.
            generation=max(one.generation if one else 0 for one in (self.current, self._unreadable)) + 1,
            updated_at=self._clock.now(),
            fetched_at=fetched_at,
            contents=contents,
        )
        sealed = await asyncio.to_thread(seal, snapshot)
        is_first = True
        with suppress(StoreError):
            is_first = await self._store.save(sealed)
            if not is_first:
                await self.follow()
        return is_first and await self.publish(snapshot)

    async def adopt_unsaved(self, contents: Contents, *, is_hurried: bool = False) -> None:
        """Serve contents that no store should keep: core models, until something better is known."""
        await self.publish(Snapshot(0, self._clock.now(), None, contents), is_hurried=is_hurried)
