"""Values between this process and the one that builds catalogs: in pieces, each written and read in a moment.

Both ends are this program, started by itself, and nobody else holds the pipe; that alone makes pickle right here. It
never touches what a store keeps or a network brings, and what it may name is a closed list all the same.

A message is a run of frames, each its length and its bytes, and ends with an empty one. Containers of many members are
sent ahead, some members at a time; the value itself, the last piece, then only refers to them. One call that reads the
look-up tables of 100,000 models would hold the interpreter for a second.
"""

from __future__ import annotations

import gc
import io
import pickle
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from types import MappingProxyType
from typing import Any

from app.building.large import CONTAINERS, MEMBERS_AT_ONCE, goes_by_number, held_by, large_in
from app.building.numbered import PIECES, GrowthOfRecords, StandIns, numbered
from app.catalog.steps import runs_of
from app.dialects.dialect import Context
from app.keeping import SecondChance

LENGTH = struct.Struct(">Q")
END = LENGTH.pack(0)
# Begins a piece that is written and read for itself; every other one begins with pickle's own mark, which is another.
APART = b"A"
_PROTOCOL = 5
# Besides this program's own modules.
_KNOWN = {
    "array": {"_array_reconstructor", "array"},
    "datetime": {"date", "datetime", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "json": {"loads"},
    "orjson": {"loads"},
}


class StreamError(Exception):
    """A message is not one of ours."""


def _proxy(members: Mapping[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(members)


def _no_room() -> SecondChance[Any]:
    return SecondChance(max_count=0, max_bytes=0)


class _Writer(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        """Say how to write what has no form of its own, and leave out what the other side has."""
        kind = type(value)
        if kind is MappingProxyType:
            # What it is a view of, so that a large one is written once, some members at a time.
            [members] = gc.get_referents(value)
            return _proxy, (members,)
        if kind is SecondChance:
            return _no_room, ()
        if kind is Context:
            # A cost map of several megabytes, which whoever ordered has.
            return Context, (value.snapshot, None)
        return NotImplemented


class _Frames(io.RawIOBase):
    """The frames of a message as one file, of which each is there when it is read."""

    def __init__(self) -> None:
        self.frame = io.BytesIO()

    def read(self, size: int = -1) -> bytes:
        return self.frame.read(size)

    def readline(self, size: int | None = -1) -> bytes:
        return self.frame.readline(size)

    def readinto(self, buffer: Any) -> int:
        return self.frame.readinto(buffer)


class _Reader(pickle.Unpickler):
    def __init__(self, frames: _Frames) -> None:
        super().__init__(frames)
        self.known: dict[int, Any] = {}

    def persistent_load(self, number: Any) -> Any:
        """Return what came before under a number."""
        return self.known[number]

    def find_class(self, module: str, name: str) -> Any:
        """Return what a message names; raises StreamError for what none of ours would name."""
        if module.startswith("app.") or name in _KNOWN.get(module, ()):
            return super().find_class(module, name)
        raise StreamError(f"a message names {module}.{name}")


class _LeanWriter(_Writer):
    """Writes numbers in place of what the other side has; asked about each value, so only where there are some."""

    def __init__(self, buffer: io.BytesIO, numbers: Mapping[int, int]) -> None:
        super().__init__(buffer, _PROTOCOL)
        self._numbers = numbers

    def persistent_id(self, value: Any) -> int | None:
        return self._numbers.get(id(value))


def pieces_of(value: Any, stand_ins: Sequence[tuple[Any, Any]] = ()) -> Iterator[bytes]:
    """Return a value as a message, piece by piece; of each pair of stand-ins the second is written for the first.

    Runs of bytes of more than a megabyte come as `bytearray`.
    """
    buffer = io.BytesIO()
    replaced = {id(heavy): number for number, (heavy, _) in enumerate(stand_ins)}
    numbers: dict[int, int] = {}
    free_numbers = count(len(stand_ins))
    large = large_in(value, set(replaced))
    is_lean = bool(stand_ins) or any(map(goes_by_number, large))
    writer = _LeanWriter(buffer, numbers) if is_lean else _Writer(buffer, _PROTOCOL)

    def written(part: Any) -> bytes:
        buffer.seek(0)
        buffer.truncate()
        if isinstance(part, GrowthOfRecords):
            # Remembered, its run would stay on both sides until the message ends: all records once more.
            buffer.write(APART)
            _Writer(buffer, _PROTOCOL).dump(part)
        else:
            writer.dump(part)
        return LENGTH.pack(buffer.tell()) + buffer.getvalue()

    def ahead(holders: Iterable[Any]) -> Iterator[bytes]:
        for holder in holders:
            if id(holder) in numbers:
                # It stands in a stand-in, too.
                continue
            if goes_by_number(holder):
                number = next(free_numbers)
                yield from map(written, numbered(number, holder))
                numbers[id(holder)] = number
                continue
            if isinstance(holder, CONTAINERS):
                yield from map(written, runs_of(held_by(holder), MEMBERS_AT_ONCE))
            yield written([holder])

    if stand_ins:
        others = StandIns(tuple(light for _, light in stand_ins))
        yield from ahead(large_in(others, set()))
        yield written(others)
        numbers |= replaced
    yield from ahead(large)
    yield written(value)
    yield END


class Message:
    """A message that is being read."""

    def __init__(self) -> None:
        self._frames = _Frames()
        self._reader = _Reader(self._frames)
        self.value: Any = None

    def take(self, frame: bytes) -> None:
        """Read one piece; `value` is the last one.

        Raises StreamError for what is not ours.
        """
        self._frames.frame = io.BytesIO(frame)
        reader = self._reader
        if frame.startswith(APART):
            self._frames.frame.seek(len(APART))
            reader = _Reader(self._frames)
        try:
            self.value = reader.load()
            if isinstance(self.value, PIECES):
                self.value.note(self._reader.known)
        except StreamError:
            raise
        except Exception as error:
            raise StreamError(f"a message can't be read ({type(error).__name__}: {error})"[:300]) from error


class FrameCutter:
    """Cuts what comes out of a pipe into the frames of one message; `is_at_end` once it has given the last one."""

    def __init__(self) -> None:
        self._coming = bytearray()
        self._needed = LENGTH.size
        self.is_at_end = False

    def cut(self, some: bytes) -> Iterator[bytes]:
        """Return the frames that are there whole, without their lengths, now that some more bytes came."""
        self._coming += some
        if len(self._coming) < self._needed:
            # Copied now, a frame of many megabytes would be copied once for each piece of it.
            return
        coming, at = memoryview(bytes(self._coming)), 0
        while len(coming) - at >= LENGTH.size:
            (length,) = LENGTH.unpack_from(coming, at)
            self.is_at_end = not length
            start = at + LENGTH.size
            self._needed = LENGTH.size + length
            if self.is_at_end or len(coming) - at < self._needed:
                break
            at = start + length
            self._needed = LENGTH.size
            yield bytes(coming[start:at])
        del self._coming[:at]


def message_of(frames: Iterable[bytes]) -> Any:
    """Return the value of a message that is there whole, from its frames without their lengths."""
    message = Message()
    for frame in frames:
        message.take(frame)
    return message.value
