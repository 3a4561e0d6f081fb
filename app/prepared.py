"""Answers ready to send: a rendering with every header block that it may go out with.

Everything that a reader can ask is a pure function of the published snapshot and the request target, so an answer
is prepared once and then only chosen: by Accept-Encoding and If-None-Match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from app.catalog.steps import LONG_BYTES
from app.negotiation import accepts, choose_coding, is_known, weights_of
from app.rendering import CODINGS, Parts, Rendering
from app.tally import RouteTally, StatusTally

RawHeaders = list[tuple[bytes, bytes]]
# How many choices an answer remembers: what the hot ones are asked with, and, as anybody can have a thousand answers
# kept, few for any other.
MAX_CHOICES_PINNED = 64
MAX_CHOICES_KEPT = 8
# What clients really send is shorter; longer ones are weighed each time, so that they can't fill the memory.
MAX_CHOICE_BYTES = 256
# Header blocks, and as many choices as are kept.
_BASE_BYTES = 8_192
# One more spelling of an answer that is there for good.
_SPELLING_BYTES = 1_024


class Use:
    """Whether an answer was asked for again since somebody last looked; whatever gives it shares this one mark."""

    __slots__ = ("was_used",)

    def __init__(self) -> None:
        self.was_used = False


class Form:
    """One form of an answer, plain or in one coding: the body and the header blocks of a 200 and of a 304.

    A form that is not made yet has no body, and is good for a 304 alone.
    `body` is None where it is only kept compressed: `whole` gives it and keeps it from then on, `pieces` give one that
    is too long to be kept.
    """

    __slots__ = ("_parts", "_rendering", "body", "coding", "etag", "headers", "headers_304")

    def __init__(self, rendering: Rendering, coding: str | None, more: RawHeaders) -> None:
        self.coding = coding
        self._rendering = rendering
        made = rendering.encoded.get(coding, b"") if coding else rendering.kept
        self._parts = made.parts if isinstance(made, Parts) else None
        self.body: bytes | None = None if isinstance(made, Parts) else made
        self.etag = f'"{rendering.digest}-{coding}"' if coding else f'"{rendering.digest}"'
        self.headers_304: RawHeaders = [(b"etag", self.etag.encode()), (b"vary", b"Accept-Encoding"), *more]
        self.headers: RawHeaders = [
            *self.headers_304,
            (b"content-type", rendering.media_type.encode()),
            (b"content-length", str(rendering.length if made is None else len(made)).encode()),
        ]
        if coding:
            self.headers.append((b"content-encoding", coding.encode()))

    def whole(self) -> bytes | None:
        """Return the body; None for one that only comes in pieces."""
        if self.body is None and self._parts is None and self._rendering.length < LONG_BYTES:
            self.body = self._rendering.body
        return self.body

    def pieces(self) -> Iterator[bytes]:
        """Return the body piece by piece."""
        if self.body is not None:
            return iter((self.body,))
        return self._rendering.pieces() if self._parts is None else iter(self._parts)


class Choice:
    """What one way of asking is answered with: the status, the form, and the tally of the route and the status.

    `sealed` is for whoever answers ahead of the application: the header block with everything that its layers would
    have added, and `block` the same as it goes over the wire; None until then.
    """

    __slots__ = ("block", "form", "sealed", "status", "tally")

    def __init__(self, status: int, form: Form, tally: StatusTally) -> None:
        self.status = status
        self.form = form
        self.tally = tally
        self.sealed: RawHeaders | None = None
        self.block: bytes | None = None

    @property
    def headers(self) -> RawHeaders:
        """The answer's own headers."""
        return self.form.headers_304 if self.status == 304 else self.form.headers

    def body(self, method: str) -> bytes | None:
        """Return what follows the headers, nothing for a HEAD or a 304; None for what only comes in pieces."""
        if self.status == 304 or method == "HEAD":
            return b""
        return self.form.body or self.form.whole()


_NO_CHOICES: Final[Mapping[tuple[bytes, bytes], Choice]] = {}


