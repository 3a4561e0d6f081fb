"""Metrics about ages and states are right at every scrape, also when nobody works any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.outcome import Result, Trigger
from app.sources.protocol import Failure
from app.store.health import Availability
from app.store.protocol import StoreError
from tests.unit.fakes import HOUR, FakeSource, Instance, MemoryStore, catalog, failing

pytestmark = pytest.mark.anyio


def shown(instance: Instance, metric: str, **labels: str) -> float | None:
    return instance.metrics.registry.get_sample_value(metric, labels)


async def test_the_age_grows_while_the_follower_sleeps() -> None:
    instance = Instance()
    await instance.refresher.boot()
    assert shown(instance, "registry_snapshot_age_seconds") is None, "upstream was never reached"
    await instance.ring()
    assert shown(instance, "registry_snapshot_age_seconds") == 0
    instance.clock.advance(9 * HOUR)
    assert shown(instance, "registry_snapshot_age_seconds") == 9 * 3600
    instance.clock.jump(-timedelta(days=2))
    assert shown(instance, "registry_snapshot_age_seconds") == 0, "a clock set back makes no age negative"


async def test_staleness_and_backoff_are_told() -> None:
    instance = Instance(upstream=FakeSource(error=failing(Failure.UNREACHABLE)))
    assert shown(instance, "registry_snapshot_stale") is None, "nothing is published yet"
    await instance.refresher.boot()
    assert shown(instance, "registry_snapshot_stale") == 0
    await instance.ring()
    await instance.look()
    assert shown(instance, "registry_snapshot_stale") == 1
    assert shown(instance, "registry_refresh_backoff_steps") == 1


async def test_unreadable_records_are_counted() -> None:
    instance = Instance(upstream=FakeSource((*catalog(40), {"id": 7})))
    await instance.refresher.boot()
    await instance.ring()
    assert shown(instance, "registry_quarantined_records") == 1


async def test_a_store_is_up_or_down_and_its_failures_are_counted_by_operation() -> None:
    store = MemoryStore()
    instance = Instance(store=store)
    await instance.refresher.boot()
    assert shown(instance, "registry_store_up", store="memory") == 1
    store.fails = {"head"}
    for _ in range(3):
        await instance.look()
    assert shown(instance, "registry_store_up", store="memory") == 0
    assert shown(instance, "registry_store_errors_total", store="memory", operation="head") == 3


def test_a_store_counts_its_own_failures_also_those_that_nobody_hears_of() -> None:
    """With a copy that takes over, no caller learns that Redis failed."""
    availability = Availability("redis", lambda: 0.0)
    for operation in ("load", "load", "save"):
        assert isinstance(availability.failed(operation, "no connection", refuses_writes=False), StoreError)
    health = availability.health()
    assert health.errors == {"load": 2, "save": 1}
    assert health.last_error_kind == "unavailable"
    availability.failed("save", "read-only replica", refuses_writes=True)
    assert availability.health().last_error_kind == "unwritable"
    assert health.errors == {"load": 2, "save": 1}, "what was told does not change afterwards"


def test_every_outcome_is_there_from_the_start_so_that_an_alert_sees_its_first_increase() -> None:
    instance = Instance()
    for result in Result:
        for trigger in Trigger:
            assert shown(instance, "registry_refresh_total", outcome=result.value, trigger=trigger.value) == 0
