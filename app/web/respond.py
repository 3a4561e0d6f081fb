"""The one place that decides If-None-Match, Accept-Encoding, HEAD, Vary and Cache-Control."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.rendering import CODINGS, Rendering

RawHeaders = list[tuple[bytes, bytes]]
STALE_MAX_AGE_SECONDS = 30
STALE_WHILE_REVALIDATE_SECONDS = 3_600
STALE_IF_ERROR_SECONDS = 86_400


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


def respond(
    request: Request, rendering: Rendering, *, snapshot_id: str, cache_control: str, more: RawHeaders | None = None
) -> Response:
    """Return the answer to a GET or HEAD: the best form of the rendering, or 304 when the caller has it."""
    coding = choose_coding(request.headers.getlist("accept-encoding"), rendering.encoded)
    body = rendering.encoded[coding] if coding else rendering.body
    etag = rendering.etag(coding)
    headers: RawHeaders = [
        (b"etag", etag.encode()),
        (b"cache-control", cache_control.encode()),
        (b"vary", b"Accept-Encoding"),
        (b"x-catalog-snapshot", snapshot_id.encode()),
        *(more or ()),
    ]
    if is_known(request.headers.getlist("if-none-match"), etag):
        return BytesResponse(304, headers, b"")
    headers += [
        (b"content-type", rendering.media_type.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    if coding:
        headers.append((b"content-encoding", coding.encode()))
    return BytesResponse(200, headers, body)


def cache_control(max_age_seconds: int, *, is_stale: bool) -> str:
    """Return how long an answer may be reused; a stale catalog is asked for again sooner."""
    max_age = min(max_age_seconds, STALE_MAX_AGE_SECONDS) if is_stale else max_age_seconds
    return (
        f"public, max-age={max_age}, stale-while-revalidate={STALE_WHILE_REVALIDATE_SECONDS}, "
        f"stale-if-error={STALE_IF_ERROR_SECONDS}"
    )


def is_known(if_none_match: Sequence[str], etag: str) -> bool:
    """Whether an If-None-Match, over all its lines, names an ETag; weak comparison (RFC 9110, 13.1.2)."""
    for line in if_none_match:
        for candidate in line.split(","):
            entity = candidate.strip()
            if entity == "*" or entity.removeprefix("W/") == etag:
                return True
    return False


def choose_coding(accept_encoding: Sequence[str], available: Iterable[str]) -> str | None:
    """Return the best coding that the caller accepts; None for the uncompressed form.

    Highest q-value first, then our own order. An explicit `identity` wins over codings that it is preferred to;
    when even identity is refused and nothing else fits, identity is sent all the same (RFC 9110, 12.5.3).
    """
    if not accept_encoding:
        return None
    weights: dict[str, float] = {}
    for part in ",".join(accept_encoding).split(","):
        name, _, parameters = part.strip().partition(";")
        weights[name.strip().lower()] = _weight(parameters)
    rest = weights.get("*", 0.0)
    identity = weights.get("identity", 0.0)
    have = set(available)
    best, best_weight = None, 0.0
    for coding in CODINGS:
        weight = weights.get(coding, rest)
        if coding in have and weight > best_weight:
            best, best_weight = coding, weight
    return None if identity > best_weight else best


def _weight(parameters: str) -> float:
    """Return a q-value; a malformed one counts as 1, as it would without."""
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 1.0
    return weight if 0.0 <= weight <= 1.0 else 1.0
