"""What survives an end, orderly or not, when upstream, Redis or the disk is gone at the next start."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.processes import ServiceProcess, eventually, running
from tests.redis.server import RedisServer
from tests.simulator import Fault, Simulator, generate_catalog

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

STOPPED = {0, -signal.SIGTERM, 128 + signal.SIGTERM}
NOBODY = "http://127.0.0.1:9"
"""Port 9 is `discard`; nobody serves it."""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    server.start()
    yield server
    server.stop()


async def fetched(service: ServiceProcess) -> tuple[str, str]:
    """Wait until upstream's catalog is served and return its id and its ETag."""
    await service.fetched()
    return await service.snapshot_id(), await service.etag("zstd")


async def known_again(service: ServiceProcess, etag: str) -> str:
    """Return the ETag of the whole list once its compressed forms are made again.

    Whoever comes with the ETag of one of them from before needs not wait for that.
    """
    not_modified = await service.client.get("/models", headers={"If-None-Match": etag})
    assert (not_modified.status_code, not_modified.headers["etag"]) == (304, etag)
    give_up_at = time.monotonic() + 30
    while "-" not in (again := await service.etag("zstd")):
        assert time.monotonic() < give_up_at, f"{again} is still plain"
        await asyncio.sleep(0.05)
    return again


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_with_upstream_down_a_restart_serves_the_same_answer(
    tmp_path: Path, simulator: Simulator, end: str
) -> None:
    service = ServiceProcess(tmp_path, settings={"OPENROUTER_BASE_URL": simulator.base_url, "FETCH_ATTEMPTS": "1"})
    async with running(service):
        before = await fetched(service)
        body = (await service.client.get("/models")).content
        told = await service.status()
        if end == "stop":
            assert await service.stop() in STOPPED
        else:
            await service.kill()
        simulator.misbehave(Fault.UNAVAILABLE)
        await service.start()
        assert (await service.snapshot_id(), await known_again(service, before[1])) == before
        assert (await service.client.get("/models")).content == body
        not_modified = await service.client.get("/models", headers={"If-None-Match": before[1]})
        assert not_modified.status_code == 304
        assert len(simulator.requests) == 1, "the period is not over, so nobody asks"
        tells = await service.status()
        assert tells["outcomes"][-1:] == told["outcomes"]
        assert tells["refresh"]["last_checked_at"] == told["refresh"]["last_checked_at"]
        assert tells["instance"] != told["instance"]
        outcome = await service.refresh()
        assert (outcome["status"], outcome["outcome"]) == (502, "failed")
        assert (await service.snapshot_id(), await service.etag("zstd")) == before


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_with_the_overrides_broken_a_restart_goes_on_with_their_last_valid_version(
    tmp_path: Path, simulator: Simulator, end: str
) -> None:
    """Over two restarts, a merge and a refresh; `/status` and the log say so until the file is mended."""
    path = tmp_path / "overrides.toml"
    path.write_text('schema = 1\nhide = ["anthropic/*"]\n')
    service = ServiceProcess(
        tmp_path,
        settings={"OPENROUTER_BASE_URL": simulator.base_url, "OVERRIDES_FILE": str(path), "FOLLOW_SECONDS": "0.2"},
    )

    async def shown() -> int:
        models = (await service.client.get("/models", params={"fields": "author"})).json()["models"]
        return sum(model["author"] == "anthropic" for model in models)

    async with running(service):
        await service.fetched()
        assert await shown() == 0
        for _ in range(2):
            await (service.stop() if end == "stop" else service.kill())
            path.write_text('schema = 1\nhide = ["')
            await service.start()
            [trouble] = await told_of_files(service)
            assert "its last valid version, read 2" in trouble["reason"]
            assert trouble["used_read_at"] is not None
            outcome = await service.refresh()
            assert outcome["outcome"] == "unchanged", (outcome, service.log)
            assert await shown() == 0, service.log
        warned = [event for event in service.events if event["event"] == "a local file can't be used"]
        assert [event["reason"] for event in warned] == [trouble["reason"]] * 2, service.log
        path.write_text("schema = 1\n")
        give_up_at = time.monotonic() + 10
        while not await shown() or (await service.status())["local_files"]:
            assert time.monotonic() < give_up_at, service.log
            await asyncio.sleep(0.05)


async def told_of_files(service: ServiceProcess) -> list[dict[str, Any]]:
    """Wait until the local files were merged after a start and return what `/status` says of them."""
    give_up_at = time.monotonic() + 10
    while not (told := (await service.status())["local_files"]):
        assert time.monotonic() < give_up_at, service.log
        await asyncio.sleep(0.05)
    return list(told)


