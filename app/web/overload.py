"""What is answered in place of the application while there are more connections than LIMIT_CONCURRENCY allows."""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from app.clock import Clock
from app.web.problems import Problem, problem_response

log = structlog.get_logger("web")
# Who is overrun needs to know it, not a line for each that comes.
TOLD_EVERY_SECONDS = 60.0
_RETRY_AFTER = {"Retry-After": "1"}


class Overload:
    """An ASGI application that answers 503, and logs when it begins and once a minute while it goes on."""

    def __init__(self, clock: Clock, most_connections: int | None) -> None:
        self._clock = clock
        self._most_connections = most_connections
        self._told_at: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse one request."""
        now = self._clock.monotonic()
        if self._told_at is None or now - self._told_at >= TOLD_EVERY_SECONDS:
            self._told_at = now
            log.warning("too many connections; new ones get 503", limit_concurrency=self._most_connections)
        detail = "There are too many connections to this process; ask again soon, and keep a connection that you have."
        problem = Problem(503, "overloaded", detail, headers=_RETRY_AFTER)
        await problem_response(problem, Request(scope))(scope, receive, send)
