"""One pure ASGI layer around everything: request id, limits, security headers, metrics, access log.

`BaseHTTPMiddleware` would cost 124 microseconds and hide disconnects; this costs about one.
"""

from __future__ import annotations

import re
import secrets
import time
from binascii import hexlify
from collections.abc import Callable, Iterator
from itertools import chain, count
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.preferences import MAX_BYTES as MAX_PREFERENCES_BYTES
from app.tally import Tallies
from app.web.problems import Problem, defect, headers_too_large, problem_response, unknown_path
from app.web.user_paths import is_preferences

MAX_POST_BYTES: Final = 4_096
# Servers in front stop at 8 to 32 kB.
MAX_HEADER_BYTES: Final = 65_536
REQUEST_ID_MAX_CHARS: Final = 64
_SAFE_ID: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
# Nothing longer is allowed, and int() would choke on thousands of digits.
_LENGTH: Final = re.compile(r"[0-9]{1,9}")
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
log = structlog.get_logger("web")
access = structlog.get_logger("access")


class Telemetry:
    """Gives every request an id, measures it, and refuses what no route should see."""

    def __init__(self, app: ASGIApp, *, tallies: Tallies, access_log: AccessLog | None) -> None:
        self._app = app
        self._tallies = tallies
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = clean_request_id(headers.get("x-request-id")) or new_request_id().decode()
        scope["request_id"] = request_id
        started = time.perf_counter()
        status = 500
        has_started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, has_started
            if message["type"] == "http.response.start":
                has_started = True
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    *SECURITY_HEADERS,
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        path = scope["path"].removeprefix(scope.get("root_path", ""))
        max_body_bytes = MAX_PREFERENCES_BYTES if is_preferences(path) else MAX_POST_BYTES
        problem = refusal(scope["method"], scope["path"], headers, max_body_bytes)
        try:
            if problem is not None:
                await problem_response(problem, Request(scope))(scope, receive, send_with_headers)
            else:
                await self._app(scope, receive, send_with_headers)
        except Exception:
            # Answered and logged here: the outermost layer would do both without the request's id.
            log.exception("a request broke down", path=scope["path"][:500], request_id=request_id)
            if has_started:
                raise
            await problem_response(defect(request_id), Request(scope))(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - started
            self._tallies.of(getattr(scope.get("route"), "path", "unmatched")).count(status, seconds)
            if self._access_log is not None:
                self._access_log(scope["method"], scope["path"], status, seconds, request_id)


AccessLog = Callable[[str, str, int, float, str], None]
"""Takes method, path, status, seconds and request id."""


def log_access(method: str, path: str, status: int, seconds: float, request_id: str) -> None:
    """Write the access log's line of one request."""
    milliseconds = round(seconds * 1_000, 2)
    access.info(
        "request",
        method=method[:20],
        path=path[:500],
        status=status,
        milliseconds=milliseconds,
        request_id=request_id,
    )


def refusal(method: str, path: str, headers: Headers, max_body_bytes: int) -> Problem | None:
    """Return why a request is refused before any route sees it; None when it may go on."""
    if path.endswith("\n"):
        # Routes match a path as if this were not there; what goes by the path alone would see another one.
        return unknown_path(path)
    if sum(len(name) + len(value) for name, value in headers.raw) > MAX_HEADER_BYTES:
        return headers_too_large(MAX_HEADER_BYTES)
    length = headers.get("content-length", "0")
    if method in _READS:
        if "transfer-encoding" in headers or length != "0":
            return Problem(400, "unexpected-body", f"A {method} request takes no body; put the question in the URL.")
    elif "transfer-encoding" in headers or not _LENGTH.fullmatch(length) or int(length) > max_body_bytes:
        return Problem(
            413, "body-too-large", f"A body may have at most {max_body_bytes} bytes and must say its length."
        )
    return None


def clean_request_id(given: str | None) -> str | None:
    """Return the caller's request id if it is short and harmless."""
    if given and len(given) <= REQUEST_ID_MAX_CHARS and _SAFE_ID.issuperset(given):
        return given
    return None


def _with_each_last_byte(number: int) -> Iterator[bytes]:
    return map(hexlify(number.to_bytes(7, "big")).__add__, _LAST_BYTES)


_LAST_BYTES: Final = tuple(b"%02x" % number for number in range(256))
# Ids that no other request of this process has, and hardly one of another. Each answer needs one, and to write out a
# whole number for it would take 1 % of it: so 256 share what comes before their last byte.
_REQUEST_IDS: Final = chain.from_iterable(map(_with_each_last_byte, count(secrets.randbits(32) << 24)))
new_request_id: Final = _REQUEST_IDS.__next__
"""Return an id for a request: 16 hexadecimal digits."""
