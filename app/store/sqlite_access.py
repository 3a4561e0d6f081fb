"""Asynchronous access to one SQLite file: each call within a deadline, each failure a StoreError."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.store.health import Availability
from app.store.protocol import StoreHealth
from app.store.sqlite_file import SqliteFile, UnreadableFileError, Work

T = TypeVar("T")


class SqliteAccess:
    """Reads and changes a file for one store, whose name its errors and its health bear.

    It has one thread of its own: a hung disk costs this store, and nobody else who uses the loop's threads.
    """

    def __init__(self, file: SqliteFile, deadline_seconds: float, name: str, clock: Callable[[], float]) -> None:
        self._file = file
        self._deadline_seconds = deadline_seconds
        self._availability = Availability(name, clock)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"{name}-store")
        self._is_closed = False

    def health(self) -> StoreHealth:
        """Return what is known of the file's availability."""
        return self._availability.health()

    def close(self) -> None:
        """Refuse every further call; what runs is left behind."""
        self._is_closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def read(self, operation: str, query: Work[T], absent: T) -> T:
        """Return what the query finds, or `absent` when there is no file that can be read."""
        found = await self._call(
            operation, lambda give_up_at: self._file.read(query, absent, give_up_at), refuses_writes=False
        )
        self._availability.succeeded(wrote=False)
        return found

    async def write(self, operation: str, change: Work[bool]) -> bool:
        """Commit the change and return whether it changed anything."""
        has_changed = await self._call(
            operation, lambda give_up_at: self._file.change(change, give_up_at), refuses_writes=True
        )
        self._availability.succeeded(wrote=has_changed)
        return has_changed

    async def _call(self, operation: str, work: Callable[[float], T], *, refuses_writes: bool) -> T:
        give_up_at = time.monotonic() + self._deadline_seconds
        reason, is_busy = "it is closed", False
        if not self._is_closed:
            try:
                async with asyncio.timeout(self._deadline_seconds):
                    return await asyncio.get_running_loop().run_in_executor(self._thread, work, give_up_at)
            except TimeoutError:
                reason = f"{self._file.path.name} did not answer within {self._deadline_seconds:g} s"
                is_busy = True
            except (sqlite3.Error, OSError, UnreadableFileError) as error:
                # `/status` shows it to everybody, so it names the file without its folder, DATA_DIR.
                reason = f"{self._file.path.name}: {(error.strerror or error) if isinstance(error, OSError) else error}"
                is_busy = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF == sqlite3.SQLITE_BUSY
        raise self._availability.failed(operation, reason, refuses_writes=refuses_writes, is_busy=is_busy)
