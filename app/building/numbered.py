"""Values that a message does not write in one call: they stand under a number, by which it refers to them.

The pieces are noted one after the other by whoever reads the message; each takes a moment.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.building.large import CONTAINERS, GROWN_AT_ONCE, LARGE_BYTES
from app.catalog.packed import Decode, Packed
from app.catalog.steps import runs_of

# The table, the run of keys, who asks and how: so many hold a key that nothing else in the process holds.
_HOLDERS_OF_A_LONE_KEY = 4
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
class GrowthOfTable:
    """More of a table of texts; `keys` has a hole for each that stands in `lone_keys`, a line each.

    A key that stands nowhere else would be remembered for references to it, of which there are none. Four of ten things
    that were remembered of 100,000 models were such keys; where the table of what is remembered grows past a million, a
    step of 33 ms, and 50 to let go of it.
    """

    number: int
    keys: list[str | None]
    lone_keys: str
    values: list[Any]

    @classmethod
    def of(cls, number: int, keys: Sequence[str], values: list[Any]) -> GrowthOfTable:
        """Return the piece for these keys of a table; only the run of keys may hold them besides it."""
        held = [None if sys.getrefcount(key) <= _HOLDERS_OF_A_LONE_KEY and "\n" not in key else key for key in keys]
        lone_keys = "\n".join(key for key, other in zip(keys, held, strict=True) if other is None)
        return cls(number, held, lone_keys, values)

    def note(self, known: dict[int, Any]) -> None:
        """Let the table of that number grow."""
        lone = iter(self.lone_keys.split("\n"))
        keys = [next(lone) if key is None else key for key in self.keys]
        known.setdefault(self.number, {}).update(zip(keys, self.values, strict=True))


@dataclass(frozen=True, slots=True)
class GrowthOfRecords:
    """More records for a list or tuple, as one run of bytes, which is written and read for itself.

    Written one by one, each would be remembered for references to it; of 100,000, the table of what is remembered grows
    in one step of 70 ms. What else refers to one of them gets another one that is equal; nothing does in an order.
    """

    number: int
    lengths: array[int]
    run: bytes
    decode: Decode

    @classmethod
    def of(cls, number: int, records: Sequence[Packed]) -> GrowthOfRecords:
        """Return the piece for these records, which are all decoded by the same."""
        lengths = array("Q", (len(record.raw) for record in records))
        return cls(number, lengths, b"".join(record.raw for record in records), records[0].decode)

    def note(self, known: dict[int, Any]) -> None:
        """Let the value of that number grow."""
        value, at = known.setdefault(self.number, []), 0
        for length in self.lengths:
            value.append(Packed(self.run[at : at + length], self.decode))
            at += length


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


PIECES = (StandIns, Growth, GrowthOfTable, GrowthOfRecords, Grown, Given)


def numbered(number: int, holder: Any) -> Iterator[Any]:
    """Return the pieces that put a value under a number."""
    if isinstance(holder, int):
        yield Given(number, holder)
    elif isinstance(holder, dict):
        for keys in runs_of(holder, GROWN_AT_ONCE):
            values = [holder[key] for key in keys]
            are_texts = all(type(key) is str for key in keys)
            yield GrowthOfTable.of(number, keys, values) if are_texts else Growth(number, {}, (keys, values))
    elif isinstance(holder, CONTAINERS):
        empty: Any = set() if isinstance(holder, (set, frozenset)) else []
        for members in runs_of(holder, GROWN_AT_ONCE):
            yield GrowthOfRecords.of(number, members) if _are_alike(members) else Growth(number, empty, members)
        if type(holder) in _GROWN.values():
            yield Grown(number, type(holder).__name__)
    else:
        empty = array(holder.typecode) if isinstance(holder, array) else bytearray()
        with memoryview(holder).cast("B") as run:
            for at in range(0, len(run), LARGE_BYTES):
                yield Growth(number, empty, bytes(run[at : at + LARGE_BYTES]))


def _are_alike(members: Sequence[Any]) -> bool:
    """Whether all of them are records that the same decodes."""
    return all(type(member) is Packed and member.decode is members[0].decode for member in members)
