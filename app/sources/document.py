"""From bytes to records: a strict JSON decoder and the envelope that OpenRouter wraps its list in.

Only the envelope is checked here. What a record holds is for `app/catalog` to judge, one record at a time.
Duplicate keys inside an object are legal JSON; the last one counts.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import orjson

from app.catalog.model import Record
from app.catalog.packed import Packed
from app.gradual import at_once
from app.sources.pieces import decode_in_pieces
from app.sources.protocol import Failure, SourceError

EXCERPT_CHARACTERS = 60


Document = dict[str, Any]
"""A list document whose records are packed."""


def records_of(body: bytes | bytearray, subject: str = "the document") -> tuple[tuple[Record, ...], str | None]:
    """Return the records of a list document and the link to its next page, None when there is none.

    `subject` names the document in messages. Raises SourceError.
    """
    document = at_once(document_in_pieces(body))
    return content_of(whole_document(body, subject) if document is None else document, subject)


def document_in_pieces(body: bytes | bytearray) -> Generator[None, None, Document | None]:
    """Return the document, decoded in short steps; None when only `whole_document` can tell what it is."""
    return decode_in_pieces(body, _packed)


def whole_document(body: bytes | bytearray, subject: str) -> Document:
    """Return the document, decoded in one call: for 100,000 records a second and more. Raises SourceError."""
    if not body or body.isspace():
        raise SourceError(Failure.NOT_JSON, f"{subject} is empty; expected a JSON object with a list under 'data'")
    document = _decode(body, subject)
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        raise SourceError(
            Failure.NOT_A_CATALOG,
            f"{subject} is not a model list: expected an object with a list under 'data', got {_shape(document)}",
        )
    return {**document, "data": list(map(_packed, document["data"]))}


def content_of(document: Document, subject: str) -> tuple[tuple[Record, ...], str | None]:
    """Return the records of a document and the link to its next page, None when there is none.

    An item that was not an object, or was nested too deep to be written again, is a record without an id, so that it
    is quarantined and counted like any other unreadable record. Raises SourceError.
    """
    if not document["data"]:
        raise SourceError(Failure.NOT_A_CATALOG, f"{subject} lists no models at all; 'data' is an empty list")
    return tuple(document["data"]), _next_link(document, subject)


def _packed(item: Any) -> Record:
    if not isinstance(item, dict):
        return {"unreadable": excerpt(repr(item))}
    try:
        # Copied once, because orjson leaves its buffer at its full size.
        return Packed(bytes(memoryview(orjson.dumps(item))), orjson.loads)
    except orjson.JSONEncodeError:
        # orjson reads 1,024 lists within lists and writes 254; Python's own repr would fail, too.
        return {"unreadable": "lists or objects within one another, too deep"}


def excerpt(text: str, limit: int = EXCERPT_CHARACTERS) -> str:
    """Return the start of a foreign text, safe to print: nothing invisible, no line breaks, no escapes."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:limit])
    return f"{shown}..." if len(text) > limit else shown


def _decode(body: bytes | bytearray, subject: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # A body that was cut off and had no length to betray it fails exactly at its end, and nowhere else.
        # (For a body that is not UTF-8, orjson gives no text and position 0.)
        is_cut = 0 < len(error.doc) <= error.pos
        kind = Failure.TRUNCATED if is_cut else Failure.NOT_JSON
        start = excerpt(body[: 4 * EXCERPT_CHARACTERS].decode("utf-8", "replace").strip())
        what = "ends too early" if is_cut else "is not JSON"
        raise SourceError(kind, f"{subject} {what} ({excerpt(error.msg)}); it starts with: {start}") from None


def _next_link(document: dict[str, Any], subject: str) -> str | None:
    links = document.get("links")
    link = links.get("next") if isinstance(links, dict) else links
    if link is None or link == "":
        return None
    if not isinstance(link, str):
        # Going on as if this were the last page could lose most of the catalog without a sign.
        raise SourceError(
            Failure.NOT_A_CATALOG,
            f"{subject} has a 'links.next' that is neither text nor null: {excerpt(repr(link))}",
        )
    return link


def _shape(document: object) -> str:
    if isinstance(document, dict):
        if "data" in document:
            return f"an object whose 'data' is {_type_name(document['data'])}"
        keys = ", ".join(map(str, document))
        return f"an object with the keys: {excerpt(keys)}" if keys else "an empty object"
    return f"{_type_name(document)}: {excerpt(repr(document))}"


def _type_name(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
