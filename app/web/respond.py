"""The one place that decides between 200 and 304, which form goes out, and what HEAD leaves away."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.prepared import Form, Prepared, RawHeaders


class BytesResponse(Response):
    """A response whose header block is final; a HEAD request gets the headers alone."""

    def __init__(self, status_code: int, headers: RawHeaders, body: bytes) -> None:
        self.status_code = status_code
        self.body = body
        self.background = None
        self.raw_headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's form
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body = b"" if scope["method"] == "HEAD" else self.body
        await send({"type": "http.response.body", "body": body})


class PiecesResponse(Response):
    """A response whose long body is unfolded while it is sent, as fast as the reader takes it."""

    def __init__(self, form: Form) -> None:
        self.status_code = 200
        self.body = b""
        self.background = None
        self.raw_headers = form.headers
        self._form = form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's form
        """Send it; between pieces others get their turn."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            for piece in self._form.pieces():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})


def respond(request: Request, prepared: Prepared) -> Response:
    """Return the answer to a GET or HEAD."""
    accept_encoding = ",".join(request.headers.getlist("accept-encoding")).encode("latin-1")
    if_none_match = ",".join(request.headers.getlist("if-none-match")).encode("latin-1")
    choice = prepared.choice(accept_encoding, if_none_match)
    if prepared.note is not None:
        prepared.note()
    if choice.status == 304:
        return BytesResponse(304, choice.headers, b"")
    body = choice.form.whole()
    return PiecesResponse(choice.form) if body is None else BytesResponse(200, choice.headers, body)
