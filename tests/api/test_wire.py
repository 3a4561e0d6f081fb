"""The same surface through the real server and real sockets: what an in-process transport hides."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import orjson
import pytest

from tests.api.catalog import CATALOG, FREE, PLAIN, VISION
from tests.e2e.processes import ServiceProcess
from tests.simulator import Simulator

pytestmark = pytest.mark.anyio
PATIENCE_SECONDS = 10.0


class Answer(NamedTuple):
    """One answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def slug(self) -> str:
        """The kind of problem that it tells."""
        assert self.headers["content-type"] == "application/problem+json"
        kind: str = self.json["type"]
        return kind.rpartition(":")[2]

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Wire:
    """Sends bytes to the server, each request or burst over a connection of its own."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def say(self, data: bytes) -> bytes:
        """Send bytes and return everything that comes until the server closes; fails when it hangs."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                writer.write(data)
                try:
                    await writer.drain()
                    return await reader.read()
                except ConnectionError:
                    # The server has said no and gone, while we were still sending.
                    return b""
        finally:
            writer.close()

    async def ask(self, target: bytes, *, method: bytes = b"GET", more: bytes = b"", body: bytes = b"") -> Answer:
        """Send one request and return its answer."""
        head = b"%b %b HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%b\r\n" % (method, target, more)
        return parsed(await self.say(head + body))


def parsed(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Answer(int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs}, body)


@pytest.fixture(scope="module")
async def wire(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Wire]:
    """A running server with the whole catalog."""
    folder = tmp_path_factory.mktemp("server")
    async with (
        Simulator(CATALOG) as simulator,
        ServiceProcess(folder, OPENROUTER_BASE_URL=simulator.base_url) as server,
    ):
        assert (await server.client.post("/refresh")).status_code == 200
        port = server.client.base_url.port
        assert port is not None
        yield Wire(port)
        assert "Traceback" not in server.log


@pytest.mark.parametrize(
    ("target", "model_id"),
    [
        (b"/models/acme/rocket-2.5", VISION),
        (b"/models/acme%2Frocket-2.5", VISION),
        (b"/models/acme%2frocket-2.5/", VISION),
        (b"/models/ACME%2FROCKET-2.5", VISION),
        (b"/models/openrouter%2Facme%2Frocket-2.5", VISION),
        (b"/models/acme/anvil-1:free", FREE),
        (b"/models/acme%2Fanvil-1%3Afree", FREE),
        (b"/models/%7eacme/anvil-latest", "~acme/anvil-latest"),
        (b"/models/~acme/anvil-latest", "~acme/anvil-latest"),
        (b"/models/provider/acme%2Fanvil-1", PLAIN),
        (b"http://127.0.0.1/models/acme/anvil-1", PLAIN),
        (b"/models/acme/anvil-1#fragment", PLAIN),
    ],
)
async def test_raw_paths_find_their_models(wire: Wire, target: bytes, model_id: str) -> None:
    answer = await wire.ask(target)
    assert answer.status == 200
    assert answer.json["id"] == model_id


@pytest.mark.parametrize(
    ("target", "slug"),
    [
        (b"/models/../status", "unknown-model"),
        (b"/models/..", "unknown-model"),
        (b"/models/../../etc/passwd", "unknown-model"),
        (b"/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "unknown-model"),
        (b"/models/a%00b", "unknown-model"),
        (b"/models/%zz%4", "unknown-model"),
        (b"/models/%", "unknown-model"),
        (b"/models/%ff%fe", "unknown-model"),
        (b"/models/%ed%a0%80", "unknown-model"),
        (b"/models/acme%252Fanvil-1", "unknown-model"),
        (b"/models/", "unknown-model"),
        (b"/static/../page.css", "unknown-path"),
        (b"/static/%2e%2e%2fpage.css", "unknown-path"),
        (b"/models/a%0d%0aX-Forged:%201", "unknown-path"),
        (b"//models", "unknown-path"),
    ],
)
async def test_raw_paths_that_lead_nowhere_are_404(wire: Wire, target: bytes, slug: str) -> None:
    answer = await wire.ask(target)
    assert (answer.status, answer.slug) == (404, slug)
    assert "x-forged" not in answer.headers
    assert int(answer.headers["content-length"]) == len(answer.body)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/models?q=%", 400),
        (b"/models?q=%zz", 400),
        (b"/models?q=%ff", 400),
        (b"/models?q=%00", 422),
        (b"/models?q=" + b"a" * 300, 422),
        (b"/models?ids=", 422),
        (b"/models?ids=" + b"a," * 9_000, 414),
    ],
)
async def test_raw_queries_that_make_no_sense_are_told_so(wire: Wire, target: bytes, status: int) -> None:
    answer = await wire.ask(target)
    assert answer.status == status
    assert answer.slug


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /models/\xff\xfe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /models?q=\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /models HTTP/9.9\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"BREW /models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\r\n\x00\x00\x00\r\n\r\n",
        b"POST /refresh HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /refresh HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: \xb2\r\n\r\n",
        b"POST /refresh HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"POST /refresh HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"GET /models HTTP/1.1\r\nHost: a\r\nBad Header\x00: b\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_400_and_the_connection_ends(wire: Wire, request_bytes: bytes) -> None:
    answer = parsed(await wire.say(request_bytes))
    assert answer.status == 400
    assert (await wire.ask(b"/livez")).status == 200


