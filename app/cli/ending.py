"""How a command ends: the exit codes, and the line that says what went wrong."""

from __future__ import annotations

import sys

FINE, NO, USAGE, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 130


class UsageError(Exception):
    """An argument can't be used; the message says which and why."""


def complain(message: str, code: int) -> int:
    """Print a message on standard error and return the exit code."""
    print(message, file=sys.stderr)
    return code
