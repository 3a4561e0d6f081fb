"""The crank: single flight, lease, guard, back-off, and what stays when something goes wrong."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import orjson
import pytest

from app.building.orders import BuilderLostError
from app.catalog.snapshot import Origin
from app.outcome import BUILDER_LOST, Outcome, Result, Trigger
from app.period import CIRCUIT_FAILURES, Period, unpack_period
from app.sources.protocol import Failure
from app.timetable import place_of
from tests.unit.fakes import HOUR, START, FakeClock, FakeSource, Instance, MemoryStore, Shelf, catalog, failing, prices

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
DOWN = failing(Failure.UNREACHABLE, "nobody answers")


@pytest.fixture
async def instance() -> Instance:
    """An instance that read its catalog once."""
    instance = Instance()
    await instance.refresher.boot()
    assert (await instance.ring()).result is Result.UPDATED
    return instance


class TestBoot:
    """What is served before upstream was asked."""

    async def test_a_stored_snapshot_comes_first(self, instance: Instance) -> None:
        again = Instance(store=instance.memory, clock=instance.clock, bootstrap=FakeSource(catalog(8)))
        await again.refresher.boot()
        assert (again.snapshot.id, again.etag) == (instance.snapshot.id, instance.etag)
        assert again.snapshot.contents == instance.snapshot.contents
        assert again.upstream.calls == 0
        assert again.timetable.period == instance.timetable.period

    async def test_without_a_snapshot_the_bootstrap_file_is_served(self) -> None:
        instance = Instance(bootstrap=FakeSource(catalog(8)))
        await instance.refresher.boot()
        assert instance.snapshot.contents.origin is Origin.BOOTSTRAP
        assert instance.snapshot.generation == 1
        assert "maker-0/model-0" in instance.ids
        assert "openai/gpt-core" in instance.ids
        assert instance.snapshot.fetched_at is None
        [entry] = instance.journal.entries
        assert (entry["outcome"], entry["trigger"]) == ("updated", "bootstrap")
        assert (entry["first_models"], entry["reason"]) == (10, "first catalog: 10 models"), "with the core models"

    async def test_without_both_the_core_models_are_served_and_not_stored(self) -> None:
        instance = Instance()
        await instance.refresher.boot()
        assert instance.snapshot.contents.origin is Origin.CORE
        assert instance.snapshot.generation == 0
        assert instance.ids == {"openai/gpt-core", "anthropic/claude-core"}
        assert instance.memory.shelf.stored is None

    async def test_a_bootstrap_file_that_is_broken_leaves_the_core_models_and_says_why(self) -> None:
        broken = FakeSource(error=failing(Failure.NOT_JSON, "BOOTSTRAP_FILE is not JSON"))
        instance = Instance(bootstrap=broken)
        await instance.refresher.boot()
        assert instance.snapshot.contents.origin is Origin.CORE
        [entry] = instance.journal.entries
        assert (entry["outcome"], entry["kind"], entry["reason"]) == (
            "failed",
            "not_json",
            "BOOTSTRAP_FILE is not JSON",
        )

    @pytest.mark.parametrize(("fails", "failed"), [("*", "load"), ("load", "load"), ("load_state", "load_state")])
    async def test_a_store_that_is_down_does_not_stop_the_boot(self, fails: str, failed: str) -> None:
        instance = Instance()
        instance.memory.fails = {fails}
        await instance.refresher.boot()
        assert instance.snapshot.contents.origin is Origin.CORE
        assert instance.count("registry_store_errors_total", store="memory", operation=failed) == 1

    async def test_a_store_that_is_busy_for_a_moment_is_asked_again(self, instance: Instance) -> None:
        """Else who restarts while a sibling writes would serve core models in place of the catalog it had."""
        memory = MemoryStore(instance.memory.shelf)
        memory.fails, memory.is_busy = {"load"}, True

        def free_at_the_third_try(_: str) -> None:
            if memory.calls["load"] == 2:
                memory.fails = set()

        memory.before = free_at_the_third_try
        again = Instance(store=memory, clock=instance.clock, bootstrap=FakeSource(catalog()))
        await again.refresher.boot()
        assert again.snapshot.id == instance.snapshot.id
        assert memory.calls["load"] == 3

    async def test_a_store_that_stays_busy_does_not_stop_the_boot(self, instance: Instance) -> None:
        instance.memory.fails, instance.memory.is_busy = {"load"}, True
        again = Instance(store=instance.memory, clock=instance.clock)
        await again.refresher.boot()
        assert again.snapshot.contents.origin is Origin.CORE

    async def test_with_the_store_down_the_bootstrap_file_is_served(self) -> None:
        instance = Instance(bootstrap=FakeSource(catalog(8)))
        instance.memory.fails = {"*"}
        await instance.refresher.boot()
        assert instance.snapshot.contents.origin is Origin.BOOTSTRAP

    async def test_a_stored_payload_that_cannot_be_read_counts_as_none(self, instance: Instance) -> None:
        stored = instance.memory.shelf.stored
        assert stored is not None
        instance.memory.shelf.stored = type(stored)(stored.generation, stored.snapshot_id, b"not ours")
        again = Instance(store=instance.memory, clock=instance.clock)
        await again.refresher.boot()
        assert again.snapshot.contents.origin is Origin.CORE

    async def test_the_guard_does_not_measure_against_the_bootstrap_file(self) -> None:
        instance = Instance(bootstrap=FakeSource(catalog(200)))
        await instance.refresher.boot()
        outcome = await instance.ring()
        assert outcome.result is Result.UPDATED
        assert instance.snapshot.contents.origin is Origin.UPSTREAM
        assert outcome.refusals == ()

    async def test_upstream_takes_over_from_a_bootstrap_file_that_says_the_same(self) -> None:
        instance = Instance(bootstrap=FakeSource(catalog()))
        await instance.refresher.boot()
        assert (await instance.ring()).result is Result.UPDATED
        assert instance.snapshot.contents.origin is Origin.UPSTREAM
        assert instance.snapshot.fetched_at == START


class TestSingleFlight:
    """One attempt at a time in one process."""

    async def test_a_hundred_triggers_are_one_call_and_one_outcome(self) -> None:
        instance = Instance()
        await instance.refresher.boot()
        instance.upstream.hold()
        triggers = [Trigger.SCHEDULE, Trigger.OPERATOR] * 50
        tasks = [asyncio.create_task(instance.refresher.refresh(trigger)) for trigger in triggers]
        await asyncio.sleep(0.01)
        assert instance.refresher.is_refreshing
        instance.upstream.release()
        outcomes = await asyncio.gather(*tasks)
        assert instance.upstream.calls == 1
        assert all(outcome is outcomes[0] for outcome in outcomes)
        assert len(instance.journal.entries) == 1
        assert not instance.refresher.is_refreshing

    @pytest.mark.parametrize(("is_dry_run", "is_forced"), [(True, False), (False, True), (True, True)])
    async def test_an_attempt_of_another_kind_waits_for_its_turn(
        self, instance: Instance, is_dry_run: bool, is_forced: bool
    ) -> None:
        instance.clock.advance(HOUR)
        instance.upstream.hold()
        plain = asyncio.create_task(instance.ring())
        other = asyncio.create_task(instance.ask(is_dry_run=is_dry_run, is_forced=is_forced))
        await asyncio.sleep(0.01)
        assert instance.upstream.calls == 2
        instance.upstream.release()
        first, second = await asyncio.gather(plain, other)
        assert instance.upstream.calls == 3
        assert (first.is_dry_run, first.is_forced) == (False, False)
        assert (second.is_dry_run, second.is_forced) == (is_dry_run, is_forced)

    async def test_an_operator_is_not_put_off_with_a_merge_of_local_files(self, instance: Instance) -> None:
        merge, ask = await asyncio.gather(instance.refresher.refresh(Trigger.LOCAL_FILES), instance.ask())
        assert (merge.trigger, ask.trigger) == (Trigger.LOCAL_FILES, Trigger.OPERATOR)
        assert instance.upstream.calls == 2

    async def test_an_operator_is_not_put_off_with_a_ring_that_was_not_due(self, instance: Instance) -> None:
        ring, ask = await asyncio.gather(instance.ring(), instance.ask())
        assert ring.result is Result.SKIPPED
        assert ask.result is Result.UNCHANGED
        assert instance.upstream.calls == 2

    async def test_a_caller_who_goes_away_does_not_stop_the_others(self, instance: Instance) -> None:
        instance.upstream.hold()
        impatient, patient = asyncio.create_task(instance.ask()), asyncio.create_task(instance.ask())
        await asyncio.sleep(0.01)
        impatient.cancel()
        await asyncio.sleep(0)
        instance.upstream.release()
        assert (await patient).result is Result.UNCHANGED
        assert impatient.cancelled()
        assert instance.upstream.calls == 2


class TestOutcomes:
    """What each end of an attempt leaves behind."""

    async def test_a_dry_run_shows_the_change_and_changes_nothing(self, instance: Instance) -> None:
        shelf = instance.memory.shelf
        before = (instance.published, shelf.stored, shelf.state, tuple(shelf.outcomes), instance.timetable.period)
        instance.upstream.records = catalog(14)
        outcome = await instance.ask(is_dry_run=True)
        assert outcome.result is Result.UPDATED
        assert outcome.diff is not None
        assert outcome.diff.added == ("maker-0/model-12", "maker-1/model-13")
        after = (instance.published, shelf.stored, shelf.state, tuple(shelf.outcomes), instance.timetable.period)
        assert after == before
        assert len(instance.journal.entries) == 1
        assert shelf.lease is None

    async def test_a_dry_run_that_fails_or_is_refused_changes_nothing_either(self, instance: Instance) -> None:
        period = instance.timetable.period
        instance.upstream.records = catalog(6)
        assert (await instance.ask(is_dry_run=True)).result is Result.REFUSED
        instance.upstream.error = DOWN
        assert (await instance.ask(is_dry_run=True)).result is Result.FAILED
        assert instance.timetable.period == period
        assert len(instance.journal.entries) == 1

    async def test_an_unchanged_catalog_keeps_everything_and_renews_the_check(self, instance: Instance) -> None:
        published, etag = instance.published, instance.etag
        instance.clock.advance(HOUR)
        instance.upstream.records = tuple(reversed(catalog(benchmarks={"coding": 7})))
        outcome = await instance.ring()
        assert outcome.result is Result.UNCHANGED
        assert instance.published is published
        assert instance.etag == etag
        assert instance.snapshot.updated_at == START
        assert instance.timetable.period.checked_at == START + HOUR
        assert instance.memory.calls["save"] == 1

    async def test_a_change_is_the_next_generation(self, instance: Instance) -> None:
        etag = instance.etag
        instance.clock.advance(HOUR)
        instance.upstream.records = prices(catalog(), "0.000003")
        outcome = await instance.ring()
        assert (outcome.result, outcome.generation) == (Result.UPDATED, 2)
        assert outcome.snapshot_id == instance.snapshot.id
        assert outcome.counts == {"fetched": 12, "quarantined": 0}
        assert instance.snapshot.updated_at == START + HOUR
        assert instance.etag != etag
        stored = instance.memory.shelf.stored
        assert stored is not None
        assert (stored.generation, stored.snapshot_id) == (2, instance.snapshot.id)

    async def test_a_refused_catalog_leaves_the_last_good_one(self, instance: Instance) -> None:
        published = instance.published
        instance.clock.advance(HOUR)
        instance.upstream.records = catalog(6)
        outcome = await instance.ring()
        assert outcome.result is Result.REFUSED
        assert instance.published is published
        assert "6 of 12 models vanished" in outcome.refusals[0]
        assert "force=true" in (outcome.reason or "")
        period = instance.timetable.period
        assert (period.checked_at, period.failures) == (START, 1)
        assert instance.journal.entries[0]["outcome"] == "refused"
        assert instance.memory.shelf.lease is None

    async def test_after_a_refusal_the_yardstick_is_still_the_last_good_one(self, instance: Instance) -> None:
        instance.upstream.records = catalog(9)
        assert (await instance.ask()).result is Result.REFUSED
        instance.upstream.records = catalog(8)
        assert "4 of 12 models vanished" in (await instance.ask()).refusals[0]

    async def test_after_a_restart_the_yardstick_is_the_stored_one(self, instance: Instance) -> None:
        again = Instance(store=instance.memory, clock=instance.clock, upstream=FakeSource(catalog(6)))
        await again.refresher.boot()
        assert (await again.ask()).result is Result.REFUSED

    async def test_force_accepts_what_the_guard_refuses_and_says_so(self, instance: Instance) -> None:
        instance.upstream.records = catalog(6)
        outcome = await instance.ask(is_forced=True)
        assert outcome.result is Result.UPDATED
        assert outcome.refusals
        entry = instance.journal.entries[0]
        assert (entry["forced"], entry["trigger"], entry["outcome"]) == (True, "operator", "updated")
        assert len(entry["refusals"]) == 1
        assert orjson.loads(instance.memory.shelf.outcomes[0])["forced"] is True
        assert {f"maker-{number % 3}/model-{number}" for number in range(6)} == {
            model_id for model_id in instance.ids if model_id.startswith("maker")
        }

    async def test_a_failure_leaves_everything_and_is_recorded(self, instance: Instance) -> None:
        published = instance.published
        instance.upstream.error = failing(Failure.STATUS, "HTTP 503", status=503)
        outcome = await instance.ask()
        assert (outcome.result, outcome.kind, outcome.reason) == (Result.FAILED, "status", "HTTP 503")
        assert instance.published is published
        assert instance.count("registry_refresh_total", outcome="failed", trigger="operator") == 1

    async def test_a_defect_is_a_failure_too_and_the_next_attempt_works(self, instance: Instance) -> None:
        instance.upstream.error = ZeroDivisionError("a defect")
        outcome = await instance.ask()
        assert (outcome.result, outcome.reason) == (Result.FAILED, "internal error: ZeroDivisionError")
        assert instance.timetable.period.failures == 1
        assert instance.memory.shelf.lease is None
        instance.upstream.error = None
        assert (await instance.ask()).result is Result.UNCHANGED

    async def test_a_builder_that_is_lost_is_not_held_against_upstream(self, instance: Instance) -> None:
        instance.upstream.error = BuilderLostError("the process that proposed the catalog is gone")
        instance.clock.advance(2 * HOUR)
        waits = []
        for _ in range(CIRCUIT_FAILURES + 1):
            outcome = await instance.ask()
            assert (outcome.result, outcome.kind) == (Result.FAILED, BUILDER_LOST)
            assert outcome.reason == "the catalog was not built: the process that proposed the catalog is gone"
            # As the follower does every few seconds; what only this process knew of would be forgotten.
            await instance.timetable.load()
            waits.append((instance.timetable.next_due_at - instance.clock.now()).total_seconds())
        assert waits[0] > 30
        assert waits == sorted(waits)
        assert waits[-1] > 8 * waits[0]
        assert instance.timetable.seconds_until_probe == 0
        instance.upstream.error = None
        assert (await instance.ask()).result is Result.UNCHANGED

    async def test_a_builder_that_is_lost_in_a_dry_run_puts_off_nothing(self, instance: Instance) -> None:
        due_at = instance.timetable.next_due_at
        instance.upstream.error = BuilderLostError("gone")
        assert (await instance.ask(is_dry_run=True)).result is Result.FAILED
        assert instance.timetable.next_due_at == due_at

    async def test_cancelling_releases_the_lease_and_is_recorded(self, instance: Instance) -> None:
        instance.upstream.hold()
        asked = asyncio.create_task(instance.ask())
        await asyncio.sleep(0.01)
        assert instance.memory.shelf.lease is not None
        await instance.refresher.close(timeout_seconds=1)
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert instance.memory.shelf.lease is None
        entry = orjson.loads(instance.memory.shelf.outcomes[0])
        assert (entry["outcome"], entry["reason"]) == ("failed", "the service stopped meanwhile")

    async def test_who_waits_for_a_turn_when_the_service_stops_does_not_get_one(self, instance: Instance) -> None:
        instance.upstream.hold()
        running, waiting = asyncio.create_task(instance.ask()), asyncio.create_task(instance.ask(is_forced=True))
        await asyncio.sleep(0.01)
        await instance.refresher.close(timeout_seconds=1)
        await asyncio.wait({running, waiting})
        assert waiting.cancelled()
        assert instance.upstream.calls == 2

    async def test_closing_when_nothing_runs_does_nothing(self, instance: Instance) -> None:
        await instance.refresher.close(timeout_seconds=1)
        assert len(instance.journal.entries) == 1

    async def test_the_first_catalog_is_no_change_and_the_second_is_one(self, instance: Instance) -> None:
        [first] = instance.journal.entries
        assert first.keys().isdisjoint({"diff", "changes"})
        assert (first["first_models"], first["reason"]) == (14, "first catalog: 14 models"), "with the core models"
        instance.upstream.records = catalog(14)
        second = await instance.ask()
        assert second.diff is not None
        assert (second.first_models, second.reason, second.diff.counts()["added"]) == (None, None, 2)

    async def test_the_outcome_names_the_instance_and_its_duration(self, instance: Instance) -> None:
        document = instance.journal.entries[0]
        assert document["instance"] == "one"
        assert document["seconds"] == 0
        assert document["started_at"] == "2026-08-20T12:00:00Z"

    async def test_long_lists_of_a_diff_are_cut_and_their_counts_are_whole(self) -> None:
        instance = Instance(upstream=FakeSource(catalog(300)))
        await instance.refresher.boot()
        document = (await instance.ask(is_dry_run=True)).document(with_diff=True)
        assert len(document["diff"]["added"]) == 200
        assert document["diff"]["counts"]["added"] == 300


class TestBackOff:
    """How long to wait after a failure, and how it is forgotten."""

    async def test_failures_wait_one_two_four_minutes_up_to_the_interval(self, instance: Instance) -> None:
        instance.upstream.error = DOWN
        waits = []
        for _ in range(8):
            instance.clock.advance(HOUR)
            await instance.ring()
            due_at = instance.timetable.period.due_at
            assert due_at is not None
            waits.append((due_at - instance.clock.now()).total_seconds())
        for wait, expected in zip(waits[:6], (60, 120, 240, 480, 960, 1920), strict=True):
            assert 0.8 * expected <= wait <= 1.2 * expected
        assert waits[:6] != [60, 120, 240, 480, 960, 1920], "instances that failed together must not return together"
        assert waits[6:] == [3600, 3600]
        assert instance.timetable.period.failures == 8

    async def test_a_success_takes_back_one_failure(self, instance: Instance) -> None:
        instance.upstream.error = DOWN
        for _ in range(3):
            await instance.ask()
        instance.upstream.error = None
        seen = []
        for _ in range(4):
            await instance.ask()
            seen.append(instance.timetable.period.failures)
        assert seen == [2, 1, 0, 0]

    @pytest.mark.parametrize(("asked", "expected"), [(600.0, 600.0), (1e6, 3600.0)])
    async def test_what_upstream_asks_for_is_honoured_within_the_interval(
        self, instance: Instance, asked: float, expected: float
    ) -> None:
        instance.upstream.error = failing(Failure.STATUS, "HTTP 429", status=429, retry_after_seconds=asked)
        outcome = await instance.ask()
        assert outcome.retry_after_seconds == asked
        assert instance.timetable.period.due_at == START + timedelta(seconds=expected)

    async def test_a_shorter_retry_after_does_not_shorten_the_back_off(self, instance: Instance) -> None:
        instance.upstream.error = failing(Failure.STATUS, "HTTP 429", status=429, retry_after_seconds=1.0)
        await instance.ask()
        due_at = instance.timetable.period.due_at
        assert due_at is not None
        assert due_at >= START + timedelta(seconds=48)

    async def test_a_sibling_keeps_the_wait_that_another_instance_was_told(self, instance: Instance) -> None:
        instance.upstream.error = failing(Failure.STATUS, "HTTP 429", status=429, retry_after_seconds=200.0)
        await instance.ask()
        sibling = Instance(store=instance.memory, clock=instance.clock, name="two")
        await sibling.refresher.boot()
        for _ in range(19):
            instance.clock.advance(timedelta(seconds=10))
            assert (await sibling.ring()).result is Result.SKIPPED
        instance.clock.advance(timedelta(seconds=10))
        assert (await sibling.ring()).result is Result.UNCHANGED

    async def test_the_schedule_rings_when_the_period_says(self, instance: Instance) -> None:
        assert instance.timetable.next_due_at == START + HOUR
        instance.upstream.error = DOWN
        await instance.ask()
        assert instance.timetable.next_due_at == instance.timetable.period.due_at
        instance.clock.advance(HOUR)
        assert instance.timetable.next_due_at == instance.clock.now() + timedelta(seconds=1)

    async def test_instances_that_are_due_at_once_ring_apart(self) -> None:
        """Without their store they do not see each other, and fifty calls in one second are no way to come back."""
        places = [place_of(f"host-{number}-{number * 7}") for number in range(50)]
        assert {int(10 * place) for place in places} == set(range(10)), "no tenth is empty"
        rings = []
        for place in places:
            one = Instance(place=place)
            one.timetable.period = Period(checked_at=START, due_at=START + HOUR)
            rings.append(one.timetable.next_due_at - START - HOUR)
        assert timedelta(0) <= min(rings) < timedelta(seconds=18)
        assert timedelta(seconds=162) < max(rings) < timedelta(minutes=3)

    async def test_without_a_due_time_the_schedule_rings_after_an_interval(self) -> None:
        instance = Instance(has_upstream=False)
        await instance.refresher.boot()
        await instance.ring()
        assert instance.timetable.next_due_at == START + HOUR

    @pytest.mark.parametrize("packed", [None, b"", b"{", b"[]", b'"x"', b'{"checked_at": 5}', b'{"failures": "x"}'])
    def test_a_foreign_document_is_a_fresh_start(self, packed: bytes | None) -> None:
        assert unpack_period(packed) == Period()

    def test_a_period_survives_its_packing(self) -> None:
        period = Period(START, START + HOUR, 3)
        assert unpack_period(period.packed()) == period


def siblings(count: int = 2) -> list[Instance]:
    """Return instances with a store and an upstream in common, each with its own connection."""
    clock, shelf, upstream = FakeClock(), Shelf(), FakeSource(catalog())
    return [
        Instance(
            store=MemoryStore(shelf, monotonic=clock.monotonic), clock=clock, upstream=upstream, name=f"number-{number}"
        )
        for number in range(count)
    ]


class TestSiblings:
    """Several instances on one store."""

    async def test_one_upstream_call_per_period(self) -> None:
        instances = siblings(5)
        for instance in instances:
            await instance.refresher.boot()
        for period in range(1, 4):
            outcomes = await asyncio.gather(*(instance.ring() for instance in instances))
            assert instances[0].upstream.calls == period
            assert sum(outcome.result is not Result.SKIPPED for outcome in outcomes) == 1
            instances[0].clock.advance(HOUR)

    async def test_a_ring_is_skipped_when_a_sibling_refreshed_within_the_period(self) -> None:
        one, two = siblings()
        for instance in (one, two):
            await instance.refresher.boot()
        await one.ring()
        one.clock.advance(timedelta(minutes=40))
        outcome = await two.ring()
        assert outcome.result is Result.SKIPPED
        assert "not due before" in (outcome.reason or "")
        assert two.snapshot.id == one.snapshot.id, "it adopted on the way"
        assert two.timetable.next_due_at == START + HOUR

    async def test_a_lease_in_other_hands_is_a_skip_and_soon_again(self) -> None:
        one, two = siblings()
        await two.refresher.boot()
        assert await one.store.acquire_lease("number-0:1", 120)
        outcome = await two.ring()
        assert outcome.result is Result.SKIPPED
        assert "another instance is refreshing" in (outcome.reason or "")
        assert two.timetable.next_due_at == START + timedelta(seconds=15)
        await two.lease.look()
        assert two.lease.document() == {
            "state": "held",
            "since": "2026-08-20T12:00:00Z",
            "holder": "number-0",
            "seconds": 120,
        }
        assert two.upstream.calls == 0

    async def test_a_short_lease_is_looked_at_again_before_it_ends(self) -> None:
        instance = Instance(lease_seconds=5, place=1)
        await instance.refresher.boot()
        await instance.store.acquire_lease("dead:1", 5)
        await instance.ring()
        assert instance.timetable.next_due_at == START + timedelta(seconds=2.5)

    async def test_when_the_holder_died_another_takes_over(self) -> None:
        one, two = siblings()
        await two.refresher.boot()
        await one.store.acquire_lease("number-0:1", 120)
        await two.ring()
        one.clock.advance(timedelta(seconds=119))
        assert (await two.ring()).result is Result.SKIPPED
        one.clock.advance(timedelta(seconds=1))
        assert (await two.ring()).result is Result.UPDATED
        await two.lease.look()
        lease = two.lease.document()
        assert (lease["state"], lease["holder"], lease["since"]) == ("free", None, "2026-08-20T12:00:00Z")

    async def test_who_loses_the_race_to_save_adopts_the_winner(self) -> None:
        one, two = siblings()
        two.upstream = FakeSource(prices(catalog(), "0.000009"))
        loser = Instance(store=two.memory, clock=two.clock, upstream=two.upstream, name="loser")
        for instance in (one, loser):
            await instance.refresher.boot()
        loser.upstream.hold()
        losing = asyncio.create_task(loser.ask())
        await asyncio.sleep(0.01)
        one.memory.shelf.lease = None  # As if the pause had outlasted it.
        assert (await one.ask()).result is Result.UPDATED
        loser.upstream.release()
        outcome = await losing
        assert (outcome.result, outcome.reason) == (Result.SKIPPED, "another instance was faster")
        assert loser.snapshot.id == one.snapshot.id
        assert loser.etag == one.etag
        assert outcome.snapshot_id == one.snapshot.id


class TestWithoutTheStore:
    """A store that is away costs nothing but its memory."""

    async def test_the_refresh_happens_all_the_same(self, instance: Instance) -> None:
        instance.memory.fails = {"*"}
        instance.clock.advance(HOUR)
        instance.upstream.records = catalog(13)
        outcome = await instance.ring()
        assert (outcome.result, outcome.generation) == (Result.UPDATED, 2)
        assert "maker-0/model-12" in instance.ids
        assert instance.timetable.period.checked_at == START + HOUR
        for operation in ("acquire_lease", "load_state", "save", "save_state", "append_outcome"):
            assert instance.count("registry_store_errors_total", store="memory", operation=operation) == 1

    async def test_it_happens_once_per_interval_only(self, instance: Instance) -> None:
        instance.memory.fails = {"*"}
        for _ in range(6):
            instance.clock.advance(timedelta(minutes=10))
            await instance.ring()
        assert instance.upstream.calls == 2

    async def test_memory_is_written_back_when_the_store_returns(self, instance: Instance) -> None:
        instance.memory.fails = {"*"}
        instance.clock.advance(HOUR)
        instance.upstream.records = catalog(13)
        await instance.ring()
        await instance.look()
        instance.memory.fails = set()
        await instance.look()
        stored = instance.memory.shelf.stored
        assert stored is not None
        assert (stored.generation, stored.snapshot_id) == (2, instance.snapshot.id)
        assert unpack_period(instance.memory.shelf.state).checked_at == START + HOUR

    async def test_a_store_that_returns_with_an_old_period_does_not_make_the_catalog_stale(
        self, instance: Instance
    ) -> None:
        instance.memory.fails = {"*"}
        for _ in range(5):
            instance.clock.advance(HOUR)
            await instance.ring()
        instance.memory.fails = set()
        await instance.look()
        assert not instance.published.is_stale
        assert instance.timetable.period.checked_at == START + 5 * HOUR

    async def test_a_store_that_was_emptied_gets_everything_back(self, instance: Instance) -> None:
        kept = instance.memory.shelf.stored
        instance.memory.shelf.stored = instance.memory.shelf.state = None
        await instance.look()
        assert instance.memory.shelf.stored == kept
        assert unpack_period(instance.memory.shelf.state) == instance.timetable.period
        assert (await instance.ring()).result is Result.SKIPPED, "nor is it due again"

    async def test_a_lease_that_cannot_be_released_is_no_failure(self, instance: Instance) -> None:
        instance.memory.fails = {"release_lease"}
        assert (await instance.ask()).result is Result.UNCHANGED


class TestClockJumps:
    """A wall clock that is set while the service runs."""

    @pytest.mark.parametrize("jump", [DAY, -DAY])
    async def test_a_jump_neither_stops_the_refreshing_nor_puts_it_off(
        self, instance: Instance, jump: timedelta
    ) -> None:
        instance.clock.jump(jump)
        now = instance.clock.now()
        assert now < instance.timetable.next_due_at <= now + HOUR
        assert (await instance.ring()).result is Result.UNCHANGED
        assert instance.timetable.next_due_at == now + HOUR
        assert instance.timetable.period.checked_at == now

    async def test_a_duration_does_not_follow_the_wall_clock(self, instance: Instance) -> None:
        instance.upstream.hold()
        asked = asyncio.create_task(instance.ask())
        await asyncio.sleep(0.01)
        instance.clock.advance(timedelta(seconds=3))
        instance.clock.jump(-DAY)
        instance.upstream.release()
        assert (await asked).seconds == 3

    async def test_a_check_in_the_future_is_not_forced_upon_siblings(self) -> None:
        one, two = siblings()
        await one.refresher.boot()
        one.clock.jump(DAY)
        await one.ring()
        one.clock.jump(-DAY)
        await two.refresher.boot()
        assert (await two.ring()).result is Result.UNCHANGED
        await one.look()
        assert one.timetable.period == two.timetable.period
        assert one.timetable.period.checked_at == START


class TestWithoutUpstream:
    """OPENROUTER_ENABLED=false: local files are all there is."""

    async def test_a_ring_merges_local_files(self) -> None:
        instance = Instance(has_upstream=False)
        await instance.refresher.boot()
        outcome = await instance.ring()
        assert outcome.result is Result.UNCHANGED
        assert instance.upstream.calls == 0
        assert instance.snapshot.generation == 0

    async def test_the_catalog_of_earlier_days_stays(self, instance: Instance) -> None:
        again = Instance(store=instance.memory, clock=instance.clock, has_upstream=False)
        await again.refresher.boot()
        again.clock.advance(3 * DAY)
        await again.look()
        assert (await again.ask()).result is Result.UNCHANGED
        assert again.snapshot.id == instance.snapshot.id
        assert not again.published.is_stale


async def test_an_outcome_is_a_value() -> None:
    one = Outcome(Result.UPDATED, Trigger.SCHEDULE, START, 0.1, 1, "1-abc", "one")
    assert one == Outcome(Result.UPDATED, Trigger.SCHEDULE, START, 0.1, 1, "1-abc", "one")
    assert "diff" not in one.document(with_diff=True)
