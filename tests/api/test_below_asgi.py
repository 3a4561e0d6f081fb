"""Requests that the fast protocol answers without a task and without ASGI, over a transport of our own."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from app.memory import without_collections
from app.protocol import protocol_for
from app.web.front import Front
from app.web.serving import Serving
from tests.api.two_ways import held_back, one_worker, serving, settings_for, started
from tests.e2e.raw_http import request

DATE = (b"date", b"Sun, 22 Nov 2026 12:00:00 GMT")
HOT = "/models/acme/widget-1.5"
# More than a turn of the event loop makes.
MANY = 200


class Wire(asyncio.Transport):
    """The other end of a connection: what was written, piece by piece."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 8_000)})
        self.written: list[bytes] = []
        self._is_closing = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    def resume_reading(self) -> None:
        """Nothing comes by itself."""


@dataclass(slots=True)
class Side:
    """Connections to one application, and what reached it by ASGI."""

    front: Front
    protocol: type[asyncio.Protocol]
    config: uvicorn.Config
    reached: list[str]
    serving: Serving
    state: ServerState = field(default_factory=ServerState)

    def connect(self) -> tuple[Any, Wire]:
        """Return a new connection's protocol and transport."""
        self.state.default_headers = [DATE]
        build: Any = self.protocol
        connection, wire = build(self.config, self.state, {}), Wire()
        connection.connection_made(wire)
        return connection, wire

    def ask(self, data: bytes) -> Wire:
        """Send bytes over a connection of their own."""
        connection, wire = self.connect()
        connection.data_received(data)
        return wire


@asynccontextmanager
async def connected(folder: Path, **options: Any) -> AsyncIterator[Side]:
    """Run an application behind the fast protocol; tells which requests reached its front by ASGI."""
    async with started(settings_for(folder, **options)) as (app, front):
        reached: list[str] = []

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            reached.append(scope["path"])
            await front(scope, receive, send)

        application: ASGIApp = watched
        protocol = protocol_for(front, serving(app).registry, None)
        assert protocol is not None
        config = uvicorn.Config(application, http=protocol, log_config=None, access_log=False, lifespan="off")
        config.load()
        yield Side(front, protocol, config, reached, serving(app))


def crowd(side: Side) -> list[tuple[Any, Wire]]:
    """Return many connections, each of which has just asked for something new."""
    connections = [side.connect() for _ in range(MANY)]
    for number, (connection, _) in enumerate(connections):
        connection.data_received(request(f"/models/search?q=w{number}&limit=20"))
    return connections


async def until_written(*wires: Wire) -> None:
    """Wait until each connection has an answer."""
    for _ in range(10_000):
        if all(wire.written for wire in wires):
            return
        await asyncio.sleep(0.001)
    raise AssertionError("somebody got no answer")


@pytest.mark.anyio
async def test_a_known_target_is_answered_at_once_whatever_else_the_request_says(tmp_path: Path) -> None:
    async with connected(tmp_path) as side:
        await until_written(side.ask(request(HOT)))
        side.reached.clear()
        for number in range(3):
            wire = side.ask(request(HOT, f"X-Request-ID: mine-{number}", f"Cookie: visit={number}"))
            (said,) = wire.written
            assert said.startswith(b"HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 12:00:00 GMT\r\n")
            assert b"x-request-id: mine-%d\r\n\r\n{" % number in said
        assert side.reached == []


@pytest.mark.anyio
async def test_each_request_of_known_bytes_is_counted_with_the_time_that_it_took(tmp_path: Path) -> None:
    async with connected(tmp_path) as side:
        await until_written(side.ask(request(HOT)))
        connection, wire = side.connect()
        # Bytes are known once they came for an answer that is there already.
        connection.data_received(request(HOT))
        tally = side.serving.metrics.tallies.of("/models/{model_id:path}")
        for _ in range(5):
            answers, count, seconds = len(wire.written), sum(tally.buckets), tally.sum_seconds
            connection.data_received(request(HOT))
            assert len(wire.written) == answers + 1
            assert sum(tally.buckets) == count + 1
            assert tally.sum_seconds > seconds
        assert len(side.serving.registry.published.wire) == 1


@pytest.mark.anyio
async def test_bytes_are_known_before_the_answer_is_compressed_where_that_changes_nothing_for_them(
    tmp_path: Path,
) -> None:
    with one_worker() as executor:
        async with connected(tmp_path) as side:
            known = side.serving.registry.published.wire
            packed = request(HOT, "Accept-Encoding: gzip")
            await until_written(side.ask(request(HOT)))
            with held_back(executor):
                for data in (request(HOT), request(HOT, "Accept-Encoding: identity"), packed, packed):
                    await until_written(side.ask(data))
                plain = known.get(request(HOT))
                assert plain is not None
                assert known.get(packed) is None
            await asyncio.gather(*side.serving.tasks)
            (said,) = side.ask(request(HOT)).written
            assert plain.was_used
            assert said.endswith(plain.body)
            (said,) = side.ask(packed).written
            assert b"content-encoding: gzip" in said
            now = known.get(packed)
            assert now is not None
            assert b"content-encoding: gzip" in now.head


