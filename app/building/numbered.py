"""Values that a message does not write in one call: they stand under a number, by which it refers to them.

The pieces are noted one after the other by whoever reads the message; each takes a moment.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.building.large import CONTAINERS, GROWN_AT_ONCE, LARGE_BYTES
from app.catalog.steps import runs_of

# What can't grow itself, by name.
_GROWN: Mapping[str, Any] = {"tuple": tuple, "frozenset": frozenset}


@dataclass(frozen=True, slots=True)
class StandIns:
    """What stands for the values that are left out, under the first numbers."""

    values: tuple[Any, ...]

    def note(self, known: dict[int, Any]) -> None:
        """Put the values under the first numbers."""
        known |= enumerate(self.values)


@dataclass(frozen=True, slots=True)
class Growth:
    """More of a value that comes bit by bit, because to make it whole would take too long: `empty` is how it begins."""

    number: int
    empty: Any
    more: Any

    def note(self, known: dict[int, Any]) -> None:
        """Let the value of that number grow."""
        value = known.setdefault(self.number, self.empty)
        if isinstance(value, dict):
            value.update(zip(*self.more, strict=True))
        elif isinstance(value, set):
            value.update(self.more)
        elif isinstance(value, array):
            value.frombytes(self.more)
        else:
            value.extend(self.more)


@dataclass(frozen=True, slots=True)
class Grown:
    """A value that grew as something else is complete, and becomes what it is by its name."""

    number: int
    kind: str

    def note(self, known: dict[int, Any]) -> None:
        """Make it that."""
        known[self.number] = _GROWN[self.kind](known[self.number])


@dataclass(frozen=True, slots=True)
class Given:
    """A value that is named by a number from now on."""

    number: int
    value: Any

    def note(self, known: dict[int, Any]) -> None:
        """Put it under its number."""
        known[self.number] = self.value


PIECES = (StandIns, Growth, Grown, Given)


def numbered(number: int, holder: Any) -> Iterator[Any]:
    """Return the pieces that put a value under a number."""
    if isinstance(holder, int):
        yield Given(number, holder)
    elif isinstance(holder, dict):
        for keys in runs_of(holder, GROWN_AT_ONCE):
            yield Growth(number, {}, (keys, [holder[key] for key in keys]))
    elif isinstance(holder, CONTAINERS):
        empty: Any = set() if isinstance(holder, (set, frozenset)) else []
        for members in runs_of(holder, GROWN_AT_ONCE):
            yield Growth(number, empty, members)
        if type(holder) in _GROWN.values():
            yield Grown(number, type(holder).__name__)
    else:
        empty = array(holder.typecode) if isinstance(holder, array) else bytearray()
        with memoryview(holder).cast("B") as run:
            for at in range(0, len(run), LARGE_BYTES):
                yield Growth(number, empty, bytes(run[at : at + LARGE_BYTES]))
