"""What the instances of a storm share, and how it is made to fail: a Redis, or one SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from tests.chaos.blows import Blow
from tests.redis.server import RedisServer


class SharedStore(Protocol):
    """A store that can be hurt; `blows` are those that it knows, `settings` point an instance at it."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, str]: ...

    @property
    def blows(self) -> frozenset[Blow]: ...

    async def hurt(self, blow: Blow, seconds: float, /) -> None:
        """Let it suffer for a while; it works again when this is done."""
        ...


class SharedRedis:
    """One Redis for all; each instance has a file of its own beside it."""

    name = "one Redis"
    blows = frozenset({Blow.REDIS_PAUSE, Blow.REDIS_FREEZE, Blow.REDIS_RESTART, Blow.REDIS_FLUSH})

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self.settings = MappingProxyType({"REDIS_URL": server.url})

    async def hurt(self, blow: Blow, seconds: float) -> None:
        match blow:
            case Blow.REDIS_PAUSE:
                await asyncio.to_thread(self._server.command, "CLIENT", "PAUSE", round(seconds * 1000), "ALL")
                await asyncio.sleep(seconds)
            case Blow.REDIS_FREEZE:
                self._server.freeze()
                try:
                    await asyncio.sleep(seconds)
                finally:
                    self._server.thaw()
            case Blow.REDIS_RESTART:
                self._server.stop()
                await asyncio.sleep(seconds)
                await asyncio.to_thread(self._server.start)
            case _:
                await asyncio.to_thread(self._server.command, "FLUSHALL")


class SharedFile:
    """One SQLite file for all, as processes of one host share it."""

    name = "one SQLite file"
    blows = frozenset({Blow.FILE_LOCK})

    def __init__(self, folder: Path) -> None:
        self._path = folder / "registry.sqlite3"
        self.settings = MappingProxyType({"DATA_DIR": str(folder)})

    async def hurt(self, _blow: Blow, seconds: float) -> None:
        """Hold the file as somebody does who is in the middle of a commit."""
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=5)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            await asyncio.sleep(seconds)
            connection.execute("ROLLBACK")


@contextmanager
def shared_store(folder: Path, *, is_redis: bool) -> Iterator[SharedStore]:
    """Have a store in a folder for as long as the storm lasts."""
    folder.mkdir(parents=True)
    if not is_redis:
        yield SharedFile(folder)
        return
    server = RedisServer(folder)
    server.start()
    try:
        yield SharedRedis(server)
    finally:
        server.stop()
