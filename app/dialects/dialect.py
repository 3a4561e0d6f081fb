"""What a client's dialect is made of, and how it is spoken.

A dialect is a table of pure functions: `row` puts one model into the client's words, `flaw` holds the client's own
rules for a row, `document` puts the rows into the client's envelope, `document_flaw` holds the rules for that.
The rules read what the client would read, so they hold for a document that came over the network just as well.

A model that the client could not take is withheld from that dialect alone, with the reason. A document without rows,
or one that breaks the client's rules, is not spoken at all: `body` is None, and whoever serves it answers 503, so
that clients keep what they have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import orjson

from app.catalog.model import Model
from app.catalog.snapshot import Snapshot
from app.dialects.pieces import json_pieces, to_json

Row = Any
"""A row as Python values; money may be `Decimal`, which is written as a JSON number with every digit."""
Document = Any
"""A document as Python values; a row in it may be an `orjson.Fragment` of its bytes."""
JSON = "application/json"
T = TypeVar("T")


class UnfitError(Exception):
    """A model lacks what a dialect needs; the message says what, and names the value."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A model that a dialect leaves out, and why."""

    model_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a document says besides its rows.

    `litellm_base_map` is the cost map that ours is laid over; None when none is given. `said` keeps what several
    dialects say alike, by what makes it and the model's id, while they are spoken together, some 900 bytes each; None
    when they are not.
    """

    snapshot: Snapshot
    litellm_base_map: Mapping[str, Any] | None = None
    said: dict[tuple[Any, str], Any] | None = None

    def once(self, make: Callable[[Model, Context], T], model: Model) -> T:
        """Return what is made of a model, once for all dialects that are spoken together; to be read only."""
        if self.said is None:
            return make(model, self)
        key = (make, model.id)
        if key not in self.said:
            self.said[key] = make(model, self)
        made: T = self.said[key]
        return made


@dataclass(frozen=True, slots=True)
class Spoken:
    """A dialect's document, ready to serve.

    `count` is how many models it serves; `rows` holds their rows as JSON, by model id, in document order. `document` is
    None when there is none that the client could take, and `flaw` says why; or when it is not needed any more.
    """

    document: Document | None
    count: int
    rows: Mapping[str, bytes]
    withheld: tuple[Withheld, ...]
    flaw: str | None = None
    write: Callable[[Document], Iterable[bytes]] | None = None

    @property
    def is_served(self) -> bool:
        """Whether there is a document that the client can take."""
        return self.flaw is None

    @property
    def body(self) -> bytes | None:
        """The whole document as bytes, written each time."""
        return None if self.document is None else b"".join(self.pieces())

    def pieces(self) -> Iterable[bytes]:
        """Return the document piece by piece, so that writing it holds the interpreter only for moments."""
        return () if self.document is None else (self.write or json_pieces)(self.document)


def never_flawed(_value: Any) -> str | None:
    """Return None: the client has no rules here."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One document format.

    `row` raises UnfitError for a model that can't be said in it. `flaw` and `document_flaw` return what breaks the
    client, or None. `rows_in` finds the rows of a document that was read from JSON, with a name for each, and raises
    ValueError when the document is of another shape. `order` brings the models into the document's order; listed
    ones only are given. `write` turns the document into pieces of bytes. `summary` is a line for the API reference.
    """

    name: str
    path: str
    summary: str
    row: Callable[[Model, Context], Row]
    document: Callable[[Mapping[str, bytes], Context], Document]
    rows_in: Callable[[Any], Iterable[tuple[str, Any]]]
    flaw: Callable[[Row], str | None] = never_flawed
    document_flaw: Callable[[Document], str | None] = never_flawed
    order: Callable[[Snapshot], Iterable[Model]] | None = None
    media_type: str = JSON
    write: Callable[[Document], Iterable[bytes]] | None = None


def fragments(rows: Mapping[str, bytes]) -> Sequence[orjson.Fragment]:
    """Return rows that are JSON already, to stand in a document."""
    return [orjson.Fragment(row) for row in rows.values()]


def speak(dialect: Dialect, context: Context) -> Spoken:
    """Return the dialect's document of a snapshot; milliseconds for 400 models, so not on the event loop."""
    rows: dict[str, bytes] = {}
    withheld: list[Withheld] = []
    models = dialect.order(context.snapshot) if dialect.order else context.snapshot.models
    for model in models:
        if not model.is_listed:
            continue
        try:
            row = dialect.row(model, context)
        except UnfitError as error:
            withheld.append(Withheld(model.id, str(error)))
            continue
        flaw = dialect.flaw(row)
        if flaw is None:
            rows[model.id] = _row_bytes(row, model)
        else:
            withheld.append(Withheld(model.id, flaw))
    served = MappingProxyType(rows)
    if not rows:
        return Spoken(None, 0, served, tuple(withheld), "no model of the catalog fits this dialect")
    document = dialect.document(served, context)
    flaw = dialect.document_flaw(document)
    return Spoken(None if flaw else document, len(rows), served, tuple(withheld), flaw, dialect.write)


def _row_bytes(row: Row, model: Model) -> bytes:
    """Return a row as JSON; a mirrored record, which says the same byte by byte, lies in memory once."""
    written = to_json(row)
    return model.upstream.raw if model.upstream is not None and model.upstream.raw == written else written


def findings(dialect: Dialect, document: Any) -> tuple[int, tuple[Withheld, ...]]:
    """Return how many rows a document read from JSON has, and what would break the client, row by row.

    A flaw of the document itself stands under the name of the dialect.
    """
    found: list[Withheld] = []
    try:
        rows = list(dialect.rows_in(document))
    except ValueError as error:
        return 0, (Withheld(dialect.name, str(error)),)
    if (flaw := dialect.document_flaw(document)) is not None:
        found.append(Withheld(dialect.name, flaw))
    found += [Withheld(name, flaw) for name, row in rows if (flaw := dialect.flaw(row)) is not None]
    if not rows:
        found.append(Withheld(dialect.name, "the document holds no model"))
    return len(rows), tuple(found)
