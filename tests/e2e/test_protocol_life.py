"""The fast protocol over the life of a connection and of a server: timers, limits, slow readers, the end."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.memory import without_collections
from app.protocol_plain import LINGER_SECONDS, MAX_MESSAGE_BYTES, MAX_PIPELINED, ProblemProtocol
from tests.e2e.raw_http import Connection, request
from tests.e2e.servers import Server, ThreadedServer, serving, simulated, threaded
from tests.simulator import generate_catalog

pytestmark = pytest.mark.e2e
HOT = "/models/acme/widget-1.5"
KNOWN = request(HOT)
LIST = request("/models")
CORE = request("/models/core")
IDLE_SECONDS = 0.6
BOTH = pytest.mark.parametrize("is_fast", [True, False], ids=["fast", "plain"])
# Their whole list is about 1 MB.
MODELS = 480
MIB = 2**20


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real process with the fast protocol, whose whole list is about 1 MB."""
    folder = tmp_path_factory.mktemp("large")
    with simulated(generate_catalog(MODELS)) as simulator, serving(folder, simulator.base_url) as running:
        yield running


@BOTH
def test_an_idle_connection_is_closed_and_a_busy_one_is_not(tmp_path: Path, is_fast: bool) -> None:
    with (
        threaded(tmp_path, is_fast=is_fast, timeout_keep_alive=IDLE_SECONDS) as server,
        Connection(server.port) as busy,
        Connection(server.port) as idle,
    ):
        idle.heat(KNOWN)
        idle_since = time.monotonic()
        closed_after: list[float] = []

        def watch() -> None:
            assert idle.is_closed_within(5)
            closed_after.append(time.monotonic() - idle_since)

        watcher = threading.Thread(target=watch)
        watcher.start()
        for _ in range(8):
            assert busy.ask(KNOWN).status == 200
            time.sleep(0.3 * IDLE_SECONDS)
        watcher.join(5)
        assert closed_after
        assert 0.9 * IDLE_SECONDS < closed_after[0] < IDLE_SECONDS + 1.5
        last = time.monotonic()
        assert busy.ask(request("/livez")).status == 200
        assert busy.is_closed_within(5)
        assert 0.9 * IDLE_SECONDS < time.monotonic() - last < IDLE_SECONDS + 1.5


@BOTH
def test_a_half_sent_request_is_waited_for_beyond_the_idle_time(tmp_path: Path, is_fast: bool) -> None:
    """As uvicorn does: the timer runs between requests only."""
    with (
        threaded(tmp_path, is_fast=is_fast, timeout_keep_alive=IDLE_SECONDS) as server,
        Connection(server.port) as connection,
    ):
        connection.heat(KNOWN)
        connection.send(KNOWN[:10])
        time.sleep(1.5 * IDLE_SECONDS)
        assert connection.ask(KNOWN[10:]).status == 200
        assert connection.ask(KNOWN).status == 200


def test_a_limit_on_connections_is_kept_for_known_requests_too(tmp_path: Path) -> None:
    said = []
    for is_fast in (True, False):
        folder = tmp_path / str(is_fast)
        with threaded(folder, is_fast=is_fast, limit_concurrency=3) as server, Connection(server.port) as first:
            statuses = [first.heat(KNOWN).status]
            with Connection(server.port) as second:
                statuses.append(second.ask(KNOWN).status)
                with Connection(server.port) as third:
                    statuses.append(third.ask(KNOWN).status)
            await_connections(server, 1)
            with Connection(server.port) as again:
                statuses.append(again.ask(KNOWN).status)
            said.append(statuses)
    assert said[0] == said[1] == [200, 200, 503, 200]


@BOTH
def test_one_connection_too_many_gets_a_problem_document_as_any_other(tmp_path: Path, is_fast: bool) -> None:
    with threaded(tmp_path, is_fast=is_fast, limit_concurrency=2) as server, Connection(server.port) as first:
        assert first.heat(KNOWN).status == 200
        with Connection(server.port) as second:
            answer = second.ask(request(HOT, "X-Request-ID: mine", "Origin: https://page.example"))
            assert second.is_closed_within(1)
        assert answer.status == 503
        assert answer.header(b"content-type") == b"application/problem+json"
        assert answer.header(b"retry-after") == b"1"
        assert answer.header(b"connection") == b"close"
        assert answer.header(b"cache-control") == b"no-store"
        assert answer.header(b"x-request-id") == b"mine"
        assert answer.header(b"x-content-type-options") == b"nosniff"
        assert answer.header(b"access-control-allow-origin") == b"*"
        document = orjson.loads(answer.body)
        assert document["type"] == "urn:model-registry:problem:overloaded"
        assert (document["status"], document["instance"], document["request_id"]) == (503, HOT, "mine")
        await_connections(server, 1)
        metrics = first.ask(request("/metrics")).body.decode()
        assert 'registry_requests_total{route="unmatched",status="503"} 1.0' in metrics


