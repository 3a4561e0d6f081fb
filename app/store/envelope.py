"""How a snapshot lies in a store: lines of JSON, compressed with zstd; the head first, then a model a line.

Lines, so that neither writing nor reading holds the interpreter for long, however many models there are.
"""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any

import orjson
import zstandard

from app.catalog.codec import head_to_plain, model_from_plain, model_to_plain, snapshot_from_plain
from app.catalog.model import Model
from app.catalog.packed import Packed
from app.catalog.snapshot import Snapshot
from app.catalog.steps import runs_of
from app.store.protocol import Stored

_LEVEL = 3
_MODELS_AT_ONCE = 64
MODELS_PER_FRAME = 16
FRAMED_FROM_MODELS = 2_000
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
    """Return what a store keeps of a snapshot; takes long for a large one, so not on the event loop.

    Of many models, some at a time are a zstd frame of their own, and the head says how long each is: whoever needs
    one model reads only those.
    """
    head = head_to_plain(snapshot)
    if len(snapshot.models) <= FRAMED_FROM_MODELS:
        compressor = zstandard.ZstdCompressor(level=_LEVEL).compressobj()
        pieces = [compressor.compress(_line(head))]
        pieces += [compressor.compress(_lines(some)) for some in runs_of(snapshot.models, _MODELS_AT_ONCE)]
        return Stored(snapshot.generation, snapshot.id, b"".join([*pieces, compressor.flush()]))
    whole = zstandard.ZstdCompressor(level=_LEVEL)
    frames = [whole.compress(_lines(some)) for some in runs_of(snapshot.models, MODELS_PER_FRAME)]
    head["frames"] = [len(frame) for frame in frames]
    return Stored(snapshot.generation, snapshot.id, b"".join([whole.compress(_line(head)), *frames]))


def frame_ends(stored: Stored) -> array[int]:
    """Return where each frame of a payload of many models ends, the head first.

    Raises EnvelopeError when it has none.
    """
    try:
        head = next(_decoded(stored.payload))
        lengths = array("Q", head["frames"])
        return array("Q", accumulate(lengths, initial=len(stored.payload) - sum(lengths)))
    except _UNREADABLE as error:
        raise EnvelopeError(f"stored generation {stored.generation} has no frames ({error!r})"[:200]) from error


def models_in(frame: bytes | memoryview) -> tuple[Model, ...]:
    """Return the models of one frame."""
    lines = zstandard.ZstdDecompressor().decompress(frame).splitlines()
    return tuple(model_from_plain(_with_packed_record(orjson.loads(line))) for line in lines)


def _lines(models: Iterable[Model]) -> bytes:
    return b"".join(_line(model_to_plain(model)) for model in models)


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
    with (
        zstandard.ZstdDecompressor().stream_reader(payload, read_across_frames=True) as reader,
        io.BufferedReader(reader) as lines,
    ):
        for line in lines:
            yield orjson.loads(line)
