"""The embedded store: the contract, and what happens when the file or the disk breaks."""

# ruff: noqa: ASYNC240 - these tests break files; nobody waits for the loop meanwhile

from __future__ import annotations

import logging
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import pytest

from app.store.protocol import Head, StoreError
from app.store.sqlite import SCHEMA, SqliteStore
from app.store.sqlite_file import SqliteFile
from tests.unit.store_contract import StoreContract, stored

pytestmark = pytest.mark.anyio

DEADLINE_SECONDS = 3.0
"""Generous: a busy disk syncs slowly, and these tests are about results."""


class TestSqliteStore(StoreContract):
    """The contract, kept by the embedded store."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "registry.sqlite3"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path, DEADLINE_SECONDS)
    yield store
    await store.close()


def asides(path: Path) -> list[str]:
    """Return the names of the files that were moved aside."""
    return sorted(other.name for other in path.parent.glob(f"{path.name}.*"))


def with_flipped_payload(path: Path) -> None:
    """Flip one byte inside the payload, as a failing disk does; SQLite has no checksums and reads it calmly."""
    data = bytearray(path.read_bytes())
    data[data.rindex(b"payload of") + 3] ^= 0xFF
    path.write_bytes(data)


@contextmanager
def locked_by_another(path: Path) -> Iterator[None]:
    """Hold the file as another process would in the middle of a commit."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


async def test_there_is_one_file_at_rest(path: Path, store: SqliteStore) -> None:
    await store.save(stored(1))
    await store.load()
    assert [entry.name for entry in path.parent.iterdir()] == ["registry.sqlite3"]


async def test_reading_creates_nothing(path: Path, store: SqliteStore) -> None:
    assert await store.load() is None
    assert await store.head() is None
    assert not path.parent.exists()


async def test_everything_survives_a_restart(path: Path, store: SqliteStore) -> None:
    await store.save(stored(3))
    await store.save_state(b"state")
    await store.append_outcome(b"outcome")
    await store.acquire_lease("one", 60)
    await store.close()
    again = SqliteStore(path, DEADLINE_SECONDS)
    assert await again.load() == stored(3)
    assert await again.load_state() == b"state"
    assert list(await again.outcomes()) == [b"outcome"]
    assert await again.lease_owner() == "one"
    await again.close()


async def test_two_stores_on_one_file_agree(path: Path, store: SqliteStore) -> None:
    other = SqliteStore(path, DEADLINE_SECONDS)
    assert await store.save(stored(1))
    assert not await other.save(stored(1))
    assert await other.save(stored(2))
    assert await store.head() == Head(2, "snapshot-2")
    assert await store.acquire_lease("one", 60)
    assert not await other.acquire_lease("two", 60)
    await other.close()


async def test_a_lease_ends_when_the_clock_says_so(path: Path) -> None:
    now = 1_000_000.0
    store = SqliteStore(path, DEADLINE_SECONDS, clock=lambda: now)
    assert await store.acquire_lease("one", 60)
    now += 59.9
    assert not await store.acquire_lease("two", 60)
    now += 0.2
    assert await store.acquire_lease("two", 60)
    await store.close()


async def test_a_clock_set_back_by_a_day_does_not_keep_a_dead_lease(path: Path) -> None:
    now = 1_000_000.0
    store = SqliteStore(path, DEADLINE_SECONDS, clock=lambda: now)
    assert await store.acquire_lease("one", 60)
    now -= 2.0
    assert not await store.acquire_lease("two", 60), "a small step of the clock must not break a lease"
    now -= 86_400
    assert await store.acquire_lease("two", 60)
    await store.close()


async def test_garbage_is_moved_aside_and_counts_as_absent(
    path: Path, store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 1000)
    with caplog.at_level(logging.WARNING):
        assert await store.load() is None
        assert await store.load() is None
        assert await store.head() is None
    assert len(caplog.records) == 1
    assert "kept as registry.sqlite3.corrupt-" in caplog.text
    assert await store.save(stored(1))
    assert await store.load() == stored(1)
    (aside,) = asides(path)
    assert aside.startswith("registry.sqlite3.corrupt-")
    assert (path.parent / aside).read_bytes() == b"this is no database" * 1000
    assert store.health()[0].is_available


async def test_garbage_does_not_stop_a_save(path: Path, store: SqliteStore) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\x00\x01garbage" * 500)
    assert await store.save(stored(1))
    assert await store.load() == stored(1)
    assert len(asides(path)) == 1


@pytest.mark.parametrize("kept_share", [0.1, 0.5, 0.9, 0.99])
async def test_a_truncated_file_counts_as_absent(path: Path, store: SqliteStore, kept_share: float) -> None:
    await store.save(stored(5, random.Random(1).randbytes(200_000)))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept_share)])
    assert await store.load() is None
    assert await store.save(stored(1))
    assert await store.load() == stored(1)
    assert len(asides(path)) == 1


async def test_an_empty_file_counts_as_absent(path: Path, store: SqliteStore) -> None:
    path.parent.mkdir()
    path.touch()
    assert await store.load() is None
    assert await store.save(stored(1))
    assert asides(path) == []


