"""Two hundred kills during a save, and never a torn or a lost snapshot; heavy for the processes that they take."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.kills import killed_savers
from tests.redis.server import RedisServer

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.heavy]
SEED = 7


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


async def test_two_hundred_kills_during_a_save_leave_a_whole_file(tmp_path: Path) -> None:
    kills = await killed_savers("sqlite", str(tmp_path / "registry.sqlite3"), lives=200, seed=SEED)
    print(f"{kills.saves} saves acknowledged, {kills.unacknowledged} saved and not told, in {kills.seconds:.1f} s")
    assert kills.wrong == []
    assert kills.lives == 200
    assert kills.saves > 200
    # A kill may leave a journal that nothing has to be rolled back from; the next change reuses it.
    assert names(tmp_path) <= {"registry.sqlite3", "registry.sqlite3-journal"}, "nothing was moved aside"


@pytest.mark.redis
async def test_fifty_kills_during_a_save_leave_a_whole_redis(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        kills = await killed_savers("redis", server.url, lives=50, seed=SEED)
    finally:
        server.stop()
    print(f"{kills.saves} saves acknowledged, {kills.unacknowledged} saved and not told, in {kills.seconds:.1f} s")
    assert kills.wrong == []
    assert kills.lives == 50