async def test_with_redis_gone_the_copy_in_the_file_is_served(
    tmp_path: Path, simulator: Simulator, redis: RedisServer
) -> None:
    service = ServiceProcess(
        tmp_path,
        settings={"OPENROUTER_BASE_URL": simulator.base_url, "REDIS_URL": redis.url, "STORE_DEADLINE_SECONDS": "0.5"},
    )
    async with running(service):
        before = await fetched(service)
        await service.stop()
        redis.stop()
        simulator.misbehave(Fault.REFUSE)
        await service.start()
        assert (await service.snapshot_id(), await known_again(service, before[1])) == before
        status = await service.status()
        states = {store["name"]: store["state"] for store in status["stores"]}
        # Which of the two depends on whether somebody looked already.
        assert states.pop("preferences") in {"initializing", "interrupted"}
        assert states == {"redis": "interrupted", "sqlite": "valid"}
        assert status["status"] == "degraded"


async def test_with_the_disk_gone_the_copy_in_redis_is_served(
    tmp_path: Path, simulator: Simulator, redis: RedisServer
) -> None:
    settings = {"OPENROUTER_BASE_URL": simulator.base_url, "REDIS_URL": redis.url}
    first = ServiceProcess(tmp_path, "first", settings=settings)
    async with running(first):
        before = await fetched(first)
    simulator.misbehave(Fault.REFUSE)
    second = ServiceProcess(tmp_path, "second", settings=settings)
    async with running(second):
        assert (await second.snapshot_id(), await known_again(second, before[1])) == before


async def test_with_nothing_at_all_the_core_models_are_served_at_once(tmp_path: Path) -> None:
    nowhere = tmp_path / "file"
    nowhere.write_text("a file where the folder should be")
    service = ServiceProcess(
        tmp_path,
        settings={"OPENROUTER_BASE_URL": NOBODY, "DATA_DIR": str(nowhere), "REDIS_URL": "redis://127.0.0.1:9/0"},
    )
    async with running(service):
        seconds = time.monotonic() - service.started
        assert await service.origin() == "core"
        assert (await service.client.get("/models")).json()["total"] >= 40
        assert (await service.client.get("/livez")).status_code == 200
        print(f"core models {seconds:.2f} s after the start, with no upstream, no Redis, no disk")
        assert seconds < 30


async def test_told_to_stop_during_a_refresh_it_lets_go_of_the_lease_and_says_so(
    tmp_path: Path, simulator: Simulator, redis: RedisServer
) -> None:
    simulator.misbehave(Fault.HANG)
    service = ServiceProcess(tmp_path, settings={"OPENROUTER_BASE_URL": simulator.base_url, "REDIS_URL": redis.url})
    async with running(service):
        assert await eventually(lambda: len(simulator.requests) == 1, 10) is not None
        assert redis.command("GET", "{model-registry}:lease") is not None
        started = time.monotonic()
        assert await service.stop() in STOPPED
        assert time.monotonic() - started < 5
        assert redis.command("GET", "{model-registry}:lease") is None
        [last] = redis.command("LRANGE", "{model-registry}:outcomes", 0, -1)
    assert b"the service stopped meanwhile" in last
    assert service.events[-1]["event"] == "stopped"
    assert "Traceback" not in service.log


async def test_who_waits_for_a_refresh_is_told_when_the_service_stops(tmp_path: Path, simulator: Simulator) -> None:
    settings = {"OPENROUTER_BASE_URL": simulator.base_url, "GRACEFUL_SECONDS": "1"}
    service = ServiceProcess(tmp_path, settings=settings)
    async with running(service):
        await service.fetched()
        simulator.misbehave(Fault.HANG)
        waiting = asyncio.create_task(service.client.post("/refresh"))
        assert await eventually(lambda: len(simulator.requests) == 2, 10) is not None
        assert await service.stop() in STOPPED
        told = await waiting
    assert (told.status_code, told.json()["type"].rpartition(":")[2]) == (503, "draining")
    assert "Traceback" not in service.log


def drop_lease(service: ServiceProcess) -> None:
    """Let the lease of the killed process run out at once."""
    with contextlib.closing(sqlite3.connect(service.folder / "data" / "registry.sqlite3")) as file:
        file.execute("DELETE FROM lease")
        file.commit()


async def test_killed_at_any_moment_of_a_refresh_it_keeps_a_whole_snapshot(tmp_path: Path) -> None:
    """Five lives, each ended at another moment of a refresh that changes every price."""
    records = generate_catalog(300)
    prices = itertools.count(1)

    def next_catalog() -> list[dict[str, Any]]:
        price = f"0.{next(prices):08}"
        return [{**record, "pricing": {"prompt": price, "completion": price}} for record in records]

    async with Simulator(records, next_catalog=next_catalog) as simulator:
        service = ServiceProcess(tmp_path, settings={"OPENROUTER_BASE_URL": simulator.base_url})
        async with running(service):
            await fetched(service)
            generation = 1
            for life in range(5):
                refreshing = asyncio.create_task(service.refresh())
                await asyncio.sleep(0.08 * life)
                await service.kill()
                await asyncio.wait({refreshing})
                assert refreshing.exception() is None or isinstance(refreshing.exception(), httpx.HTTPError)
                drop_lease(service)
                await service.start()
                assert await service.origin() == "upstream"
                found = int((await service.snapshot_id()).partition("-")[0])
                assert found in {generation, generation + 1}
                generation = found
    assert "corrupt" not in service.log
    print(f"{generation - 1} of 5 killed refreshes had been saved")
