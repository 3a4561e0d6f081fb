"""The shared store on a Redis that fails: each call ends in time, and the store recovers by itself."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import anyio
import pytest

from app.store.mirrored import MirroredStore
from app.store.protocol import Head, StoreError
from app.store.redis import RedisStore
from app.store.sqlite import SqliteStore
from tests.redis.conftest import DEADLINE_SECONDS
from tests.redis.server import RedisServer, free_port
from tests.unit.store_contract import stored

pytestmark = [pytest.mark.anyio, pytest.mark.redis]

SLACK_SECONDS = 0.5
"""How much later than the deadline a call may end on a busy machine."""


@contextmanager
def in_time(calls: int = 1) -> Iterator[None]:
    """Fail when what is inside takes longer than the deadline allows."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < calls * DEADLINE_SECONDS + SLACK_SECONDS


async def failure(call: Awaitable[object]) -> StoreError:
    """Return the error of a call that has to fail, and to do so in time."""
    with in_time(), pytest.raises(StoreError) as caught:
        await call
    assert caught.value.store == "redis"
    return caught.value


def every_call(store: RedisStore) -> list[tuple[str, Callable[[], Awaitable[object]]]]:
    """Return each operation of the protocol with the words that its error uses."""
    return [
        ("load", store.load),
        ("read the head", store.head),
        ("save", lambda: store.save(stored(1))),
        ("acquire the lease", lambda: store.acquire_lease("one", 60)),
        ("release the lease", lambda: store.release_lease("one")),
        ("read the lease", store.lease_owner),
        ("load the state", store.load_state),
        ("save the state", lambda: store.save_state(b"state")),
        ("append an outcome", lambda: store.append_outcome(b"outcome")),
        ("list the outcomes", store.outcomes),
    ]


async def test_a_refused_port_fails_each_call_in_time() -> None:
    store = RedisStore(f"redis://127.0.0.1:{free_port()}/0", "test", DEADLINE_SECONDS)
    for operation, call in every_call(store):
        error = await failure(call())
        assert error.operation == operation
        assert error.reason == "no connection (Connection refused)"
        assert not error.is_busy
    health = store.health()[0]
    assert not health.is_available
    assert health.last_error == "redis store could not list the outcomes: no connection (Connection refused)"
    await store.close()


async def test_a_name_that_does_not_resolve_fails_in_time() -> None:
    store = RedisStore("redis://does-not-exist.invalid:6379/0", "test", DEADLINE_SECONDS)
    await failure(store.head())
    await store.close()


