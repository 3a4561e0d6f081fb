"""How this process uses the interpreter; every line is here because of a measurement.

With 421 models and a refresh after the other on two cores, the event loop paused for 60 ms and more, and for less than
10 now.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

_SWITCH_SECONDS = 0.0005
_THREADS = 8
# New objects before the youngest are looked at, and how often these before the older ones. Of 32 readers of lists that
# nobody asked for before, 9,800 a second were answered with Python's 700, 10, 10, and 12,400 where older ones are
# looked at after 200,000. To look at 10,000 new ones takes 7 ms, at 1,000 less than two, and the p99 is 8 to 10 ms or
# 6 to 7.
_COLLECTED_AFTER = (1_000, 200, 100)
# On Linux each thread has its own. On two cores that two other processes fill, a refresh takes 1.0 s at 0, 1.7 s at 4
# and 5.7 s at 10, and the p99 of reads meanwhile 13, 17 and 42 ms: a thread that holds the interpreter must get
# its turn soon. On a machine of our own readers notice less of a refresh the higher this is.
_NICE = 4


# Loaded wherever they are installed, by libraries that work as well without: structlog and httpx want the first two
# for tracebacks in colour and a command line of their own, FastAPI the third to refuse models that nobody here writes.
# A server shows none of that; they are 5.7 MiB, and 70 ms of CPU at each start. The fourth, with which structlog keeps
# apart what greenlets log, is there where something else has brought it: 1.1 MiB.
SPARED = ("rich", "pygments", "pydantic.v1", "greenlet")


@contextlib.contextmanager
def leaving_out(*packages: str) -> Iterator[None]:
    """Let imports within do without packages that they can do without; whatever is loaded already stays."""
    absent = [name for name in packages if name not in sys.modules]
    # None is how Python marks a package that is not to be found.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def calm_interpreter() -> None:
    """Let a refresh, which computes in threads, disturb readers as little as possible; call when all is built.

    A thread that computes keeps the interpreter for 5 ms each time a reader asks for it; for 0.5 ms from now on.
    A full run of the cycle collector looks at 97,000 modules, functions and routes that live as long as the process
    and at 8,000 objects of a catalog, and stops everybody meanwhile; from now on it leaves out the former. And it looks
    at what is not new hardly ever: answers that are made and kept are many objects and no cycles, and by Python's own
    thresholds a quarter of the time that first-time reads take went into looking at all of them again and again.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    # Not collected first: that takes 60 ms of the start, and found 20 objects.
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)


def patient_threads() -> ThreadPoolExecutor:
    """Return a pool for what computes beside the event loop; where both need the same core, readers go first.

    With a refresh each second on a single core that readers saturate, these got 80 to 88 % of what they get without
    one, and 55 to 67 % before; p99 was 4 ms instead of 7.
    """
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="patient", initializer=_step_back)


def _step_back() -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
