"""How snapshots reach readers: forward only, the store's winner first, and never half."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.building.in_thread import ThreadBuilder
from app.building.orders import Building, Built, Proposal, Proposing
from app.candidate import Rules
from app.catalog.merge import Ingredients, merge
from app.catalog.parse import parse_records
from app.catalog.snapshot import Contents, Origin, Snapshot
from app.outcome import Result
from app.registry import NothingPublishedError, Registry
from app.store.envelope import EnvelopeError, seal, unseal
from app.store.protocol import Stored, StoreError
from tests.unit.fakes import HOUR, LIMITS, START, FakeSource, Instance, MemoryStore, catalog

pytestmark = pytest.mark.anyio


def contents(count: int) -> Contents:
    """Return a catalog of upstream's with that many models."""
    return merge(
        parse_records(catalog(count)),
        Ingredients(),
        origin=Origin.UPSTREAM,
        last_good=None,
        last_seen_at=START,
        now=START,
    )


def snapshot(generation: int, count: int = 8) -> Snapshot:
    return Snapshot(generation, START, START, contents(count))


async def proposal(instance: Instance, count: int | None) -> Proposal:
    """Return what that many records of upstream's would make of the catalog; None for the core models alone."""
    order = Proposing(
        ingredients=instance.files.read(),
        rules=Rules(LIMITS, None),
        last_good=None,
        last_seen_at=START,
        now=START,
        records=None if count is None else catalog(count),
        origin=Origin.CORE if count is None else Origin.UPSTREAM,
    )
    return await instance.builder.propose(order)


@pytest.fixture
def instance() -> Instance:
    return Instance()


class TestRegistry:
    """The one mutable reference."""

    def test_before_the_first_snapshot_a_read_says_so(self) -> None:
        registry = Registry()
        assert registry.current is None
        with pytest.raises(NothingPublishedError, match="try again in a moment"):
            _ = registry.published

    async def test_it_never_steps_back(self, instance: Instance) -> None:
        assert await instance.adoption.publish(seal(snapshot(5)))
        assert not await instance.adoption.publish(seal(snapshot(4)))
        assert instance.snapshot.generation == 5

    async def test_in_a_hurry_answers_are_prepared_after_the_first_reader_was_let_in(self, instance: Instance) -> None:
        assert await instance.adoption.publish(seal(snapshot(5)), is_hurried=True)
        hurried = instance.published
        assert hurried.targets.get(b"/models") is None
        await instance.adoption.prerender_current()
        assert instance.published is hurried
        prepared = hurried.targets.get(b"/models")
        assert prepared is not None
        assert prepared.is_pinned
        assert not prepared.rendering.is_compressible

    @pytest.mark.parametrize("is_hurried", [False, True])
    async def test_what_first_searches_need_is_read_before_they_come(
        self, instance: Instance, is_hurried: bool
    ) -> None:
        await instance.adoption.publish(seal(snapshot(5, count=100)), is_hurried=is_hurried)
        left = instance.published.index.search.read_ahead()
        assert (next(left, None) is not None) == is_hurried
        await instance.adoption.prerender_current()
        assert list(left) == []

    async def test_what_came_prepared_is_not_prepared_again(self, instance: Instance) -> None:
        await instance.adoption.publish(seal(snapshot(5)))
        prepared = instance.published.targets.get(b"/models")
        await instance.adoption.prerender_current()
        assert prepared is not None
        assert instance.published.targets.get(b"/models") is prepared

    async def test_many_publishes_at_once_end_at_the_newest(self, instance: Instance) -> None:
        generations = [3, 1, 6, 2, 5, 4]
        await asyncio.gather(*(instance.adoption.publish(seal(snapshot(generation))) for generation in generations))
        assert instance.snapshot.generation == 6
        assert instance.count("registry_generation") == 6

    async def test_what_is_served_already_is_not_built_again(self, instance: Instance) -> None:
        await instance.adoption.publish(seal(snapshot(5)))
        published = instance.published
        assert await instance.adoption.publish(seal(snapshot(5)))
        assert instance.published is published

    async def test_publishing_counts_the_models_by_lifecycle(self, instance: Instance) -> None:
        await instance.adoption.publish(seal(snapshot(1, count=8)))
        assert instance.count("registry_models", lifecycle="active") == 8
        assert instance.count("registry_models", lifecycle="delisted") == 0


