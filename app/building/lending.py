"""Lends the event loop's core to a process that the kernel runs only when nobody else wants to.

On a core that readers fill without a pause such a process gets nothing, and with a share of its own it takes ticks of
4 ms, in which nobody is answered. So the event loop sleeps up to a sixteenth of the time, a tenth of a millisecond at a
time at most, in a moment in which nobody waits where one comes: the kernel runs the process then, and gives the core
back at once. While readers ask for one model as fast as they can, a refresh of 421 models takes 11 s, and 7 more where
the process has to start, where it waited for them to stop, and the p99 of reads is 0.5 to 0.7 ms; it is 0.4 to 0.5
without a refresh, and was 2.2 to 3.8 once a process with a share took over.
"""

from __future__ import annotations

import asyncio
import ctypes
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from app.c_library import c_library

# With an eighth, a refresh takes half as long, p99 is a third higher and a tenth less is read.
SHARE: Final = 1 / 16
# No shorter timer is told by uvloop. Who gets on by himself is looked at less often: each look takes the core from him.
EACH_SECONDS: Final = 0.001
EACH_SECONDS_AT_EASE: Final = 0.005
# A turn of the event loop in which nobody is answered takes 5 to 10 microseconds; each answer takes 6 or more. Lent at
# any moment, a core kept up to thirty readers waiting: 5 % fewer were answered, and the p99 of lists as gzip was 0.8 ms
# instead of 0.7.
IDLE_TURN_SECONDS: Final = 0.00003
MOST_TURNS: Final = 8
# In which nobody is answered.
MOST_SECONDS: Final = 0.0001
# Who had a core for a while is not lent one as soon as thirty requests come at once.
CREDIT_SECONDS: Final = 0.002
# From prctl(2); in nanoseconds, and 0 for what the thread began with.
_SET_TIMER_SLACK: Final = 29
_EXACT, _AS_EVER = 1, 0
_UNUSED: Final = ctypes.c_ulong(0)
# Where it does not run while we sleep, the core is somebody else's.
TRIES: Final = 20
REST_SECONDS: Final = 0.2
# What gets this much of a core is done soon enough.
LEAST_SHARE: Final = 0.015
WINDOW_SECONDS: Final = 0.1


def exact_sleep(seconds: float) -> None:
    """Sleep no longer than asked for; by itself Linux adds 50 microseconds, more than half of what is lent."""
    # Only here: a thread that is started meanwhile would have it for good.
    _allow_timer_slack(_EXACT)
    try:
        time.sleep(seconds)
    finally:
        _allow_timer_slack(_AS_EVER)


def _allow_timer_slack(nanoseconds: int) -> None:
    with suppress(OSError, AttributeError):
        c_library().prctl(_SET_TIMER_SLACK, ctypes.c_ulong(nanoseconds), _UNUSED, _UNUSED, _UNUSED)


class Lender:
    """Looks now and then how much of a core a process got, and sleeps where that is too little.

    `cpu_seconds` tells how much it has had, and raises OSError once it is gone.
    """

    def __init__(
        self,
        cpu_seconds: Callable[[], float],
        now: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], object] = exact_sleep,
    ) -> None:
        self._cpu_seconds = cpu_seconds
        self._now = now
        self._sleep = sleep
        self._looked = self._window = (now(), cpu_seconds())
        self._owed_seconds = -CREDIT_SECONDS
        self._in_vain = 0
        self._rests_until = 0.0

    def look(self) -> bool:
        """Sleep for a moment where the process got too little since the last look; raises OSError once it is gone.

        Returns, at the end of each tenth of a second, whether it got enough in that.
        """
        at, had = self._now(), self._cpu_seconds()
        owed = self._owed_seconds + SHARE * (at - self._looked[0]) - (had - self._looked[1])
        self._owed_seconds = max(-CREDIT_SECONDS, min(owed, MOST_SECONDS))
        self._looked = at, had
        if self._owed_seconds > 0 and at >= self._rests_until:
            self._lend(self._owed_seconds, had)
        began, had_then = self._window
        if at - began < WINDOW_SECONDS:
            return False
        self._window = at, had
        return had - had_then >= LEAST_SHARE * (at - began)

    @property
    def is_at_ease(self) -> bool:
        """Whether the process got so much that it can do without for some milliseconds."""
        return self._owed_seconds < -CREDIT_SECONDS / 2

    def _lend(self, seconds: float, had: float) -> None:
        self._sleep(seconds)
        if self._cpu_seconds() - had >= seconds / 2:
            self._in_vain = 0
            return
        self._in_vain += 1
        if self._in_vain == TRIES:
            self._in_vain = 0
            self._rests_until = self._now() + REST_SECONDS


class Lull:
    """Tells of a moment in which the event loop has nobody to answer: a turn of it that takes no time.

    Who is lent a core then keeps hardly anybody waiting. Asked once each turn, it says yes after some at the latest.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._turns = 0
        self._turned_at = float("-inf")

    def has_come(self) -> bool:
        """Whether the turn since the last time took no time, or so many have passed that it doesn't matter."""
        before, self._turned_at = self._turned_at, self._now()
        self._turns += 1
        return self._turned_at - before <= IDLE_TURN_SECONDS or self._turns > MOST_TURNS


class _Looks:
    """Looks after a process again and again, until it is gone or nobody waits for it any more.

    A function that asks to be called again would refer to itself, and to whoever waits: a cycle that stays.
    """

    def __init__(self, lender: Lender, getting_on: Callable[[], object]) -> None:
        self._lender = lender
        self._getting_on = getting_on
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.Handle = self._loop.call_later(EACH_SECONDS_AT_EASE, self._begin)

    def _begin(self) -> None:
        # Not asked here: what a timer calls soon, uvloop calls in the same turn, before anybody is answered.
        self._next = self._loop.call_soon(self._look, Lull())

    def _look(self, lull: Lull) -> None:
        if not lull.has_come():
            self._next = self._loop.call_soon(self._look, lull)
            return
        with suppress(OSError):
            if self._lender.look():
                self._getting_on()
            seconds = EACH_SECONDS_AT_EASE if self._lender.is_at_ease else EACH_SECONDS
            self._next = self._loop.call_later(seconds, self._begin)

    def end(self) -> None:
        """Look no more."""
        self._next.cancel()


@contextmanager
def lending(process_id: int, getting_on: Callable[[], object]) -> Iterator[None]:
    """Lend to a process while the block lasts; `getting_on` is called ten times a second while it gets enough."""
    try:
        # The kernel's id of a process's own clock; elsewhere than on Linux there is none, and nothing is lent.
        lender = Lender(lambda: time.clock_gettime((~process_id << 3) | 2))
    except (OSError, AttributeError):
        yield
        return
    looks = _Looks(lender, getting_on)
    try:
        yield
    finally:
        looks.end()
