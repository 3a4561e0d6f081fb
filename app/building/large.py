"""What in a value is large, so that it is not written or read in one call."""

from __future__ import annotations

import gc
from array import array
from typing import Any

from app.catalog.model import Model
from app.catalog.packed import Packed
from app.catalog.snapshot import Snapshot
from app.dialects.dialect import Context
from app.keeping import SecondChance
from app.memory import SHARED

# As many models are read in a quarter of a millisecond; with half as many, a refresh costs 4 % more.
MEMBERS_AT_ONCE = 16
# The bodies of sixteen answers in one piece were 790 kB, which took 1.4 ms to cut out and to read. With a refresh each
# second at a fifth of the most that can be read, p99 was 0.8 ms with four times as much, and is 0.65.
LARGE_BYTES = 65_536
GROWN_BYTES = 1_048_576
GROWN_MEMBERS = 8_192
# A mask of so many models; pickle writes the same number each time that it meets it.
LARGE_NUMBER_BITS = 32_768
# Of these, which are mostly words and numbers, more are read in as short a time.
GROWN_AT_ONCE = 512
CONTAINERS = (dict, list, tuple, set, frozenset)
_ATOMS = frozenset({str, int, float, bool, type(None)})
# What holds no large container, or is not written at all.
_SMALL = (Context, Model, Packed, SecondChance)


def goes_by_number(holder: Any) -> bool:
    """Whether it comes by itself, and then stands as a number wherever it is referred to.

    That is a mask, which would be written each time, and what one call would take long to make: 16 MB take 50 ms,
    100,000 members 10 to 30.
    """
    if isinstance(holder, int):
        return True
    if isinstance(holder, CONTAINERS):
        return len(holder) > GROWN_MEMBERS
    return isinstance(holder, (bytes, bytearray, array)) and memoryview(holder).nbytes > GROWN_BYTES


def large_in(value: Any, known: set[int]) -> list[Any]:
    """Return what is large in a value, the innermost first; what is `known` by its id is left out."""
    large: list[Any] = []
    # Each with whether everything in it was found.
    waiting = [(value, False)]
    while waiting:
        holder, is_done = waiting.pop()
        if is_done:
            large.append(holder)
            continue
        if id(holder) in known or isinstance(holder, SHARED):
            continue
        known.add(id(holder))
        if isinstance(holder, (bytes, bytearray, array, int)):
            large.append(holder)
        elif not isinstance(holder, _SMALL):
            if isinstance(holder, CONTAINERS) and len(holder) > MEMBERS_AT_ONCE:
                waiting.append((holder, True))
            waiting += [(member, False) for member in held_by(holder) if _may_be_large(member)]
    return large


def held_by(holder: Any) -> list[Any]:
    """Return what a value refers to itself, as far as it is written."""
    if isinstance(holder, Snapshot):
        return list(holder.__getstate__().values())
    # The collector passes over keys that are texts.
    return [*holder, *holder.values()] if isinstance(holder, dict) else gc.get_referents(holder)


def _may_be_large(value: Any) -> bool:
    kind = type(value)
    if kind is int:
        return bool(value.bit_length() >= LARGE_NUMBER_BITS)
    if kind is bytes or kind is bytearray:
        return len(value) >= LARGE_BYTES
    return len(value) * value.itemsize >= LARGE_BYTES if kind is array else kind not in _ATOMS
