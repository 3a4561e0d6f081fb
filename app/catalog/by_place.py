"""Sequences whose items are made when somebody looks: a list of them all would take the memory that they save."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

T = TypeVar("T")


class ByPlace(Sequence[T]):
    """Items by their places, which count from the end where they are negative, as in a list."""

    @abstractmethod
    def item_at(self, place: int) -> T:
        """Return the item at a place from 0 on, which is one of the sequence."""

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        if isinstance(place, slice):
            return [self.item_at(at) for at in range(*place.indices(len(self)))]
        at = place + len(self) if place < 0 else place
        if not 0 <= at < len(self):
            raise IndexError(f"{type(self).__name__} has nothing at place {place} of {len(self)}")
        return self.item_at(at)