@BOTH
def test_a_refused_connection_is_closed_whatever_it_asks(tmp_path: Path, is_fast: bool) -> None:
    asked = {
        "HEAD": request(HOT, method="HEAD"),
        "POST": request("/refresh", "Content-Length: 100", method="POST") + b"half of it",
        "OPTIONS": request(HOT, "Origin: https://page.example", "Access-Control-Request-Method: GET", method="OPTIONS"),
        "GET": request("/v1/models") * 2,
    }
    with threaded(tmp_path, is_fast=is_fast, limit_concurrency=2) as server, Connection(server.port) as first:
        assert first.ask(KNOWN).status == 200
        for method, data in asked.items():
            with Connection(server.port) as second:
                second.send(data)
                answer = second.answer(method)
                assert answer.status == (204 if method == "OPTIONS" else 503)
                assert answer.header(b"connection") == b"close"
                assert second.is_closed_within(1)
            await_connections(server, 1)
        assert orjson.loads(answer.body)["error"]["code"] == "overloaded", "in the words of the dialect"
        assert first.heat(KNOWN).status == 200


def await_connections(server: ThreadedServer, count: int) -> None:
    """Wait until a server has at most so many connections, and nothing to do for others."""
    state = server.server.server_state
    give_up_at = time.monotonic() + 5
    while (len(state.connections) > count or state.tasks) and time.monotonic() < give_up_at:
        time.sleep(0.01)
    assert (len(state.connections), len(state.tasks)) == (count, 0)


