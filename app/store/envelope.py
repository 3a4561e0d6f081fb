"""How a snapshot lies in a store: JSON, compressed with zstd."""

from __future__ import annotations

import orjson
import zstandard

from app.catalog.codec import snapshot_from_plain, snapshot_to_plain
from app.catalog.snapshot import Snapshot
from app.store.protocol import Stored

MAX_DECODED_BYTES = 2 * 1024**3
_LEVEL = 3


class EnvelopeError(Exception):
    """A payload is not one that this version wrote; the message says why."""


def seal(snapshot: Snapshot) -> Stored:
    """Return what a store keeps of a snapshot."""
    body = orjson.dumps(snapshot_to_plain(snapshot))
    return Stored(snapshot.generation, snapshot.id, zstandard.ZstdCompressor(level=_LEVEL).compress(body))


def unseal(stored: Stored) -> Snapshot:
    """Return the snapshot of a payload.

    Raises EnvelopeError when the payload is damaged or of another shape.
    """
    try:
        body = zstandard.ZstdDecompressor().decompress(stored.payload, max_output_size=MAX_DECODED_BYTES)
        return snapshot_from_plain(orjson.loads(body))
    except (zstandard.ZstdError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise EnvelopeError(f"stored generation {stored.generation} can't be read ({reason})") from error
