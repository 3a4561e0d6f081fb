"""The lease that keeps the instances from asking upstream all at once; it saves calls and decides nothing else."""

from __future__ import annotations

import contextlib
from typing import Any

from app.clock import Clock
from app.dialects.native import timestamp
from app.store.protocol import Store, StoreError


class Lease:
    """Taking the lease, giving it back, and what this instance knows of it."""

    def __init__(self, store: Store, clock: Clock, seconds: float) -> None:
        self.seconds = seconds
        self._store = store
        self._clock = clock
        self._holder: str | None = None
        self._since = clock.now()

    async def acquire(self, owner: str) -> bool:
        """Return whether the owner may refresh now; a store that can't be asked stands in nobody's way."""
        try:
            return await self._store.acquire_lease(owner, self.seconds)
        except StoreError:
            return True

    async def release(self, owner: str) -> None:
        """Give the lease back if the owner has it; where the store can't be asked, it ends by itself."""
        with contextlib.suppress(StoreError):
            await self._store.release_lease(owner)

    async def seconds_left(self) -> float:
        """Return how long somebody else may keep it at most."""
        try:
            return await self._store.lease_seconds_left()
        except StoreError:
            return self.seconds

    async def look(self) -> None:
        """Remember who refreshes now; raises StoreError."""
        owner = await self._store.lease_owner()
        holder = owner.rpartition(":")[0] if owner else None
        if holder != self._holder:
            self._holder, self._since = holder, self._clock.now()

    def document(self) -> dict[str, Any]:
        """Return what was seen of the lease last, as JSON values."""
        return {
            "state": "held" if self._holder else "free",
            "since": timestamp(self._since),
            "holder": self._holder,
            "seconds": self.seconds,
        }
