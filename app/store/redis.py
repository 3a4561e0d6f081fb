"""The shared store: Redis, for instances on several hosts.

One server, a service behind sentinels or a cluster: `redis_address` tells them apart, keys and scripts are the same.
A retry may follow a first try that did arrive. `save` tells by its own mark that it was itself the one who saved; the
lease and the state may be set twice; an outcome may then stand in the list twice.
"""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress

from redis.exceptions import InvalidResponse

from app.store.protocol import OUTCOMES_KEPT, Head, Stored, StoreHealth
from app.store.redis_access import RedisAccess, as_bytes, as_list
from app.store.redis_errors import FAILURES
from app.store.redis_scripts import ACQUIRE, APPEND, RELEASE, REPLACE, SAVE, SET_ASIDE

logger = logging.getLogger(__name__)

SCHEMA = b"1"
"""Stands beside the payload; a snapshot of another schema counts as absent and may be replaced."""


class RedisStore:
    """A Store in Redis; the URL stays out of repr, errors and logs."""

    def __init__(
        self, url: str, key_prefix: str, deadline_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._key_prefix = key_prefix
        self._access = RedisAccess(url, deadline_seconds, self.name, clock)
        self._last_logged = ""
        # The braces make the keys share one slot of a cluster.
        self._snapshot_key = f"{{{key_prefix}}}:snapshot"
        self._damaged_key = f"{{{key_prefix}}}:damaged"
        self._lease_key = f"{{{key_prefix}}}:lease"
        self._state_key = f"{{{key_prefix}}}:state"
        self._outcomes_key = f"{{{key_prefix}}}:outcomes"

    def __repr__(self) -> str:
        return f"RedisStore(key_prefix={self._key_prefix!r})"

    @property
    def name(self) -> str:
        return "redis"

    async def load(self) -> Stored | None:
        return await self._access.call("load", self._load())

    async def head(self) -> Head | None:
        return self._head(
            *await self._access.call("read the head", self._fields("schema", "generation", "snapshot_id"))
        )

    async def save(self, stored: Stored) -> bool:
        mark = uuid.uuid4().hex
        sha256 = hashlib.sha256(stored.payload).hexdigest()
        arguments = (SCHEMA, stored.generation, mark, stored.snapshot_id, sha256, memoryview(stored.payload))
        return await self._access.write("save", SAVE, self._snapshot_key, *arguments)

    async def acquire_lease(self, owner: str, ttl_seconds: float) -> bool:
        ttl_milliseconds = max(1, round(ttl_seconds * 1000))
        return await self._access.write("acquire the lease", ACQUIRE, self._lease_key, owner, ttl_milliseconds)

    async def release_lease(self, owner: str) -> None:
        # Not a `write`: a full server still deletes, so this proves nothing about writing.
        await self._access.call("release the lease", self._access.run(RELEASE, self._lease_key, owner))

    async def lease_owner(self) -> str | None:
        owner = await self._access.call("read the lease", self._get(self._lease_key))
        return None if owner is None else owner.decode("utf-8", "replace")

    async def lease_seconds_left(self) -> float:
        return await self._access.call("read the lease", self._seconds_left(self._lease_key))

    async def load_state(self) -> bytes | None:
        return await self._access.call("load the state", self._get(self._state_key))

    async def save_state(self, state: bytes) -> None:
        await self._access.write("save the state", REPLACE, self._state_key, state)

    async def append_outcome(self, outcome: bytes) -> None:
        await self._access.write("append an outcome", APPEND, self._outcomes_key, outcome, OUTCOMES_KEPT)

    async def outcomes(self) -> Sequence[bytes]:
        return await self._access.call("list the outcomes", self._outcomes())

    def health(self) -> Sequence[StoreHealth]:
        return (self._access.health(),)

    async def close(self) -> None:
        await self._access.close()

    async def _get(self, key: str) -> bytes | None:
        return as_bytes(await self._access.redis.get(key))

    async def _seconds_left(self, key: str) -> float:
        milliseconds = await self._access.redis.pttl(key)
        if not isinstance(milliseconds, int):
            raise InvalidResponse(f"{type(milliseconds).__name__} instead of a number")
        return max(0, milliseconds) / 1000

    async def _outcomes(self) -> Sequence[bytes]:
        kept = as_list(await self._access.redis.lrange(self._outcomes_key, 0, OUTCOMES_KEPT - 1))
        return tuple(outcome for outcome in kept if outcome is not None)

    async def _fields(self, *names: str) -> list[bytes | None]:
        fields = as_list(await self._access.redis.hmget(self._snapshot_key, names))
        if len(fields) != len(names):
            raise InvalidResponse(f"{len(fields)} fields instead of {len(names)}")
        return fields

    async def _load(self) -> Stored | None:
        schema, generation, snapshot_id, sha256, payload, saved_by = await self._fields(
            "schema", "generation", "snapshot_id", "sha256", "payload", "saved_by"
        )
        head = self._head(schema, generation, snapshot_id)
        if head is not None and hashlib.sha256(payload or b"").hexdigest().encode() == sha256:
            return Stored(head.generation, head.snapshot_id, payload or b"")
        if schema == SCHEMA:
            self._log_once(f"the snapshot under {self._snapshot_key} is damaged; kept as {self._damaged_key}")
            # Its generation must not keep sound snapshots out. A server that refuses writes still gets None.
            with suppress(*FAILURES):
                await self._access.redis.eval(SET_ASIDE, 2, self._snapshot_key, self._damaged_key, saved_by or b"")
        return None

    def _head(self, schema: bytes | None, generation: bytes | None, snapshot_id: bytes | None) -> Head | None:
        if schema is not None and schema != SCHEMA:
            self._log_once(f"the snapshot under {self._snapshot_key} has another schema; it counts as absent")
        if schema != SCHEMA or generation is None or not generation.isdigit() or snapshot_id is None:
            return None
        return Head(int(generation), snapshot_id.decode("utf-8", "replace"))

    def _log_once(self, message: str) -> None:
        if message != self._last_logged:
            self._last_logged = message
            logger.warning("%s", message)
