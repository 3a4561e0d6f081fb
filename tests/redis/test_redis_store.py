"""The shared store on a healthy Redis: the contract, its keys, and what it makes of strangers' data."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from app.store.mirrored import MirroredStore
from app.store.protocol import Head, Stored, StoreError
from app.store.redis import RedisStore
from app.store.sqlite import SqliteStore
from tests.redis.conftest import DEADLINE_SECONDS
from tests.redis.server import RedisServer
from tests.unit.store_contract import StoreContract, stored

pytestmark = [pytest.mark.anyio, pytest.mark.redis]


@pytest.fixture
async def store(calm_server: RedisServer) -> AsyncIterator[RedisStore]:
    store = RedisStore(calm_server.url, "test", DEADLINE_SECONDS)
    yield store
    await store.close()


class TestRedisStore(StoreContract):
    """The contract, kept by the shared store."""


class TestRedisStoreWithAFile(StoreContract):
    """The contract, kept by Redis with its copy in a file, as a deployment has it."""

    @pytest.fixture
    async def store(self, calm_server: RedisServer, tmp_path: Path) -> AsyncIterator[MirroredStore]:
        store = MirroredStore(
            RedisStore(calm_server.url, "test", DEADLINE_SECONDS),
            SqliteStore(tmp_path / "registry.sqlite3", deadline_seconds=3.0),
        )
        yield store
        await store.close()


async def test_two_instances_agree(calm_server: RedisServer, store: RedisStore) -> None:
    other = RedisStore(calm_server.url, "test", DEADLINE_SECONDS)
    assert await store.save(stored(1))
    assert not await other.save(stored(1))
    assert await other.save(stored(2))
    assert await store.load() == stored(2)
    assert await store.acquire_lease("one", 60)
    assert not await other.acquire_lease("two", 60)
    await other.close()


async def test_two_deployments_do_not_see_each_other(calm_server: RedisServer, store: RedisStore) -> None:
    other = RedisStore(calm_server.url, "other", DEADLINE_SECONDS)
    await store.save(stored(5))
    assert await other.load() is None
    assert await other.save(stored(1))
    assert await other.acquire_lease("one", 60)
    assert await store.acquire_lease("two", 60)
    await other.close()


async def test_all_keys_share_one_slot_and_only_the_lease_expires(calm_server: RedisServer, store: RedisStore) -> None:
    await store.save(stored(1))
    await store.acquire_lease("one", 60)
    await store.save_state(b"state")
    await store.append_outcome(b"outcome")
    keys = sorted(calm_server.command("KEYS", "*"))
    assert keys == [b"{test}:lease", b"{test}:outcomes", b"{test}:snapshot", b"{test}:state"]
    assert [calm_server.command("PTTL", key) > 0 for key in keys] == [True, False, False, False]


async def test_a_snapshot_of_another_schema_counts_as_absent(
    calm_server: RedisServer, store: RedisStore, caplog: pytest.LogCaptureFixture
) -> None:
    await store.save(stored(9))
    calm_server.command("HSET", "{test}:snapshot", "schema", "2")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert await store.head() is None
            assert await store.load() is None
    assert len(caplog.records) == 1
    assert await store.save(stored(1))
    assert await store.load() == stored(1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("payload", b"something else"), ("sha256", b"0" * 64), ("generation", b"many"), ("generation", b"-1")],
)
async def test_a_damaged_snapshot_counts_as_absent_and_is_kept_aside(
    calm_server: RedisServer, store: RedisStore, caplog: pytest.LogCaptureFixture, field: str, value: bytes
) -> None:
    await store.save(stored(9))
    calm_server.command("HSET", "{test}:snapshot", field, value)
    with caplog.at_level(logging.WARNING):
        assert await store.load() is None
        assert await store.load() is None
    assert len(caplog.records) == 1
    assert calm_server.command("HGET", "{test}:damaged", field) == value
    assert await store.save(stored(1)), "a damaged generation must not keep sound snapshots out"
    assert await store.load() == stored(1)


async def test_a_half_written_snapshot_counts_as_absent(calm_server: RedisServer, store: RedisStore) -> None:
    calm_server.command("HSET", "{test}:snapshot", "schema", "1", "generation", "9")
    assert await store.head() is None
    assert await store.load() is None
    assert await store.save(stored(1))


async def test_a_key_of_another_program_is_named_with_the_way_out(calm_server: RedisServer, store: RedisStore) -> None:
    calm_server.command("SET", "{test}:snapshot", "mine")
    for call in (store.load, store.head, lambda: store.save(stored(1))):
        with pytest.raises(StoreError, match="another program uses the same key; set REDIS_KEY_PREFIX"):
            await call()
    assert calm_server.command("GET", "{test}:snapshot") == b"mine"


async def test_the_sha256_stands_beside_the_payload(calm_server: RedisServer, store: RedisStore) -> None:
    await store.save(Stored(1, "one", b"payload"))
    assert calm_server.command("HGET", "{test}:snapshot", "sha256") == hashlib.sha256(b"payload").hexdigest().encode()


async def test_two_hundred_calls_at_once_share_four_connections(calm_server: RedisServer, store: RedisStore) -> None:
    before = calm_server.command("INFO", "stats")["total_connections_received"]
    await store.save(stored(1))
    heads: list[Head | None] = []

    async def read_head() -> None:
        heads.append(await store.head())

    async with anyio.create_task_group() as tasks:
        for _ in range(200):
            tasks.start_soon(read_head)
    assert heads == [Head(1, "snapshot-1")] * 200
    after = calm_server.command("INFO", "stats")["total_connections_received"]
    assert after - before <= 5, "four of the store, one of this count"


def test_options_in_the_url_that_would_undo_ours_are_refused(calm_server: RedisServer) -> None:
    for option in ("decode_responses=1", "socket_timeout=60", "protocol=3"):
        with pytest.raises(ValueError, match="an option that is not known"):
            RedisStore(f"{calm_server.url}?{option}", "test", DEADLINE_SECONDS)


async def test_a_database_number_in_the_url_is_used(calm_server: RedisServer) -> None:
    store = RedisStore(f"redis://127.0.0.1:{calm_server.port}/3", "test", DEADLINE_SECONDS)
    await store.save_state(b"state")
    assert calm_server.command("GET", "{test}:state") is None
    await store.close()


async def test_a_user_limited_to_our_keys_is_enough(calm_server: RedisServer) -> None:
    """The rights that a deployment may cut Redis down to."""
    rights = ["~{test}:*", "+@read", "+@write", "+@connection", "+eval", "-@dangerous"]
    calm_server.command("ACL", "SETUSER", "registry", "on", ">secret", *rights)
    store = RedisStore(f"redis://registry:secret@127.0.0.1:{calm_server.port}/0", "test", DEADLINE_SECONDS)
    assert await store.save(stored(1))
    assert await store.load() == stored(1)
    assert await store.acquire_lease("one", 60)
    await store.release_lease("one")
    await store.append_outcome(b"outcome")
    assert list(await store.outcomes()) == [b"outcome"]
    await store.close()
    calm_server.command("ACL", "DELUSER", "registry")


async def test_used_after_close_it_connects_again(store: RedisStore) -> None:
    await store.save(stored(1))
    await store.close()
    assert await store.load() == stored(1)
