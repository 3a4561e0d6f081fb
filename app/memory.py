"""Keeps building a catalog from stopping the event loop, and gives memory back afterwards.

Measured: a full garbage collection over 100,000 models stops everything for 0.4 to 2.9 s, though a catalog holds
no cycles; after the build of 400 models the C library keeps 11 MiB that nobody uses. With a refresh after the other,
resident memory grew from 110 to 185 MiB, and stays at 122 with the allocator held to its limits.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from app.c_library import c_library
from app.gradual import at_once

# From malloc.h of glibc.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_BYTES = 1_048_576
# The largest that glibc takes for it.
_LARGEST_BYTES = 33_554_432
_NEVER_BYTES = 1_073_741_824

_lock = threading.Lock()
_builds = 0
# More new objects are not looked through for cycles: 400 models are 8,000, and to look at 100,000 takes a second.
_MOST_COLLECTED = 200_000
# What is let go of at once; a hundred models take a quarter of a millisecond.
_LET_GO_AT_ONCE = 32
# What holds more is taken apart before it goes, because everything in it would go in one step; of a catalog of many
# models, and of few.
_MANY = 1_000
_SOME = 64
MANY_MODELS = 2_000
"""A catalog of more is taken apart in a thread before it goes; one of fewer on the event loop."""
SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)
"""What objects refer to and don't own: nothing behind these is part of a catalog."""

# What refers to nothing else; most of a catalog, and a set of a million numbers takes long to grow.
_LEAVES = (str, bytes, bytearray, int, float)


def limit_allocator() -> None:
    """Keep glibc from hoarding what a refresh needed for a moment; call before threads start.

    By itself it raises the size from which memory goes back to the system at once (to 32 MiB), and opens an arena
    for each thread; neither shrinks again. Does nothing where there is no glibc.
    """
    _set_allocator({_M_MMAP_THRESHOLD: _LARGE_BYTES, _M_ARENA_MAX: 1})


def hold_on_to_memory() -> None:
    """Let glibc keep whatever was needed once, for a process that builds a catalog and ends.

    Each compressor asks for megabytes, and asking the system again took 80 of the 360 ms of a catalog of 421 models,
    with 44,000 page faults instead of 7,000. What is held at most is the same: 341 MiB with 20,000 models.
    """
    _set_allocator({_M_MMAP_THRESHOLD: _LARGEST_BYTES, _M_TRIM_THRESHOLD: _NEVER_BYTES, _M_ARENA_MAX: 1})


def _set_allocator(options: Mapping[int, int]) -> None:
    if sys.platform != "linux":
        return
    with suppress(AttributeError, OSError):
        set_option = c_library().mallopt
        for option, value in options.items():
            set_option(option, value)


@contextmanager
def without_collections() -> Iterator[None]:
    """Suspend garbage collection while a catalog is built; builds may overlap."""
    global _builds
    with _lock:
        _builds += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _builds -= 1
            if not _builds:
                if gc.get_count()[0] > _MOST_COLLECTED:
                    # Or the next object that anybody makes would have all of them looked through.
                    gc.freeze()
                gc.enable()


def collect(most: int = _MOST_COLLECTED) -> None:
    """Take away what refers to itself and nobody needs, of all that is not kept out of collections.

    To be called before anything is kept out: what is garbage by then would stay for good. All others wait meanwhile,
    0.2 to 0.4 ms for a thousand objects, so nothing is done where more than `most` came since the last time.
    """
    if gc.get_count()[0] <= most:
        gc.collect()


def keep_out_of_collections() -> None:
    """Never look through what is there now for cycles; it holds none, and goes when nobody refers to it."""
    gc.freeze()


def let_go(last: list[Any]) -> None:
    """Empty a list whose items nobody else holds, such as a catalog that was replaced; runs in a thread.

    100,000 models are freed in one step of half a second when their catalog goes. So whatever holds many is found
    first, and its members are held here; what held them goes then, and they go after it a few at a time.
    """
    at_once(_letting_go(last, _MANY))


def let_go_in_steps(last: list[Any]) -> Generator[None, None, None]:
    """Do the same for a catalog of few models, in steps of a tenth of a millisecond; at once, it takes two.

    It looks at the 200 objects that the catalog is made of, and not at the 9,000 behind its models.
    """
    return _letting_go(last, _SOME)


def _letting_go(last: list[Any], many: int) -> Generator[None, None, None]:
    parts: list[list[Any]] = []
    known: set[int] = set()
    waiting = list(last)
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, _LEAVES) or id(holder) in known or isinstance(holder, SHARED):
            continue
        known.add(id(holder))
        held = gc.get_referents(holder)
        if len(held) > many:
            # What many hold, such as the lists in a dictionary of words, holds little itself.
            parts.append(held)
        else:
            waiting += held
        yield
    held = holder = None  # type: ignore[assignment]
    waiting.clear()
    last.clear()
    for part in parts:
        while part:
            yield
            del part[-_LET_GO_AT_ONCE:]


def settle() -> None:
    """Take what was built out of the collector's sight and give unused memory back to the system.

    What is garbage by then is collected first, so that no cycle is kept for good.
    """
    collect()
    gc.freeze()
    with suppress(OSError, AttributeError):
        # glibc only; other C libraries have nothing like it.
        c_library().malloc_trim(0)
