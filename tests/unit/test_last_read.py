"""An upstream that has validators: what is served is not read again while upstream says that it still holds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.outcome import Outcome, Result
from app.sources.overrides import OverridesSource
from tests.unit.fakes import HOUR, FakeSource, Instance, catalog, local_files

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


@pytest.fixture
async def instance() -> Instance:
    """An instance that read its catalog once, from an upstream that calls it "first"."""
    upstream = FakeSource(catalog(12))
    upstream.validator = '"first"'
    return await started(Instance(upstream=upstream))


async def started(instance: Instance) -> Instance:
    await instance.refresher.boot()
    assert (await instance.ring()).result is Result.UPDATED
    assert instance.upstream.asked_with == [None]
    return instance


async def an_hour_later(instance: Instance) -> Outcome:
    instance.clock.advance(HOUR)
    return await instance.ring()


async def test_what_still_holds_is_a_check_that_changed_nothing(instance: Instance) -> None:
    published = instance.published
    outcome = await an_hour_later(instance)
    assert instance.upstream.asked_with == [None, '"first"']
    assert (outcome.result, outcome.reason, outcome.counts) == (Result.UNCHANGED, None, {})
    assert outcome.diff is not None
    assert outcome.diff.is_empty
    assert instance.published is published
    assert instance.timetable.period.checked_at == instance.clock.now()
    assert instance.timetable.period.due_at == instance.clock.now() + HOUR


async def test_it_ends_staleness_and_failures(instance: Instance) -> None:
    await instance.adoption.set_stale(True)
    instance.upstream.error, down = RuntimeError("broken"), instance.upstream.error
    await an_hour_later(instance)
    assert instance.timetable.period.failures == 1
    instance.upstream.error = down
    await an_hour_later(instance)
    assert instance.timetable.period.failures == 0
    assert not instance.published.is_stale


async def test_what_was_set_aside_stays_told(instance: Instance) -> None:
    instance.upstream.records = (*catalog(30), {"id": "no/name", "pricing": "odd"})
    instance.upstream.validator = '"second"'
    await an_hour_later(instance)
    before = instance.timetable.period.quarantined
    assert before
    await an_hour_later(instance)
    assert instance.upstream.asked_with[-1] == '"second"'
    assert (instance.timetable.period.quarantined, instance.timetable.period.quarantined_total) == (before, 1)


async def test_another_answer_is_read_and_then_asked_for_by_its_own_name(instance: Instance) -> None:
    instance.upstream.records, instance.upstream.validator = catalog(13), '"second"'
    assert (await an_hour_later(instance)).result is Result.UPDATED
    assert (await an_hour_later(instance)).result is Result.UNCHANGED
    assert instance.upstream.asked_with == [None, '"first"', '"second"']


async def test_after_a_refusal_the_refused_answer_comes_again(instance: Instance) -> None:
    instance.upstream.records, instance.upstream.validator = catalog(6), '"refused"'
    assert (await an_hour_later(instance)).result is Result.REFUSED
    assert (await an_hour_later(instance)).result is Result.REFUSED
    assert instance.upstream.asked_with == [None, '"first"', '"first"']


async def test_a_dry_run_keeps_no_validator_and_notes_no_check(instance: Instance) -> None:
    period = instance.timetable.period
    assert (await instance.ask(is_dry_run=True)).result is Result.UNCHANGED
    instance.upstream.records, instance.upstream.validator = catalog(13), '"second"'
    assert (await instance.ask(is_dry_run=True)).result is Result.UPDATED
    assert instance.timetable.period == period
    await an_hour_later(instance)
    assert instance.upstream.asked_with[-1] == '"first"'


async def test_who_forces_and_who_has_not_read_for_a_day_reads_everything(instance: Instance) -> None:
    await instance.ask(is_forced=True)
    assert instance.upstream.asked_with == [None, None]
    for _ in range(24):
        await an_hour_later(instance)
    assert instance.upstream.asked_with[2:] == ['"first"'] * 23 + [None]


async def test_when_another_snapshot_is_served_everything_is_read(instance: Instance) -> None:
    sibling = Instance(store=instance.memory, clock=instance.clock, upstream=FakeSource(catalog(13)), name="two")
    await sibling.refresher.boot()
    assert (await an_hour_later(sibling)).result is Result.UPDATED
    assert (await an_hour_later(instance)).result is Result.UPDATED
    assert instance.upstream.asked_with == [None, None]


async def test_what_a_local_file_changed_is_merged_though_upstream_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "overrides.toml"
    path.write_text("schema = 1\n")
    upstream = FakeSource(catalog(12))
    upstream.validator = '"first"'
    instance = await started(
        Instance(upstream=upstream, files=local_files(overrides=OverridesSource(path).last_valid()))
    )
    path.write_text('schema = 1\nhide = ["maker-0/*"]\n')
    assert (await an_hour_later(instance)).result is Result.UPDATED
    assert not any(model_id.startswith("maker-0/") for model_id in instance.ids)
    assert instance.upstream.asked_with == [None, None]


async def test_an_upstream_without_validators_is_read_each_time() -> None:
    instance = await started(Instance(upstream=FakeSource(catalog(12))))
    await an_hour_later(instance)
    assert instance.upstream.asked_with == [None, None]
