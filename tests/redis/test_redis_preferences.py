"""Preferences in a real Redis: the contract, its keys, and a server that is away, mute or full."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from app.preference_keeper import PreferenceKeeper
from app.store.protocol import StoreError
from app.store.redis_preferences import RedisPreferences
from tests.redis.conftest import DEADLINE_SECONDS
from tests.redis.server import RedisServer
from tests.unit.preference_contract import PreferenceContract

pytestmark = [pytest.mark.anyio, pytest.mark.redis]


@pytest.fixture
async def store(calm_server: RedisServer) -> AsyncIterator[RedisPreferences]:
    store = RedisPreferences(calm_server.url, "test", DEADLINE_SECONDS)
    yield store
    await store.close()


class TestRedisPreferences(PreferenceContract):
    """The contract, kept by Redis."""


async def test_a_document_has_a_key_of_its_own_that_never_expires(
    calm_server: RedisServer, store: RedisPreferences
) -> None:
    await store.swap("ada", None, b"1")
    assert calm_server.command("KEYS", "*") == [b"{test}:preferences:ada"]
    assert calm_server.command("PTTL", "{test}:preferences:ada") == -1


async def test_two_deployments_do_not_see_each_other(calm_server: RedisServer, store: RedisPreferences) -> None:
    other = RedisPreferences(calm_server.url, "other", DEADLINE_SECONDS)
    await store.swap("ada", None, b"1")
    assert await other.read("ada") is None
    await other.close()


async def test_a_key_of_another_program_is_named_with_the_way_out(
    calm_server: RedisServer, store: RedisPreferences
) -> None:
    calm_server.command("HSET", "{test}:preferences:ada", "a", "b")
    with pytest.raises(StoreError, match="set REDIS_KEY_PREFIX"):
        await store.read("ada")
    with pytest.raises(StoreError, match="set REDIS_KEY_PREFIX"):
        await store.swap("ada", None, b"1")


async def test_a_server_that_went_away_fails_within_the_deadline_and_is_used_when_it_is_back(
    server: RedisServer,
) -> None:
    store = RedisPreferences(server.url, "test", DEADLINE_SECONDS)
    assert await store.swap("ada", None, b"1")
    server.stop()
    started = time.monotonic()
    with pytest.raises(StoreError, match="preferences store could not read"):
        await store.read("ada")
    assert time.monotonic() - started < DEADLINE_SECONDS + 0.5
    assert not store.health().is_available
    server.start()
    assert await store.swap("bob", None, b"1")
    assert store.health().is_available
    await store.close()


async def test_a_server_is_no_store_until_it_was_reached_and_a_probe_alone_finds_that_it_went(
    server: RedisServer,
) -> None:
    store = RedisPreferences(server.url, "test", DEADLINE_SECONDS)
    keeper = PreferenceKeeper(store)
    assert not keeper.health().was_reached
    await keeper.probe()
    assert (keeper.health().was_reached, keeper.health().is_available) == (True, True)
    server.stop()
    await keeper.probe()
    assert not keeper.health().is_available
    await keeper.close()


async def test_a_full_server_refuses_writes_and_stays_unavailable_until_one_succeeds(server: RedisServer) -> None:
    store = RedisPreferences(server.url, "test", DEADLINE_SECONDS)
    assert await store.swap("ada", None, b"1")
    server.command("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(StoreError, match="out of memory"):
        await store.swap("ada", b"1", b"2")
    assert await store.read("ada") == b"1"
    assert store.health().last_error_kind == "unwritable"
    assert not store.health().is_available
    server.command("CONFIG", "SET", "maxmemory", "0")
    assert await store.swap("ada", b"1", b"2")
    assert store.health().is_available
    await store.close()
