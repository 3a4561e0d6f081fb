"""uvicorn's httptools protocol with bounds, and our own words for what is no request or one connection too many."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, Final, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from app.web.middleware import MAX_HEADER_BYTES, SECURITY_HEADERS, new_request_id
from app.web.problems import MEDIA_TYPE, Problem, headers_too_large, pathless_document
from app.wire import header_lines, status_line

# Requests that wait behind one that is being answered, some 8 kB each; 13,000 of the shortest fit into one packet.
MAX_PIPELINED: Final = 128
_NO_REQUEST: Final = Problem(
    400, "malformed-request", "What came is no request that HTTP/1.1 knows; the connection is closed."
)
_TARGET_TOO_LONG: Final = Problem(
    414, "target-too-long", f"The address that is asked for may have at most {MAX_HEADER_BYTES} bytes."
)
# What comes of one request behind its head, a body that was refused included; the largest that is read has 33 kB.
MAX_MESSAGE_BYTES: Final = 1_048_576
# For whoever goes on sending what is refused to find the answer.
LINGER_SECONDS: Final = 2.0
_NO_SCOPE: Final[Mapping[str, Any]] = {"path": ""}
# Called by its name: to find it by super() takes as long as the test that follows it.
_data_received: Final = HttpToolsProtocol.data_received


class _Pipeline(deque[tuple[RequestResponseCycle, Any]]):
    """The requests that wait on one connection, the newest first; one too many ends it, by way of the parser."""

    def appendleft(self, waiting: tuple[RequestResponseCycle, Any]) -> None:
        """Have a request wait; raises OverflowError for one too many."""
        if len(self) >= MAX_PIPELINED:
            let_go(waiting[0])
            raise OverflowError(f"more than {MAX_PIPELINED} requests wait on one connection")
        super().appendleft(waiting)


class _NoTrailers(list[tuple[bytes, bytes]]):
    """Stands for the headers of a request whose head is over: nobody reads trailers, and they may be many."""

    def append(self, _trailer: tuple[bytes, bytes]) -> None:
        """Keep nothing."""


_NO_TRAILERS: Final = _NoTrailers()


class _Deaf:
    """Stands for the parser of a request that is refused."""

    def feed_data(self, data: bytes) -> None:
        """Keep nothing."""


def let_go(cycle: RequestResponseCycle) -> None:
    """Part a request that is over from its connection, as uvicorn does after an answer.

    Else the two hold each other, and Python's collector, which seldom looks, has to part them.
    """
    cycle.on_response = _nothing


def _nothing() -> None:
    """Stand for what a request's cycle calls once it is over."""


class ProblemProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with bounds, and problem documents for what is no request."""

    # The request whose head goes on, or what is behind it, and how much came of that.
    _counted: Mapping[str, Any] | None = None
    _counted_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Begin a connection."""
        super().connection_made(transport)
        self.pipeline = _Pipeline()
        # As after a request; uvicorn has None until the first one begins.
        self.scope = cast("Any", _NO_SCOPE)

    def data_received(self, data: bytes) -> None:
        """Parse what came; a head that has no end is refused, and what is behind it has one, too."""
        _data_received(self, data)
        # The path is told at the end of a head. One more test would be 1 % of an answer.
        if "path" not in self.scope:
            if self._counts(len(data), MAX_HEADER_BYTES):
                self._refuse_head()
            return
        self.headers = _NO_TRAILERS
        # True for good where the answer came first: uvicorn does not look any more.
        if self.cycle is not None and self.cycle.more_body and self._counts(len(data), MAX_MESSAGE_BYTES):
            self.transport.close()

    def _counts(self, more_bytes: int, most_bytes: int) -> bool:
        """Count what came of one request; returns whether it was too much before this."""
        if self._counted is not self.scope:
            self._counted, self._counted_bytes = self.scope, 0
        was_too_much = self._counted_bytes > most_bytes
        self._counted_bytes += more_bytes
        return was_too_much

    def _refuse_head(self) -> None:
        """Answer, and read on without keeping anything: who is still sending would lose an answer with a close."""
        self.parser = cast("Any", _Deaf())
        self.scope = cast("Any", _NO_SCOPE)
        is_target = len(self.url) > MAX_HEADER_BYTES
        self._refuse(
            _TARGET_TOO_LONG if is_target else headers_too_large(MAX_HEADER_BYTES), after_seconds=LINGER_SECONDS
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of what nobody waits for any more."""
        super().connection_lost(exc)
        for cycle, _ in self.pipeline:
            let_go(cycle)
        self.pipeline.clear()

    def send_400_response(self, _msg: str) -> None:
        """Say so and close the connection; uvicorn's own answer is plain text without an id."""
        # A target that the parser of targets can't count is no shorter for it.
        self._refuse(_TARGET_TOO_LONG if len(self.url or b"") > MAX_HEADER_BYTES else _NO_REQUEST)

    def _refuse(self, problem: Problem, after_seconds: float = 0.0) -> None:
        """Close the connection, with an answer if none is owed to a request before; else after those."""
        if self.transport.is_closing():
            return
        # Of those that are owed an answer, the newest; what it lacks of its body will not come.
        last = self.pipeline[0][0] if self.pipeline else self.cycle
        if last is not None and not last.response_complete and not last.more_body:
            last.keep_alive = False
            return
        if not self.pipeline:
            self.transport.write(self._answer_to_no_request(problem))
        if after_seconds:
            self.loop.call_later(after_seconds, self.transport.close)
        else:
            self.transport.close()

    def _answer_to_no_request(self, problem: Problem) -> bytes:
        request_id = new_request_id()
        body = pathless_document(problem, request_id.decode())
        headers = [
            *self.server_state.default_headers,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
            *SECURITY_HEADERS,
            (b"x-request-id", request_id),
        ]
        return status_line(problem.status) + header_lines(headers) + b"\r\n" + body


class LimitedProtocol(ProblemProtocol):
    """A protocol that answers what comes over more connections than are allowed with a problem document, too."""

    _overload: ASGIApp

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # Taken from uvicorn, which would answer by itself.
        self._most, self.limit_concurrency = self.limit_concurrency, None
        self._served = self.app

    def on_headers_complete(self) -> None:
        """Pass the request to the application, or refuse it and close the connection."""
        is_refused = self._most is not None and max(len(self.connections), len(self.tasks)) >= self._most
        self.app = self._overload if is_refused else self._served
        super().on_headers_complete()
        if is_refused and self.cycle is not None:
            self.cycle.keep_alive = False
