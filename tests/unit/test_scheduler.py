"""The bell: it rings at once, in time, after every hindrance, and what it rings really runs."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from app.clock import SystemClock
from app.scheduler import FOLLOW_JOB, JOB_OPTIONS, REFRESH_JOB, Schedule
from app.sources.protocol import Failure
from app.store.envelope import seal
from tests.unit.fakes import HOUR, Instance, MemoryStore, catalog, failing
from tests.unit.test_adoption import snapshot

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)


@asynccontextmanager
async def ringing(
    instance: Instance, *, interval: timedelta = HOUR, follow_seconds: float = 60, watch_seconds: float = 30
) -> AsyncIterator[Schedule]:
    """Boot an instance on the machine's clock and ring it."""
    await instance.refresher.boot()
    schedule = Schedule(
        instance.refresher,
        instance.follower,
        instance.timetable,
        interval=interval,
        follow_seconds=follow_seconds,
        watch_seconds=watch_seconds,
    )
    schedule.start()
    try:
        yield schedule
    finally:
        schedule.stop()
        await instance.refresher.close(1)
        await asyncio.sleep(0)


@pytest.fixture
def instance() -> Instance:
    return Instance(real_clock=SystemClock())


async def comes_true(fact: Callable[[], bool], within_seconds: float = 2) -> bool:
    """Wait until a fact holds; whether it did."""
    give_up_at = time.monotonic() + within_seconds
    while not fact() and time.monotonic() < give_up_at:  # noqa: ASYNC110 - what is waited for sets no event
        await asyncio.sleep(0.005)
    return fact()


async def first_ring(instance: Instance, schedule: Schedule) -> None:
    """Wait until the first ring is over and the next one is set."""
    due = instance.timetable
    assert await comes_true(lambda: due.period.due_at is not None and schedule.next_refresh_at == due.period.due_at)


async def test_the_first_refresh_rings_at_once(instance: Instance) -> None:
    async with ringing(instance) as schedule:
        assert await comes_true(lambda: instance.snapshot.generation == 1, within_seconds=1)
        assert await comes_true(lambda: not instance.refresher.is_refreshing)
        await asyncio.sleep(0.01)
        assert schedule.next_refresh_at == instance.timetable.period.due_at


async def test_the_due_time_drives_the_next_ring(instance: Instance) -> None:
    """A minute after the first failure, not an hour."""
    instance.upstream.error = failing(Failure.UNREACHABLE)
    async with ringing(instance) as schedule:
        assert await comes_true(lambda: instance.timetable.period.failures == 1)
        assert await comes_true(lambda: schedule.next_refresh_at == instance.timetable.period.due_at)
        assert instance.timetable.next_due_at < datetime.now(UTC) + timedelta(minutes=2)


@pytest.mark.parametrize("error", [failing(Failure.UNREACHABLE), None], ids=["failed", "refused"])
async def test_after_a_refresh_by_hand_the_next_try_is_on_time(instance: Instance, error: Exception | None) -> None:
    """The bell was set to an hour; the attempt that failed by hand is tried again in a minute all the same."""
    async with ringing(instance, follow_seconds=0.1) as schedule:
        await first_ring(instance, schedule)
        instance.upstream.error, instance.upstream.records = error, ()
        asked_at = datetime.now(UTC)
        assert (await instance.ask()).result in {"failed", "refused"}
        assert await comes_true(lambda: schedule.next_refresh_at == instance.timetable.period.due_at)
        assert schedule.next_refresh_at is not None
        assert schedule.next_refresh_at - asked_at < timedelta(minutes=2)


async def test_a_success_by_hand_puts_the_bell_of_a_failure_off(instance: Instance) -> None:
    async with ringing(instance, follow_seconds=0.1) as schedule:
        await first_ring(instance, schedule)
        instance.upstream.error = failing(Failure.UNREACHABLE)
        await instance.ask()
        assert await comes_true(lambda: schedule.next_refresh_at == instance.timetable.period.due_at)
        instance.upstream.error = None
        asked_at = datetime.now(UTC)
        assert (await instance.ask()).result == "unchanged"
        assert await comes_true(lambda: schedule.next_refresh_at == instance.timetable.period.due_at)
        assert schedule.next_refresh_at is not None
        assert schedule.next_refresh_at - asked_at > HOUR / 2


async def test_a_siblings_failure_rings_everybody_in_time(instance: Instance) -> None:
    async with ringing(instance, follow_seconds=0.1) as schedule:
        await first_ring(instance, schedule)
        sibling = Instance(store=MemoryStore(instance.memory.shelf), real_clock=SystemClock(), name="two")
        await sibling.refresher.boot()
        sibling.upstream.error = failing(Failure.UNREACHABLE)
        await sibling.ask()
        due_at = sibling.timetable.period.due_at
        assert await comes_true(lambda: schedule.next_refresh_at == due_at)


