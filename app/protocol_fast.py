"""Answers known requests below ASGI, in a subclass of uvicorn's httptools protocol.

Clients that keep a connection alive send the same bytes again and again. The first time, uvicorn parses them and
the application answers; when it was an answer that the front could have given, the bytes are remembered together
with it. The next time they arrive, whole and alone, one dictionary look-up finds the answer, and it is written
without parsing, without a task, without ASGI.

Whatever is not that simple goes the ordinary way: pipelined or partial requests, an answer still being sent, a
reader that is slow, a limit on connections, HTTP/1.0, `Connection: close`, a request id of the caller's own.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState

from app.protocol_plain import ProblemProtocol
from app.registry import Registry
from app.web.front import Front
from app.web.middleware import AccessLog, new_request_id
from app.wire import JOINED_BODY_BYTES

# Longer requests are not worth remembering.
MAX_REQUEST_BYTES: Final = 2_048
_HEAD_END: Final = b"\r\n\r\n"
_READS: Final = frozenset({"GET", "HEAD"})
# Headers whose requests are answered one by one.
_OWN_WAY: Final = frozenset({b"x-request-id", b"expect", b"upgrade", b"content-length", b"transfer-encoding"})


class KnownRequestProtocol(ProblemProtocol):
    """uvicorn's protocol, with a shortcut for requests whose very bytes are known."""

    _front: Front
    _registry: Registry
    _access_log: AccessLog | None

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._is_in_message = False
        self._messages_begun = 0
        self._active_at = 0.0

    def data_received(self, data: bytes) -> None:
        """Answer known bytes at once, hand anything else to uvicorn."""
        is_idle = not self._is_in_message and (self.cycle is None or self.cycle.response_complete)
        if is_idle and not self.flow.write_paused:
            published = self._registry.current
            answer = published.wire.get(data) if published is not None else None
            if answer is not None:
                started = perf_counter()
                answer.was_used = answer.target_use.was_used = True
                request_id = new_request_id()
                state = self.server_state
                server_headers = state.default_headers
                begun = answer.begun if answer.begun_with is server_headers else answer.begin(server_headers)
                body = answer.body
                if len(body) < JOINED_BODY_BYTES:
                    self.transport.write(b"".join((begun, request_id, _HEAD_END, body)))
                else:
                    self.transport.writelines((b"".join((begun, request_id, _HEAD_END)), body))
                state.total_requests += 1
                self._active_at = started
                if self.timeout_keep_alive_task is None:
                    self._arm(self.timeout_keep_alive)
                if answer.note is not None:
                    answer.note()
                seconds = perf_counter() - started
                answer.tally.count(seconds)
                if self._access_log is not None:
                    self._access_log(answer.method, answer.path, answer.status, seconds, request_id.decode())
                return
        self._pass_on(data, is_idle=is_idle)

    def _pass_on(self, data: bytes, *, is_idle: bool) -> None:
        self._messages_begun = 0
        super().data_received(data)
        is_one_whole_request = is_idle and self._messages_begun == 1 and not self._is_in_message
        if is_one_whole_request and len(data) <= MAX_REQUEST_BYTES and self.parser is not None:
            self._remember(data)

    def _remember(self, data: bytes) -> None:
        """Keep the answer to these bytes, if the front has one that depends on nothing else."""
        scope, published = self.scope, self._registry.current
        if published is None or scope["method"] not in _READS or scope["http_version"] != "1.1":
            return
        # The cycle knows whether the connection stays open; the parser has forgotten it by now.
        if any(name in _OWN_WAY for name, _ in scope["headers"]) or not self.cycle.keep_alive:
            return
        answer = self._front.wire_answer(dict(scope))
        if answer is not None:
            published.wire.put(bytes(data), answer)

    def on_message_begin(self) -> None:
        """Take note that the parser is in the middle of a request."""
        self._is_in_message = True
        self._messages_begun += 1
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Take note that the parser is between two requests."""
        self._is_in_message = False
        super().on_message_complete()

    def _arm(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, unless a known request was answered meanwhile: none of these sets the timer anew."""
        left = self._active_at + self.timeout_keep_alive - perf_counter()
        if left > 0:
            self._arm(left)
        else:
            super().timeout_keep_alive_handler()
