"""What the fast protocol remembers, what it counts, and when it forgets."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.protocol import TESTED_VERSIONS, protocol_for
from app.protocol_fast import KnownRequestProtocol
from app.published import WIRE_MAX_BYTES, WIRE_MAX_COUNT, RenderingBounds, with_room
from app.web.application import with_front
from tests.api.two_ways import settings_for, started
from tests.e2e.raw_http import Connection, request
from tests.e2e.servers import Server, Twins, serving, simulated, threaded, twins
from tests.simulator import generate_catalog, make_record

pytestmark = pytest.mark.e2e
HOT = "/models/acme/widget-1.5"
KNOWN = request(HOT)
LIST = request("/models")
CORE = request("/models/core")
REFRESH = request("/refresh", "Content-Length: 0", method="POST", host="127.0.0.1")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """Two servers that log each request."""
    with twins(tmp_path_factory.mktemp("twins"), generate_catalog(120), ACCESS_LOG="true") as running:
        yield running


def test_a_request_that_is_sent_again_is_answered_below_asgi(tmp_path: Path) -> None:
    with threaded(tmp_path) as server, Connection(server.port) as connection:
        wire = server.parts.registry.published.wire
        by_client = {
            "plain": LIST,
            "kept alive": request("/models", "Connection: keep-alive", "Accept-Encoding: gzip"),
            "browser": request("/models", "User-Agent: " + "x" * 200, "Accept: */*", "Origin: https://one.example"),
        }
        for data in by_client.values():
            connection.heat(data)
            answer = wire.get(data)
            assert answer is not None
            assert answer.was_used
        assert [line[:3] for line in server.access_lines] == [("GET", "/models", 200)] * 6


def test_what_is_not_the_same_each_time_is_not_remembered(tmp_path: Path) -> None:
    asked = [
        request("/models", "X-Request-ID: mine"),
        request("/models", "Connection: close"),
        request("/models", version="1.0"),
        request("/models", "Content-Length: 0"),
        request("/models", "Expect: 100-continue"),
        request("/models", f"Cookie: {'x' * 2_048}"),
        request("/models/nobody/nothing"),
        request("/livez"),
        request("/models", method="PUT"),
    ]
    with threaded(tmp_path) as server:
        for data in asked * 3:
            with Connection(server.port) as connection:
                connection.ask(data)
        assert len(server.parts.registry.published.wire) == 0


def test_an_attacker_who_varies_a_header_does_not_grow_what_is_remembered(tmp_path: Path) -> None:
    with threaded(tmp_path) as server, Connection(server.port) as connection:
        wire = server.parts.registry.published.wire
        connection.heat(LIST)
        hot = wire.get(LIST)
        for number in range(WIRE_MAX_COUNT + 500):
            connection.ask(request("/models", f"User-Agent: {number}", method="HEAD"), method="HEAD")
            if number % 500 == 0:
                connection.ask(LIST)
        assert len(wire) <= WIRE_MAX_COUNT
        assert wire.kept_bytes <= WIRE_MAX_BYTES
        assert wire.get(LIST) is hot is not None


def test_the_protocol_switches_itself_off_with_an_unknown_uvicorn(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)

    async def build() -> None:
        async with started(settings) as (app, _):
            front, registry = with_front(app, settings), app.state.serving.registry
            with capture_logs() as logged:
                assert protocol_for(front, registry, None, version="0.1.0") is None
                assert protocol_for(front, registry, None, is_fast=False, version="0.1.0") is None
            assert [line["log_level"] for line in logged] == ["warning"]
            assert logged[0]["installed"] == "0.1.0"
            assert logged[0]["tested"] == ", ".join(sorted(TESTED_VERSIONS))
            protocol = protocol_for(front, registry, None)
            assert protocol is not None
            assert issubclass(protocol, KnownRequestProtocol)

    asyncio.run(build())


def counts(server: Server) -> dict[str, float]:
    """Return the requests by route and status, and the look-ups, as Prometheus would scrape them."""
    with Connection(server.port) as connection:
        text = connection.ask(request("/metrics")).body.decode()
    lines = (line.rpartition(" ") for line in text.splitlines() if line[0] != "#" and "/metrics" not in line)
    counted = (
        "registry_requests_total",
        "registry_request_seconds_count",
        "registry_lookups_total",
        "registry_searches_total",
    )
    return {name: float(value) for name, _, value in lines if name.startswith(counted)}


def test_metrics_and_access_log_tell_of_each_request_once_and_alike(pair: Twins) -> None:
    model_id = next(record["id"] for record in pair.simulator.catalog if ":" not in record["id"])
    known = [
        (request(f"/models/{model_id}"), "GET"),
        (request("/models/search?q=claude"), "GET"),
        (request(f"/models/{model_id}", "If-None-Match: *"), "GET"),
        (request("/models", method="HEAD"), "HEAD"),
        (request("/models", "X-Request-ID: mine"), "GET"),
        (request("/models/nobody/nothing"), "GET"),
        (request("/nowhere"), "GET"),
    ]
    grew, told = [], []
    for server in (pair.fast, pair.plain):
        before, lines_before = counts(server), len(server.log)
        ids = []
        with Connection(server.port) as connection:
            for _ in range(5):
                ids += [connection.ask(data, method=method).header(b"x-request-id") for data, method in known]
            connection.send(b"".join(data for data, _ in known) * 2)
            ids += [connection.answer(method).header(b"x-request-id") for _, method in known * 2]
        after = counts(server)
        grew.append({name: after[name] - before.get(name, 0) for name in after})
        lines = [
            line for line in server.log[lines_before:] if line["event"] == "request" and line["path"] != "/metrics"
        ]
        assert [line["request_id"].encode() for line in lines] == ids
        told.append([(line["method"], line["path"], line["status"]) for line in lines])
    assert told[0] == told[1]
    assert grew[0] == grew[1]
    assert grew[0]['registry_requests_total{route="/models/{model_id:path}",status="304"}'] == 7
    assert grew[0]['registry_requests_total{route="/models/{model_id:path}",status="200"}'] == 7
    assert grew[0]['registry_lookups_total{found="true"}'] == 14
    assert sum(value for name, value in grew[0].items() if name.startswith("registry_requests_total")) == 49


@pytest.mark.parametrize("is_fast", [True, False], ids=["fast", "plain"])
def test_uvicorns_own_count_grows_by_one_for_each_request(tmp_path: Path, is_fast: bool) -> None:
    with threaded(tmp_path, is_fast=is_fast) as server, Connection(server.port) as connection:
        for _ in range(10):
            connection.ask(KNOWN)
        connection.send(KNOWN * 10)
        for _ in range(10):
            connection.answer()
        assert server.server.server_state.total_requests == 20


def test_the_next_request_on_a_hot_connection_sees_staleness_flip(tmp_path: Path) -> None:
    with threaded(tmp_path) as server, Connection(server.port) as connection:
        registry = server.parts.registry
        for is_stale in (True, False, True):
            before = connection.heat(CORE)
            again = with_room(replace(registry.published, is_stale=is_stale), RenderingBounds())
            server.on_loop(lambda again=again: registry.publish(again))  # type: ignore[misc]
            after = connection.ask(CORE)
            assert before.body != after.body
            assert (b'"stale":true' in after.body) is is_stale
            assert (b"max-age=30" in after.header(b"cache-control")) is is_stale


def test_a_refresh_is_seen_by_the_very_next_request_and_never_taken_back(tmp_path: Path) -> None:
    records = [*generate_catalog(120), make_record("acme/widget-1.5", name="Acme: First")]
    with (
        simulated(records) as simulator,
        serving(tmp_path, simulator.base_url) as server,
        Connection(server.port) as hot,
        Connection(server.port) as operator,
    ):
        asked: list[bytes] = []
        stop = threading.Event()

        def keep_asking() -> None:
            with Connection(server.port) as reader:
                while not stop.is_set():
                    answer = reader.ask(KNOWN)
                    assert answer.status == 200
                    asked.append(answer.header(b"x-catalog-snapshot"))

        reader = threading.Thread(target=keep_asking)
        reader.start()
        try:
            for number in range(1, 6):
                name = f"Acme: Number {number}"
                assert name.encode() not in hot.heat(KNOWN).body
                # An attempt under way would be joined, and it may have fetched before.
                while b'"is_running":true' in operator.ask(request("/status")).body:
                    time.sleep(0.01)
                simulator.catalog = [*records[:-1], make_record("acme/widget-1.5", name=name)]
                assert b'"outcome":"updated"' in operator.ask(REFRESH).body
                seen = hot.ask(KNOWN)
                assert name.encode() in seen.body
                assert seen.header(b"x-catalog-snapshot").startswith(b"%d-" % (number + 1))
        finally:
            stop.set()
            reader.join(10)
        generations = [int(snapshot.partition(b"-")[0]) for snapshot in asked]
        assert generations == sorted(generations)
        assert len(set(generations)) > 2