async def test_a_flipped_byte_in_the_payload_is_noticed(path: Path, store: SqliteStore) -> None:
    await store.save(stored(5))
    with_flipped_payload(path)
    assert await store.load() is None
    assert asides(path)[0].startswith("registry.sqlite3.corrupt-")
    assert await store.save(stored(1)), "a damaged generation must not keep sound snapshots out"


async def test_tables_of_another_shape_are_moved_aside(path: Path, store: SqliteStore) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE snapshot (something TEXT)")
        connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.commit()
    assert await store.head() is None
    assert await store.save(stored(1))
    assert len(asides(path)) == 1


async def test_a_newer_schema_is_moved_aside(path: Path, store: SqliteStore, caplog: pytest.LogCaptureFixture) -> None:
    await store.save(stored(9))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    with caplog.at_level(logging.WARNING):
        assert await store.load() is None
        assert await store.head() is None
    assert len(caplog.records) == 1
    (aside,) = asides(path)
    assert aside.startswith(f"registry.sqlite3.schema-{SCHEMA + 1}-")
    assert await store.save(stored(1))


async def test_a_bad_file_that_cannot_be_moved_is_absent_to_reads_and_an_error_to_writes(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = SqliteStore(path, DEADLINE_SECONDS, clock=lambda: 0.0)
    path.parent.mkdir()
    path.write_bytes(b"garbage" * 1000)
    (path.parent / f"{path.name}.corrupt-19700101T000000Z").mkdir()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert await store.load() is None
    assert len(caplog.records) == 1
    assert "nor moved aside" in caplog.text
    with pytest.raises(StoreError, match="file is not a database"):
        await store.save(stored(1))
    (path.parent / f"{path.name}.corrupt-19700101T000000Z").rmdir()
    assert await store.save(stored(1))
    await store.close()


async def test_a_journal_that_belongs_to_nothing_does_no_harm(path: Path, store: SqliteStore) -> None:
    path.parent.mkdir()
    path.write_bytes(b"garbage" * 1000)
    path.with_name(f"{path.name}-journal").write_bytes(b"half a transaction")
    assert await store.save(stored(1))
    assert await store.load() == stored(1)
    assert not path.with_name(f"{path.name}-journal").exists()


def test_a_change_whose_time_ran_out_is_rolled_back(path: Path) -> None:
    file = SqliteFile(path, ["CREATE TABLE numbers (number INTEGER)"], 1, time.time)

    def change(connection: sqlite3.Connection) -> bool:
        connection.execute("INSERT INTO numbers VALUES (1)")
        time.sleep(0.06)
        return True

    with pytest.raises(TimeoutError):
        file.change(change, give_up_at=time.monotonic() + 0.05)
    with pytest.raises(TimeoutError):
        file.change(change, give_up_at=time.monotonic())
    assert not file.read(bool, absent=False, give_up_at=time.monotonic() + 5)


async def test_a_removed_file_is_not_missed_for_long(path: Path, store: SqliteStore) -> None:
    await store.save(stored(5))
    path.unlink()
    assert await store.load() is None
    assert await store.save(stored(5))
    path.unlink()
    path.parent.rmdir()
    assert await store.head() is None
    assert await store.save(stored(5))
    assert await store.load() == stored(5)


async def test_a_replaced_file_is_seen_at_once(tmp_path: Path, path: Path, store: SqliteStore) -> None:
    backup = SqliteStore(tmp_path / "backup.sqlite3", DEADLINE_SECONDS)
    await backup.save(stored(2))
    await backup.close()
    await store.save(stored(1))
    (tmp_path / "backup.sqlite3").replace(path)
    assert await store.load() == stored(2)


async def test_a_folder_that_cannot_be_made_fails_writes_and_leaves_reads_empty(tmp_path: Path) -> None:
    """A file where DATA_DIR should be; permissions would not stop root, this does."""
    (tmp_path / "data").write_text("in the way")
    store = SqliteStore(tmp_path / "data" / "registry.sqlite3", DEADLINE_SECONDS)
    assert await store.load() is None
    with pytest.raises(StoreError, match=r"sqlite store could not save: .*registry\.sqlite3") as caught:
        await store.save(stored(1))
    assert (caught.value.store, caught.value.operation) == ("sqlite", "save")
    assert not store.health()[0].is_available
    (tmp_path / "data").unlink()
    assert await store.save(stored(1)), "recovers without a restart"
    assert store.health()[0].is_available
    await store.close()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc, a file system where nobody can write")
async def test_a_read_only_file_system_fails_writes() -> None:
    store = SqliteStore(Path("/proc/registry.sqlite3"), DEADLINE_SECONDS)
    assert await store.load() is None
    with pytest.raises(StoreError, match="unable to open database file"):
        await store.save(stored(1))
    with pytest.raises(StoreError, match="unable to open database file"):
        await store.acquire_lease("one", 60)
    await store.close()


async def test_a_folder_in_the_place_of_the_file_is_an_error(path: Path, store: SqliteStore) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match="could not load"):
        await store.load()
    path.rmdir()
    assert await store.load() is None


