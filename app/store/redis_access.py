"""Access to Redis, wherever REDIS_URL says that it is: each call within a deadline, each failure a StoreError."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from redis.exceptions import InvalidResponse

from app.store.deadline import Deadline
from app.store.health import Availability
from app.store.protocol import StoreHealth
from app.store.redis_address import parse_address
from app.store.redis_clients import client_for
from app.store.redis_errors import FAILURES, REFUSED_WRITES, answer_word, is_busy, reason_of

T = TypeVar("T")


class RedisAccess:
    """Connections for one store, whose name its errors and its health bear; the URL stays out of repr and errors."""

    def __init__(self, url: str, deadline_seconds: float, name: str, clock: Callable[[], float]) -> None:
        self._deadline = Deadline(deadline_seconds)
        self._availability = Availability(name, clock)
        self._client = client_for(parse_address(url), deadline_seconds)
        self.redis = self._client.commands

    def __repr__(self) -> str:
        return "RedisAccess()"

    def health(self) -> StoreHealth:
        """Return what is known of the server's availability."""
        return self._availability.health()

    async def close(self) -> None:
        """Let go of the connections."""
        with suppress(*FAILURES):
            await self._deadline.hold(self._client.close())
        await self._deadline.close()

    async def call(self, operation: str, work: Coroutine[Any, Any, T]) -> T:
        """Hold the work to the deadline and turn what redis-py raises into StoreError."""
        try:
            answer = await self._deadline.hold(work)
        except FAILURES as error:
            word = answer_word(error)
            if word == "READONLY":
                # A demoted primary: the name may point elsewhere by now, and only a new connection looks it up.
                with suppress(*FAILURES):
                    await self._deadline.hold(self._client.forget_connections())
            refuses_writes = word in REFUSED_WRITES
            # `from None`: a traceback must not print what the server answered.
            raise self._availability.failed(
                operation, reason_of(error), refuses_writes=refuses_writes, is_busy=is_busy(error)
            ) from None
        self._availability.succeeded(wrote=False)
        return answer

    async def write(self, operation: str, script: str, key: str, *arguments: str | int | bytes | memoryview) -> bool:
        """Run a script that answers 1 when it wrote."""
        has_written = await self.call(operation, self.run(script, key, *arguments))
        if has_written:
            self._availability.succeeded(wrote=True)
        return has_written

    async def run(self, script: str, key: str, *arguments: str | int | bytes | memoryview) -> bool:
        """Run a script, without a deadline of its own; returns whether it answered 1."""
        return bool(await self.redis.eval(script, 1, key, *arguments))


def as_bytes(answer: object) -> bytes | None:
    """Return an answer that is bytes or nothing; raises InvalidResponse for any other."""
    if answer is None or isinstance(answer, bytes):
        return answer
    raise InvalidResponse(f"{type(answer).__name__} instead of bytes")


def as_list(answer: object) -> list[bytes | None]:
    """Return an answer that is a list of such; raises InvalidResponse for any other."""
    if isinstance(answer, list):
        return [as_bytes(part) for part in answer]
    raise InvalidResponse(f"{type(answer).__name__} instead of a list")
