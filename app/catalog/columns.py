"""Models by a number that they have, such as their context or their price: who has at least, or at most, so much.

Looking at each of 421 models takes 30 microseconds, and 100,000 take milliseconds. Here a search in the sorted
numbers finds the place, the mask of everything up to a mark just before it is ready, and few models are left to add.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Any

from app.catalog.postings import mask_of
from app.catalog.steps import sorted_in_steps

# Each mark costs a bit per model and column.
MARKS = 64


class Column:
    """One number per model, or none; immutable once built."""

    def __init__(self, numbers: Mapping[int, Any], size: int) -> None:
        """Take the numbers by the places of their models; `size` is how many models there are."""
        ordered = sorted_in_steps(numbers.items(), key=lambda entry: entry[1])
        self._size = size
        # Many models share a price; the same number lies in memory once.
        known: dict[Any, Any] = {}
        self._numbers = [known.setdefault(number, number) for _, number in ordered]
        self._places = array("I", [place for place, _ in ordered])
        self._stride = len(ordered) // MARKS + 1
        self._marks = [0]
        for start in range(0, len(ordered), self._stride):
            self._marks.append(self._marks[-1] | mask_of(self._places[start : start + self._stride], size))

    def at_most(self, limit: Any) -> int:
        """Return the models whose number is known and no greater than a limit."""
        return self._first(bisect_right(self._numbers, limit))

    def at_least(self, limit: Any) -> int:
        """Return the models whose number is known and no less than a limit."""
        return self._marks[-1] & ~self._first(bisect_left(self._numbers, limit))

    def between(self, least: Any, most: Any) -> int:
        """Return the models whose number is known and within bounds that are part of it; None is no bound."""
        known = self._marks[-1]
        return (known if least is None else self.at_least(least)) & (known if most is None else self.at_most(most))

    def numbers_in(self, mask: int) -> list[Any]:
        """Return the known numbers of a set of models, least first."""
        bits = mask.to_bytes(self._size // 8 + 1, "little")
        known = zip(self._numbers, self._places, strict=True)
        return [number for number, place in known if bits[place >> 3] >> (place & 7) & 1]

    def _first(self, count: int) -> int:
        """Return the models with the least numbers, so many of them."""
        mark, left = divmod(count, self._stride)
        return self._marks[mark] | (mask_of(self._places[count - left : count], self._size) if left else 0)
