"""Preferences in Redis, for instances on several hosts; with connections of their own.

They are not mirrored into each host's file, as the catalog is: copies of what users write would drift apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from app.store.preferences import NAME
from app.store.protocol import StoreHealth
from app.store.redis_access import RedisAccess, as_bytes
from app.store.redis_scripts import SWAP


class RedisPreferences:
    """A PreferenceStore in one Redis server; the URL stays out of repr, errors and logs."""

    def __init__(
        self, url: str, key_prefix: str, deadline_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._key_prefix = key_prefix
        self._access = RedisAccess(url, deadline_seconds, NAME, clock)

    def __repr__(self) -> str:
        return f"RedisPreferences(key_prefix={self._key_prefix!r})"

    async def read(self, user_id: str) -> bytes | None:
        return await self._access.call("read", self._get(self._key(user_id)))

    async def swap(self, user_id: str, known: bytes | None, new: bytes | None) -> bool:
        key = self._key(user_id)
        if new is None:
            # Not a `write`: a full server still deletes, so this proves nothing about writing.
            return await self._access.call("delete", self._access.run(SWAP, key, known or b"", b""))
        return await self._access.write("write", SWAP, key, known or b"", new)

    def health(self) -> StoreHealth:
        return self._access.health()

    async def close(self) -> None:
        await self._access.close()

    def _key(self, user_id: str) -> str:
        return f"{{{self._key_prefix}}}:preferences:{user_id}"

    async def _get(self, key: str) -> bytes | None:
        return as_bytes(await self._access.redis.get(key))
