"""The shared store behind real sentinels and in a real cluster: the contract, and what happens when parts fail."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from app.store.protocol import Head, StoreError
from app.store.redis import RedisStore
from app.store.redis_preferences import RedisPreferences
from tests.redis.conftest import DEADLINE_SECONDS
from tests.redis.server import RedisServer, free_port
from tests.redis.several import SERVICE, SentinelServer, cluster, wait_until_ok, watched
from tests.redis.test_redis_faults import failure
from tests.unit.preference_contract import PreferenceContract
from tests.unit.store_contract import StoreContract, stored

pytestmark = [pytest.mark.anyio, pytest.mark.redis]

FAILOVER_SECONDS = 15.0


def store_at(url: str) -> RedisStore:
    return RedisStore(url, "test", DEADLINE_SECONDS)


def cluster_url(*nodes: RedisServer) -> str:
    return f"redis+cluster://{','.join(f'127.0.0.1:{node.port}' for node in nodes)}"


def sentinel_url(*ports: int) -> str:
    return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in ports)}/{SERVICE}"


async def works_again(store: RedisStore, generation: int) -> float:
    """Save until it succeeds and return after how many seconds; each try ends in time."""
    started = time.monotonic()
    with anyio.fail_after(FAILOVER_SECONDS):
        while True:
            with suppress(StoreError):
                if await store.save(stored(generation)):
                    return time.monotonic() - started
            await anyio.sleep(0.1)


async def until(fact: Callable[[], object]) -> None:
    """Wait until a fact holds."""
    with anyio.fail_after(FAILOVER_SECONDS):
        while not fact():  # noqa: ASYNC110 - servers set no event
            await anyio.sleep(0.05)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RedisServer]]:
    """Two primaries, each with half of the slots."""
    with cluster(tmp_path_factory.mktemp("cluster"), 2) as running:
        yield running


@pytest.fixture(scope="module")
def sentinel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SentinelServer, RedisServer]]:
    """A primary, and a sentinel that watches it."""
    with watched(tmp_path_factory.mktemp("sentinel")) as (running, [primary]):
        yield running, primary


class TestInACluster(StoreContract):
    """The contract, kept in a cluster."""

    @pytest.fixture
    async def store(self, nodes: list[RedisServer]) -> AsyncIterator[RedisStore]:
        for node in nodes:
            node.command("FLUSHALL")
        store = store_at(cluster_url(*nodes))
        yield store
        await store.close()


class TestBehindSentinels(StoreContract):
    """The contract, kept by a service that a sentinel watches; another sentinel does not answer."""

    @pytest.fixture
    async def store(self, sentinel: tuple[SentinelServer, RedisServer]) -> AsyncIterator[RedisStore]:
        running, primary = sentinel
        primary.command("FLUSHALL")
        store = store_at(sentinel_url(free_port(), running.port))
        yield store
        await store.close()


class TestPreferencesInACluster(PreferenceContract):
    """The contract of preferences, kept in a cluster."""

    @pytest.fixture
    async def store(self, nodes: list[RedisServer]) -> AsyncIterator[RedisPreferences]:
        for node in nodes:
            node.command("FLUSHALL")
        store = RedisPreferences(cluster_url(*nodes), "test", DEADLINE_SECONDS)
        yield store
        await store.close()


class TestPreferencesBehindSentinels(PreferenceContract):
    """The contract of preferences, kept by a service that a sentinel watches."""

    @pytest.fixture
    async def store(self, sentinel: tuple[SentinelServer, RedisServer]) -> AsyncIterator[RedisPreferences]:
        running, primary = sentinel
        primary.command("FLUSHALL")
        store = RedisPreferences(sentinel_url(running.port), "test", DEADLINE_SECONDS)
        yield store
        await store.close()


@pytest.mark.parametrize("asked", [0, 1])
async def test_any_node_of_a_cluster_leads_to_the_keys(nodes: list[RedisServer], asked: int) -> None:
    """Only one of the two holds our slot; 200 calls share four connections to it."""
    for node in nodes:
        node.command("FLUSHALL")
    store = store_at(cluster_url(nodes[asked]))
    assert await store.save(stored(1))
    async with anyio.create_task_group() as tasks:
        for _ in range(200):
            tasks.start_soon(store.head)
    assert sorted(len(node.command("KEYS", "*")) for node in nodes) == [0, 1]
    assert max(node.command("INFO", "clients")["connected_clients"] for node in nodes) < 20
    await store.close()


async def test_a_node_that_is_frozen_or_gone_fails_in_time_and_is_found_again(tmp_path: Path) -> None:
    with cluster(tmp_path, 1) as [only]:
        store = store_at(cluster_url(only))
        assert await store.save(stored(1))
        only.freeze()
        await failure(store.save(stored(2)))
        only.thaw()
        assert await works_again(store, 3) < 3
        only.stop()
        assert "no connection" in (await failure(store.head())).reason
        only.start()
        wait_until_ok([only])
        assert await works_again(store, 1) < 3
        assert await store.head() == Head(1, "snapshot-1")
        await store.close()


async def test_when_the_primary_dies_the_promoted_replica_is_found_without_a_restart(tmp_path: Path) -> None:
    with watched(tmp_path, replicas=1) as (sentinel, [primary, replica]):
        store = store_at(sentinel_url(sentinel.port))
        assert await store.save(stored(1))
        await until(lambda: replica.command("EXISTS", "{test}:snapshot"))
        await until(lambda: sentinel.knows_replicas == 1)
        primary.stop()
        await failure(store.head())
        seconds = await works_again(store, 2)
        assert await store.load() == stored(2)
        assert replica.command("HGET", "{test}:snapshot", "generation") == b"2"
        print(f"saved again {seconds:.1f} s after the primary died")
        await store.close()


async def test_silent_sentinels_fail_in_time_and_cost_nothing_once_connected(tmp_path: Path) -> None:
    with watched(tmp_path) as (sentinel, _):
        connected, late = store_at(sentinel_url(sentinel.port)), store_at(sentinel_url(sentinel.port, sentinel.port))
        assert await connected.save(stored(1))
        sentinel.freeze()
        assert await connected.head() == Head(1, "snapshot-1")
        await failure(late.head())
        await connected.close()
        await late.close()


async def test_what_is_wrong_with_the_url_is_told(
    nodes: list[RedisServer], sentinel: tuple[SentinelServer, RedisServer]
) -> None:
    running, primary = sentinel
    elsewhere = next(node for node in nodes if not holds_our_keys(node))
    cases = {
        f"redis+cluster://127.0.0.1:{primary.port}": "the server is not part of a cluster",
        f"redis+cluster://127.0.0.1:{free_port()}": "no node of the cluster answers: no connection",
        f"redis+sentinel://127.0.0.1:{running.port}/others": "no sentinel that answers knows a primary of the service",
        f"redis+sentinel://127.0.0.1:{free_port()}/{SERVICE}": "no sentinel that answers knows a primary",
        elsewhere.url: "let REDIS_URL begin with redis+cluster://",
    }
    for url, says in cases.items():
        store = store_at(url)
        assert says in (await failure(store.head())).reason
        await store.close()


def holds_our_keys(node: RedisServer) -> bool:
    """Whether a node holds the slot of our keys."""
    slot = node.command("CLUSTER", "KEYSLOT", "{test}:snapshot")
    return any(
        start <= slot <= end and owner[1] == node.port for start, end, owner, *_ in node.command("CLUSTER", "SLOTS")
    )


@pytest.mark.parametrize("kind", ["cluster", "sentinel"])
async def test_a_password_is_used_and_nowhere_to_be_read(
    nodes: list[RedisServer],
    sentinel: tuple[SentinelServer, RedisServer],
    kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    running, primary = sentinel
    servers = [primary] if kind == "sentinel" else nodes
    form = sentinel_url(running.port) if kind == "sentinel" else cluster_url(*nodes)
    right, wrong = (store_at(form.replace("//", f"//:{word}@")) for word in ("Canary-right", "Canary-wrong"))
    for server in servers:
        server.command("CONFIG", "SET", "requirepass", "Canary-right")
    try:
        await right.save_state(b"state")
        error = await failure(wrong.load())
        assert "REDIS_URL" in error.reason
        assert await right.load_state() == b"state"
    finally:
        for server in servers:
            server.command("CONFIG", "SET", "requirepass", "", password="Canary-right")
    said = [str(error), repr(error), *(repr(part) for part in (right, right._access, right.health())), caplog.text]
    assert "Canary" not in "\n".join(said)
    await right.close()
    await wrong.close()
