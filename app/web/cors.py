"""CORS: the catalog is open to the sites of one list, preferences to those of another, the operator's route to none."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.prepared import RawHeaders
from app.web.user_paths import METHODS, is_preferences

# Browsers of other sites may read these of our headers.
EXPOSED = b"ETag, X-Catalog-Snapshot, X-Request-ID, X-Upstream-Age, X-Upstream-Stale, Content-Location, Retry-After"
_READS: RawHeaders = [
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", b"If-None-Match, X-Request-ID"),
    (b"access-control-max-age", b"86400"),
]
# A shorter age than that of reads: whoever is taken off the list should be off soon.
_PREFERENCES: RawHeaders = [
    (b"access-control-allow-methods", METHODS.encode()),
    (b"access-control-allow-headers", b"Authorization, Content-Type, If-Match, If-None-Match, X-Request-ID"),
    (b"access-control-max-age", b"600"),
]


class CorsPolicy:
    """Which sites may do what, as response headers."""

    def __init__(self, origins: tuple[str, ...], preflight: RawHeaders | None = None) -> None:
        self._origins = frozenset(origins)
        self.preflight = _READS if preflight is None else preflight
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

    def allows(self, origin: str | None) -> bool:
        """Whether pages of a site may."""
        return self.is_open or origin in self._origins


class Cors:
    """Adds the policies' headers to answers, and answers preflights."""

    def __init__(self, app: ASGIApp, *, reads: CorsPolicy, preferences: tuple[str, ...]) -> None:
        self._app = app
        self._reads = reads
        self._preferences = CorsPolicy(preferences, _PREFERENCES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        policy = self._policy_of(scope) if scope["type"] == "http" else None
        if policy is None:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        added = policy.headers_for(origin)
        is_preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        # Whether a site may read the catalog, its pages find out anyway; preferences tell strangers nothing.
        if is_preflight and (policy is self._reads or policy.allows(origin)):
            await send({"type": "http.response.start", "status": 204, "headers": [*added, *policy.preflight]})
            await send({"type": "http.response.body", "body": b""})
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _policy_of(self, scope: Scope) -> CorsPolicy | None:
        """Return the policy of a path, behind a proxy's prefix or without; a model may well be named `refresh`."""
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        if path.rstrip("/") == "/refresh":
            return None
        return self._preferences if is_preferences(path) else self._reads
