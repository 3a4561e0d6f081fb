"""The embedded store: one SQLite file, crash-safe, shared by the processes of one host."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from app.store.health import Availability
from app.store.protocol import OUTCOMES_KEPT, Head, Stored, StoreHealth
from app.store.sqlite_file import DamagedRowError, SqliteFile, UnreadableFileError, Work

SCHEMA = 1
"""Stands in the file as `PRAGMA user_version`; 0 is a file that was never written."""

TABLES = (
    """CREATE TABLE IF NOT EXISTS snapshot (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        generation INTEGER NOT NULL,
        snapshot_id TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        payload BLOB NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS lease (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        owner TEXT NOT NULL,
        taken_at REAL NOT NULL,
        expires_at REAL NOT NULL
    )""",
    "CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), document BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS outcome (id INTEGER PRIMARY KEY, document BLOB NOT NULL)",
)

CLOCK_STEP_SECONDS = 5.0
"""A lease taken further in the future than this means that the clock went back, not that somebody holds it."""

T = TypeVar("T")


class SqliteStore:
    """A Store in one SQLite file.

    It has one thread of its own: a hung disk costs this store, and nobody else who uses the loop's threads.
    """

    def __init__(self, path: Path, deadline_seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._file = SqliteFile(path, TABLES, SCHEMA, clock)
        self._deadline_seconds = deadline_seconds
        self._clock = clock
        self._availability = Availability(self.name, clock)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-store")
        self._is_closed = False

    def __repr__(self) -> str:
        return f"SqliteStore({str(self._file.path)!r})"

    @property
    def name(self) -> str:
        return "sqlite"

    async def load(self) -> Stored | None:
        return await self._read("load", _select_snapshot, None)

    async def head(self) -> Head | None:
        return await self._read("read the head", _select_head, None)

    async def save(self, stored: Stored) -> bool:
        return await self._write("save", lambda connection: _replace_snapshot(connection, stored))

    async def acquire_lease(self, owner: str, ttl_seconds: float) -> bool:
        return await self._write(
            "acquire the lease", lambda connection: _take_lease(connection, owner, self._clock(), ttl_seconds)
        )

    async def release_lease(self, owner: str) -> None:
        await self._write("release the lease", lambda connection: _drop_lease(connection, owner))

    async def lease_owner(self) -> str | None:
        return await self._read("read the lease", lambda connection: _select_owner(connection, self._clock()), None)

    async def load_state(self) -> bytes | None:
        return await self._read("load the state", _select_state, None)

    async def save_state(self, state: bytes) -> None:
        await self._write("save the state", lambda connection: _replace_state(connection, state))

    async def append_outcome(self, outcome: bytes) -> None:
        await self._write("append an outcome", lambda connection: _insert_outcome(connection, outcome))

    async def outcomes(self) -> Sequence[bytes]:
        return await self._read("list the outcomes", _select_outcomes, ())

    def health(self) -> Sequence[StoreHealth]:
        return (self._availability.health(),)

    async def close(self) -> None:
        self._is_closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _read(self, operation: str, query: Work[T], absent: T) -> T:
        found = await self._call(
            operation, lambda give_up_at: self._file.read(query, absent, give_up_at), refuses_writes=False
        )
        self._availability.succeeded(wrote=False)
        return found

    async def _write(self, operation: str, change: Work[bool]) -> bool:
        has_changed = await self._call(
            operation, lambda give_up_at: self._file.change(change, give_up_at), refuses_writes=True
        )
        self._availability.succeeded(wrote=has_changed)
        return has_changed

    async def _call(self, operation: str, work: Callable[[float], T], *, refuses_writes: bool) -> T:
        give_up_at = time.monotonic() + self._deadline_seconds
        reason = "it is closed"
        if not self._is_closed:
            try:
                async with asyncio.timeout(self._deadline_seconds):
                    return await asyncio.get_running_loop().run_in_executor(self._thread, work, give_up_at)
            except TimeoutError:
                reason = f"{self._file.path.name} did not answer within {self._deadline_seconds:g} s"
            except (sqlite3.Error, OSError, UnreadableFileError) as error:
                # `/status` shows it to everybody, so it names the file without its folder, DATA_DIR.
                reason = f"{self._file.path.name}: {(error.strerror or error) if isinstance(error, OSError) else error}"
        raise self._availability.failed(operation, reason, refuses_writes=refuses_writes)


def _select_snapshot(connection: sqlite3.Connection) -> Stored | None:
    row = connection.execute("SELECT generation, snapshot_id, sha256, payload FROM snapshot").fetchone()
    if row is None:
        return None
    generation, snapshot_id, sha256, payload = row
    is_sound = isinstance(generation, int) and isinstance(payload, bytes)
    if not is_sound or hashlib.sha256(payload).hexdigest() != sha256:
        raise DamagedRowError("the payload does not match its sha256")
    return Stored(generation, str(snapshot_id), payload)


def _select_head(connection: sqlite3.Connection) -> Head | None:
    row = connection.execute("SELECT generation, snapshot_id FROM snapshot").fetchone()
    return None if row is None or not isinstance(row[0], int) else Head(row[0], str(row[1]))


def _replace_snapshot(connection: sqlite3.Connection, stored: Stored) -> bool:
    head = _select_head(connection)
    if head is not None and head.generation >= stored.generation:
        return False
    sha256 = hashlib.sha256(stored.payload).hexdigest()
    connection.execute(
        "INSERT OR REPLACE INTO snapshot VALUES (1, ?, ?, ?, ?)",
        (stored.generation, stored.snapshot_id, sha256, stored.payload),
    )
    return True


def _select_owner(connection: sqlite3.Connection, now: float) -> str | None:
    row = connection.execute("SELECT owner, taken_at, expires_at FROM lease").fetchone()
    if row is None:
        return None
    owner, taken_at, expires_at = row
    return str(owner) if taken_at - CLOCK_STEP_SECONDS <= now < expires_at else None


def _take_lease(connection: sqlite3.Connection, owner: str, now: float, ttl_seconds: float) -> bool:
    if _select_owner(connection, now) not in {None, owner}:
        return False
    connection.execute("INSERT OR REPLACE INTO lease VALUES (1, ?, ?, ?)", (owner, now, now + ttl_seconds))
    return True


def _drop_lease(connection: sqlite3.Connection, owner: str) -> bool:
    return connection.execute("DELETE FROM lease WHERE owner = ?", (owner,)).rowcount > 0


def _select_state(connection: sqlite3.Connection) -> bytes | None:
    row = connection.execute("SELECT document FROM state").fetchone()
    return None if row is None else bytes(row[0])


def _replace_state(connection: sqlite3.Connection, state: bytes) -> bool:
    connection.execute("INSERT OR REPLACE INTO state VALUES (1, ?)", (state,))
    return True


def _select_outcomes(connection: sqlite3.Connection) -> Sequence[bytes]:
    rows = connection.execute("SELECT document FROM outcome ORDER BY id DESC LIMIT ?", (OUTCOMES_KEPT,))
    return tuple(bytes(document) for (document,) in rows)


def _insert_outcome(connection: sqlite3.Connection, outcome: bytes) -> bool:
    connection.execute("INSERT INTO outcome (document) VALUES (?)", (outcome,))
    connection.execute("DELETE FROM outcome WHERE id <= (SELECT max(id) FROM outcome) - ?", (OUTCOMES_KEPT,))
    return True