class TestFollow:
    """A sibling's snapshot comes in, ours goes out."""

    async def test_a_newer_generation_is_adopted(self, instance: Instance) -> None:
        await instance.adoption.publish(seal(snapshot(1)))
        await instance.store.save(seal(snapshot(4, 9)))
        assert await instance.adoption.follow()
        assert instance.snapshot.generation == 4
        assert len(instance.snapshot.models) == 9

    async def test_nothing_new_costs_one_look_at_the_head(self, instance: Instance) -> None:
        await instance.store.save(seal(snapshot(4)))
        await instance.adoption.publish(seal(snapshot(4)))
        instance.memory.calls.clear()
        assert not await instance.adoption.follow()
        assert dict(instance.memory.calls) == {"head": 1}

    async def test_of_two_snapshots_of_one_generation_the_stores_wins(self, instance: Instance) -> None:
        await instance.adoption.publish(seal(snapshot(4, 8)))
        await instance.store.save(seal(snapshot(4, 9)))
        assert await instance.adoption.follow()
        assert instance.snapshot.id == snapshot(4, 9).id

    @pytest.mark.parametrize("in_store", [None, 2])
    async def test_a_store_that_has_less_gets_ours(self, instance: Instance, in_store: int | None) -> None:
        if in_store:
            await instance.store.save(seal(snapshot(in_store)))
        await instance.adoption.publish(seal(snapshot(7)))
        assert not await instance.adoption.follow()
        head = await instance.store.head()
        assert head is not None
        assert (head.generation, head.snapshot_id) == (7, snapshot(7).id)
        assert instance.snapshot.generation == 7

    async def test_core_models_are_not_written_back(self, instance: Instance) -> None:
        await instance.adoption.adopt_unsaved(await proposal(instance, None))
        assert not await instance.adoption.follow()
        assert await instance.store.head() is None

    async def test_before_anything_is_published_an_empty_store_changes_nothing(self, instance: Instance) -> None:
        assert not await instance.adoption.follow()
        assert instance.adoption.current is None

    async def test_a_store_that_is_down_is_an_error_to_the_caller(self, instance: Instance) -> None:
        await instance.adoption.publish(seal(snapshot(1)))
        instance.memory.fails = {"head"}
        with pytest.raises(StoreError, match="memory store could not head"):
            await instance.adoption.follow()

    async def test_a_store_that_fails_between_head_and_load_is_tried_again(self, instance: Instance) -> None:
        await instance.adoption.publish(seal(snapshot(1)))
        await instance.store.save(seal(snapshot(2)))
        instance.memory.fails = {"load"}
        assert not await instance.adoption.follow()
        instance.memory.fails = set()
        assert await instance.adoption.follow()
        assert instance.snapshot.generation == 2


class TestUnreadable:
    """A payload that passed the store's own checks and still is not ours to read."""

    @pytest.mark.parametrize(
        "payload",
        [
            b"",
            b"not zstd",
            seal(snapshot(1)).payload[:-20],
            b"\x28\xb5\x2f\xfd\x04\x00\x09\x00\x00\x7b\x99\xe9\xd8\x51",
        ],
    )
    def test_it_is_named_with_its_generation(self, payload: bytes) -> None:
        with pytest.raises(EnvelopeError, match="stored generation 9 can't be read"):
            unseal(Stored(9, "9-abc", payload))

    async def test_it_is_read_once_and_logged_once(self, instance: Instance) -> None:
        await instance.adoption.publish(seal(snapshot(1)))
        await instance.store.save(Stored(9, "9-abc", b"from the future"))
        with capture_logs() as logs:
            for _ in range(60):
                assert not await instance.adoption.follow()
        assert instance.memory.calls["load"] == 1
        assert [entry["log_level"] for entry in logs] == ["warning"]
        assert instance.snapshot.generation == 1

    async def test_the_next_refresh_goes_past_it(self, instance: Instance) -> None:
        """Otherwise its generation would keep every later snapshot out, for ever."""
        await instance.store.save(Stored(9, "9-abc", b"from the future"))
        await instance.refresher.boot()
        assert instance.snapshot.contents.origin is Origin.CORE
        outcome = await instance.ring()
        assert (outcome.result, outcome.generation) == (Result.UPDATED, 10)
        head = await instance.store.head()
        assert head is not None
        assert head.snapshot_id == instance.snapshot.id

    async def test_a_readable_one_that_comes_after_it_is_adopted(self, instance: Instance) -> None:
        await instance.adoption.publish(seal(snapshot(1)))
        await instance.store.save(Stored(9, "9-abc", b"from the future"))
        await instance.adoption.follow()
        await instance.store.save(seal(snapshot(10)))
        assert await instance.adoption.follow()
        assert instance.snapshot.generation == 10


