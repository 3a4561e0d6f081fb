"""Yardsticks in Python: the same bytes from a bare ASGI callable, and from a FastAPI route.

`python -m tests.bench.yardsticks bare|fastapi FOLDER PORT` serves what `recorded` wrote down.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.bench.recorded import Recorded, recall

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Known:
    """One answer in one coding, ready to send."""

    body: bytes
    etag: bytes
    headers: RawHeaders
    headers_304: RawHeaders


def known_answers(folder: Path) -> dict[bytes, dict[bytes, Known]]:
    """Return the answers by target and coding; the empty coding is the plain one."""
    known: dict[bytes, dict[bytes, Known]] = {}
    for answer in recall(folder):
        known.setdefault(answer.target.encode(), {})[(answer.coding or "").encode()] = _known(answer)
    return known


def _known(answer: Recorded) -> Known:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    without_body = [pair for pair in headers if not pair[0].startswith(b"content-")]
    return Known(Path(answer.file).read_bytes(), dict(headers)[b"etag"], headers, without_body)


def bare(known: dict[bytes, dict[bytes, Known]]) -> ASGIApp:
    """Return the least that an ASGI application can do."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"]
        codings = known[scope["raw_path"] + b"?" + query if query else scope["raw_path"]]
        accept_encoding = if_none_match = b""
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                accept_encoding = value
            elif name == b"if-none-match":
                if_none_match = value
        form = codings[b"gzip" if b"gzip" in accept_encoding else b""]
        if if_none_match == form.etag:
            await send({"type": "http.response.start", "status": 304, "headers": form.headers_304})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": form.headers})
            await send({"type": "http.response.body", "body": form.body})

    return answer


def fastapi(known: dict[bytes, dict[bytes, Known]]) -> ASGIApp:
    """Return an application whose routes give prepared bytes."""
    app = FastAPI(openapi_url=None)

    def respond(request: Request) -> Response:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        codings = known[target.encode()]
        form = codings[b"gzip" if "gzip" in request.headers.get("accept-encoding", "") else b""]
        is_known = request.headers.get("if-none-match", "").encode() == form.etag
        response = Response(b"" if is_known else form.body, 304 if is_known else 200)
        response.raw_headers = form.headers_304 if is_known else form.headers
        return response

    @app.get("/models")
    async def models(request: Request) -> Response:
        return respond(request)

    @app.get("/v1/models")
    async def openai_models(request: Request) -> Response:
        return respond(request)

    @app.get("/models/search")
    async def search(request: Request) -> Response:
        return respond(request)

    @app.get("/models/{model_id:path}")
    async def model(request: Request, model_id: str) -> Response:
        return respond(request)

    return app


def main() -> None:
    """Serve until told to stop."""
    kind, folder, port = sys.argv[1:]
    app = {"bare": bare, "fastapi": fastapi}[kind](known_answers(Path(folder)))
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(port),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
