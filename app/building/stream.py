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
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

from app.catalog.model import Model
from app.catalog.packed import Packed
from app.dialects.dialect import Context
from app.keeping import SecondChance

LENGTH = struct.Struct(">Q")
END = LENGTH.pack(0)
# As many models are read in a millisecond.
MEMBERS_AT_ONCE = 64
_PROTOCOL = 5
_ATOMS = frozenset({str, bytes, int, float, bool, type(None)})
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


def _proxy(members: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(members)


def _no_room() -> SecondChance[Any]:
    return SecondChance(max_count=0, max_bytes=0)


class _Writer(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        """Say how to write what has no form of its own, and leave out what the other side has."""
        kind = type(value)
        if kind is MappingProxyType:
            return _proxy, (dict(value),)
        if kind is SecondChance:
            return _no_room, ()
        if kind is Context:
            # A cost map of several megabytes, which whoever ordered has.
            return Context, (value.snapshot, None)
        return NotImplemented


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return what a message names; raises StreamError for what none of ours would name."""
        if module.startswith("app.") or name in _KNOWN.get(module, ()):
            return super().find_class(module, name)
        raise StreamError(f"a message names {module}.{name}")


def pieces_of(value: Any) -> Iterator[bytes]:
    """Return a value as a message, piece by piece."""
    buffer = io.BytesIO()
    writer = _Writer(buffer, _PROTOCOL)
    for part in (*_large_parts(value), value):
        writer.dump(part)
        written = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        yield LENGTH.pack(len(written)) + written
    yield END


def _large_parts(value: Any) -> Iterator[list[Any]]:
    """Return the members of all large containers, some at a time, the innermost first."""
    known: set[int] = set()
    large: list[list[Any]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        if id(holder) in known or isinstance(holder, _SHARED):
            continue
        known.add(id(holder))
        if isinstance(holder, _SMALL):
            continue
        held = [member for member in gc.get_referents(holder) if type(member) not in _ATOMS or type(member) is bytes]
        if isinstance(holder, (dict, list, tuple, set, frozenset)) and len(holder) > MEMBERS_AT_ONCE:
            large.append(gc.get_referents(holder))
        waiting += [member for member in held if type(member) is not bytes]
    for members in reversed(large):
        for at in range(0, len(members), MEMBERS_AT_ONCE):
            yield members[at : at + MEMBERS_AT_ONCE]


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
