"""A deadline that holds even when a library swallows the cancellation.

`asyncio.timeout` asks once. On Python 3.11 `asyncio.wait_for` loses a cancellation that arrives together with its
own result, and redis-py sends each command through it: ten calls to a silent server, deadline 1 s, and some of
them lasted 2 s. So the work gets a task of its own, and a caller whose time is up walks away from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Deadline:
    """Runs work that may take so many seconds, and looks after what it left behind."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._left_behind: set[asyncio.Task[Any]] = set()

    async def hold(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the work returns; raise TimeoutError when the time is up."""
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({task}, timeout=self._seconds)
            if task.done():
                return task.result()
            raise TimeoutError(f"no result within {self._seconds:g} s")
        finally:
            if not task.done():
                self._left_behind.add(task)
                task.add_done_callback(self._forget)
                task.cancel()

    async def close(self) -> None:
        """Wait for what was left behind, for as long as one call may take."""
        if self._left_behind:
            await asyncio.wait(self._left_behind, timeout=self._seconds)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._left_behind.discard(task)
        if not task.cancelled():
            task.exception()  # else asyncio logs that nobody looked at it
