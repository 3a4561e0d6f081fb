"""Turns of the event loop: what has to be made takes a little of each, so that what is there is given in between.

A turn hands the application all requests that came meanwhile. Where each of thirty is a search that nobody asked for
before, 0.1 to 0.3 ms apiece, a reader of something known would wait for all of them, and the last of the thirty for
two rounds: by the time it asks again, the next round has begun.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Final, TypeVar

# Some ten answers. A turn itself takes 5 microseconds.
TURN_SECONDS: Final = 0.001
# Where more wait, a turn takes as long as it takes: whoever asks faster than answers can be made has to be held up by
# the event loop itself, or what waits would fill the memory.
MAX_WAITING: Final = 1_000

R = TypeVar("R")


class Turns:
    """Work for the event loop's thread, first come, first served, a few pieces in each turn.

    At least one piece is done in a turn, however long it takes, and so many that no more than `MAX_WAITING` are left.
    Only the event loop may touch it.
    """

    def __init__(self, turn_seconds: float = TURN_SECONDS, clock: Callable[[], float] = perf_counter) -> None:
        self._turn_seconds = turn_seconds
        self._clock = clock
        self._ends_at: float | None = None
        self._waiting: deque[Callable[[], object]] = deque()

    def do(self, work: Callable[[], object]) -> None:
        """Do a piece of work now if there is time in this turn, else when its own comes; it must not raise."""
        if self._waiting or not self._has_time():
            self._waiting.append(work)
        else:
            work()

    async def result(self, work: Callable[[], R]) -> R:
        """Return what a piece of work returns, done when its turn comes; raises what it raises."""
        if not self._waiting and self._has_time():
            return work()
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append(partial(_settle, done, work))
        return await done

    def _has_time(self) -> bool:
        """Return whether there is time left in this turn; who asks first begins it."""
        if self._ends_at is None:
            self._ends_at = self._clock() + self._turn_seconds
            asyncio.get_running_loop().call_soon(self._next)
            return True
        return self._clock() < self._ends_at

    def _next(self) -> None:
        self._ends_at = None
        while self._waiting and (self._has_time() or len(self._waiting) > MAX_WAITING):
            self._waiting.popleft()()


def _settle(done: asyncio.Future[R], work: Callable[[], R]) -> None:
    if done.cancelled():
        return
    try:
        done.set_result(work())
    except Exception as error:  # noqa: BLE001 - whoever waits gets it
        done.set_exception(error)
