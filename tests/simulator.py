"""An OpenRouter of our own: a real HTTP server with a catalog, OpenRouter's manners, and every fault by name.

In tests: `async with Simulator(catalog) as simulator:`, then `simulator.base_url`, `.requests`, `.misbehave(...)`.
For people: `python -m tests.simulator --models 400`. From another process: POST /_control/fault,
POST /_control/catalog, GET /_control/requests.

The HTTP is hand-made, because no server library agrees to reset, drip, truncate or lie about lengths.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from tests.simulated_catalog import generate_catalog, make_record
from tests.simulated_documents import count_document, endpoints_document, list_document, providers_document
from tests.simulated_faults import STATUSES, Fault, broken_body, distort, gzip_bomb, retry_after

__all__ = ["Fault", "Request", "Simulator", "generate_catalog", "make_record"]

DRIP_SECONDS = 0.05
FORCED_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 500
MOVED_PATH = "/moved/api/v1/models"
REASONS = {
    200: "OK",
    304: "Not Modified",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
}
REASONS |= {404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout", 429: "Too Many Requests"}
REASONS |= {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
UPSTREAM_HEADERS = {
    "Content-Type": "application/json",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Generation-Id,X-Provider-Name,cf-ray",
    "Cache-Control": "public, max-age=300, stale-while-revalidate=3600, stale-if-error=3600",
    "Vary": "Host",
    "X-Content-Type-Options": "nosniff",
    "Server": "simulator",
}
"""As recorded in August 2026; there is no ETag and no Last-Modified."""


class Request(NamedTuple):
    """One request as it came; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]