async def test_a_silent_server_fails_in_time() -> None:
    """It accepts and never answers; with redis-py's defaults one GET lasts 59 s."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = RedisStore(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", "test", DEADLINE_SECONDS)
        assert (await failure(store.load())).reason == "the server does not answer"
        await store.close()


async def test_a_server_that_drips_fails_in_time() -> None:
    """A byte now and then keeps every timeout of the socket from passing; the deadline of the call does not care."""

    async def drip(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            with suppress(anyio.BrokenResourceError):
                for byte in b"$10000000\r\n" + b"x" * 1_000:
                    await stream.send(bytes([byte]))
                    await anyio.sleep(0.1)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, drip)
        store = RedisStore(f"redis://127.0.0.1:{port_of(listener)}/0", "test", DEADLINE_SECONDS)
        assert (await failure(store.load_state())).reason == "the server does not answer"
        await store.close()
        tasks.cancel_scope.cancel()


async def test_ten_calls_to_a_silent_server_end_together() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = RedisStore(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", "test", DEADLINE_SECONDS)
        calls = every_call(store)
        with in_time():
            async with anyio.create_task_group() as tasks:
                for _, call in calls:
                    tasks.start_soon(failure, call())
        await store.close()


def port_of(listener: anyio.abc.Listener[anyio.abc.SocketStream]) -> int:
    """Return the port of a server in this process."""
    return listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - not Django's


@asynccontextmanager
async def stranger(answer: bytes) -> AsyncIterator[str]:
    """Serve the same bytes to whoever sends something."""

    async def serve(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            try:
                while await stream.receive():
                    await stream.send(answer)
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, serve)
        yield f"redis://127.0.0.1:{port_of(listener)}/0"
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\r\n",
        b":many\r\n",
        b"$many\r\n",
        b"*-7\r\n",
        b":1\r\n",
        b"*1\r\n:1\r\n",
        b"$3\r\nab",
    ],
    ids=["http", "tls", "no number", "no length", "negative array", "a number", "a list of numbers", "cut short"],
)
async def test_a_server_that_speaks_something_else_is_an_error(answer: bytes) -> None:
    async with stranger(answer) as url:
        store = RedisStore(url, "test", DEADLINE_SECONDS)
        for call in (store.load, store.head, store.lease_owner, store.load_state):
            await failure(call())
        await store.close()


async def test_a_paused_server_fails_in_time_and_comes_back(server: RedisServer, store: RedisStore) -> None:
    await store.save(stored(1))
    server.command("CLIENT", "PAUSE", "1300", "ALL")
    error = await failure(store.head())
    assert (error.reason, error.is_busy) == ("the server does not answer", True)
    await anyio.sleep(0.4)
    with in_time():
        assert await store.head() == Head(1, "snapshot-1")


async def test_a_frozen_server_fails_in_time_and_comes_back(server: RedisServer, store: RedisStore) -> None:
    await store.save(stored(1))
    server.freeze()
    await failure(store.head())
    await failure(store.save(stored(2)))
    assert not store.health()[0].is_available
    server.thaw()
    with in_time():
        loaded = await store.load()
    assert loaded in (stored(1), stored(2))
    assert store.health()[0].is_available


async def test_a_holder_frozen_past_its_lease_cannot_overwrite_newer_work(
    server: RedisServer, store: RedisStore
) -> None:
    """The lease is lost meanwhile; the generation is what keeps the catalog right."""
    assert await store.acquire_lease("slow", 0.05)
    await anyio.sleep(0.1)
    other = RedisStore(server.url, "test", DEADLINE_SECONDS)
    assert await other.acquire_lease("quick", 60)
    assert await other.save(stored(2))
    assert not await store.save(stored(1))
    await store.release_lease("slow")
    assert await other.lease_owner() == "quick"
    await other.close()


async def test_a_server_that_restarts_empty_is_found_again(server: RedisServer, store: RedisStore) -> None:
    await store.save(stored(1))
    await store.acquire_lease("one", 60)
    server.stop()
    await failure(store.head())
    server.start()
    with in_time(3):
        assert await store.head() is None
        assert await store.save(stored(1)), "no script may be missing after a restart"
        assert await store.acquire_lease("two", 60)


async def test_a_restart_between_two_calls_goes_unnoticed(server: RedisServer, store: RedisStore) -> None:
    await store.save(stored(1))
    server.stop()
    server.start()
    with in_time(2):
        assert await store.head() is None
        assert await store.save(stored(1))


async def test_flushall_leaves_an_empty_store_that_takes_writes(server: RedisServer, store: RedisStore) -> None:
    await store.save(stored(5))
    server.command("FLUSHALL")
    server.command("SCRIPT", "FLUSH")
    assert await store.load() is None
    assert await store.head() is None
    assert await store.save(stored(5))


@pytest.mark.parametrize("url_password", ["", ":right-password@"], ids=["no password", "wrong password"])
async def test_a_password_that_becomes_right_is_accepted_without_a_restart(
    server: RedisServer, url_password: str
) -> None:
    server.command("CONFIG", "SET", "requirepass", "another-password")
    store = RedisStore(f"redis://{url_password}127.0.0.1:{server.port}/0", "test", DEADLINE_SECONDS)
    error = await failure(store.head())
    assert "REDIS_URL" in error.reason
    right = "right-password" if url_password else ""
    server.command("CONFIG", "SET", "requirepass", right, password="another-password")
    assert await store.save(stored(1))
    assert await store.load() == stored(1)
    await store.close()


async def test_a_full_server_fails_writes_and_still_answers_reads(
    server: RedisServer, store: RedisStore, caplog: pytest.LogCaptureFixture
) -> None:
    await store.save(stored(1))
    server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    server.command("CONFIG", "SET", "maxmemory", "1")
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            assert (await failure(store.save(stored(2)))).reason == "the server is out of memory (maxmemory)"
            assert await store.load() == stored(1)
            assert not store.health()[0].is_available
        server.command("CONFIG", "SET", "maxmemory", "0")
        assert await store.save(stored(2))
    assert store.health()[0].is_available
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"], "one line per change"


async def test_a_demoted_primary_fails_writes_and_is_resolved_anew(server: RedisServer, store: RedisStore) -> None:
    await store.save(stored(1))
    connections = server.command("INFO", "stats")["total_connections_received"]
    server.command("REPLICAOF", "127.0.0.1", free_port())
    for call in (lambda: store.save(stored(2)), lambda: store.acquire_lease("one", 60), lambda: store.save_state(b"")):
        assert (await failure(call())).reason == "the server is a read-only replica"
    assert await store.load() == stored(1)
    assert server.command("INFO", "stats")["total_connections_received"] > connections + 2, "connections were dropped"
    server.command("REPLICAOF", "NO", "ONE")
    assert await store.save(stored(2))


async def test_a_damaged_snapshot_on_a_replica_counts_as_absent(server: RedisServer, store: RedisStore) -> None:
    await store.save(stored(1))
    server.command("HSET", "{test}:snapshot", "payload", "something else")
    server.command("REPLICAOF", "127.0.0.1", free_port())
    assert await store.load() is None


async def test_a_cancelled_call_leaves_the_next_answer_right(server: RedisServer, store: RedisStore) -> None:
    """Replies once shifted by one after a cancellation: everybody got somebody else's answer."""
    await store.save(stored(1))
    await store.save_state(b"state")
    for _ in range(3):
        server.command("CLIENT", "PAUSE", "100", "ALL")
        with anyio.move_on_after(0.05) as scope:
            await store.load_state()
        assert scope.cancelled_caught
        await anyio.sleep(0.1)
        assert await store.head() == Head(1, "snapshot-1")
        assert await store.load_state() == b"state"


