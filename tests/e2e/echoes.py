"""Servers that answer with what they were sent, as an attacker or a debugging proxy does: an upstream and a Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson

_READ_BYTES = 65_536


def _page(status: str, body: str, *headers: str) -> bytes:
    raw = body.encode()
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(raw)}", "Connection: close", *headers)
    return "\r\n".join([*lines, "", ""]).encode() + raw


def _list(**more: object) -> str:
    return orjson.dumps({"data": [], **more}).decode()


UPSTREAMS: dict[str, Callable[[str], bytes]] = {
    "refused with an echo": lambda seen: _page("401 Unauthorized", f"bad key in: {seen}"),
    "broken with an echo": lambda seen: _page("500 Internal Server Error", seen, "Content-Type: text/html"),
    "a status line of the key": lambda seen: _page(f"418 {seen[:200]}", ""),
    "a wait of the key": lambda seen: _page("429 Too Many Requests", seen, f"Retry-After: {seen[:200]}"),
    "elsewhere with the key": lambda seen: _page("302 Found", "", f"Location: https://evil.example/?k={seen[:200]}"),
    "here again with the key": lambda seen: _page("302 Found", "", f"Location: /api/v1/models?k={seen[:200]}"),
    "nowhere with the key": lambda seen: _page("302 Found", "", f"Location: http://[{seen[:200]}"),
    "a page, not a list": lambda seen: _page("200 OK", f"<pre>{seen}</pre>"),
    "half a list": lambda seen: _page("200 OK", '{"data": ["' + seen),
    "another document": lambda seen: _page("200 OK", orjson.dumps({"error": seen, seen: seen}).decode()),
    "records that are texts": lambda seen: _page("200 OK", orjson.dumps({"data": [seen] * 80}).decode()),
    "ids that are keys": lambda seen: _page("200 OK", orjson.dumps({"data": [{"id": f"a b/{seen}"}] * 80}).decode()),
    "the next page elsewhere": lambda seen: _page("200 OK", _list(links={"next": f"https://evil.example/{seen}"})),
    "an unknown coding": lambda seen: _page("200 OK", "{}", f"Content-Encoding: {seen[:200]}"),
    "no gzip": lambda seen: _page("200 OK", seen, "Content-Encoding: gzip"),
    "no HTTP at all": lambda seen: f"{seen}\r\n\r\n".encode(),
    "a header that is none": lambda seen: f"HTTP/1.1 200 OK\r\n{seen}\r\n\r\n".encode(),
    "a length of the key": lambda seen: f"HTTP/1.1 200 OK\r\nContent-Length: {seen}\r\n\r\n".encode(),
    "nothing": lambda _seen: b"",
}
"""How an upstream answers, given the Authorization header and the target that it was sent, on one line."""

REDISES: dict[str, Callable[[bytes], bytes]] = {
    "an error with the arguments": lambda seen: b"-ERR unknown command, with args beginning with: %s\r\n" % seen,
    "a wrong password, quoted": lambda seen: b"-WRONGPASS invalid password %s\r\n" % seen,
    "a status": lambda seen: b"+%s\r\n" % seen,
    "something else": lambda seen: seen + b"\r\n",
    "nothing": lambda _seen: b"",
}
"""How a Redis answers, given what it was sent, on one line."""


@dataclass
class Echo:
    """A running server and the way in which it answers now; `sent` is everything that it was ever sent."""

    port: int = 0
    way: str = "nothing"
    sent: bytes = field(default=b"")


@asynccontextmanager
async def echoing_upstream() -> AsyncIterator[Echo]:
    """Run an upstream that echoes."""

    def answer(echo: Echo, asked: bytes) -> bytes:
        lines = asked.decode("latin-1").split("\r\n")
        kept = [lines[0], *(line for line in lines if line.lower().startswith("authorization"))]
        return UPSTREAMS[echo.way](" ".join(kept))

    async with _serving(answer) as echo:
        yield echo


@asynccontextmanager
async def echoing_redis() -> AsyncIterator[Echo]:
    """Run a Redis that echoes."""
    async with _serving(lambda echo, asked: REDISES[echo.way](b" ".join(asked.split()))) as echo:
        yield echo


@asynccontextmanager
async def _serving(answer: Callable[[Echo, bytes], bytes]) -> AsyncIterator[Echo]:
    echo = Echo()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.read(_READ_BYTES)
        echo.sent += asked
        try:
            writer.write(answer(echo, asked))
            await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        echo.port = server.sockets[0].getsockname()[1]
        yield echo