class TestAdopt:
    """A candidate becomes the next generation, or gives way."""

    async def test_it_is_saved_before_it_is_served(self, instance: Instance) -> None:
        seen: list[tuple[str, int | None]] = []

        def look(operation: str) -> None:
            current = instance.adoption.current
            seen.append((operation, current.generation if current else None))

        instance.memory.before = look
        assert await instance.adoption.adopt(await proposal(instance, 8), fetched_at=START)
        assert seen == [("save", None)]
        assert instance.snapshot.generation == 1
        assert instance.snapshot.fetched_at == START

    async def test_who_is_late_adopts_the_winner(self, instance: Instance) -> None:
        await instance.adoption.publish(seal(snapshot(1)))
        await instance.store.save(seal(snapshot(2, 9)))
        assert not await instance.adoption.adopt(await proposal(instance, 10), fetched_at=START)
        assert instance.snapshot.id == snapshot(2, 9).id

    async def test_who_is_late_and_then_loses_the_store_serves_nothing_that_lost(self, instance: Instance) -> None:
        await instance.adoption.publish(seal(snapshot(1)))
        await instance.store.save(seal(snapshot(2, 9)))
        instance.memory.fails = {"head"}
        assert not await instance.adoption.adopt(await proposal(instance, 10), fetched_at=START)
        assert instance.snapshot.generation == 1
        instance.memory.fails = set()
        await instance.adoption.follow()
        assert instance.snapshot.id == snapshot(2, 9).id

    async def test_a_split_is_settled_when_the_store_returns(self) -> None:
        """Both made generation 2 while the store was away; the one who writes first wins, the other follows."""
        one, two = Instance(name="one"), Instance(name="two")
        two_store = MemoryStore(one.memory.shelf)
        two = Instance(store=two_store, clock=one.clock, name="two", upstream=FakeSource(catalog(14)))
        await one.refresher.boot()
        await one.ring()
        await two.refresher.boot()
        one.memory.fails = two_store.fails = {"*"}
        one.clock.advance(HOUR)
        one.upstream.records = catalog(13)
        await one.ring()
        await two.ring()
        assert (one.snapshot.generation, two.snapshot.generation) == (2, 2)
        assert one.snapshot.id != two.snapshot.id
        one.memory.fails = two_store.fails = set()
        await two.look()
        await one.look()
        assert one.snapshot.id == two.snapshot.id
        assert len(one.ids) == 2 + 14
        assert one.etag == two.etag

    async def test_a_cost_map_that_comes_while_a_catalog_is_built_is_laid_under_it(self) -> None:
        came: list[dict[str, Any]] = []

        class SlowBuilder(ThreadBuilder):
            """Builds for so long that a cost map comes meanwhile."""

            async def build(self, order: Building) -> Built:
                built = await super().build(order)
                came.append({"vendor/model": {"mode": "chat"}})
                return built

        instance = Instance(builder=SlowBuilder(), litellm_base_map=lambda: came[0] if came else None)
        assert await instance.adoption.adopt(await proposal(instance, 8), fetched_at=START)
        assert b'"vendor/model"' in b"".join(instance.published.spoken.pieces("litellm-cost-map"))


class TestStaleness:
    """The word on freshness is part of every answer."""

    async def test_stale_answers_differ_in_their_etags_and_fresh_ones_return_to_theirs(
        self, instance: Instance
    ) -> None:
        await instance.adoption.publish(seal(snapshot(1)))
        fresh = instance.etag
        with capture_logs() as logs:
            await instance.adoption.set_stale(True)
            await instance.adoption.set_stale(True)
            stale = instance.etag
            await instance.adoption.set_stale(False)
        assert stale != fresh
        assert instance.etag == fresh
        assert [entry["log_level"] for entry in logs] == ["warning", "info"]

    async def test_a_new_snapshot_keeps_the_word_until_it_is_judged(self, instance: Instance) -> None:
        await instance.adoption.publish(seal(snapshot(1)))
        await instance.adoption.set_stale(True)
        await instance.adoption.publish(seal(snapshot(2, 9)))
        assert instance.published.is_stale

    async def test_before_anything_is_published_there_is_nothing_to_say(self, instance: Instance) -> None:
        await instance.adoption.set_stale(True)
        assert instance.registry.current is None