async def test_calls_that_run_out_of_time_give_their_connections_back(server: RedisServer, store: RedisStore) -> None:
    hasty = RedisStore(server.url, "test", deadline_seconds=0.1)
    await hasty.save(stored(1))
    server.command("CLIENT", "PAUSE", "600", "ALL")
    failures = 0

    async def fail() -> None:
        nonlocal failures
        with pytest.raises(StoreError):
            await hasty.head()
        failures += 1

    for _ in range(3):
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(fail)
    assert failures == 30
    await anyio.sleep(0.4)
    heads = [await hasty.head() for _ in range(10)]
    assert heads == [Head(1, "snapshot-1")] * 10
    await hasty.close()


async def test_a_reply_lost_after_the_save_still_counts_as_saved(server: RedisServer) -> None:
    """The connection breaks once the server has saved; the retry must not take its own work for somebody else's."""
    broken = 0

    async def relay(client: anyio.abc.SocketStream) -> None:
        nonlocal broken
        async with client, await anyio.connect_tcp("127.0.0.1", server.port) as upstream:
            try:
                while True:
                    request = await client.receive()
                    await upstream.send(request)
                    answer = await upstream.receive()
                    if b"EVAL" in request and not broken:
                        broken += 1
                        return
                    await client.send(answer)
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, relay)
        port = port_of(listener)
        store = RedisStore(f"redis://127.0.0.1:{port}/0", "test", DEADLINE_SECONDS)
        assert await store.save(stored(1))
        assert broken == 1
        assert not await store.save(stored(1))
        await store.close()
        tasks.cancel_scope.cancel()


async def test_sixty_failing_polls_log_one_line(caplog: pytest.LogCaptureFixture) -> None:
    store = RedisStore(f"redis://127.0.0.1:{free_port()}/0", "test", DEADLINE_SECONDS)
    with caplog.at_level(logging.INFO):
        for _ in range(60):
            await failure(store.head())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    await store.close()


