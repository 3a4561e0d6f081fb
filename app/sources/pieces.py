"""Decode a long list document piece by piece, so that no single call holds the event loop for long.

`orjson.loads` of 100,000 records (140 MB) takes more than a second; of a piece of 8 KiB, 30 microseconds, and as much
again to pack its records. The pieces are cut where one record ends and the next begins. The bytes `},{"id":` can't
stand inside a JSON text, because its quotes would be escaped there; should they stand inside a record after all, as
the seam of a nested list, the piece does not decode and the document is decoded whole; so it is where no seam comes for
long, because such a step would be as long.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from typing import Any

import orjson

_HEAD = b'{"data":[{"id":'
_SEAM = b'},{"id":'
PIECE_BYTES = 8_192
MOST_BYTES = 16 * PIECE_BYTES
# What the last records stand under while they are decoded: whoever sends a second "data" must not add to the first.
_REST = secrets.token_hex(8)


def decode_in_pieces(
    body: bytes | bytearray, each: Callable[[Any], Any]
) -> Generator[None, None, dict[str, Any] | None]:
    """Return the document as `orjson.loads` would, but for its records, which are what `each` makes of them.

    Each step of the generator decodes a piece. None when the document is not of a shape that can be cut. That says
    nothing about whether it is good: whoever gets None decodes the whole.
    """
    if not body.startswith(_HEAD):
        return None
    records: list[Any] = []
    start = len(_HEAD) - len(_SEAM) + 2
    try:
        while (seam := body.find(_SEAM, start + PIECE_BYTES, start + MOST_BYTES)) >= 0:
            records += map(each, orjson.loads(b"[" + body[start : seam + 1] + b"]"))
            start = seam + 2
            yield
        if len(body) - start > MOST_BYTES:
            return None
        document = orjson.loads(f'{{"{_REST}":['.encode() + body[start:])
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get(_REST), list) or "data" in document:
        return None
    records += map(each, document.pop(_REST))
    return {"data": records, **document}
