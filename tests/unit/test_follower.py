"""What an instance sees when it looks around every few seconds."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from app.catalog.snapshot import Origin
from app.outcome import Result
from app.sources.protocol import Failure
from tests.unit.fakes import HOUR, START, FakeClock, FakeSource, Instance, MemoryStore, Shelf, catalog, failing

pytestmark = pytest.mark.anyio

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
DOWN = failing(Failure.UNREACHABLE, "nobody answers")


@pytest.fixture
async def instance() -> Instance:
    """An instance that read its catalog once and looked around once."""
    instance = Instance()
    await instance.refresher.boot()
    await instance.ring()
    await instance.look()
    return instance


async def test_a_follower_adopts_what_a_sibling_refreshed(instance: Instance) -> None:
    sibling = Instance(store=MemoryStore(instance.memory.shelf), clock=instance.clock, name="two")
    await sibling.refresher.boot()
    instance.upstream.records = catalog(13)
    await instance.ask()
    await sibling.look()
    assert (sibling.snapshot.id, sibling.etag) == (instance.snapshot.id, instance.etag)
    assert sibling.upstream.calls == 0
    assert sibling.timetable.period == instance.timetable.period


async def test_a_look_with_nothing_new_changes_nothing(instance: Instance) -> None:
    published, entries = instance.published, instance.journal.entries
    for _ in range(5):
        await instance.look()
    assert instance.published is published
    assert instance.journal.entries == entries
    assert instance.memory.calls["save"] == 1


async def test_sixty_looks_at_a_store_that_is_down_are_counted_and_not_logged(instance: Instance) -> None:
    """The stores log when they are lost and found; the follower adds nothing."""
    instance.memory.fails = {"*"}
    with capture_logs() as logs:
        for _ in range(60):
            await instance.look()
    assert logs == []
    assert instance.count("registry_store_errors_total", store="memory", operation="head") == 60
    assert instance.published.snapshot.generation == 1


async def test_who_holds_the_lease_is_remembered(instance: Instance) -> None:
    await instance.store.acquire_lease("host-7:123.4", 60)
    await instance.look()
    assert instance.lease.document()["holder"] == "host-7"


async def test_looking_during_a_refresh_starts_no_second_one(instance: Instance) -> None:
    instance.upstream.hold()
    task = asyncio.create_task(instance.ask())
    await asyncio.sleep(0.01)
    await instance.follower.look()
    assert instance.upstream.calls == 2
    instance.upstream.release()
    assert (await task).result is Result.UNCHANGED


class TestAge:
    """A catalog that was not checked for two periods is stale, and every answer says so."""

    async def test_it_is_stale_after_two_periods_and_fresh_after_a_success(self, instance: Instance) -> None:
        fresh = instance.etag
        instance.upstream.error = DOWN
        instance.clock.advance(2 * HOUR)
        await instance.look()
        assert not instance.published.is_stale
        instance.clock.advance(SECOND)
        await instance.look()
        assert instance.published.is_stale
        assert instance.etag != fresh
        assert instance.count("registry_snapshot_age_seconds") == 7201
        await instance.ring()
        assert instance.published.is_stale, "a failure refreshes nothing"
        instance.upstream.error = None
        assert (await instance.ask()).result is Result.UNCHANGED
        assert not instance.published.is_stale
        assert instance.etag == fresh, "what was fresh before is the same answer again"

    async def test_a_siblings_success_makes_it_fresh_again(self, instance: Instance) -> None:
        sibling = Instance(store=MemoryStore(instance.memory.shelf), clock=instance.clock, name="two")
        await sibling.refresher.boot()
        instance.clock.advance(3 * HOUR)
        await sibling.look()
        assert sibling.published.is_stale
        await instance.ask()
        await sibling.look()
        assert not sibling.published.is_stale

    async def test_a_catalog_that_upstream_never_confirmed_is_stale_once_upstream_failed(self) -> None:
        instance = Instance(bootstrap=FakeSource(catalog(8)), upstream=FakeSource(error=DOWN))
        await instance.refresher.boot()
        await instance.look()
        assert not instance.published.is_stale
        await instance.ring()
        await instance.look()
        assert instance.published.is_stale
        assert instance.snapshot.contents.origin is Origin.BOOTSTRAP

    async def test_a_clock_set_back_makes_no_age_negative(self, instance: Instance) -> None:
        instance.clock.jump(-DAY)
        await instance.look()
        assert instance.count("registry_snapshot_age_seconds") == 0
        assert not instance.published.is_stale

    async def test_a_clock_set_forward_is_stale_until_the_next_refresh(self, instance: Instance) -> None:
        instance.clock.jump(DAY)
        await instance.look()
        assert instance.published.is_stale
        assert (await instance.ring()).result is Result.UNCHANGED
        assert not instance.published.is_stale

    async def test_after_a_restart_the_age_goes_on_from_the_last_check(self) -> None:
        clock, shelf = FakeClock(), Shelf()
        first = Instance(store=MemoryStore(shelf, monotonic=clock.monotonic), clock=clock)
        await first.refresher.boot()
        await first.ring()
        clock.advance(3 * HOUR)
        again = Instance(
            store=MemoryStore(shelf, monotonic=clock.monotonic), clock=clock, upstream=FakeSource(error=DOWN)
        )
        await again.refresher.boot()
        await again.look()
        assert again.published.is_stale
        assert again.timetable.period.checked_at == START
