"""A look-up table in several dictionaries, none of which takes long to grow or to let go of.

With 400,000 keys, a dictionary that grows asks for 15 MB and moves everything there: 70 ms in which nobody is answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from types import MappingProxyType
from typing import TypeVar

T = TypeVar("T")
PORTION_KEYS = 100_000


class Portions(Mapping[str, T]):
    """A mapping over others, which share no key."""

    __slots__ = ("_parts",)

    def __init__(self, whole: Mapping[str, T]) -> None:
        coming = iter(whole.items())
        self._parts = []
        while part := dict(islice(coming, PORTION_KEYS)):
            self._parts.append(part)

    def __getitem__(self, key: str) -> T:
        for part in self._parts:
            if key in part:
                return part[key]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._parts)

    def __len__(self) -> int:
        return sum(map(len, self._parts))


def in_portions(whole: dict[str, T]) -> Mapping[str, T]:
    """Return the table, to be read only; in portions where it is large."""
    return MappingProxyType(whole) if len(whole) <= PORTION_KEYS else Portions(whole)