async def test_a_locked_file_fails_within_the_deadline(path: Path) -> None:
    store = SqliteStore(path, deadline_seconds=0.4)
    await store.save(stored(1))
    with locked_by_another(path):
        started = time.monotonic()
        with pytest.raises(StoreError, match="database is locked"):
            await store.save(stored(2))
        with pytest.raises(StoreError, match="database is locked") as caught:
            await store.load()
        assert caught.value.is_busy
        assert time.monotonic() - started < 2 * 0.4 + 0.5
    assert await store.load() == stored(1)
    assert await store.save(stored(2))
    await store.close()


async def test_many_calls_on_a_locked_file_all_end_within_the_deadline(path: Path) -> None:
    store = SqliteStore(path, deadline_seconds=0.4)
    await store.save(stored(1))
    failures: list[StoreError] = []

    async def save(generation: int) -> None:
        try:
            await store.save(stored(generation))
        except StoreError as error:
            failures.append(error)

    with locked_by_another(path):
        started = time.monotonic()
        async with anyio.create_task_group() as tasks:
            for generation in range(2, 12):
                tasks.start_soon(save, generation)
        assert time.monotonic() - started < 0.4 + 0.5
    assert len(failures) == 10
    await anyio.sleep(0.1)
    assert await store.head() == Head(1, "snapshot-1"), "what was given up must not be written later"
    await store.close()


async def test_a_cancelled_save_leaves_the_store_sound(path: Path, store: SqliteStore) -> None:
    await store.save(stored(1))
    for generation in range(2, 30):
        with anyio.move_on_after(0.0005 * generation):
            await store.save(stored(generation, os.urandom(100_000)))
    assert await store.save(stored(100))
    assert await store.load() == stored(100)


async def test_a_closed_store_says_so(store: SqliteStore) -> None:
    await store.close()
    with pytest.raises(StoreError, match="it is closed"):
        await store.load()


async def test_losing_and_regaining_the_store_logs_one_line_each(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").write_text("in the way")
    now = 0.0
    store = SqliteStore(tmp_path / "data" / "registry.sqlite3", DEADLINE_SECONDS, clock=lambda: now)
    with caplog.at_level(logging.INFO):
        for _ in range(30):
            now += 60
            with pytest.raises(StoreError):
                await store.save(stored(1))
            assert await store.head() is None, "reads succeed in between and must not flap the state"
        lost = store.health()[0]
        (tmp_path / "data").unlink()
        await store.save(stored(1))
    assert [(record.levelname, record.name) for record in caplog.records] == [
        ("WARNING", "app.store.health"),
        ("INFO", "app.store.health"),
    ]
    assert (lost.since, lost.last_error_at) == ("1970-01-01T00:01:00Z", "1970-01-01T00:30:00Z")
    found = store.health()[0]
    assert (found.is_available, found.since) == (True, "1970-01-01T00:30:00Z")
    assert found.last_error is not None, "the last error stays to be read"
    await store.close()


SAVER = """
import asyncio, os, random, sys
from pathlib import Path
from app.store.protocol import Stored
from app.store.sqlite import SqliteStore

async def main():
    store = SqliteStore(Path(sys.argv[1]), 30)
    head = await store.head()
    generation = head.generation if head else 0
    last = generation + int(sys.argv[2])
    while generation < last:
        generation += 1
        if await store.save(Stored(generation, f"s{generation}", os.urandom(random.randint(1, 300_000)))):
            print(generation, flush=True)

asyncio.run(main())
"""


def start_saver(path: Path, count: int) -> subprocess.Popen[str]:
    """Start a process that saves one generation after the other and prints each that was acknowledged."""
    return subprocess.Popen(
        [sys.executable, "-c", SAVER, str(path), str(count)], stdout=subprocess.PIPE, text=True, bufsize=1
    )


async def test_two_processes_on_one_file_never_lose_a_generation(path: Path, store: SqliteStore) -> None:
    savers = [start_saver(path, 40) for _ in range(2)]
    won = [int(line) for saver in savers for line in saver.communicate(timeout=60)[0].split()]
    assert len(won) == len(set(won)), "two winners for one generation"
    loaded = await store.load()
    assert loaded is not None
    assert loaded.generation == max(won)


FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from app.store.protocol import Stored, StoreError
from app.store.sqlite import SqliteStore

async def main():
    store = SqliteStore(Path(sys.argv[1]), 5)
    assert await store.save(Stored(1, "one", b"1" * 1000))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    try:
        await store.save(Stored(2, "two", b"2" * 1_000_000))
    except StoreError as error:
        print(error)
    assert await store.load() == Stored(1, "one", b"1" * 1000)
    assert not store.health()[0].is_available
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert await store.save(Stored(3, "three", b"3" * 1_000_000))
    assert store.health()[0].is_available

asyncio.run(main())
"""


def test_a_full_disk_fails_the_save_and_keeps_the_last_snapshot(path: Path) -> None:
    """In a process of its own, because the limit that stands for the full disk is the whole process's."""
    pytest.importorskip("resource", reason="needs the file size limit of a Unix")
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "sqlite store could not save" in done.stdout
