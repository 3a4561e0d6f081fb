"""Whole instances on a real Redis that loses or forgets what it held: reads go on, and memory is written back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.store.mirrored import MirroredStore
from app.store.redis import RedisStore
from app.store.sqlite import SqliteStore
from tests.redis.conftest import DEADLINE_SECONDS
from tests.redis.server import RedisServer
from tests.unit.fakes import Instance, catalog, prices

pytestmark = [pytest.mark.anyio, pytest.mark.redis]


@dataclass(frozen=True, slots=True)
class Deployment:
    """A Redis, and the folder where each instance has its file."""

    server: RedisServer
    folder: Path

    async def booted(self, name: str) -> Instance:
        """Return an instance that has started."""
        store = MirroredStore(
            RedisStore(self.server.url, "test", DEADLINE_SECONDS), SqliteStore(self.folder / f"{name}.sqlite3", 3.0)
        )
        instance = Instance(store=store, name=name)
        await instance.refresher.boot()
        return instance

    def flush(self) -> None:
        """Empty it."""
        self.server.command("FLUSHALL")

    def restart_empty(self) -> None:
        """Crash it and start it without a dump."""
        self.server.stop()
        (self.folder / "dump.rdb").unlink()
        self.server.start()

    def restore_backup(self) -> None:
        """Crash it and start it with the dump of long ago."""
        self.server.stop()
        self.server.start()


@pytest.fixture
def deployment(server: RedisServer, tmp_path: Path) -> Deployment:
    return Deployment(server, tmp_path)


@pytest.mark.parametrize(
    ("lose", "left"),
    [(Deployment.flush, None), (Deployment.restart_empty, None), (Deployment.restore_backup, b"1")],
    ids=["flushed", "restarted empty", "restored from an old backup"],
)
async def test_what_redis_lost_is_written_back_and_nobody_steps_back(
    deployment: Deployment, lose: Callable[[Deployment], None], left: bytes | None
) -> None:
    first, second = await deployment.booted("first"), await deployment.booted("second")
    await first.ring()
    await second.look()
    deployment.server.command("SAVE")
    for turn in (1, 2):
        first.upstream.records = prices(catalog(), f"0.0000{turn}")
        assert (await first.ask()).result == "updated"
    await second.look()
    assert second.snapshot.id == first.snapshot.id
    assert first.snapshot.generation == 3
    etag = first.etag

    lose(deployment)
    assert deployment.server.command("HGET", "{test}:snapshot", "generation") == left
    for instance in (second, first):
        await instance.look()
        assert instance.etag == etag
    assert deployment.server.command("HGET", "{test}:snapshot", "generation") == b"3"
    for instance in (first, second):
        assert [part.is_available for part in instance.store.health()] == [True, True]
    newcomer = await deployment.booted("newcomer")
    assert newcomer.etag == etag
    assert (newcomer.timetable.period.checked_at, newcomer.timetable.period.failures) == (first.clock.now(), 0)
    for instance in (first, second, newcomer):
        await instance.store.close()


async def test_who_starts_while_redis_has_an_old_backup_serves_its_own_newer_copy(deployment: Deployment) -> None:
    first = await deployment.booted("first")
    await first.ring()
    deployment.server.command("SAVE")
    first.upstream.records = prices(catalog(), "0.00001")
    assert (await first.ask()).result == "updated"
    etag = first.etag
    await first.store.close()
    deployment.restore_backup()
    again = await deployment.booted("first")
    assert again.etag == etag
    await again.look()
    assert deployment.server.command("HGET", "{test}:snapshot", "generation") == b"2"
    await again.store.close()
