"""What was worked out lately and is asked for again: a dictionary with a bound."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Remembered(dict[K, V]):
    """Values by key, at most so many; when there is no room it starts anew.

    What comes again fills it again within moments, and nothing is spent on who was used when. Any thread may use it: at
    worst something is worked out twice.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: K, value: V) -> V:
        """Remember a value and return it."""
        if len(self) >= self._most:
            self.clear()
        self[key] = value
        return value
