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
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

from app.catalog.model import Model
from app.catalog.packed import Packed
from app.catalog.snapshot import Snapshot
from app.catalog.steps import runs_of
from app.dialects.dialect import Context
from app.keeping import SecondChance

LENGTH = struct.Struct(">Q")
END = LENGTH.pack(0)
# As many models are read in half a millisecond.
MEMBERS_AT_ONCE = 32
_PROTOCOL = 5
LARGE_BYTES = 262_144
_ATOMS = frozenset({str, int, float, bool, type(None)})
_CONTAINERS = (dict, list, tuple, set, frozenset)
_SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)
# What holds no large container, or is not written at all.
_SMALL = (Context, Model, Packed, SecondChance)
# Besides this program's own modules.
_KNOWN = {
    "array": {"_array_reconstructor", "array"},
    "builtins": {"frozenset", "set"},
    "collections": {"deque"},
    "copyreg": {"_reconstructor"},
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


class _Reader(pickle.Unpickler):
    stand_ins: tuple[Any, ...] = ()

    def persistent_load(self, number: Any) -> Any:
        """Return what stands in for a value."""
        return self.stand_ins[number]

    def find_class(self, module: str, name: str) -> Any:
        """Return what a message names; raises StreamError for what none of ours would name."""
        if module.startswith("app.") or name in _KNOWN.get(module, ()):
            return super().find_class(module, name)
        raise StreamError(f"a message names {module}.{name}")


@dataclass(frozen=True, slots=True)
class _StandIns:
    values: tuple[Any, ...]


class _LeanWriter(_Writer):
    """Writes other values in place of some; asked about each value, so only where there are some."""

    numbers: Mapping[int, int] = MappingProxyType({})

    def persistent_id(self, value: Any) -> int | None:
        return self.numbers.get(id(value))


def pieces_of(value: Any, stand_ins: Sequence[tuple[Any, Any]] = ()) -> Iterator[bytes]:
    """Return a value as a message, piece by piece; of each pair of stand-ins the second is written for the first."""
    buffer = io.BytesIO()
    writer = _LeanWriter(buffer, _PROTOCOL) if stand_ins else _Writer(buffer, _PROTOCOL)

    def written(part: Any) -> bytes:
        buffer.seek(0)
        buffer.truncate()
        writer.dump(part)
        return LENGTH.pack(buffer.tell()) + buffer.getvalue()

    numbers = {id(replaced): number for number, (replaced, _) in enumerate(stand_ins)}
    if isinstance(writer, _LeanWriter):
        others = _StandIns(tuple(other for _, other in stand_ins))
        yield from map(written, _large_parts(others, set()))
        yield written(others)
        writer.numbers = numbers
    yield from map(written, _large_parts(value, set(numbers)))
    yield written(value)
    yield END


def _large_parts(value: Any, known: set[int]) -> Iterator[list[Any]]:
    """Return what is large, some at a time, the innermost first; what is `known` by its id is left out."""
    large: list[Any] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        if id(holder) in known or isinstance(holder, _SHARED):
            continue
        known.add(id(holder))
        if isinstance(holder, (bytes, array)):
            large.append(holder)
        elif not isinstance(holder, _SMALL):
            held = _held_by(holder)
            if isinstance(holder, _CONTAINERS) and len(holder) > MEMBERS_AT_ONCE:
                large.append(holder)
            waiting += [member for member in held if _may_be_large(member)]
    for holder in reversed(large):
        if isinstance(holder, _CONTAINERS):
            yield from runs_of(_held_by(holder), MEMBERS_AT_ONCE)
        yield [holder]


def _held_by(holder: Any) -> list[Any]:
    if isinstance(holder, Snapshot):
        # Only what is written.
        return list(holder.__getstate__().values())
    # The collector passes over keys that are texts.
    return [*holder, *holder.values()] if isinstance(holder, dict) else gc.get_referents(holder)


def _may_be_large(value: Any) -> bool:
    kind = type(value)
    if kind is bytes:
        return len(value) >= LARGE_BYTES
    return len(value) * value.itemsize >= LARGE_BYTES if kind is array else kind not in _ATOMS


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
        try:
            self.value = self._reader.load()
            if isinstance(self.value, _StandIns):
                self._reader.stand_ins = self.value.values
        except StreamError:
            raise
        except Exception as error:
            raise StreamError(f"a message can't be read ({type(error).__name__}: {error})"[:300]) from error


def message_of(frames: Iterable[bytes]) -> Any:
    """Return the value of a message that is there whole, from its frames without their lengths."""
    message = Message()
    for frame in frames:
        message.take(frame)
    return message.value