async def test_the_password_is_nowhere_to_be_read(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Even a server that repeats the password in its answer does not get it into an error."""
    secret = "Canary-5ecret"
    repeating = b"-ERR unknown command `AUTH`, with args beginning with: `Canary-5ecret`, \r\n"
    server.command("CONFIG", "SET", "requirepass", "another-password")
    said: list[str] = []
    with caplog.at_level(logging.DEBUG):
        async with stranger(repeating) as address:
            for url in (
                f"redis://Canary-user:{secret}@127.0.0.1:{server.port}/0",
                f"redis://:{secret}@127.0.0.1:{free_port()}/0",
                address.replace("//", f"//:{secret}@"),
            ):
                store = RedisStore(url, "test", DEADLINE_SECONDS)
                error = await failure(store.load())
                assert error.__cause__ is None
                assert error.__suppress_context__
                said += [str(error), repr(error), repr(store), repr(store.health())]
                await store.close()
    assert "Canary" not in "\n".join([*said, caplog.text])


@pytest.mark.parametrize("url", ["redis://:Canary/5ecret@host:6379/0", "redis://:x@host:Canary/0", "http://:Canary@h"])
def test_a_url_that_cannot_be_read_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="REDIS_URL can't be read: write redis://") as caught:
        RedisStore(url, "test", DEADLINE_SECONDS)
    assert "Canary" not in str(caught.value)


async def test_with_a_file_a_deployment_survives_the_loss_of_redis(server: RedisServer, tmp_path: Path) -> None:
    """Redis goes and comes back empty; the file decides meanwhile, and nothing blocks the writing back."""
    file = tmp_path / "registry.sqlite3"
    store = MirroredStore(RedisStore(server.url, "test", DEADLINE_SECONDS), SqliteStore(file, deadline_seconds=3.0))
    await store.save(stored(1))
    await store.append_outcome(b"first")
    server.stop()
    assert await store.head() == Head(1, "snapshot-1")
    assert await store.acquire_lease("one", 60)
    assert await store.save(stored(2))
    assert await store.load() == stored(2)
    assert [part.is_available for part in store.health()] == [False, True]
    server.start()
    assert await store.head() is None, "the refresher has to see that Redis came back empty"
    assert await store.load() == stored(2)
    assert list(await store.outcomes()) == [b"first"]
    assert await store.save(stored(2))
    assert await store.head() == Head(2, "snapshot-2")
    await store.release_lease("one")
    assert await store.lease_owner() is None
    assert [part.is_available for part in store.health()] == [True, True]
    await store.close()


async def test_an_empty_disk_is_filled_from_redis(server: RedisServer, tmp_path: Path) -> None:
    redis = RedisStore(server.url, "test", DEADLINE_SECONDS)
    await redis.save(stored(4))
    file = SqliteStore(tmp_path / "registry.sqlite3", deadline_seconds=3.0)
    store = MirroredStore(redis, file)
    assert await store.load() == stored(4)
    server.stop()
    assert await store.load() == stored(4)
    await store.close()


async def test_a_server_that_is_still_loading_fails_in_time_and_comes_back(
    server: RedisServer, store: RedisStore, tmp_path: Path
) -> None:
    await store.save(stored(1))
    # While it loads, a server looks at its connections every 2 MB: so twelve keys of that size, 0.15 s each.
    server.command("CONFIG", "SET", "rdbcompression", "no")
    server.command("DEBUG", "POPULATE", 12, "key", 2_100_000)
    server.command("SAVE")
    server.stop()
    slow = RedisServer(tmp_path, "--key-load-delay", "150000")
    slow.port = server.port
    slow.start()
    try:
        for call in (store.head, store.load, lambda: store.save(stored(2))):
            error = await failure(call())
            assert (error.reason, error.is_busy) == ("the server is still loading its data", True)
        assert not store.health()[0].is_available
        with anyio.fail_after(10):
            while not store.health()[0].is_available:
                await anyio.sleep(0.1)
                with suppress(StoreError):
                    assert await store.load() == stored(1)
    finally:
        slow.stop()
