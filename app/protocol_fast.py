"""Answers reads below ASGI, in a subclass of uvicorn's httptools protocol.

Clients that keep a connection alive send the same bytes again and again. The first time, uvicorn parses them and the
front says what the answer is, without a task and without ASGI; the bytes are remembered together with it. The next
time they arrive, whole and alone, one dictionary look-up finds the answer, and it is written without parsing.

Whatever is not that simple goes the ordinary way: pipelined or partial requests, an answer still being sent, a
reader that is slow, a limit on connections, HTTP/1.0, `Connection: close`, and whatever the front leaves to the
application. Requests with an id of their own are parsed each time.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.prepared import Prepared
from app.protocol_plain import ProblemProtocol, let_go
from app.registry import Registry
from app.tally import QUICK_SECONDS
from app.web.front import Front, Wishes
from app.web.middleware import AccessLog, new_request_id
from app.web.read import target_of
from app.wire import JOINED_BODY_BYTES, header_lines, status_line

# Longer requests are not worth remembering.
MAX_REQUEST_BYTES: Final = 2_048
_HEAD_END: Final = b"\r\n\r\n"
_READS: Final = frozenset({"GET", "HEAD"})
# Headers whose requests are answered one by one.
_OWN_WAY: Final = frozenset({b"x-request-id", b"expect", b"upgrade", b"content-length", b"transfer-encoding"})


class KnownRequestProtocol(ProblemProtocol):
    """uvicorn's protocol with a short cut for what the front can answer, and a shorter one for bytes it knows."""

    _front: Front
    _registry: Registry
    _access_log: AccessLog | None

    # Where a new connection begins; each has its own from the first change on.
    _is_in_message = _is_reading = _is_first_use = False
    _messages_begun = 0
    _begun: tuple[RequestResponseCycle, Any] | None = None
    _active_at = 0.0

    def connection_made(self, transport: Any) -> None:
        """Begin a connection and take over what each request needs: to find that on the class takes thrice as long."""
        super().connection_made(transport)
        self._registry, self._access_log = self._registry, self._access_log

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
                tally = answer.tally
                if seconds <= QUICK_SECONDS:
                    # As `count` does, in this place: a call would be 1 % of an answer.
                    tally.quick += 1
                    tally.sum_seconds += seconds
                else:
                    tally.count(seconds)
                if self._access_log is not None:
                    self._access_log(answer.method, answer.path, answer.status, seconds, request_id.decode())
                return
        self._pass_on(data, is_idle=is_idle)

    def _pass_on(self, data: bytes, *, is_idle: bool) -> None:
        self._messages_begun, self._is_first_use, self._is_reading = 0, False, True
        try:
            super().data_received(data)
        finally:
            self._is_reading = False
        begun, self._begun = self._begun, None
        is_one_whole_request = self._messages_begun == 1 and not self._is_in_message and self.parser is not None
        if begun is not None and not (is_one_whole_request and self._is_taken(*begun)):
            super()._start_asgi_task(*begun)
        if is_idle and is_one_whole_request and not self._is_first_use and len(data) <= MAX_REQUEST_BYTES:
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

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Wait until all that came is read: a request that stands alone may need no task."""
        if self._is_reading:
            self._begun = cycle, app
        else:
            super()._start_asgi_task(cycle, app)

    def _is_taken(self, cycle: RequestResponseCycle, app: Any) -> bool:
        """Let the front answer, now or when its turn comes; False when the application must see the request."""
        scope: Any = cycle.scope
        is_plain = scope["method"] in _READS and scope["http_version"] == "1.1" and cycle.keep_alive
        wishes = self._front.wishes(scope) if is_plain else None
        if wishes is None:
            return False
        started = perf_counter()
        target = target_of(scope)
        prepared = self._front.known(target)
        if prepared is not None:
            return self._answer(cycle, prepared, wishes, started)
        if self._front.question(scope, target) is None:
            return False
        self._is_first_use = True

        def make() -> None:
            if cycle.disconnected:
                # Whoever asks and goes away at once would have others wait behind him.
                let_go(cycle)
                return
            try:
                made = self._front.made(scope, target)
            except Exception:  # noqa: BLE001 - comes again in the application, which answers and logs it
                made = None
            if made is None or not self._answer(cycle, made, wishes, started):
                super(KnownRequestProtocol, self)._start_asgi_task(cycle, app)

        self._front.turns.do(make)
        return True

    def _answer(self, cycle: RequestResponseCycle, prepared: Prepared, wishes: Wishes, started: float) -> bool:
        """Write an answer; False where the connection isn't one that just goes on, which uvicorn sees to."""
        if not cycle.keep_alive or self.flow.write_paused or self.transport.is_closing():
            return False
        scope: Any = cycle.scope
        accept_encoding, if_none_match, request_id = wishes
        choice = prepared.choice(accept_encoding, if_none_match)
        body = choice.body(scope["method"])
        if body is None:
            return False
        block = choice.block or self._front.block(choice)
        begun = status_line(choice.status) + header_lines(self.server_state.default_headers)
        if len(body) < JOINED_BODY_BYTES:
            self.transport.write(b"".join((begun, block, request_id, _HEAD_END, body)))
        else:
            self.transport.writelines((b"".join((begun, block, request_id, _HEAD_END)), body))
        cycle.response_started = cycle.response_complete = True
        self.on_response_complete()
        let_go(cycle)
        self._front.took(scope, prepared, choice, perf_counter() - started, request_id)
        return True

    def _arm(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, unless a known request was answered meanwhile: none of these sets the timer anew."""
        left = self._active_at + self.timeout_keep_alive - perf_counter()
        if left > 0:
            self._arm(left)
        else:
            super().timeout_keep_alive_handler()
