"""How a catalog comes to be what readers are served from: save it, publish it, follow siblings, write back.

The store's compare-and-set decides which generation wins; this module only ever moves forward. Everything that
takes long is the builder's, the event loop swaps one reference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog

from app.building.orders import Adopted, Builder, Building, Proposal
from app.building.ready import ready_answers
from app.catalog.model import LifecycleState
from app.catalog.snapshot import Origin, Snapshot
from app.clock import Clock
from app.gradual import gradually
from app.memory import MANY_MODELS, let_go, let_go_in_steps
from app.metrics import Metrics
from app.prerender import announce, is_prepared, pin
from app.published import Published, RenderingBounds, with_room
from app.registry import Registry
from app.store.envelope import EnvelopeError
from app.store.protocol import Head, Store, Stored, StoreError

log = structlog.get_logger("adoption")
BUSY_SECONDS = 0.2


class Adoption:
    """Moves catalogs between the builder, the store and the registry."""

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        builder: Builder,
        clock: Clock,
        metrics: Metrics,
        bounds: RenderingBounds,
        litellm_base_map: Callable[[], Mapping[str, Any] | None] = lambda: None,
    ) -> None:
        self._registry = registry
        self._store = store
        self._builder = builder
        self._clock = clock
        self._metrics = metrics
        self._bounds = bounds
        self._litellm_base_map = litellm_base_map
        self._swap = asyncio.Lock()
        self._unreadable: Head | None = None
        self._going: set[asyncio.Task[None]] = set()

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

    @property
    def last_good(self) -> Stored | None:
        """What the next catalog is compared with; None before the first one."""
        published = self._registry.current
        return published.stored if published else None

    async def publish(self, stored: Stored, *, is_hurried: bool = False) -> bool:
        """Serve a stored catalog from now on; False when a newer one is being served already.

        When it is hurried, answers are made as they are asked for, until `prerender_current` has made them. Raises
        EnvelopeError when it can't be read, and BuilderLostError.
        """
        async with self._swap:
            current = self.current
            if current is not None and (current.generation, current.id) == (stored.generation, stored.snapshot_id):
                return True
            # Held here, the catalog that is replaced would be freed in one step, on the event loop.
            del current
            return await self._serve(await self._built(stored, is_hurried=is_hurried))

    async def _built(
        self, catalog: Adopted | Stored, *, is_hurried: bool = False, is_stale: bool | None = None
    ) -> Published:
        """Return a catalog ready to be read."""
        if is_stale is None:
            is_stale = bool(self._registry.current and self._registry.current.is_stale)
        order = Building(
            catalog, self._clock.now(), is_stale, is_hurried=is_hurried, litellm_base_map=self._litellm_base_map()
        )
        built = await self._builder.build(order)
        published = with_room(built.published, self._bounds)
        announce(self._metrics.tallies)
        pin(published, built.ready, self._metrics.tallies, self._bounds.max_age_seconds)
        if not is_hurried:
            await _read_ahead(published)
        return published

    async def _serve(self, published: Published) -> bool:
        """Swap the reference; False when a newer catalog is being served already."""
        replaced = self._registry.current
        if not self._registry.publish(published):
            return False
        self._metrics.generation.set(published.snapshot.generation)
        for state in LifecycleState:
            mask = published.index.facets["lifecycle"].get(state.value, 0)
            self._metrics.models.labels(state.value).set(mask.bit_count())
        if replaced is not None:
            is_large, last = len(replaced.rows) > MANY_MODELS, [replaced]
            del replaced
            if is_large:
                await asyncio.to_thread(let_go, last)
            else:
                # Nobody waits for it: what follows from serving another catalog is to be noted first.
                going = asyncio.create_task(gradually(let_go_in_steps(last)), name="a catalog goes")
                self._going.add(going)
                going.add_done_callback(self._going.discard)
        return True

    async def gone(self) -> None:
        """Wait until what was replaced is gone."""
        await asyncio.gather(*self._going)

    async def prerender_current(self) -> None:
        """Prepare the whole lists and the dialects of what is served already, unless they came with it."""
        async with self._swap:
            current = self._registry.current
            if current is not None and not is_prepared(current):
                ready = await asyncio.to_thread(ready_answers, current)
                pin(current, ready, self._metrics.tallies, self._bounds.max_age_seconds)
                await _read_ahead(current)

    async def set_stale(self, is_stale: bool) -> None:
        """Say in every answer whether the catalog is older than promised."""
        async with self._swap:
            current = self._registry.current
            if current is None or current.stored is None or current.is_stale == is_stale:
                return
            stored = current.stored
            del current
            await self._serve(await self._built(stored, is_stale=is_stale))
        if is_stale:
            log.warning("readers are told from now on that the catalog is stale")
        else:
            log.info("the catalog is fresh again")

    async def lay_over_base_map(self) -> None:
        """Lay LiteLLM's cost map over the base map as it is now."""
        async with self._swap:
            if self.last_good is not None:
                await self._serve(await self._built(self.last_good))

    async def load(self, tries: int = 1) -> Stored | None:
        """Return the newest stored catalog; None when there is none, or the store can't be asked now.

        A store that is only busy is asked so many times.
        """
        for left in reversed(range(tries)):
            try:
                return await self._store.load()
            except StoreError as error:
                if not error.is_busy or not left:
                    return None
                await asyncio.sleep(BUSY_SECONDS)
        return None

    async def publish_readable(self, stored: Stored, *, is_hurried: bool = False) -> bool:
        """Serve a stored catalog, unless it can't be read: that is logged once; returns whether it is served."""
        try:
            return await self.publish(stored, is_hurried=is_hurried)
        except EnvelopeError as error:
            unreadable = Head(stored.generation, stored.snapshot_id)
            if unreadable != self._unreadable:
                log.warning("the stored snapshot can't be used", reason=str(error))
            self._unreadable = unreadable
            return False

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
            return newer is not None and await self.publish_readable(newer)
        if current.generation > 0 and (head is None or head.generation < current.generation):
            ours = self.last_good
            if ours is not None and await self._store.save(ours):
                log.info("wrote our snapshot back to the store", snapshot=ours.snapshot_id)
        return False

    @staticmethod
    def _is_ahead(head: Head, current: Snapshot) -> bool:
        """Whether the store has a newer generation, or the winner of a generation that two instances made."""
        if head.generation == current.generation:
            return head.snapshot_id != current.id
        return head.generation > current.generation

    async def adopt(self, proposal: Proposal, *, fetched_at: datetime | None, is_stale: bool | None = None) -> bool:
        """Give a proposal the next generation, save and publish it; False when somebody else was faster.

        A store that can't be reached doesn't stop it: the snapshot is served and written back later. What `is_stale`
        does not say stays as it is. Raises BuilderLostError when the proposal is gone.
        """
        # One above what can't be read, too: otherwise it would keep every later snapshot out of the store.
        generation = max(one.generation if one else 0 for one in (self.current, self._unreadable)) + 1
        adopted = Adopted(proposal.token, generation, self._clock.now(), fetched_at)
        base_map = self._litellm_base_map()
        published = await self._built(adopted, is_stale=is_stale)
        is_first = True
        if published.stored is not None:
            with suppress(StoreError):
                is_first = await self._store.save(published.stored)
                if not is_first:
                    await self.follow()
        if not is_first:
            return False
        async with self._swap:
            is_served = await self._serve(published)
        if self._litellm_base_map() is not base_map:
            # It came while this catalog was built, and was laid under the one before.
            await self.lay_over_base_map()
        return is_served

    async def adopt_unsaved(self, proposal: Proposal, *, is_hurried: bool = False) -> None:
        """Serve a proposal that no store should keep: core models, until something better is known."""
        adopted = Adopted(proposal.token, 0, self._clock.now(), None)
        async with self._swap:
            await self._serve(await self._built(adopted, is_hurried=is_hurried))


async def _read_ahead(published: Published) -> None:
    """Prepare what first searches would have to read."""
    if len(published.rows) <= MANY_MODELS:
        await gradually(published.index.search.read_ahead())
