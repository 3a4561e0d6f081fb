"""Real clusters and sentinels on free ports of this machine."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from tests.redis.server import RedisServer, free_port, redis_server_program

SLOTS = 16_384
SERVICE = "models"
# A cluster's nodes talk to each other on the port above by this much.
BUS_OFFSET = 10_000
HIGHEST_PORT = 65_535
PATIENCE_SECONDS = 15.0


def cluster_port() -> int:
    """Return a free port that leaves room for the bus."""
    while True:
        port = free_port()
        if port + BUS_OFFSET <= HIGHEST_PORT:
            return port


def node(folder: Path) -> RedisServer:
    """Start a node that belongs to no cluster yet."""
    folder.mkdir()
    server = RedisServer(folder, "--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
    server.port = cluster_port()
    server.start()
    return server


@contextmanager
def cluster(folder: Path, count: int) -> Iterator[list[RedisServer]]:
    """Run a cluster of primaries that share the slots evenly."""
    nodes = [node(folder / f"node-{number}") for number in range(count)]
    try:
        for number, server in enumerate(nodes):
            share = range(number * SLOTS // count, (number + 1) * SLOTS // count)
            server.command("CLUSTER", "ADDSLOTS", *share)
            # Otherwise two primaries may claim the same number and take the slots of each other.
            server.command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            server.command("CLUSTER", "MEET", "127.0.0.1", nodes[0].port)
        wait_until_ok(nodes)
        yield nodes
    finally:
        for server in nodes:
            server.stop()


def wait_until_ok(nodes: Sequence[RedisServer]) -> None:
    """Wait until every node knows of all slots."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while any("cluster_state:ok" not in str(server.command("CLUSTER", "INFO")) for server in nodes):
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"the cluster is not complete after {PATIENCE_SECONDS:g} s")
        time.sleep(0.05)


class SentinelServer:
    """One sentinel that watches a primary and replaces it within about a second."""

    def __init__(self, folder: Path, primary: RedisServer) -> None:
        self._folder = folder
        self._primary = primary
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def start(self) -> None:
        """Start it and wait until it knows the primary."""
        self._folder.mkdir(exist_ok=True)
        configuration = self._folder / "sentinel.conf"
        configuration.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self._folder}\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {self._primary.port} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} 500\n"
            f"sentinel failover-timeout {SERVICE} 2000\n"
        )
        self._process = subprocess.Popen(
            [str(redis_server_program()), str(configuration), "--sentinel"], stdout=subprocess.DEVNULL
        )
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            if time.monotonic() > give_up_at:
                raise RuntimeError("the sentinel did not start")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop it in its tracks."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    @property
    def knows_replicas(self) -> int:
        """How many replicas it could promote."""
        return len(self._ask("REPLICAS"))

    def _answers(self) -> bool:
        try:
            return self._ask("GET-MASTER-ADDR-BY-NAME") is not None
        except redis.ConnectionError:
            return False

    def _ask(self, question: str) -> Any:
        client: Any = redis.Redis(port=self.port, socket_timeout=5)
        try:
            return client.execute_command(f"SENTINEL {question}", SERVICE)
        finally:
            client.close()


@contextmanager
def watched(folder: Path, *, replicas: int = 0) -> Iterator[tuple[SentinelServer, list[RedisServer]]]:
    """Run a primary with replicas behind a sentinel."""
    servers: list[RedisServer] = []
    sentinel: SentinelServer | None = None
    try:
        for number in range(1 + replicas):
            place = folder / f"server-{number}"
            place.mkdir()
            options = ("--replicaof", "127.0.0.1", str(servers[0].port)) if servers else ()
            server = RedisServer(place, *options)
            server.start()
            servers.append(server)
        sentinel = SentinelServer(folder / "sentinel", servers[0])
        sentinel.start()
        yield sentinel, servers
    finally:
        if sentinel is not None:
            sentinel.stop()
        for server in servers:
            server.stop()
