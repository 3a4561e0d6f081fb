"""Preferences in a file: the contract, restarts, siblings, and a file that breaks."""

# ruff: noqa: ASYNC240 - these tests break files; nobody waits for the loop meanwhile

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from app.store.protocol import StoreError
from app.store.sqlite_preferences import SqlitePreferences
from tests.unit.preference_contract import PreferenceContract

pytestmark = pytest.mark.anyio
DEADLINE_SECONDS = 3.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "preferences.sqlite3"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqlitePreferences]:
    store = SqlitePreferences(path, DEADLINE_SECONDS)
    yield store
    await store.close()


class TestSqlitePreferences(PreferenceContract):
    """The contract, kept by the file."""


async def test_reading_creates_nothing(path: Path, store: SqlitePreferences) -> None:
    assert await store.read("ada") is None
    assert not path.parent.exists()


async def test_siblings_share_the_file_and_restarts_keep_it(path: Path, store: SqlitePreferences) -> None:
    sibling = SqlitePreferences(path, DEADLINE_SECONDS)
    assert await store.swap("ada", None, b"1")
    assert await sibling.swap("ada", b"1", b"2")
    assert not await store.swap("ada", b"1", b"3")
    await store.close()
    assert await SqlitePreferences(path, DEADLINE_SECONDS).read("ada") == b"2"
    await sibling.close()


async def test_a_damaged_file_is_kept_aside_and_writing_goes_on(path: Path, store: SqlitePreferences) -> None:
    assert await store.swap("ada", None, b"1")
    path.write_bytes(b"this is no database, whatever it is called" * 100)
    assert await store.read("ada") is None
    assert len(list(path.parent.glob("preferences.sqlite3.corrupt-*"))) == 1
    assert await store.swap("ada", None, b"2")
    assert await store.read("ada") == b"2"


async def test_a_row_that_holds_something_else_counts_as_damage(path: Path, store: SqlitePreferences) -> None:
    assert await store.swap("ada", None, b"1")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE preferences SET document = 'text'")
        connection.commit()
    assert await store.read("ada") is None


async def test_a_file_that_another_process_holds_fails_within_the_deadline(path: Path) -> None:
    store = SqlitePreferences(path, 0.2)
    assert await store.swap("ada", None, b"1")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        with pytest.raises(StoreError, match="preferences store could not read"):
            await store.read("ada")
        with pytest.raises(StoreError, match="preferences store could not write"):
            await store.swap("ada", b"1", b"2")
        assert time.monotonic() - started < 2
        connection.execute("ROLLBACK")
    assert not store.health().is_available
    assert await store.read("ada") == b"1"
    assert await store.swap("ada", b"1", b"2")
    assert store.health().is_available
    await store.close()
