"""Functions of the C library that Python has no words for."""

from __future__ import annotations

import ctypes
from functools import lru_cache


@lru_cache(1)
def c_library() -> ctypes.CDLL:
    """Return the C library of this process; raises OSError where there is none to be had.

    Each time that ctypes opens it makes classes that refer to themselves, which only Python's collector takes away; so
    it is opened once. A function that it lacks is an AttributeError.
    """
    return ctypes.CDLL(None)