class Answer(NamedTuple):
    """A whole answer, before the connection gets a chance to spoil it."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Simulator:
    """OpenRouter on a port of this machine.

    It speaks TLS when it is given a context. `catalog` may be replaced at any time. `next_catalog` is called before
    each list that starts at the first record, and may return a new catalog; None keeps the old one. `other_fault`
    spoils every document but the list. With `has_etags` lists have validators, which OpenRouter's have not.
    """

    def __init__(
        self,
        catalog: Iterable[Mapping[str, Any]] | None = None,
        *,
        port: int = 0,
        seed: int = 0,
        tls: ssl.SSLContext | None = None,
        next_catalog: Callable[[], Sequence[Mapping[str, Any]] | None] = lambda: None,
    ) -> None:
        self.catalog: list[Any] = list(generate_catalog(400, seed) if catalog is None else catalog)
        self.requests: list[Request] = []
        self.other_fault: Fault | None = None
        self.has_etags = False
        self._faults: deque[Fault] = deque()
        self._lasting_fault: Fault | None = None
        self._next_catalog = next_catalog
        self._random = Random(seed)
        self._port = port
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port, ssl=self._tls)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """What OPENROUTER_BASE_URL should be."""
        return f"{self.origin}/api/v1"

    def misbehave(self, fault: Fault, times: int | None = None) -> None:
        """Spoil the next `times` lists, after those that are to be spoiled already; None: every one from now on."""
        if times is None:
            self._faults.clear()
            self._lasting_fault = fault
        else:
            self._faults.extend([fault] * times)

    def behave(self) -> None:
        """Stop misbehaving."""
        self._faults.clear()
        self._lasting_fault = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            is_open = True
            while is_open:
                is_open = await self._exchange(reader, writer)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # The other side went away, sent no HTTP, or the simulator ends.
        finally:
            self._connections.discard(task)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request_line, *header_lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = request_line.split(" ", 2)
        pairs = (line.partition(":") for line in header_lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(method, target, headers)
        stays_open = headers.get("connection", "").lower() != "close"
        path = unquote(urlsplit(target).path)
        if path.startswith("/_control/"):
            await _send(writer, request, self._control(request, path, body))
            return stays_open
        self.requests.append(request)
        if method not in {"GET", "HEAD"}:
            await _send(writer, request, _error(405, "Method not allowed"))
            return stays_open
        if path in {"/api/v1/models", MOVED_PATH}:
            fault = self._take_fault() if path != MOVED_PATH else None
            return await self._send_list(reader, writer, request, fault) and stays_open
        return await self._send_other(reader, writer, request, path) and stays_open

    async def _send_other(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Request, path: str
    ) -> bool:
        fault = self.other_fault
        if fault is Fault.REFUSE:
            return False
        if fault is Fault.HANG:
            await reader.read()  # Until the other side gives up.
            return False
        answer = self._other(path, request)
        if fault is not None:
            broken = broken_body(fault, answer.body)
            answer = _status_answer(fault, self.origin) or answer._replace(
                body=answer.body if broken is None else broken
            )
            if await _spoil_connection(writer, fault, answer):
                return False
        await _send(writer, request, answer)
        return True

    def _take_fault(self) -> Fault | None:
        return self._faults.popleft() if self._faults else self._lasting_fault

    async def _send_list(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Request, fault: Fault | None
    ) -> bool:
        if fault is Fault.REFUSE:
            return False
        if fault is Fault.HANG:
            await reader.read()  # Until the other side gives up.
            return False
        if fault is Fault.GZIP_BOMB:
            await _send(writer, request, Answer(200, gzip_bomb(), {**UPSTREAM_HEADERS, "Content-Encoding": "gzip"}))
            return True
        answer = _status_answer(fault, self.origin) if fault else None
        answer = answer or self._list(request, fault)
        if fault is not None and await _spoil_connection(writer, fault, answer):
            return False
        await _send(writer, request, answer)
        return True

    def _list(self, request: Request, fault: Fault | None) -> Answer:
        query = parse_qs(urlsplit(request.target).query)
        try:
            offset, limit = _number(query, "offset", 0), _number(query, "limit", 1)
        except ValueError as error:
            return _error(400, str(error))
        if not offset:
            self.catalog = list(self._next_catalog() or self.catalog)
        if fault is Fault.PAGES:
            limit = min(limit or FORCED_PAGE_SIZE, FORCED_PAGE_SIZE)
        if offset is not None:
            limit = limit or DEFAULT_PAGE_SIZE
        records = _with_output(self.catalog, query.get("output_modalities", ["text"])[0].split(","))
        # Upstream breaks ties at random, per request. Not between pages: a tie on a page's edge would lose a model.
        luck = self._random if limit is None else Random(0)
        records.sort(key=lambda record: (-(record.get("created") or 0), luck.random()))
        records = distort(fault, records, self._random)
        document = list_document(records, offset or 0, limit, {key: values[0] for key, values in query.items()})
        body = orjson.dumps(document)
        broken = broken_body(fault, body) if fault else None
        headers = dict(UPSTREAM_HEADERS)
        if self.has_etags:
            headers["ETag"] = (
                f'W/"{hashlib.sha256(repr((request.target, _sorted(records))).encode()).hexdigest()[:16]}"'
            )
            if fault is None and request.headers.get("if-none-match") == headers["ETag"]:
                return Answer(304, b"", headers)
        if fault is Fault.HTML:
            headers["Content-Type"] = "text/html; charset=utf-8"
        if broken is None and (fault is Fault.GZIP_TRUNCATED or _accepts_gzip(request)):
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 1)
            if fault is Fault.GZIP_TRUNCATED:
                body = body[: len(body) // 2]
        return Answer(200, body if broken is None else broken, headers)

    def _other(self, path: str, request: Request) -> Answer:
        records = {record["id"]: record for record in self.catalog}
        document: Any = None
        match path.strip("/").split("/"):
            case ["api", "v1", "models", "count"]:
                words = parse_qs(urlsplit(request.target).query).get("output_modalities", ["text"])[0].split(",")
                document = count_document(len(_with_output(self.catalog, words)))
            case ["api", "v1", "model", author, slug] if f"{author}/{slug}" in records:
                document = {"data": records[f"{author}/{slug}"]}
            case ["api", "v1", "models", author, slug, "endpoints"]:
                by_slug = {record.get("canonical_slug"): record for record in reversed(self.catalog)}
                record = records.get(f"{author}/{slug}") or by_slug.get(f"{author}/{slug}")
                document = endpoints_document(record) if record else None
            case ["api", "v1", "providers"]:
                document = providers_document(self.catalog)
        return Answer(200, orjson.dumps(document), UPSTREAM_HEADERS) if document else _error(404, "Resource not found")

    def _control(self, request: Request, path: str, body: bytes) -> Answer:
        match request.method, path.removeprefix("/_control/"):
            case "POST", "fault":
                try:
                    order = orjson.loads(body)
                    fault = Fault(order["fault"]) if order["fault"] else None
                    times = None if order.get("times") is None else int(order["times"])
                except (ValueError, TypeError, KeyError):
                    return _error(
                        400, f'Expected {{"fault": a word or null, "times": a number or null}}; {FAULT_WORDS}'
                    )
                if fault is None:
                    self.behave()
                else:
                    self.misbehave(fault, times)
                return _done({"fault": fault, "times": times})
            case "POST", "catalog":
                try:
                    self.catalog = records_in(body)
                except ValueError as error:
                    return _error(400, str(error))
                return _done({"models": len(self.catalog)})
            case "GET", "requests":
                return _done(
                    {"count": len(self.requests), "requests": [request._asdict() for request in self.requests]}
                )
        return _error(404, "POST /_control/fault, POST /_control/catalog or GET /_control/requests")


FAULT_WORDS = "words: " + ", ".join(Fault)


def records_in(body: bytes) -> list[Any]:
    """Return the records of a catalog document: plain or gzip, an envelope or a bare list. Raises ValueError."""
    document = orjson.loads(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)
    records = document.get("data") if isinstance(document, dict) else document
    if not isinstance(records, list):
        raise ValueError('Expected {"data": [...]} or a list of models')
    return records


async def _send(writer: asyncio.StreamWriter, request: Request, answer: Answer) -> None:
    writer.write(_head(answer, len(answer.body)))
    if request.method != "HEAD":
        writer.write(answer.body)
    await writer.drain()


async def _spoil_connection(writer: asyncio.StreamWriter, fault: Fault, answer: Answer) -> bool:
    """Send the answer in the way of the fault; return False for faults that don't touch the connection."""
    length, half = len(answer.body), len(answer.body) // 2
    match fault:
        case Fault.RESET:
            writer.write(_head(answer, length) + answer.body[:half])
            await writer.drain()
            # Time for the first half to arrive: a reset may overtake it.
            await asyncio.sleep(0.05)
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        case Fault.DRIP:
            writer.write(_head(answer, length))
            for byte in answer.body:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(DRIP_SECONDS)
        case Fault.TRUNCATED_WITH_LENGTH:
            writer.write(_head(answer, length) + answer.body[:half])
        case Fault.TRUNCATED_WITHOUT_LENGTH:
            writer.write(_head(answer, None) + answer.body[:half])
        case Fault.LENGTH_TOO_LONG:
            writer.write(_head(answer, length + 1_000) + answer.body)
        case Fault.LENGTH_TOO_SHORT:
            writer.write(_head(answer, half) + answer.body)
        case _:
            return False
    if not writer.is_closing():
        await writer.drain()
    return True


