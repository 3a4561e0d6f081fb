"""Answers known targets ahead of FastAPI: one dictionary look-up, a choice of form, two messages.

Only what is prepared and needs no thought is answered here: GET and HEAD of a target that was rendered before.
Everything else, and everything odd (a body on a GET, a site that the CORS policy must weigh), goes on to the
application unchanged. A test sends thousands of requests both ways and compares status, headers and body.
"""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from app.catalog.errors import QueryError
from app.prepared import Choice, Prepared, RawHeaders
from app.web.at_least import names_snapshot
from app.web.cors import CorsPolicy
from app.web.lists import LISTS
from app.web.middleware import SECURITY_HEADERS, AccessLog, clean_request_id, new_request_id
from app.web.one_model import named_exactly, question_about
from app.web.problems import Problem
from app.web.read import INLINE_MODELS, Question, prepare, target_of, used_again
from app.web.serving import Serving
from app.web.turns import Turns
from app.wire import WireAnswer, header_lines

_READS: Final = frozenset({"GET", "HEAD"})
_ASKED: Final = frozenset({b"accept-encoding", b"if-none-match", b"x-request-id"})
# What a read has no use for, or what changes how it must be answered.
_ODD: Final = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
# More than this, all headers together, is for the application to judge.
MAX_HEADER_BYTES: Final = 8_192


Wishes = tuple[bytes, bytes, bytes]
"""Accept-Encoding and If-None-Match, empty for none, and the request's id."""


class Front:
    """An ASGI application in front of another."""

    def __init__(self, app: ASGIApp, *, serving: Serving, cors: CorsPolicy, access_log: AccessLog | None) -> None:
        self._app = app
        self._serving = serving
        self._registry = serving.registry
        self._questions = {path.encode(): question(serving) for path, question in LISTS.items()}
        self._weighed = _ASKED | _ODD if cors.is_open else _ASKED | _ODD | {b"origin"}
        self._static: RawHeaders = [*cors.static, *SECURITY_HEADERS]
        self._static_block = header_lines(self._static) + b"x-request-id: "
        self._access_log = access_log
        self.turns = Turns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or pass it on."""
        if scope["type"] != "http" or scope["method"] not in _READS or (wishes := self.wishes(scope)) is None:
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        target = target_of(scope)
        prepared = self.known(target)
        if prepared is None and self.question(scope, target) is not None:
            prepared = await self.turns.result(partial(self.made, scope, target))
        if prepared is None:
            await self._app(scope, receive, send)
            return
        accept_encoding, if_none_match, request_id = wishes
        choice = prepared.choice(accept_encoding, if_none_match)
        body = choice.body(scope["method"])
        if body is None:
            # So long that it is unfolded piece by piece while it is sent.
            await self._app(scope, receive, send)
            return
        headers = [*(choice.sealed or self._seal(choice)), (b"x-request-id", request_id)]
        await send({"type": "http.response.start", "status": choice.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        # As `took` does, in this place: a call more is 2 % of an answer.
        if prepared.note is not None:
            prepared.note()
        seconds = perf_counter() - started
        choice.tally.count(seconds)
        if self._access_log is not None:
            self._access_log(scope["method"], scope["path"], choice.status, seconds, request_id.decode())

    def took(self, scope: Scope, prepared: Prepared, choice: Choice, seconds: float, request_id: bytes) -> None:
        """Count and log an answer that was given."""
        if prepared.note is not None:
            prepared.note()
        choice.tally.count(seconds)
        if self._access_log is not None:
            self._access_log(scope["method"], scope["path"], choice.status, seconds, request_id.decode())

    def wire_answer(self, scope: Scope) -> WireAnswer | None:
        """Return what a request is answered with, ready for the wire; None when the application must see it.

        None, too, where the answer will be another one once its compressed forms are made.
        """
        prepared = self.prepared_for(scope)
        wishes = self.wishes(scope)
        if prepared is None or wishes is None or not prepared.is_settled_for(wishes[0]):
            return None
        choice = prepared.choice(wishes[0], wishes[1])
        body = choice.body(scope["method"])
        if body is None:
            return None
        return WireAnswer(
            prepared,
            status=choice.status,
            head=choice.block or self.block(choice),
            body=body,
            method=scope["method"],
            path=scope["path"],
        )

    def known(self, target: bytes) -> Prepared | None:
        """Return the answer to a target that was asked for before; None where there is none."""
        published = self._registry.current
        prepared = None if published is None else published.targets.get(target)
        if published is not None and prepared is not None:
            if prepared.is_waiting:
                used_again(self._serving, published, target, prepared)
            else:
                prepared.use.was_used = True
        return prepared

    def question(self, scope: Scope, target: bytes) -> Question | None:
        """Return the question of a target that can be answered here and now; None when the application must see it."""
        published = self._registry.current
        if published is None or len(published.rows) > INLINE_MODELS or names_snapshot(scope["query_string"]):
            return None
        path = target.partition(b"?")[0]
        question = self._questions.get(path)
        if question is None and (model := named_exactly(published, path)) is not None:
            question = question_about(self._serving, model, scope.get("root_path", ""))
        return question

    def made(self, scope: Scope, target: bytes) -> Prepared | None:
        """Return the answer to a question, new unless somebody else asked it meanwhile.

        None when the application must see to it: what is wrong with a query, it says. The question is read anew:
        another catalog may be served by now.
        """
        known, published = self.known(target), self._registry.current
        if known is not None or published is None or (question := self.question(scope, target)) is None:
            return known
        try:
            return prepare(self._serving, published, target, scope["query_string"], question)
        except (QueryError, Problem):
            return None

    def wishes(self, scope: Scope) -> Wishes | None:
        """Return what a request wishes; None when something is odd, which the application must see."""
        accept_encoding = if_none_match = b""
        request_id: bytes | None = None
        size = 0
        for name, value in scope["headers"]:
            size += len(name) + len(value)
            if name not in self._weighed:
                continue
            if name == b"accept-encoding":
                accept_encoding = accept_encoding + b"," + value if accept_encoding else value
            elif name == b"if-none-match":
                if_none_match = if_none_match + b"," + value if if_none_match else value
            elif name != b"x-request-id":
                return None
            elif request_id is None:
                # Of several lines the first counts, as it does further in.
                request_id = value
        if size > MAX_HEADER_BYTES:
            return None
        given = clean_request_id(request_id.decode("latin-1")) if request_id else None
        return accept_encoding, if_none_match, given.encode() if given else new_request_id()

    def prepared_for(self, scope: Scope) -> Prepared | None:
        """Return the prepared answer of a read; None when the application must see to it."""
        published = self._registry.current
        if published is None or scope["method"] not in _READS:
            return None
        return published.targets.get(target_of(scope))

    def _seal(self, choice: Choice) -> RawHeaders:
        """Return the whole header block of an answer, but for the request's own id, and keep it."""
        choice.sealed = block = [*choice.headers, *self._static]
        return block

    def block(self, choice: Choice) -> bytes:
        """Return the same block as it goes over the wire, up to where the request's id follows, and keep it."""
        choice.block = header_lines(choice.headers) + self._static_block
        return choice.block
