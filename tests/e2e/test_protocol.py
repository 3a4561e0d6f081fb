"""The fast protocol and uvicorn's own, byte for byte: two real servers with one catalog, asked over raw sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from random import Random

import orjson
import pytest

from tests.api.questions import Questions
from tests.e2e.raw_http import Answer, Connection, exchange, masked, request
from tests.e2e.servers import Server, Twins, twins
from tests.simulator import generate_catalog, make_record

pytestmark = pytest.mark.e2e
ID = "acme/widget-1.5"
HOT = f"/models/{ID}"
KNOWN = request(HOT)
UNKNOWN = request("/models/nobody/nothing")
LIST = request("/models", "Accept-Encoding: gzip")
SEARCH = request("/models/search?q=widget")
HEAD = request(HOT, method="HEAD")
SLOW = request("/readyz")  # Never prepared, so never answered below ASGI.
CLOSED = Answer(0, (), b"")
# Left to the tests of bodies: these would leave the connection in the middle of one.
WITH_BODY = {b"content-length", b"transfer-encoding"}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    records = [*generate_catalog(150), make_record(ID), make_record("acme/refresh")]
    with twins(tmp_path_factory.mktemp("twins"), records) as running:
        for server in (running.fast, running.plain):
            for target in (HOT, "/models", "/models/search?q=widget", "/livez"):
                warm(server, target)
        yield running


def warm(server: Server, target: str) -> None:
    """Ask until the compressed forms are there, so that both servers give the same one."""
    give_up_at = time.monotonic() + 10
    with Connection(server.port) as connection:
        while time.monotonic() < give_up_at:
            answer = connection.ask(request(target, "Accept-Encoding: gzip"))
            if answer.status != 200 or len(answer.body) < 1_024 or b"content-encoding" in dict(answer.headers):
                return
            time.sleep(0.005)
    raise AssertionError(f"{target} was never compressed")


def same(pair: Twins, *packets: bytes, times: int = 2) -> bytes:
    """Send packets to both servers, several times each on connections of their own; all must say the same."""
    said = {exchange(server.port, packets) for server in (pair.fast, pair.plain) for _ in range(times)}
    assert len(said) == 1, (packets, said)
    return said.pop()[0]


def answers(pair: Twins, packets: Sequence[bytes], methods: Sequence[str]) -> list[Answer]:
    """Send packets on one connection to each server; return the answers, which must be the same."""
    both = []
    for server in (pair.fast, pair.plain):
        with Connection(server.port) as connection:
            connection.send(*packets)
            both.append([without_own(connection.answer(method)) for method in methods])
    assert both[0] == both[1]
    return both[0]


def without_own(answer: Answer) -> Answer:
    """Return an answer without its date, and without a request id that the service made."""
    lines = [masked(b"%b: %b\r" % header).rstrip(b"\r").partition(b": ") for header in answer.headers]
    return Answer(answer.status, tuple((name, value) for name, _, value in lines), masked(answer.body))


def test_generated_requests_on_connections_kept_alive_get_the_same_bytes(pair: Twins) -> None:
    """Each is sent three times: uvicorn parses the first, and the last is answered below it where that is possible."""
    questions = Questions([ID, "acme/refresh"], seed=7)
    servers = (pair.fast, pair.plain)
    connections = [Connection(server.port) for server in servers]
    for _ in range(250):
        target = questions.target()
        if target in {"/", "/models/statistics"}:
            continue  # These hold the time, or how often was asked.
        for server in servers:
            warm(server, target)
        method = questions.method()
        given = [(name, value) for name, value in questions.headers(target) if name not in WITH_BODY]
        data = request(target, *(f"{name.decode()}: {value.decode('latin-1')}" for name, value in given), method=method)
        for _ in range(3):
            said = [one_answer(connection, data, method) for connection in connections]
            assert said[0] == said[1], data
            questions.saw(target, dict(said[0].headers).get(b"etag"))
            if said[0] == CLOSED or (b"connection", b"close") in said[0].headers:
                for connection in connections:
                    connection.reset()
                connections = [Connection(server.port) for server in servers]
    for connection in connections:
        connection.reset()


def one_answer(connection: Connection, data: bytes, method: str) -> Answer:
    """Return the answer to a request; CLOSED when the server says nothing and closes."""
    connection.send(data)
    try:
        return without_own(connection.answer(method))
    except EOFError:
        return CLOSED


@pytest.mark.parametrize("count", [2, 10])
def test_pipelined_requests_are_answered_in_order(pair: Twins, count: int) -> None:
    random = Random(count)
    choices = {KNOWN: "GET", UNKNOWN: "GET", LIST: "GET", SEARCH: "GET", HEAD: "HEAD", SLOW: "GET"}
    for _ in range(15):
        sent = random.choices(list(choices), k=count)
        for packets in ([b"".join(sent)], [sent[0], b"".join(sent[1:])], [b"".join(sent[:-1]), sent[-1]]):
            got = answers(pair, packets, [choices[each] for each in sent])
            assert [answer.status == 404 for answer in got] == [each == UNKNOWN for each in sent]
            assert [not answer.body for answer in got] == [each == HEAD for each in sent]


def test_the_same_known_request_many_times_in_one_packet(pair: Twins) -> None:
    got = answers(pair, [KNOWN * 50], ["GET"] * 50)
    assert len(set(got)) == 1


def test_known_requests_sent_without_waiting_are_answered_in_order(pair: Twins) -> None:
    """Each packet is known by itself, but some arrive while the one before is still being answered."""
    sent = [UNKNOWN, KNOWN, SLOW, KNOWN, LIST, UNKNOWN, KNOWN]
    for server in (pair.fast, pair.plain):
        for _ in range(20):
            with Connection(server.port) as connection:
                for packet in sent:
                    connection.send(packet)
                got = [connection.answer() for _ in sent]
            assert [answer.status for answer in got] == [404, 200, 200, 200, 200, 404, 200]
            assert got[1].body == got[3].body == got[6].body != got[2].body


@pytest.mark.parametrize("data", [KNOWN, HEAD], ids=["GET", "HEAD"])
def test_a_request_split_at_any_byte_is_one_request(pair: Twins, data: bytes) -> None:
    method = "HEAD" if data == HEAD else "GET"
    for server in (pair.fast, pair.plain):
        with Connection(server.port) as connection:
            whole = without_own(connection.ask(data, method=method))
            for cut in range(1, len(data)):
                assert without_own(connection.ask(data[:cut], data[cut:], method=method, gap_seconds=0.004)) == whole
                assert without_own(connection.ask(data, method=method)) == whole


@pytest.mark.parametrize("cut", [1, 3, 5, 20, len(KNOWN) - 2, len(KNOWN) - 1])
def test_known_bytes_that_continue_another_request_are_not_taken_for_one(pair: Twins, cut: int) -> None:
    said = same(pair, KNOWN, KNOWN[:cut], KNOWN)
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert not same(pair, KNOWN[:cut], KNOWN, times=1).startswith(b"HTTP/1.1 200 OK\r\n") or cut == len(KNOWN) - 1


def test_a_request_and_a_part_of_the_next_in_one_packet(pair: Twins) -> None:
    for cut in (1, 10, len(KNOWN) - 1):
        got = answers(pair, [KNOWN + LIST[:cut], LIST[cut:] + KNOWN], ["GET"] * 3)
        assert [answer.status for answer in got] == [200] * 3
        # The second packet is no request where none was begun.
        assert same(pair, LIST[cut:] + KNOWN, KNOWN).startswith(b"HTTP/1.1 400 ")


VARIANTS = {
    "plain": KNOWN,
    "head": HEAD,
    "http 1.0": request(HOT, version="1.0"),
    "http 1.0 kept alive": request(HOT, "Connection: keep-alive", version="1.0"),
    "http 1.2": request(HOT, version="1.2"),
    "http 2.0": request(HOT, version="2.0"),
    "http 0.9": f"GET {HOT}\r\n\r\n".encode(),
    "close": request(HOT, "Connection: close"),
    "close in capitals": request(HOT, "CONNECTION: CLOSE"),
    "keep-alive": request(HOT, "Connection: keep-alive"),
    "keep-alive, close": request(HOT, "Connection: keep-alive, close"),
    "keep-alive and close": request(HOT, "Connection: keep-alive", "Connection: close"),
    "connection names a header": request(HOT, "Connection: te", "TE: trailers"),
    "keep-alive parameters": request(HOT, "Keep-Alive: timeout=1, max=1"),
    "lower case": request(HOT, host=None).replace(b"\r\n\r\n", b"\r\nhost: x\r\naccept: */*\r\n\r\n"),
    "upper case": request(HOT, "ACCEPT-ENCODING: GZIP", "IF-NONE-MATCH: *"),
    "no host": request(HOT, host=None),
    "two hosts": request(HOT, "Host: other.example"),
    "spaces around a value": request(HOT, "Accept-Encoding:   gzip  \t"),
    "no space before a value": request(HOT, "Accept-Encoding:gzip"),
    "space before the colon": request(HOT, "Accept-Encoding : gzip"),
    "folded line": request(HOT, "Accept-Encoding: gzip,\r\n br"),
    "empty value": request(HOT, "Accept-Encoding:", "If-None-Match:"),
    "two lines of one header": request(HOT, 'If-None-Match: "x"', "If-None-Match: *"),
    "request id": request(HOT, "X-Request-ID: mine"),
    "two request ids": request(HOT, "X-Request-ID: one", "X-Request-ID: two"),
    "bad request id": request(HOT, "X-Request-ID: <no>"),
    "origin": request(HOT, "Origin: https://one.example"),
    "range": request(HOT, "Range: bytes=0-9"),
    "forwarded": request(HOT, "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https"),
    "headers of 5 kB": request(HOT, f"Cookie: {'x' * 5_000}"),
    "headers of 20 kB": request(HOT, *(f"X-{number}: {'x' * 1_000}" for number in range(20))),
    "headers of 100 kB": request(HOT, f"Cookie: {'x' * 100_000}"),
    "long target": request(f"/models?q={'x' * 20_000}"),
    "body": request(HOT, "Content-Length: 5") + b"hello",
    "empty body": request(HOT, "Content-Length: 0"),
    "body in chunks": request(HOT, "Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n",
    "body that looks like a request": request(HOT, f"Content-Length: {len(KNOWN)}") + KNOWN,
    "two lengths": request(HOT, "Content-Length: 0", "Content-Length: 5") + b"hello",
    "length and chunks": request(HOT, "Content-Length: 0", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "expect": request(HOT, "Expect: 100-continue"),
    "expect with a body": request(HOT, "Expect: 100-continue", "Content-Length: 5"),
    "upgrade": request(HOT, "Connection: Upgrade", "Upgrade: h2c"),
    "upgrade to a websocket": request(
        HOT, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAA"
    ),
    "upgrade unasked": request(HOT, "Upgrade: h2c"),
    "post": request(HOT, "Content-Length: 2", method="POST") + b"{}",
    "options": request(HOT, method="OPTIONS"),
    "unknown method": request(HOT, method="BREW"),
    "lower case method": request(HOT, method="get"),
    "connect": request("registry.example:80", method="CONNECT"),
    "whole url": request(f"http://other.example{HOT}"),
    "url without a path": request("http://other.example"),
    "fragment": request(f"{HOT}#part"),
    "empty query": request(f"{HOT}?"),
    "star": request("*", method="OPTIONS"),
    "dots": request("/models/../models/core"),
    "lines end in LF": KNOWN.replace(b"\r\n", b"\n"),
    "lines end in CR": KNOWN.replace(b"\r\n", b"\r"),
    "empty line before": b"\r\n" + KNOWN,
    "empty line behind": KNOWN + b"\r\n",
    "NUL behind": KNOWN + b"\x00",
    "garbage behind": KNOWN + b"garbage\r\n\r\n",
    "letter behind": KNOWN + b"G",
    "NUL in a header": request(HOT, "Cookie: a\x00b"),
    "bytes beyond ASCII": request(HOT, "Cookie: \xff\xfe"),
    "bytes beyond ASCII in the target": request("/models/\xff"),
    "space in the target": request("/models/acme widget"),
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("name", VARIANTS)
def test_whatever_is_sent_both_servers_answer_alike_and_go_on_alike(pair: Twins, name: str) -> None:
    """Alone; twice as one packet; and between known requests, which show what became of the connection."""
    data = VARIANTS[name]
    close = request("/livez", "Connection: close")
    same(pair, data, data, data, close)
    same(pair, data * 2, close, times=1)
    same(pair, KNOWN, data, KNOWN, close, times=1)


def test_what_is_no_request_is_answered_with_a_problem_document(pair: Twins) -> None:
    for server in (pair.fast, pair.plain):
        with Connection(server.port) as connection:
            answer = connection.ask(VARIANTS["garbage"])
            assert connection.is_closed_within(5)
        problem = orjson.loads(answer.body)
        assert (answer.status, answer.header(b"content-type")) == (400, b"application/problem+json")
        assert (problem["type"], problem["status"]) == ("urn:model-registry:problem:malformed-request", 400)
        assert problem["request_id"].encode() == answer.header(b"x-request-id")
        assert answer.header(b"connection") == b"close"
        assert answer.header(b"x-content-type-options") == b"nosniff"
        assert answer.header(b"date")


def test_what_is_odd_for_both_is_not_an_error_of_either(pair: Twins) -> None:
    """The last test of this module: nothing before it made a server log a traceback."""
    for server in (pair.fast, pair.plain):
        assert [line for line in server.log if line["level"] == "error" or "exception" in line] == []