@pytest.mark.parametrize("packets", [1, 50])
def test_a_reader_who_stops_reading_holds_no_memory_and_nobody_up(large: Server, packets: int) -> None:
    with Connection(large.port, receive_buffer_bytes=4_096) as slow, Connection(large.port) as other:
        whole = other.heat(LIST)
        assert len(whole.body) > 900_000
        before = large.resident_bytes
        for _ in range(packets):
            slow.send(LIST * (50 // packets))
            assert other.ask(CORE).status == 200
        started_at = time.monotonic()
        for _ in range(200):
            assert other.ask(CORE).status == 200
        assert time.monotonic() - started_at < 5
        assert large.resident_bytes - before < 12 * MIB
        for _ in range(50):
            answer = slow.answer()
            assert (answer.status, answer.body == whole.body) == (200, True)
        assert slow.ask(CORE).status == 200


@BOTH
def test_only_so_much_is_written_for_a_reader_who_does_not_read(tmp_path: Path, is_fast: bool) -> None:
    with threaded(tmp_path, is_fast=is_fast) as server, Connection(server.port, receive_buffer_bytes=4_096) as slow:
        length = len(slow.heat(LIST).body)
        (protocol,) = server.server.server_state.connections
        for _ in range(60):
            slow.send(LIST)
            time.sleep(0.002)
        waiting: list[int] = []
        server.on_loop(lambda: waiting.append(protocol.transport.get_write_buffer_size()))
        assert 0 < waiting[0] < 2 * length
        assert [len(slow.answer().body) for _ in range(60)] == [length] * 60


def cycles_left() -> int:
    """Return how many requests there still are in this process, under way or over."""
    return sum(isinstance(found, RequestResponseCycle) for found in gc.get_objects())


@BOTH
def test_only_so_many_requests_wait_on_one_connection_and_they_go_with_it(tmp_path: Path, is_fast: bool) -> None:
    alive = request("/livez")
    with threaded(tmp_path, is_fast=is_fast) as server, without_collections():
        with Connection(server.port) as greedy:
            greedy.send(alive * 10_000)
            answered, is_closed = greedy.rest(5)
            assert (answered.count(b"HTTP/1.1 200 OK\r\n"), is_closed) == (MAX_PIPELINED + 1, True)
        with Connection(server.port) as gone:
            gone.send(alive * MAX_PIPELINED)
        give_up_at = time.monotonic() + 5
        # The end of a connection is noticed by nobody but the server's own thread.
        while (left := cycles_left()) > 1 and time.monotonic() < give_up_at:
            time.sleep(0.05)
        assert left <= 1


@BOTH
def test_a_head_without_an_end_is_refused_and_nothing_of_it_is_kept(tmp_path: Path, is_fast: bool) -> None:
    with threaded(tmp_path, is_fast=is_fast) as server:
        for begun, status in (
            (b"GET /models HTTP/1.1\r\nHost: a\r\nX-Long: ", 431),
            (b"GET /models HTTP/1.1\r\nHost: a\r\nX-Many: 1\r\n", 431),
            (b"GET /models?q=", 414),
        ):
            with Connection(server.port) as endless:
                more = b"X-More: 1\r\n" * 6_000 if begun.endswith(b"\n") else b"a" * 60_000
                endless.send(begun)
                for _ in range(20):
                    endless.send(more)
                assert endless.answer().status == status
                (protocol,) = server.server.server_state.connections
                assert isinstance(protocol, ProblemProtocol)
                kept = len(protocol.url) + sum(len(name) + len(value) for name, value in protocol.headers)
                assert kept < 400_000
                assert endless.is_closed_within(LINGER_SECONDS + 3)


@BOTH
@pytest.mark.parametrize("is_one", [True, False], ids=["one endless trailer", "many trailers"])
@pytest.mark.parametrize("target", ["POST /refresh?x=1", "GET /models?limit=2", "PUT /users/a/preferences"])
def test_trailers_without_an_end_are_not_kept_and_end_the_connection(
    tmp_path: Path, is_fast: bool, is_one: bool, target: str
) -> None:
    with threaded(tmp_path, is_fast=is_fast) as server, Connection(server.port) as endless:
        endless.send(f"{target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n".encode())
        endless.send(b"X-Long: " if is_one else b"X-Many: 1\r\n")
        # What the two sockets hold between them was sent before anybody read it.
        sent_mib = 0
        with contextlib.suppress(OSError):
            while sent_mib < 32:
                sent_mib += 1
                endless.send((b"a" if is_one else b"X-More: 1\r\n") * (MAX_MESSAGE_BYTES // (1 if is_one else 11)))
                # What is read at once, 256 kB, are 24,000 of them.
                for protocol in list(server.server.server_state.connections):
                    assert isinstance(protocol, ProblemProtocol)
                    assert len(protocol.headers or ()) < 50_000
        assert sent_mib < 32


@BOTH
def test_a_target_that_is_too_long_is_told_so_in_however_many_packets_it_comes(tmp_path: Path, is_fast: bool) -> None:
    with threaded(tmp_path, is_fast=is_fast) as server:
        for count in (1, 2, 3):
            whole = b"GET /models?q=" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"
            with Connection(server.port) as connection:
                cuts = [at * len(whole) // count for at in range(count + 1)]
                connection.send(*(whole[begin:end] for begin, end in pairwise(cuts)))
                assert connection.answer().status == 414


@BOTH
def test_a_good_request_has_its_answer_though_rubbish_follows_it(tmp_path: Path, is_fast: bool) -> None:
    with threaded(tmp_path, is_fast=is_fast) as server:
        for target in (HOT, "/status", "/models/search?q=widget"):
            for times in (1, 3):
                with Connection(server.port) as connection:
                    connection.send(request(target, "X-Request-ID: good") * times + b"\x01rubbish\r\n\r\n")
                    answers = [connection.answer() for _ in range(times)]
                    assert [(answer.status, answer.header(b"x-request-id")) for answer in answers] == [
                        (200, b"good")
                    ] * times
                    assert connection.rest(5) == (b"", True)


def test_readers_who_go_away_in_the_middle_leave_nothing_behind(tmp_path: Path) -> None:
    with threaded(tmp_path) as server:
        with Connection(server.port) as connection:
            connection.heat(LIST)
        for number in range(20):
            gone = Connection(server.port, receive_buffer_bytes=4_096)
            if number % 2:
                gone.send(LIST * 20)
            else:
                for _ in range(20):
                    gone.send(LIST)
            time.sleep(0.01)
            gone.reset()
        with Connection(server.port) as connection:
            assert connection.ask(LIST).status == 200
        await_connections(server, 0)


def test_a_server_that_is_told_to_stop_ends_in_time_and_cuts_no_answer(tmp_path: Path) -> None:
    with simulated(generate_catalog(MODELS)) as simulator, serving(tmp_path, simulator.base_url) as server:
        with Connection(server.port) as connection:
            whole = {data: connection.heat(data).body for data in (LIST, CORE)}
        broken: list[str] = []
        served: list[int] = []
        is_under_way = threading.Barrier(7)

        def keep_asking(data: bytes) -> None:
            with Connection(server.port) as reader:
                is_waiting = True
                while True:
                    try:
                        reader.send(data)
                        body = reader.answer().body
                    except (EOFError, BrokenPipeError, ConnectionResetError) as error:
                        if reader.has_part_of_an_answer:
                            broken.append(str(error))
                        return
                    if body != whole[data]:
                        broken.append(f"{len(body)} bytes instead of {len(whole[data])}")
                    served.append(1)
                    if is_waiting:
                        is_waiting = False
                        is_under_way.wait(10)

        readers = [threading.Thread(target=keep_asking, args=(data,)) for data in (LIST, CORE) * 3]
        for reader in readers:
            reader.start()
        is_under_way.wait(10)
        time.sleep(0.3)
        told_at = time.monotonic()
        # uvicorn raises the signal again when it is done: 143 in a shell.
        assert server.stop() in {0, -15}
        assert time.monotonic() - told_at < 5
        for reader in readers:
            reader.join(10)
        assert not broken
        assert len(served) > 50
        assert [line["event"] for line in server.log][-1] == "stopped"
        assert not [line for line in server.log if line["level"] == "error"]


def test_answers_that_wait_for_their_compression_do_not_hold_up_the_end(tmp_path: Path) -> None:
    with threaded(tmp_path) as server:
        with Connection(server.port) as connection:
            for number in range(60):
                for _ in range(2):
                    connection.ask(request(f"/models?limit=100&offset={number}"))
        stopped_at = time.monotonic()
    assert time.monotonic() - stopped_at < 5
