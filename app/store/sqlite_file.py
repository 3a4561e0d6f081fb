"""One SQLite file that several processes share and that may break at any time.

* The rollback journal (`journal_mode=DELETE`), not WAL: at rest there is one file to copy, replace or remove.
  A `-wal` beside a file that somebody replaced would be replayed into the wrong database, and WAL needs shared
  memory, which network disks and read-only media lack. We write once an hour; WAL's speed buys nothing here.
* Each call opens its own connection, so that a file that was replaced, removed or repaired is seen at once.
* A call that ran out of time rolls back before it commits: to fail means that nothing was written, unless the
  time ran out within the commit itself.
* A file that can't be read is moved aside, never deleted, and counts as absent.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

logger = logging.getLogger(__name__)

BUSY_SHARE = 0.8
"""Share of the time left that a call may wait for another process's lock; the rest is for its own work."""

# SQLITE_ERROR is what our own fixed statements get when the tables are not the ones that the schema number says.
DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class DamagedRowError(Exception):
    """A row that SQLite reads without complaint does not hold what was written."""


class UnreadableFileError(Exception):
    """The file is damaged or of another schema; `label` goes into the name under which it is kept."""

    def __init__(self, label: str, identity: tuple[int, int], reason: str) -> None:
        super().__init__(reason)
        self.label = label
        self.identity = identity


class SqliteFile:
    """Runs reads and changes against the file, each in a transaction of its own; blocks, so call it in a thread.

    `give_up_at` is a time of `time.monotonic`. Raises sqlite3.Error, OSError (TimeoutError among them) or
    UnreadableFileError.
    """

    def __init__(self, path: Path, tables: Sequence[str], schema: int, clock: Callable[[], float]) -> None:
        self.path = path.absolute()
        self._tables = tables
        self._schema = schema
        self._clock = clock
        self._logged_identity: tuple[int, int] | None = None

    def read(self, query: Work[T], absent: T, give_up_at: float) -> T:
        """Return what the query finds, or `absent` when there is no file that can be read."""
        if not self.path.exists():
            return absent
        try:
            with self._opened("rw", give_up_at) as connection:
                connection.execute("BEGIN")
                return query(connection) if self._has_tables(connection) else absent
        except UnreadableFileError as unreadable:
            self._is_moved_aside(unreadable)
            return absent
        except sqlite3.OperationalError:
            if self.path.exists():
                raise
            return absent

    def change(self, change: Work[bool], give_up_at: float) -> bool:
        """Commit the change and return what it returned; a file that can't be read is replaced by a new one."""
        try:
            return self._change(change, give_up_at)
        except UnreadableFileError as unreadable:
            if not self._is_moved_aside(unreadable):
                raise
        return self._change(change, give_up_at)

    def _change(self, change: Work[bool], give_up_at: float) -> bool:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._opened("rwc", give_up_at) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            # EXTRA also syncs the folder after the journal is gone: a commit survives a power cut right after it.
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.execute("BEGIN IMMEDIATE")
            if not self._has_tables(connection):
                for table in self._tables:
                    connection.execute(table)
                connection.execute(f"PRAGMA user_version = {self._schema}")
            has_changed = change(connection)
            if time.monotonic() >= give_up_at:
                raise TimeoutError("nobody waits for this answer any more")
            connection.execute("COMMIT")
            return has_changed

    @contextmanager
    def _opened(self, mode: str, give_up_at: float) -> Iterator[sqlite3.Connection]:
        """Open the file; closing without a commit rolls back."""
        seconds_left = give_up_at - time.monotonic()
        if seconds_left <= 0:
            raise TimeoutError("nobody waits for this answer any more")
        identity = self._identity()
        try:
            connection = sqlite3.connect(
                f"{self.path.as_uri()}?mode={mode}", uri=True, timeout=seconds_left * BUSY_SHARE, isolation_level=None
            )
            try:
                connection.text_factory = _as_text
                yield connection
            finally:
                connection.close()
        except (sqlite3.DatabaseError, DamagedRowError) as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
            is_damaged = isinstance(error, DamagedRowError) or code & 0xFF in DAMAGE
            if identity is None or not is_damaged:
                raise
            raise UnreadableFileError("corrupt", identity, str(error)) from error

    def _has_tables(self, connection: sqlite3.Connection) -> bool:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version in {0, self._schema}:
            return bool(version)
        identity = self._identity()
        if identity is None:
            return False
        reason = f"its schema is {version}, this version of the service reads {self._schema}"
        raise UnreadableFileError(f"schema-{version}", identity, reason)

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def _is_moved_aside(self, unreadable: UnreadableFileError) -> bool:
        """Keep the file under another name, unless another process already did; log it once."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._clock()))
        aside = self.path.with_name(f"{self.path.name}.{unreadable.label}-{stamp}")
        try:
            if self._identity() != unreadable.identity:
                return True
            # A journal is no longer there: SQLite replays or drops it before it reads anything.
            self.path.replace(aside)
        except OSError as error:
            if self._logged_identity != unreadable.identity:
                self._logged_identity = unreadable.identity
                logger.warning("%s can't be read (%s) nor moved aside (%s)", self.path, unreadable, error)
            return False
        logger.warning("%s can't be read (%s); kept as %s, starting without it", self.path, unreadable, aside.name)
        return True


def _as_text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
