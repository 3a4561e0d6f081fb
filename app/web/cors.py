"""CORS for what may be read; the operator's routes are never opened to other sites."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.prepared import RawHeaders

# Browsers of other sites may read these of our headers.
EXPOSED = b"ETag, X-Catalog-Snapshot, X-Request-ID, X-Upstream-Stale, Content-Location, Retry-After"
_PREFLIGHT: RawHeaders = [
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", b"If-None-Match, X-Request-ID"),
    (b"access-control-max-age", b"86400"),
]


class CorsPolicy:
    """Which sites may read, as response headers."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._origins = frozenset(origins)
        self.is_open = "*" in self._origins
        exposed = (b"access-control-expose-headers", EXPOSED)
        self.static: RawHeaders = (
            [(b"access-control-allow-origin", b"*"), exposed] if self.is_open else [(b"vary", b"Origin")]
        )

    def headers_for(self, origin: str | None) -> RawHeaders:
        """Return what an answer to a site's request carries; the same for every site when all are allowed."""
        if self.is_open or origin is None or origin not in self._origins:
            return self.static
        allowed = (b"access-control-allow-origin", origin.encode("latin-1"))
        return [*self.static, allowed, (b"access-control-expose-headers", EXPOSED)]


def is_closed(scope: Scope) -> bool:
    """Whether a path is the operator's, behind a proxy's prefix or without; a model may well be named `refresh`."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")).rstrip("/") == "/refresh"


class ReadCors:
    """Adds the policy's headers to reads and answers preflights."""

    def __init__(self, app: ASGIApp, *, policy: CorsPolicy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or is_closed(scope):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        added = self._policy.headers_for(headers.get("origin"))
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await send({"type": "http.response.start", "status": 204, "headers": [*added, *_PREFLIGHT]})
            await send({"type": "http.response.body", "body": b""})
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, send_with_headers)
