"""Preferences in a SQLite file of their own: a damaged catalog file never costs anybody's choices."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from app.store.preferences import NAME
from app.store.protocol import StoreHealth
from app.store.sqlite_access import SqliteAccess
from app.store.sqlite_file import DamagedRowError, SqliteFile

SCHEMA = 1
TABLES = ("CREATE TABLE IF NOT EXISTS preferences (user_id TEXT PRIMARY KEY, document BLOB NOT NULL) WITHOUT ROWID",)


class SqlitePreferences:
    """A PreferenceStore that the processes of one host share."""

    def __init__(self, path: Path, deadline_seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._file = SqliteFile(path, TABLES, SCHEMA, clock)
        self._access = SqliteAccess(self._file, deadline_seconds, NAME, clock)

    def __repr__(self) -> str:
        return f"SqlitePreferences({str(self._file.path)!r})"

    async def read(self, user_id: str) -> bytes | None:
        return await self._access.read("read", lambda connection: _select(connection, user_id), None)

    async def swap(self, user_id: str, known: bytes | None, new: bytes | None) -> bool:
        return await self._access.write("write", lambda connection: _swap(connection, user_id, known, new))

    def health(self) -> StoreHealth:
        return self._access.health()

    async def close(self) -> None:
        self._access.close()


def _select(connection: sqlite3.Connection, user_id: str) -> bytes | None:
    row = connection.execute("SELECT document FROM preferences WHERE user_id = ?", (user_id,)).fetchone()
    if row is not None and not isinstance(row[0], bytes):
        raise DamagedRowError("a document is no bytes")
    return None if row is None else row[0]


def _swap(connection: sqlite3.Connection, user_id: str, known: bytes | None, new: bytes | None) -> bool:
    current = _select(connection, user_id)
    if current == new and (new is not None or known is None):
        return True
    if current != known:
        return False
    if new is None:
        connection.execute("DELETE FROM preferences WHERE user_id = ?", (user_id,))
    else:
        connection.execute("INSERT OR REPLACE INTO preferences VALUES (?, ?)", (user_id, new))
    return True