def _head(answer: Answer, length: int | None) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {REASONS[answer.status]}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    lines += ["Connection: close"] if length is None else [f"Content-Length: {length}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _status_answer(fault: Fault, origin: str) -> Answer | None:
    redirects = {
        Fault.REDIRECT_SAME_HOST: origin + MOVED_PATH,
        # Reserved for documentation: nobody is there, and nobody should ask.
        Fault.REDIRECT_OTHER_HOST: "http://192.0.2.1/api/v1/models",
        Fault.REDIRECT_LOOP: "/api/v1/models",
    }
    if fault in redirects:
        return Answer(307, b"", {"Location": redirects[fault]})
    if fault not in STATUSES:
        return None
    status, wait = STATUSES[fault], retry_after(fault)
    answer = _error(status, f"Simulated: {REASONS[status]}")
    return answer._replace(headers={**answer.headers, "Retry-After": wait}) if wait else answer


def _error(status: int, message: str) -> Answer:
    body = orjson.dumps({"error": {"code": status, "message": message, "metadata": None}})
    return Answer(status, body, {"Content-Type": "application/json", "Server": UPSTREAM_HEADERS["Server"]})


def _done(document: object) -> Answer:
    return Answer(200, orjson.dumps(document), {"Content-Type": "application/json", "Cache-Control": "no-store"})


def _number(query: Mapping[str, list[str]], word: str, least: int) -> int | None:
    if word not in query:
        return None
    text = query[word][0]
    if not (text.isascii() and text.isdigit() and int(text) >= least):
        raise ValueError(f"{word} must be a whole number from {least}, got {text!r}")
    return int(text)


def _with_output(records: Sequence[Any], wanted: Sequence[str]) -> list[Any]:
    if "all" in wanted:
        return list(records)
    return [
        record
        for record in records
        if set(wanted) & set(record.get("architecture", {}).get("output_modalities", ("text",)))
    ]


def _sorted(records: Sequence[Any]) -> list[str]:
    return sorted(map(repr, records))


def _accepts_gzip(request: Request) -> bool:
    words = request.headers.get("accept-encoding", "").replace(" ", "").split(",")
    return "gzip" in words or any(word.startswith("gzip;q=") and float(word[7:]) > 0 for word in words)


if __name__ == "__main__":
    from tests.simulator_command import main

    main()
