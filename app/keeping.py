"""Keep what is used, within bounds: a second-chance ring over a dictionary."""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, Protocol, TypeVar

# How many values in use the hand passes before the newcomer is turned away. Going all the way round would take
# every mark off at once, and the next newcomer would then push out the hottest value.
MAX_PASSED: Final = 16


class Keepable(Protocol):
    """What a ring holds: it knows its size, and whoever uses it says so."""

    was_used: bool

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        ...


V = TypeVar("V", bound=Keepable)


class SecondChance(Generic[V]):
    """Values by key, bounded in count and bytes.

    The values stand in a ring: one that was used since the hand came by gets another round, one that was not makes
    room. Somebody who varies a key for ever, even if he asks for each of his twice, thus pushes out only what is
    asked for as rarely. Pinned values stay. Only one thread may touch it.
    """

    def __init__(self, *, max_count: int, max_bytes: int) -> None:
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._values: dict[bytes, V] = {}
        self._ring: deque[bytes] = deque()
        self._sizes: dict[bytes, int] = {}
        self._bytes = 0
        # The hot path calls the dictionary itself.
        self.get = self._values.get

    def pin(self, key: bytes, value: V) -> None:
        """Keep a value for good, also where another was kept for as long as there was room."""
        if key in self._sizes:
            self._let_go(key)
        self._values[key] = value

    def put(self, key: bytes, value: V) -> None:
        """Keep a value as long as there is room for it and others are not needed more; too large ones never are."""
        size = value.size_bytes + len(key)
        if key in self._values or size > self._max_bytes // 8 or not self._make_room(size, 1):
            return
        self._values[key] = value
        self._ring.append(key)
        self._sizes[key] = size
        self._bytes += size

    def grew(self, key: bytes) -> None:
        """Take note that a value takes more memory now; where others are needed as much, it is the one to go."""
        if key in self._sizes:
            size = self._values[key].size_bytes + len(key)
            self._bytes += size - self._sizes[key]
            self._sizes[key] = size
            if not self._make_room(0, 0) and key in self._sizes:
                self._let_go(key)

    def _let_go(self, key: bytes) -> None:
        self._ring.remove(key)
        del self._values[key]
        self._bytes -= self._sizes.pop(key)

    def _make_room(self, more_bytes: int, more_count: int) -> bool:
        """Let go of what is not in use until there is room; False when the hand came by nothing else."""
        passed = 0
        while self._bytes + more_bytes > self._max_bytes or len(self._ring) + more_count > self._max_count:
            if passed == MAX_PASSED:
                return False
            key = self._ring.popleft()
            value = self._values[key]
            if value.was_used:
                passed += 1
                value.was_used = False
                self._ring.append(key)
            else:
                del self._values[key]
                self._bytes -= self._sizes.pop(key)
        return True

    def __len__(self) -> int:
        return len(self._values)

    @property
    def kept_bytes(self) -> int:
        """Bytes of the values that can be pushed out."""
        return self._bytes
