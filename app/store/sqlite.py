"""The embedded store: one SQLite file, crash-safe, shared by the processes of one host."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.store.protocol import OUTCOMES_KEPT, Head, Stored, StoreHealth
from app.store.sqlite_access import SqliteAccess
from app.store.sqlite_file import DamagedRowError, SqliteFile

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

_WRITTEN_AT_ONCE_BYTES = 262_144
CLOCK_STEP_SECONDS = 5.0
"""A lease taken further in the future than this means that the clock went back, not that somebody holds it."""


class SqliteStore:
    """A Store in one SQLite file."""

    def __init__(self, path: Path, deadline_seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._file = SqliteFile(path, TABLES, SCHEMA, clock)
        self._access = SqliteAccess(self._file, deadline_seconds, self.name, clock)
        self._clock = clock

    def __repr__(self) -> str:
        return f"SqliteStore({str(self._file.path)!r})"

    @property
    def name(self) -> str:
        return "sqlite"

    async def load(self) -> Stored | None:
        return await self._access.read("load", _select_snapshot, None)

    async def head(self) -> Head | None:
        return await self._access.read("read the head", _select_head, None)

    async def save(self, stored: Stored) -> bool:
        return await self._access.write("save", lambda connection: _replace_snapshot(connection, stored))

    async def acquire_lease(self, owner: str, ttl_seconds: float) -> bool:
        return await self._access.write(
            "acquire the lease", lambda connection: _take_lease(connection, owner, self._clock(), ttl_seconds)
        )

    async def release_lease(self, owner: str) -> None:
        await self._access.write("release the lease", lambda connection: _drop_lease(connection, owner))

    async def lease_owner(self) -> str | None:
        return await self._access.read(
            "read the lease", lambda connection: _select_owner(connection, self._clock()), None
        )

    async def lease_seconds_left(self) -> float:
        return await self._access.read(
            "read the lease", lambda connection: _select_seconds_left(connection, self._clock()), 0.0
        )

    async def load_state(self) -> bytes | None:
        return await self._access.read("load the state", _select_state, None)

    async def save_state(self, state: bytes) -> None:
        await self._access.write("save the state", lambda connection: _replace_state(connection, state))

    async def append_outcome(self, outcome: bytes) -> None:
        await self._access.write("append an outcome", lambda connection: _insert_outcome(connection, outcome))

    async def outcomes(self) -> Sequence[bytes]:
        return await self._access.read("list the outcomes", _select_outcomes, ())

    def health(self) -> Sequence[StoreHealth]:
        return (self._access.health(),)

    async def close(self) -> None:
        self._access.close()


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
        "INSERT OR REPLACE INTO snapshot VALUES (1, ?, ?, ?, zeroblob(?))",
        (stored.generation, stored.snapshot_id, sha256, len(stored.payload)),
    )
    # Bound whole, 30 MB of 100,000 models would be copied in one step of 45 ms, in which nobody is answered.
    with connection.blobopen("snapshot", "payload", 1) as blob, memoryview(stored.payload) as payload:
        for at in range(0, len(payload), _WRITTEN_AT_ONCE_BYTES):
            blob.write(payload[at : at + _WRITTEN_AT_ONCE_BYTES])
    return True


def _select_owner(connection: sqlite3.Connection, now: float) -> str | None:
    row = connection.execute("SELECT owner, taken_at, expires_at FROM lease").fetchone()
    if row is None:
        return None
    owner, taken_at, expires_at = row
    return str(owner) if taken_at - CLOCK_STEP_SECONDS <= now < expires_at else None


def _select_seconds_left(connection: sqlite3.Connection, now: float) -> float:
    if _select_owner(connection, now) is None:
        return 0.0
    (expires_at,) = connection.execute("SELECT expires_at FROM lease").fetchone()
    return float(expires_at) - now


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