async def test_a_target_of_a_megabyte_is_414(wire: Wire) -> None:
    answer = await wire.ask(b"/models/" + b"a" * 1_000_000)
    assert (answer.status, answer.slug) == (414, "target-too-long")


async def test_a_megabyte_of_headers_is_431(wire: Wire) -> None:
    for more in (b"X-Long: " + b"a" * 1_000_000 + b"\r\n", b"X-Many: abcdefghij\r\n" * 50_000):
        answer = await wire.ask(b"/models", more=more)
        assert (answer.status, answer.slug) == (431, "headers-too-large")


async def test_a_body_on_a_get_is_400(wire: Wire) -> None:
    answer = await wire.ask(b"/models", more=b"Content-Length: 5\r\n", body=b"hello")
    assert (answer.status, answer.slug) == (400, "unexpected-body")
    chunked = await wire.ask(b"/models", more=b"Transfer-Encoding: chunked\r\n", body=b"5\r\nhello\r\n0\r\n\r\n")
    assert (chunked.status, chunked.slug) == (400, "unexpected-body")


async def test_a_large_body_is_413_without_being_read(wire: Wire) -> None:
    answer = await wire.ask(b"/refresh", method=b"POST", more=b"Content-Length: 100000000\r\n", body=b"x" * 5_000)
    assert (answer.status, answer.slug) == (413, "body-too-large")


@pytest.mark.parametrize(
    "target", [b"/", b"/models", b"/models/acme/anvil-1", b"/status", b"/livez", b"/metrics", b"/docs"]
)
async def test_head_says_how_long_the_body_is_and_sends_none(wire: Wire, target: bytes) -> None:
    got, head = await wire.ask(target), await wire.ask(target, method=b"HEAD")
    assert (head.status, head.body) == (200, b"")
    assert got.headers.keys() == head.headers.keys()
    assert int(got.headers["content-length"]) == len(got.body)


async def test_304_has_no_body_and_no_length(wire: Wire) -> None:
    etag = (await wire.ask(b"/models")).headers["etag"].encode()
    answer = await wire.ask(b"/models", more=b"If-None-Match: " + etag + b"\r\n")
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"].encode() == etag
    assert "content-length" not in answer.headers


async def test_one_connection_answers_again_and_again_whatever_came_before(wire: Wire) -> None:
    paths = [b"/livez", b"/models/nix", b"/models?limit=0", b"/readyz", b"/nix", b"/livez"]
    requests = [b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in paths]
    last = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    said = await wire.say(b"".join(requests) + last)
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]
    assert statuses == [200, 404, 422, 200, 404, 200, 200]


async def test_an_answer_names_no_server_and_carries_a_date(wire: Wire) -> None:
    answer = await wire.ask(b"/livez")
    assert "server" not in answer.headers
    assert answer.headers["date"].endswith("GMT")


async def test_half_a_request_keeps_nobody_else_waiting(wire: Wire) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    writer.write(b"GET /models HTTP/1.1\r\nHost: a\r\nX-Slow: ")
    await writer.drain()
    assert (await wire.ask(b"/models")).status == 200
    writer.write(b"x\r\nConnection: close\r\n\r\n")
    assert parsed(await reader.read()).status == 200
    writer.close()


async def test_the_gate_holds_over_real_sockets(wire: Wire) -> None:
    assert (await wire.ask(b"/refresh", method=b"POST")).status == 200
    for more in (b"Origin: https://evil.example\r\n", b"X-Forwarded-For: 127.0.0.1\r\n", b"Via: 1.1 a\r\n"):
        answer = await wire.ask(b"/refresh", method=b"POST", more=more)
        assert (answer.status, answer.slug) == (403, "admin-closed")
    rebound = b"POST /refresh HTTP/1.1\r\nHost: rebound.example:8000\r\nConnection: close\r\n\r\n"
    assert parsed(await wire.say(rebound)).slug == "admin-closed"


@pytest.mark.parametrize("target", [b"/models%0A", b"/refresh%0A", b"/users/anna/preferences%0A", b"/status%0a?x=1"])
async def test_a_path_that_ends_with_a_line_break_is_another_path(wire: Wire, target: bytes) -> None:
    answer = await wire.ask(target)
    assert (answer.status, answer.slug) == (404, "unknown-path")
