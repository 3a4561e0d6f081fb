"""How a snapshot lies in a store: lines of JSON, compressed with zstd; the head first, then a model a line.

Lines, so that neither writing nor reading holds the interpreter for long, however many models there are.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import orjson
import zstandard

from app.catalog.codec import head_to_plain, model_to_plain, snapshot_from_plain
from app.catalog.model import Model
from app.catalog.packed import Packed
from app.catalog.snapshot import Snapshot
from app.store.protocol import Stored

_LEVEL = 3
_MODELS_AT_ONCE = 64
# What values of another shape make of the code that reads them.
_UNREADABLE = (
    zstandard.ZstdError,
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    StopIteration,
    TypeError,
    ValueError,
)


class EnvelopeError(Exception):
    """A payload is not one that this version wrote; the message says why."""


def seal(snapshot: Snapshot) -> Stored:
    """Return what a store keeps of a snapshot; takes long for a large one, so not on the event loop."""
    compressor = zstandard.ZstdCompressor(level=_LEVEL).compressobj()
    pieces = [compressor.compress(_line(head_to_plain(snapshot)))]
    pieces += [compressor.compress(lines) for lines in _lines_of(iter(snapshot.models))]
    pieces.append(compressor.flush())
    return Stored(snapshot.generation, snapshot.id, b"".join(pieces))


def _lines_of(models: Iterator[Model]) -> Iterator[bytes]:
    while some := list(islice(models, _MODELS_AT_ONCE)):
        lines = (_line(model_to_plain(model)) for model in some)
        yield b"".join(lines)


def _line(plain: Mapping[str, Any]) -> bytes:
    return orjson.dumps(plain, default=_as_it_is, option=orjson.OPT_APPEND_NEWLINE)


def _as_it_is(value: Any) -> orjson.Fragment:
    if isinstance(value, Packed):
        return orjson.Fragment(value.raw)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def unseal(stored: Stored) -> Snapshot:
    """Return the snapshot of a payload.

    Raises EnvelopeError when the payload is damaged or of another shape.
    """
    try:
        lines = _decoded(stored.payload)
        head = next(lines)
        head["withheld"] = {model_id: _packed(record) for model_id, record in head["withheld"].items()}
        snapshot = snapshot_from_plain(head, map(_with_packed_record, lines))
        if len(snapshot.models) != head["models"]:
            raise ValueError(f"{len(snapshot.models)} of {head['models']} models are there")
        if snapshot.generation != stored.generation:
            raise ValueError(f"it says that it is generation {snapshot.generation}")
        return snapshot
    except _UNREADABLE as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise EnvelopeError(f"stored generation {stored.generation} can't be read ({reason})") from error


def _with_packed_record(plain: dict[str, Any]) -> dict[str, Any]:
    return {**plain, "upstream": _packed(plain["upstream"])} if "upstream" in plain else plain


def _packed(record: Any) -> Packed:
    if not isinstance(record, dict):
        raise TypeError(f"an upstream record is {type(record).__name__}, not an object")
    # Copied once, because orjson leaves its buffer at its full size.
    return Packed(bytes(memoryview(orjson.dumps(record))), orjson.loads)


def _decoded(payload: bytes) -> Iterator[Any]:
    with zstandard.ZstdDecompressor().stream_reader(payload) as reader, io.BufferedReader(reader) as lines:
        for line in lines:
            yield orjson.loads(line)
