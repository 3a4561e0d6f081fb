"""uvicorn's httptools protocol with our own words for what is no request, or comes over one connection too many."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.web.middleware import SECURITY_HEADERS, new_request_id
from app.web.problems import MEDIA_TYPE, unreadable_request


class ProblemProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which answers what is no request with a problem document."""

    def send_400_response(self, _msg: str) -> None:
        """Say so and close the connection; uvicorn's own answer is plain text without an id."""
        request_id = new_request_id()
        body = unreadable_request(request_id.decode())
        headers = [
            *self.server_state.default_headers,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
            *SECURITY_HEADERS,
            (b"x-request-id", request_id),
        ]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + lines + b"\r\n" + body)
        self.transport.close()


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
