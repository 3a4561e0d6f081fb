"""The shared store: Redis, for instances on several hosts.

* Nothing here trusts redis-py's defaults (10 retries, 5 s timeouts: 59 s for one GET against a silent server).
* A retry may follow a first try that did arrive. `save` tells by its own mark that it was itself the one who
  saved; the lease and the state may be set twice; an outcome may then stand in the list twice.
"""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import InvalidResponse

from app.store.deadline import Deadline
from app.store.health import Availability
from app.store.protocol import OUTCOMES_KEPT, Head, Stored, StoreHealth
from app.store.redis_errors import FAILURES, REFUSED_WRITES, answer_word, reason_of
from app.store.redis_scripts import ACQUIRE, APPEND, RELEASE, REPLACE, SAVE, SET_ASIDE

logger = logging.getLogger(__name__)

SCHEMA = b"1"
"""Stands beside the payload; a snapshot of another schema counts as absent and may be replaced."""

POOL_SIZE = 4
SOCKET_TIMEOUT_SECONDS = 0.5

T = TypeVar("T")


class RedisStore:
    """A Store in one Redis server; the URL stays out of repr, errors and logs."""

    def __init__(
        self, url: str, key_prefix: str, deadline_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._key_prefix = key_prefix
        self._deadline = Deadline(deadline_seconds)
        self._availability = Availability(self.name, clock)
        self._last_logged = ""
        # The braces make the keys share one slot of a cluster.
        self._snapshot_key = f"{{{key_prefix}}}:snapshot"
        self._damaged_key = f"{{{key_prefix}}}:damaged"
        self._lease_key = f"{{{key_prefix}}}:lease"
        self._state_key = f"{{{key_prefix}}}:state"
        self._outcomes_key = f"{{{key_prefix}}}:outcomes"
        self._pool = _pool(url, deadline_seconds)
        # Any: redis-py's types say `bytes | str` everywhere, whatever decode_responses is.
        self._redis: Any = Redis.from_pool(self._pool)

    def __repr__(self) -> str:
        return f"RedisStore(key_prefix={self._key_prefix!r})"

    @property
    def name(self) -> str:
        return "redis"

    async def load(self) -> Stored | None:
        return await self._call("load", self._load())

    async def head(self) -> Head | None:
        return self._head(*await self._call("read the head", self._fields("schema", "generation", "snapshot_id")))

    async def save(self, stored: Stored) -> bool:
        mark = uuid.uuid4().hex
        sha256 = hashlib.sha256(stored.payload).hexdigest()
        arguments = (SCHEMA, stored.generation, mark, stored.snapshot_id, sha256, stored.payload)
        return await self._write("save", SAVE, self._snapshot_key, *arguments)

    async def acquire_lease(self, owner: str, ttl_seconds: float) -> bool:
        ttl_milliseconds = max(1, round(ttl_seconds * 1000))
        return await self._write("acquire the lease", ACQUIRE, self._lease_key, owner, ttl_milliseconds)

    async def release_lease(self, owner: str) -> None:
        # Not a `_write`: a full server still deletes, so this proves nothing about writing.
        await self._call("release the lease", self._run(RELEASE, self._lease_key, owner))

    async def lease_owner(self) -> str | None:
        owner = await self._call("read the lease", self._get(self._lease_key))
        return None if owner is None else owner.decode("utf-8", "replace")

    async def load_state(self) -> bytes | None:
        return await self._call("load the state", self._get(self._state_key))

    async def save_state(self, state: bytes) -> None:
        await self._write("save the state", REPLACE, self._state_key, state)

    async def append_outcome(self, outcome: bytes) -> None:
        await self._write("append an outcome", APPEND, self._outcomes_key, outcome, OUTCOMES_KEPT)

    async def outcomes(self) -> Sequence[bytes]:
        return await self._call("list the outcomes", self._outcomes())

    def health(self) -> Sequence[StoreHealth]:
        return (self._availability.health(),)

    async def close(self) -> None:
        with suppress(*FAILURES):
            await self._deadline.hold(self._redis.aclose())
        await self._deadline.close()

    async def _call(self, operation: str, work: Coroutine[Any, Any, T]) -> T:
        """Hold the work to the deadline and turn what redis-py raises into StoreError."""
        try:
            answer = await self._deadline.hold(work)
        except FAILURES as error:
            word = answer_word(error)
            if word == "READONLY":
                # A demoted primary: the name may point elsewhere by now, and only a new connection looks it up.
                with suppress(*FAILURES):
                    await self._deadline.hold(self._pool.disconnect(inuse_connections=False))
            refuses_writes = word in REFUSED_WRITES
            # `from None`: a traceback must not print what the server answered.
            raise self._availability.failed(operation, reason_of(error), refuses_writes=refuses_writes) from None
        self._availability.succeeded(wrote=False)
        return answer

    async def _write(self, operation: str, script: str, key: str, *arguments: str | int | bytes) -> bool:
        """Run a script that answers 1 when it wrote."""
        has_written = await self._call(operation, self._run(script, key, *arguments))
        if has_written:
            self._availability.succeeded(wrote=True)
        return has_written

    async def _run(self, script: str, key: str, *arguments: str | int | bytes) -> bool:
        return bool(await self._redis.eval(script, 1, key, *arguments))

    async def _get(self, key: str) -> bytes | None:
        return _as_bytes(await self._redis.get(key))

    async def _outcomes(self) -> Sequence[bytes]:
        kept = _as_list(await self._redis.lrange(self._outcomes_key, 0, OUTCOMES_KEPT - 1))
        return tuple(outcome for outcome in kept if outcome is not None)

    async def _fields(self, *names: str) -> list[bytes | None]:
        fields = _as_list(await self._redis.hmget(self._snapshot_key, names))
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
                await self._redis.eval(SET_ASIDE, 2, self._snapshot_key, self._damaged_key, saved_by or b"")
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


def _as_bytes(answer: object) -> bytes | None:
    if answer is None or isinstance(answer, bytes):
        return answer
    raise InvalidResponse(f"{type(answer).__name__} instead of bytes")


def _as_list(answer: object) -> list[bytes | None]:
    if isinstance(answer, list):
        return [_as_bytes(part) for part in answer]
    raise InvalidResponse(f"{type(answer).__name__} instead of a list")


def _pool(url: str, deadline_seconds: float) -> BlockingConnectionPool:
    try:
        options: dict[str, Any] = dict(parse_url(url))
    except ValueError:
        # The parser's own message can hold a piece of the password.
        raise ValueError(
            "REDIS_URL can't be read: write redis://user:password@host:6379/0, and percent-encode signs such as "
            "/ @ : # ? in the password"
        ) from None
    socket_timeout_seconds = min(SOCKET_TIMEOUT_SECONDS, deadline_seconds / 2)
    # Ours come last: a query such as ?decode_responses=1 in the URL must not undo them.
    options |= {
        "max_connections": POOL_SIZE,
        "timeout": deadline_seconds,
        "socket_timeout": socket_timeout_seconds,
        "socket_connect_timeout": socket_timeout_seconds,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.1), 1),
        "decode_responses": False,
        # The old protocol does all that we need, with every server and proxy, in one exchange less.
        "protocol": 2,
    }
    return BlockingConnectionPool(**options)
