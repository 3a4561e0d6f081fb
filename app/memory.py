"""Keeps building a catalog from stopping the event loop, and gives memory back afterwards.

Measured: a full garbage collection over 100,000 models stops everything for 0.4 to 2.9 s, though a catalog holds
no cycles; after the build of 400 models the C library keeps 11 MiB that nobody uses.
"""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_lock = threading.Lock()
_builds = 0


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
                gc.enable()


def settle() -> None:
    """Take what was built out of the collector's sight and give unused memory back to the system.

    What dies young is collected first, so that no cycle is kept for good.
    """
    gc.collect(1)
    gc.freeze()
    with suppress(OSError, AttributeError):
        # glibc only; other C libraries have nothing like it.
        ctypes.CDLL(None).malloc_trim(0)
