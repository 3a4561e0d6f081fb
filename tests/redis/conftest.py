"""Servers and stores for the tests against a real Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.store.redis import RedisStore
from tests.redis.server import RedisServer

DEADLINE_SECONDS = 1.0


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for the tests that do it no harm."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def calm_server(shared_server: RedisServer) -> RedisServer:
    """The shared server, emptied."""
    shared_server.command("FLUSHALL")
    return shared_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server of the test's own, to be mistreated."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def store(server: RedisServer) -> AsyncIterator[RedisStore]:
    """A store on the server to be mistreated, already connected."""
    store = RedisStore(server.url, "test", DEADLINE_SECONDS)
    await store.head()
    yield store
    await store.close()