class Prepared:
    """One answer, in all its forms; these may grow once, when the compressed ones are there.

    `note` is called each time that it is given, `tally` counts the requests of its route. `use` is marked by
    whoever gives it again; the first time does not count. `is_pinned` says that it lives as long as the snapshot,
    `is_waiting` that its compressed forms are not made yet.

    Most answers are never asked for again, and Python's cycle collector looks at every object that stays: so what
    follows from the rendering is made anew until then, and kept from then on.
    """

    __slots__ = (
        "_choices",
        "_forms",
        "_more",
        "is_being_compressed",
        "is_pinned",
        "is_waiting",
        "note",
        "rendering",
        "tally",
        "use",
    )

    def __init__(
        self, rendering: Rendering, tally: RouteTally, more: RawHeaders, note: Callable[[], None] | None = None
    ) -> None:
        self.tally = tally
        self.note = note
        self.use = Use()
        self.is_being_compressed = False
        self.is_pinned = False
        self._more = more
        self.adopt(rendering)

    def adopt(self, rendering: Rendering) -> None:
        """Take over a rendering of the same body with more forms."""
        self.rendering = rendering
        self.is_waiting = rendering.is_compressible
        self._forms: Mapping[str | None, Form] | None = None
        self._choices: Mapping[tuple[bytes, bytes], Choice] = _NO_CHOICES

    @property
    def was_used(self) -> bool:
        """Whether it was asked for again since this was last set to False."""
        return self.use.was_used

    @was_used.setter
    def was_used(self, was_used: bool) -> None:
        self.use.was_used = was_used

    @property
    def size_bytes(self) -> int:
        """What it takes in memory, but for small change; another spelling of a pinned answer takes next to nothing."""
        if self.is_pinned:
            return _SPELLING_BYTES
        return _BASE_BYTES + len(self.rendering.kept or b"") + sum(map(len, self.rendering.encoded.values()))

    def form(self, accept_encoding: bytes) -> Form:
        """Return the best form for an Accept-Encoding header; empty stands for none."""
        return self._all_forms()[self._coding(accept_encoding)]

    def is_settled_for(self, accept_encoding: bytes) -> bool:
        """Whether compressed forms that are not made yet would change nothing for such an Accept-Encoding header."""
        return not self.is_waiting or choose_coding(accept_encoding.decode("latin-1"), CODINGS) is None

    def _coding(self, accept_encoding: bytes) -> str | None:
        return choose_coding(accept_encoding.decode("latin-1"), self.rendering.encoded) if accept_encoding else None

    def _all_forms(self) -> Mapping[str | None, Form]:
        if self._forms is not None:
            return self._forms
        rendering = self.rendering
        forms: dict[str | None, Form] = {None: Form(rendering, None, self._more)}
        if rendering.encoded:
            forms |= {c: Form(rendering, c, self._more) for c in CODINGS if c in rendering.encoded}
        if self._is_asked_again:
            self._forms = forms
        return forms

    @property
    def _is_asked_again(self) -> bool:
        return self.is_pinned or self.use.was_used

    def choice(self, accept_encoding: bytes, if_none_match: bytes) -> Choice:
        """Return what answers a GET or HEAD with these headers; several lines of one are joined by commas."""
        asked = (accept_encoding, if_none_match)
        try:
            return self._choices[asked]
        except KeyError:
            forms = self._all_forms()
        best = forms[self._coding(accept_encoding)]
        known = self._known_form(forms, best, accept_encoding, if_none_match) if if_none_match else None
        status = 200 if known is None else 304
        choice = Choice(status, known or best, self.tally.of(status))
        # A form that is not made yet will be made soon, so that nothing is to be remembered of it.
        is_lasting = known is None or known.coding in forms
        is_short = len(accept_encoding) + len(if_none_match) <= MAX_CHOICE_BYTES
        if self._is_asked_again and is_lasting and is_short and len(self._choices) < self._most_choices:
            self._choices = {**self._choices, asked: choice}
        return choice

    @property
    def _most_choices(self) -> int:
        return MAX_CHOICES_PINNED if self.is_pinned else MAX_CHOICES_KEPT

    def _known_form(
        self, forms: Mapping[str | None, Form], best: Form, accept_encoding: bytes, if_none_match: bytes
    ) -> Form | None:
        """Return the form that the caller already has and would accept; None when there is none."""
        if is_known(if_none_match, best.etag):
            return best
        weights = weights_of(accept_encoding.decode("latin-1"))
        for form in forms.values():
            if accepts(weights, form.coding) and is_known(if_none_match, form.etag):
                return form
        # What a sibling, or this process before its restart, gave out compressed is the same answer.
        for coding in CODINGS:
            if coding not in forms and accepts(weights, coding):
                unmade = Form(self.rendering, coding, self._more)
                if is_known(if_none_match, unmade.etag):
                    return unmade
        return None