@pytest.mark.anyio
@pytest.mark.parametrize("target", ["/models/search?q=widget", "/models?supports=tools&limit=3"])
async def test_a_list_that_nobody_asked_for_yet_is_made_and_written_in_one_piece(tmp_path: Path, target: str) -> None:
    async with connected(tmp_path) as side:
        wires = [side.ask(request(target)), side.ask(request(target, method="HEAD"))]
        # The second is made in a turn of its own where the first took all of one.
        await until_written(*wires)
        (said,), (again,) = (wire.written for wire in wires)
        head, _, body = said.partition(b"\r\n\r\n")
        assert b"content-length: %d" % len(body) in head
        assert body.startswith(b'{"models":[{')
        assert again.endswith(b"\r\n\r\n")
        assert side.reached == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    "data",
    [
        request("/livez"),
        request("/models?limit=much"),
        request("/models", method="OPTIONS"),
        request(HOT, "Connection: close"),
        request(HOT, version="1.0"),
        request(HOT, "Content-Length: 0"),
        request(HOT, "Expect: 100-continue"),
        request(HOT) + request(HOT),
        request("/models?limit=3&min_snapshot=0"),
    ],
    ids=["no list", "faulty", "other method", "closing", "old", "body", "expect", "two at once", "at least"],
)
async def test_what_is_not_that_simple_reaches_the_application(tmp_path: Path, data: bytes) -> None:
    async with connected(tmp_path) as side:
        await until_written(side.ask(request(HOT)))
        side.reached.clear()
        await until_written(side.ask(data))
        assert side.reached


@pytest.mark.anyio
async def test_nobody_waits_for_what_others_ask_for_the_first_time(tmp_path: Path) -> None:
    async with connected(tmp_path) as side:
        await until_written(side.ask(request(HOT)))
        new = [side.ask(request(f"/models/search?q=w{number}&limit=20")) for number in range(MANY)]
        assert side.ask(request(HOT, "X-Request-ID: mine")).written
        waiting = [wire for wire in new if not wire.written]
        assert waiting == new[-len(waiting) :]
        assert waiting
        await until_written(*new)


@pytest.mark.anyio
async def test_nobody_waits_for_them_through_asgi_either(tmp_path: Path) -> None:
    async with connected(tmp_path) as side:
        answered: list[str] = []

        async def ask(target: str) -> None:
            path, _, query = target.partition("?")
            scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": []}

            async def send(message: Any) -> None:
                if message["type"] == "http.response.body":
                    answered.append(target)

            async def receive() -> Any:
                raise AssertionError("a read takes no body")

            await side.front(scope, receive, send)

        await ask("/models?limit=1")
        targets = [f"/models/search?q=w{number}&limit=20" for number in range(MANY)]
        await asyncio.gather(*map(ask, [*targets, "/models?limit=1"]))
        assert [target for target in answered if "search" in target] == targets
        assert answered.index("/models?limit=1", 1) < len(targets)


@pytest.mark.anyio
async def test_a_connection_that_went_away_while_its_question_waited_is_left_alone(tmp_path: Path) -> None:
    async with connected(tmp_path) as side:
        connections = crowd(side)
        gone, wire = connections[-1]
        assert not wire.written
        wire.close()
        gone.connection_lost(None)
        await until_written(*(other for _, other in connections[:-1]))
        await asyncio.sleep(0.01)
        assert not wire.written
        assert side.reached == []
        asked = [side.front.known(f"/models/search?limit=20&q=w{number}".encode()) for number in (MANY - 2, MANY - 1)]
        assert [answer is not None for answer in asked] == [True, False]


@pytest.mark.anyio
async def test_a_server_that_is_told_to_stop_answers_what_waits_and_then_closes(tmp_path: Path) -> None:
    async with connected(tmp_path) as side:
        connections = crowd(side)
        last, wire = connections[-1]
        assert not wire.written
        last.shutdown()
        await until_written(wire)
        assert b"connection: close\r\n" in wire.written[0]
        assert wire.is_closing()


@pytest.mark.anyio
async def test_a_reader_too_slow_to_be_written_to_is_left_to_uvicorn(tmp_path: Path) -> None:
    async with connected(tmp_path) as side:
        await until_written(side.ask(request(HOT)))
        side.reached.clear()
        connection, wire = side.connect()
        connection.pause_writing()
        connection.data_received(request(HOT, "X-Request-ID: mine"))
        await asyncio.sleep(0.01)
        assert side.reached == [HOT]
        assert not wire.written
        connection.resume_writing()
        await until_written(wire)


@pytest.mark.anyio
async def test_a_connection_that_is_closed_leaves_nothing_to_the_collector(tmp_path: Path) -> None:
    async with connected(tmp_path) as side:
        await until_written(side.ask(request(HOT)))
        with without_collections():
            for target in (HOT, "/models/search?q=widget"):
                connection, wire = side.connect()
                connection.data_received(request(target))
                await until_written(wire)
                connection.connection_lost(None)
                gone = weakref.ref(connection)
                del connection, wire
                assert gone() is None
