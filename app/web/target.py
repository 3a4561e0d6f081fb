"""Read the query string strictly: a malformed escape is the caller's slip and is said so."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from app.web.problems import Problem

MAX_QUERY_BYTES = 16_384
# The parts of longer queries are read each time, so that nobody can fill the memory with them.
MAX_REMEMBERED_BYTES = 512
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")

# Nothing to decode; most queries are so.
_PLAIN = re.compile(rb"[A-Za-z0-9_.~,:/&=-]*")


def read_pairs(query_string: bytes) -> tuple[tuple[str, str], ...]:
    """Return the decoded names and values in their order; raises Problem 400 or 414."""
    if not query_string:
        return ()
    if len(query_string) > MAX_QUERY_BYTES:
        detail = f"The query has {len(query_string)} bytes, at most {MAX_QUERY_BYTES} are read."
        raise Problem(414, "query-too-long", detail)
    if _PLAIN.fullmatch(query_string):
        parts = query_string.decode("ascii").split("&")
        read = _plain_pair if len(query_string) <= MAX_REMEMBERED_BYTES else _plain_pair.__wrapped__
        return tuple([read(part) for part in parts if part])
    bad = _BAD_ESCAPE.search(query_string)
    if bad:
        shown = query_string[bad.start() : bad.start() + 3].decode("latin-1")
        raise Problem(400, "malformed-query", f"{shown!r} is not a percent escape; write a plain % as %25.")
    pairs = []
    for part in query_string.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            pairs.append((_decoded(name), _decoded(value)))
    return tuple(pairs)


# The same few filters come again and again, with whatever is searched for.
@lru_cache(2_048)
def _plain_pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name, value


def _decoded(raw: bytes) -> str:
    try:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(400, "malformed-query", "The query is not UTF-8 behind its percent escapes.") from None