async def test_the_follower_rings_every_few_seconds(instance: Instance) -> None:
    async with ringing(instance, follow_seconds=0.1):
        assert await comes_true(lambda: instance.snapshot.generation == 1)
        await instance.store.save(seal(snapshot(8)))
        assert await comes_true(lambda: instance.snapshot.generation == 8)


async def test_every_job_outlives_a_late_ring_and_rings_once() -> None:
    """Without these options a loop that is busy for a second at the wrong moment loses the whole hour."""
    instance = Instance(real_clock=SystemClock())
    async with ringing(instance) as schedule:
        jobs = {job.id: job for job in schedule._scheduler.get_jobs()}
        assert jobs.keys() == {REFRESH_JOB, FOLLOW_JOB}
        for job in jobs.values():
            assert {name: getattr(job, name) for name in JOB_OPTIONS} == {
                "misfire_grace_time": None,
                "coalesce": True,
                "max_instances": 1,
            }
            assert inspect.iscoroutinefunction(job.func), "anything else would be run in a thread and never awaited"
            assert job.next_run_time.utcoffset() == timedelta(0)
        assert jobs[REFRESH_JOB].trigger.interval == HOUR


async def test_a_loop_that_is_blocked_at_the_moment_does_not_lose_the_ring(instance: Instance) -> None:
    async with ringing(instance) as schedule:
        await first_ring(instance, schedule)
        rings = len(instance.journal.entries)
        schedule._scheduler.modify_job(REFRESH_JOB, next_run_time=datetime.now(UTC) + timedelta(seconds=0.05))
        await asyncio.sleep(0)
        time.sleep(1.6)  # noqa: ASYNC251 - to block the loop is the point; the default grace is one second
        assert await comes_true(lambda: len(instance.journal.entries) == rings + 1)


async def test_a_refresh_that_takes_long_is_not_started_twice(instance: Instance) -> None:
    instance.upstream.hold()
    async with ringing(instance, interval=timedelta(seconds=1)):
        assert await comes_true(lambda: instance.upstream.calls == 1)
        await asyncio.sleep(1.2)
        assert instance.upstream.calls == 1
        instance.upstream.records = catalog(13)
        instance.upstream.release()
        assert await comes_true(lambda: instance.snapshot.generation == 1)


async def test_a_clock_that_was_set_back_stops_no_bell(instance: Instance) -> None:
    """APScheduler compares wall clocks: a day back means a day of silence, for the follower too."""
    async with ringing(instance, follow_seconds=1, watch_seconds=0.05) as schedule:
        await first_ring(instance, schedule)
        rings, looks = len(instance.journal.entries), instance.memory.calls["lease_owner"]
        for name in (REFRESH_JOB, FOLLOW_JOB):
            schedule._scheduler.modify_job(name, next_run_time=datetime.now(UTC) + DAY)
        assert await comes_true(lambda: len(instance.journal.entries) > rings)
        assert await comes_true(lambda: instance.memory.calls["lease_owner"] > looks)
        due_at = schedule.next_refresh_at
        assert due_at is not None
        assert due_at <= datetime.now(UTC) + HOUR


async def test_a_clock_that_was_set_forward_rings_once_and_goes_on(instance: Instance) -> None:
    async with ringing(instance, follow_seconds=1, watch_seconds=0.05) as schedule:
        await first_ring(instance, schedule)
        rings = len(instance.journal.entries)
        schedule._scheduler.modify_job(REFRESH_JOB, next_run_time=datetime.now(UTC) - DAY)
        assert await comes_true(lambda: len(instance.journal.entries) == rings + 1)
        await asyncio.sleep(0.1)
        assert len(instance.journal.entries) == rings + 1


async def test_after_stopping_nothing_rings(instance: Instance) -> None:
    async with ringing(instance, follow_seconds=0.1, watch_seconds=0.02) as schedule:
        assert await comes_true(lambda: instance.snapshot.generation == 1)
        schedule.stop()
        await asyncio.sleep(0.05)
        looks = instance.memory.calls["lease_owner"]
        await asyncio.sleep(0.25)
        assert instance.memory.calls["lease_owner"] == looks


async def test_stopping_does_not_tear_a_refresh_apart(instance: Instance) -> None:
    """The refresher owns its task: who stops the bell then closes the refresher, which lets go of the lease."""
    instance.upstream.hold()
    async with ringing(instance) as schedule:
        assert await comes_true(lambda: instance.upstream.calls == 1)
        schedule.stop()
        await asyncio.sleep(0.05)
        assert instance.refresher.is_refreshing
        instance.upstream.release()
        assert await comes_true(lambda: instance.snapshot.generation == 1)


async def test_the_machines_clock_tells_utc_in_whole_seconds_and_never_goes_back() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.now().microsecond == 0
    assert clock.monotonic() <= clock.monotonic()
