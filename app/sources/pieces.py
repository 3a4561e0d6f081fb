"""Decode a long list document piece by piece, so that no single call holds the interpreter for long.

`orjson.loads` of 100,000 records (140 MB) stops every thread for more than a second; of a piece of 64 KiB, for a
quarter of a millisecond. The pieces are cut where one record ends and the next begins. The bytes `},{"id":` can't
stand inside a JSON text, because its quotes would be escaped there; should they stand inside a record after all, as
the seam of a nested list, the piece does not decode and the document is decoded whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

_HEAD = b'{"data":[{"id":'
_SEAM = b'},{"id":'
PIECE_BYTES = 65_536
MIN_BYTES = 2 * PIECE_BYTES


def decode_in_pieces(body: bytes | bytearray, each: Callable[[Any], Any]) -> dict[str, Any] | None:
    """Return the document as `orjson.loads` would, but for its records, which are what `each` makes of them.

    None when it is short or not of a shape that can be cut. That says nothing about whether the document is good:
    whoever gets None decodes the whole.
    """
    if len(body) < MIN_BYTES or not body.startswith(_HEAD):
        return None
    records: list[Any] = []
    start = len(_HEAD) - len(_SEAM) + 2
    try:
        while (seam := body.find(_SEAM, start + PIECE_BYTES)) >= 0:
            records += map(each, orjson.loads(b"[" + body[start : seam + 1] + b"]"))
            start = seam + 2
        document = orjson.loads(b'{"data":[' + body[start:])
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        return None
    records += map(each, document["data"])
    document["data"] = records
    return document
