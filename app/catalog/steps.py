"""Long work in short steps: `sorted` over 100,000 models holds the interpreter for 150 ms, a step for five."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")
STEP_ITEMS = 4_096
LONG_BYTES = 8 * 1024**2
"""From here on a document is written piece by piece and kept in its compressed forms alone, a twentieth of its size.

No catalog of today comes near. At 100,000 models all lists and dialects together take 1,100 MiB as plain bytes.
"""


def sorted_in_steps(items: Iterable[T], key: Callable[[T], Any]) -> list[T]:
    """Return what `sorted(items, key=key)` returns, stable, without one long call."""
    pending = list(items)
    if len(pending) <= STEP_ITEMS:
        return sorted(pending, key=key)
    runs = [
        sorted(((key(item), place) for place, item in enumerate(pending[at : at + STEP_ITEMS], at)))
        for at in range(0, len(pending), STEP_ITEMS)
    ]
    return [pending[place] for _, place in heapq.merge(*runs)]


def runs_of(items: Iterable[T], count: int) -> Iterator[list[T]]:
    """Return the items in their order, so many at a time."""
    coming = iter(items)
    while some := list(islice(coming, count)):
        yield some
