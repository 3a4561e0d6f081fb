"""Two stores as one: Redis for agreement between hosts, the file for a boot without Redis.

* The primary decides; the copy follows, and decides alone while the primary fails.
* A copy that fails is never the caller's trouble; its own health remembers it.
* `head` speaks for the primary whenever the primary answers, even with nothing: that is how the refresher sees
  that Redis came back empty, and writes back.
* A call lasts as long as the primary's deadline, plus the copy's if the primary failed or if both are written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from app.store.protocol import Head, Store, Stored, StoreError, StoreHealth

T = TypeVar("T")


class MirroredStore:
    """A Store in a primary, with a copy."""

    def __init__(self, primary: Store, copy: Store) -> None:
        self._primary = primary
        self._copy = copy

    def __repr__(self) -> str:
        return f"MirroredStore({self._primary!r}, {self._copy!r})"

    @property
    def name(self) -> str:
        return f"{self._primary.name}+{self._copy.name}"

    async def load(self) -> Stored | None:
        """Return the newest of both; what the primary had newer goes into the copy too.

        A follower never saves, so this is how the file of its host stays fresh.
        """
        in_primary, in_copy = await asyncio.gather(_caught(self._primary.load()), _caught(self._copy.load()))
        if isinstance(in_primary, StoreError):
            if isinstance(in_copy, StoreError):
                raise in_copy if in_copy.is_busy else in_primary
            return in_copy
        known = None if isinstance(in_copy, StoreError) else in_copy
        if in_primary is None or (known is not None and known.generation > in_primary.generation):
            return known
        if known is None or known.generation < in_primary.generation:
            await _caught(self._copy.save(in_primary))
        return in_primary

    async def head(self) -> Head | None:
        return await self._first(lambda store: store.head())

    async def save(self, stored: Stored) -> bool:
        try:
            is_newest = await self._primary.save(stored)
        except StoreError:
            return await self._copy.save(stored)
        if is_newest:
            await _caught(self._copy.save(stored))
        return is_newest

    async def acquire_lease(self, owner: str, ttl_seconds: float) -> bool:
        return await self._first(lambda store: store.acquire_lease(owner, ttl_seconds))

    async def release_lease(self, owner: str) -> None:
        """Give the lease back in both: the copy's was taken if the primary was down at the time."""
        await self._both(lambda store: store.release_lease(owner))

    async def lease_owner(self) -> str | None:
        return await self._first(lambda store: store.lease_owner())

    async def lease_seconds_left(self) -> float:
        return await self._first(lambda store: store.lease_seconds_left())

    async def load_state(self) -> bytes | None:
        """Return the primary's, or the copy's when the primary fails or has none."""
        state = await self._first(lambda store: store.load_state())
        if state is None:
            kept = await _caught(self._copy.load_state())
            return None if isinstance(kept, StoreError) else kept
        return state

    async def save_state(self, state: bytes) -> None:
        await self._both(lambda store: store.save_state(state))

    async def append_outcome(self, outcome: bytes) -> None:
        await self._both(lambda store: store.append_outcome(outcome))

    async def outcomes(self) -> Sequence[bytes]:
        """Return the primary's, or the copy's when the primary fails or has none."""
        outcomes = await self._first(lambda store: store.outcomes())
        if not outcomes:
            kept = await _caught(self._copy.outcomes())
            return () if isinstance(kept, StoreError) else kept
        return outcomes

    def health(self) -> Sequence[StoreHealth]:
        return (*self._primary.health(), *self._copy.health())

    async def close(self) -> None:
        try:
            await self._primary.close()
        finally:
            await self._copy.close()

    async def _first(self, call: Callable[[Store], Awaitable[T]]) -> T:
        """Ask the primary; ask the copy when that fails."""
        try:
            return await call(self._primary)
        except StoreError:
            return await call(self._copy)

    async def _both(self, write: Callable[[Store], Awaitable[None]]) -> None:
        """Write to both; only when both fail is it an error."""
        try:
            await write(self._primary)
        except StoreError:
            await write(self._copy)
        else:
            await _caught(write(self._copy))


async def _caught(answer: Awaitable[T]) -> T | StoreError:
    try:
        return await answer
    except StoreError as error:
        return error
