"""Several real processes on one store: one upstream call per period, one catalog, and somebody who takes over.

They are heavy because periods and leases of a few seconds want a machine that does nothing else.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import ServiceProcess, all_serve, eventually, running
from tests.redis.server import RedisServer
from tests.simulator import Fault, Simulator, make_record

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.heavy]

ADOPT_SECONDS = 5.0
LEASE_SECONDS = 5.0


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    server.start()
    yield server
    server.stop()


def siblings(
    folder: Path, simulator: Simulator, count: int, period_seconds: float | None = None, **settings: str
) -> list[ServiceProcess]:
    return [
        ServiceProcess(
            folder,
            f"number-{number}",
            period_seconds=period_seconds,
            settings={"OPENROUTER_BASE_URL": simulator.base_url, **settings},
        )
        for number in range(count)
    ]


async def settle(services: list[ServiceProcess]) -> str:
    """Wait until everybody serves what one of them fetched and nobody holds the lease, and return its id."""
    give_up_at = time.monotonic() + 15
    while True:
        ids = {await service.snapshot_id() for service in services}
        origins = {await service.origin() for service in services}
        is_busy = any([(await service.status())["refresh"]["is_running"] for service in services])
        if len(ids) == 1 and origins == {"upstream"} and not is_busy:
            return ids.pop()
        assert time.monotonic() < give_up_at, f"{ids} {origins}"
        await asyncio.sleep(0.05)


async def agree(services: list[ServiceProcess], simulator: Simulator, said: str) -> None:
    """Every sibling starts with one upstream call among them, and follows a refresh by hand within seconds."""
    await settle(services)
    assert len(simulator.requests) == 1
    assert len({await service.etag() for service in services}) == 1
    for number in range(2):
        simulator.catalog = [*simulator.catalog, make_record(f"new/model-{number}")]
        outcome = await services[number].refresh()
        assert outcome["outcome"] == "updated"
        seconds = await all_serve(services, outcome["snapshot"], ADOPT_SECONDS)
        print(f"{said}: all {len(services)} adopted a refresh by hand within {seconds:.2f} s")
    assert len({await service.etag() for service in services}) == 1
    assert len(simulator.requests) == 3
    for service in services:
        assert (await service.client.get("/models/new/model-1")).status_code == 200
        assert (await service.status())["refresh"]["failures_in_a_row"] == 0


async def test_three_on_one_redis_agree(tmp_path: Path, simulator: Simulator, redis: RedisServer) -> None:
    services = siblings(tmp_path, simulator, 3, REDIS_URL=redis.url)
    async with running(*services):
        await agree(services, simulator, "Redis")


async def test_two_on_one_file_agree(tmp_path: Path, simulator: Simulator) -> None:
    services = siblings(tmp_path, simulator, 2, DATA_DIR=str(tmp_path / "shared"))
    async with running(*services):
        await agree(services, simulator, "SQLite")


async def test_three_make_one_call_per_period(tmp_path: Path, simulator: Simulator, redis: RedisServer) -> None:
    """Periods of three seconds; each one's call is made by whoever gets the lease."""
    services = siblings(
        tmp_path, simulator, 3, period_seconds=3, REDIS_URL=redis.url, LEASE_SECONDS="5", FETCH_DEADLINE_SECONDS="5"
    )
    async with running(*services):
        await settle(services)
        first = len(simulator.requests)
        started = time.monotonic()
        await asyncio.sleep(6.4)
        periods = (time.monotonic() - started) / 3
        calls = len(simulator.requests) - first
        print(f"{calls} upstream calls of 3 instances in {periods:.1f} periods")
        assert first == 1
        assert 1 <= calls <= 3


async def test_when_the_holder_of_the_lease_is_killed_another_takes_over(
    tmp_path: Path, simulator: Simulator, redis: RedisServer
) -> None:
    holder, heir = siblings(tmp_path, simulator, 2, REDIS_URL=redis.url, LEASE_SECONDS="5", FETCH_DEADLINE_SECONDS="5")
    simulator.misbehave(Fault.HANG)
    try:
        await holder.start()
        assert await eventually(lambda: len(simulator.requests) == 1, 10) is not None
        await heir.start()
        await heir.wait_for("/models")
        assert await heir.origin() == "core"
        lease = (await heir.status())["refresh"]["lease"]
        simulator.behave()
        holder.send(signal.SIGKILL)
        killed = time.monotonic()
        while await heir.origin() != "upstream":
            assert time.monotonic() - killed < LEASE_SECONDS + 5, heir.log
            await asyncio.sleep(0.05)
        print(f"took over {time.monotonic() - killed:.1f} s after a kill, with a lease of {LEASE_SECONDS:g} s")
        assert len(simulator.requests) == 2
        assert lease["seconds"] == LEASE_SECONDS
    finally:
        await holder.kill()
        await heir.kill()


async def test_a_frozen_sibling_catches_up_when_it_wakes(
    tmp_path: Path, simulator: Simulator, redis: RedisServer
) -> None:
    sleeper, other = siblings(
        tmp_path, simulator, 2, REDIS_URL=redis.url, LEASE_SECONDS="5", FETCH_DEADLINE_SECONDS="5"
    )
    async with running(sleeper, other):
        await settle([sleeper, other])
        sleeper.send(signal.SIGSTOP)
        simulator.catalog = [*simulator.catalog, make_record("new/model")]
        outcome = await other.refresh()
        assert outcome["outcome"] == "updated"
        await asyncio.sleep(0.2)
        sleeper.send(signal.SIGCONT)
        await all_serve([sleeper, other], outcome["snapshot"], ADOPT_SECONDS)


async def test_without_redis_each_goes_on_alone_and_with_it_they_agree_again(
    tmp_path: Path, simulator: Simulator, redis: RedisServer
) -> None:
    services = siblings(tmp_path, simulator, 2, REDIS_URL=redis.url, STORE_DEADLINE_SECONDS="0.3")
    async with running(*services):
        await settle(services)
        redis.stop()
        simulator.catalog = [*simulator.catalog, make_record("new/alone")]
        outcome = await services[0].refresh()
        assert outcome["outcome"] == "updated"
        assert (await services[0].client.get("/models/new/alone")).status_code == 200
        assert (await services[1].client.get("/models")).status_code == 200
        redis.start()
        seconds = await all_serve(services, outcome["snapshot"], 2 * ADOPT_SECONDS)
        print(f"agreed {seconds:.1f} s after Redis came back empty")
        assert redis.command("HGET", "{model-registry}:snapshot", "generation") == b"2"
