"""Clients for one server, for a service behind sentinels and for a cluster, none of which trusts redis-py's defaults.

With its defaults one GET to a silent server lasts 59 s: ten retries, five seconds each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff

from app.store.redis_address import Kind, RedisAddress

POOL_SIZE = 4
SOCKET_TIMEOUT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Client:
    """Something that takes commands.

    `forget_connections` drops those that nobody uses, so that the next command looks the server up anew.
    """

    commands: Any  # redis-py's types say `bytes | str` everywhere, whatever decode_responses is.
    forget_connections: Callable[[], Coroutine[Any, Any, None]]
    close: Callable[[], Coroutine[Any, Any, None]]


def client_for(address: RedisAddress, deadline_seconds: float) -> Client:
    """Return a client that is not connected yet; a command has its answer, or fails, well within the deadline."""
    socket_timeout_seconds = min(SOCKET_TIMEOUT_SECONDS, deadline_seconds / 2)
    # Ours come last: a query such as ?decode_responses=1 in the URL must not undo them.
    options = address.options | {
        "socket_timeout": socket_timeout_seconds,
        "socket_connect_timeout": socket_timeout_seconds,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.1), 1),
        "decode_responses": False,
        # The old protocol does all that we need, with every server and proxy, in one exchange less.
        "protocol": 2,
    }
    if address.kind is Kind.SENTINEL:
        return _behind_sentinels(address, options, deadline_seconds)
    if address.kind is Kind.CLUSTER:
        return _in_cluster(address, options)
    pool = BlockingConnectionPool(**options, max_connections=POOL_SIZE, timeout=deadline_seconds)
    redis = Redis.from_pool(pool)
    return Client(redis, lambda: pool.disconnect(inuse_connections=False), redis.aclose)


class _BlockingSentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Waits for a free connection; redis-py's own pool for sentinels raises when all are in use."""


def _behind_sentinels(address: RedisAddress, options: dict[str, Any], deadline_seconds: float) -> Client:
    # So short that even the last one can be asked when all others are silent.
    timeout_seconds = deadline_seconds / 2 / len(address.hosts)
    tls = {"ssl": True, **{name: value for name, value in options.items() if name.startswith("ssl_")}}
    sentinel_options = address.sentinel_options | {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        **(tls if address.is_tls else {}),
    }
    sentinel = Sentinel(address.hosts, sentinel_kwargs=sentinel_options)  # type: ignore[no-untyped-call]
    pool = _BlockingSentinelPool(  # type: ignore[no-untyped-call]
        address.service,
        sentinel,
        max_connections=POOL_SIZE,
        timeout=deadline_seconds,
        ssl=address.is_tls,
        **options,
    )
    redis = Redis.from_pool(pool)

    async def close() -> None:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(sentinel.aclose)
            stack.push_async_callback(redis.aclose)

    return Client(redis, lambda: pool.disconnect(inuse_connections=False), close)


class _PatientCluster(RedisCluster):
    """Waits for a free connection; redis-py's own client for clusters raises when all are in use."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._turns = asyncio.Semaphore(POOL_SIZE)

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        """Send one command when it is its turn."""
        async with self._turns:
            return await super().execute_command(*words, **options)


def _in_cluster(address: RedisAddress, options: dict[str, Any]) -> Client:
    cluster = _PatientCluster(
        startup_nodes=[ClusterNode(host, port) for host, port in address.hosts],
        # Those of the URL are asked again when no other answers: their names may lead to new addresses.
        dynamic_startup_nodes=False,
        # All our keys are in one slot; the others are not our business.
        require_full_coverage=False,
        max_connections=POOL_SIZE,
        ssl=address.is_tls,
        **{name: value for name, value in options.items() if name != "db"},
    )
    return Client(cluster, cluster.aclose, cluster.aclose)
