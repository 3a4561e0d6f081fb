"""The process that builds catalogs: it makes what a thread makes, and the service outlives whatever befalls it."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from app import answers
from app.building.background import NICE, Background
from app.building.child import started
from app.building.in_child import SMALL_BYTES, ChildBuilder
from app.building.in_thread import ThreadBuilder
from app.building.orders import Adopted, Builder, BuilderLostError, Building, Built, Proposing
from app.candidate import Rules
from app.catalog.guard import GuardLimits
from app.catalog.merge import Ingredients
from app.catalog.model import Record
from app.catalog.snapshot import Origin
from app.memory import MANY_MODELS
from app.outcome import Result
from app.packed_rows import PackedRows
from app.store.envelope import FRAMED_FROM_MODELS, EnvelopeError, seal
from app.store.packed_models import PackedModels
from app.store.protocol import Stored
from tests.simulator import generate_catalog
from tests.unit.building.pressure import told
from tests.unit.fakes import START, FakeSource, Instance, catalog

pytestmark = pytest.mark.anyio
PROC = Path("/proc")
LINUX_ONLY = pytest.mark.skipif(not PROC.is_dir(), reason="there is no /proc here to look at processes in")


def proposing(records: Sequence[Record] | None, last_good: Stored | None = None) -> Proposing:
    return Proposing(
        ingredients=Ingredients(),
        rules=Rules(GuardLimits(min_models=1), "https://openrouter.example/api/v1"),
        last_good=last_good,
        last_seen_at=START,
        now=START,
        records=records,
        origin=Origin.UPSTREAM if records else Origin.CORE,
    )


async def built_by(builder: Builder, records: Sequence[Record], base_map: Mapping[str, Any] | None = None) -> Built:
    """Return what a builder makes of records."""
    proposal = await builder.propose(proposing(records))
    adopted = Adopted(proposal.token, 1, START, START)
    return await builder.build(Building(adopted, START, is_stale=False, litellm_base_map=base_map))


def executable(folder: Path, does: str) -> Path:
    """Return a program that stands in for the process that builds."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\nexec {does}\n")
    path.chmod(0o700)
    return path


@pytest.fixture
async def child() -> AsyncIterator[ChildBuilder]:
    builder = ChildBuilder()
    yield builder
    await builder.close()


@pytest.fixture(params=[40, FRAMED_FROM_MODELS + 20], ids=["few", "many"])
def records(request: pytest.FixtureRequest) -> Sequence[Record]:
    return tuple(generate_catalog(request.param))


async def test_it_makes_what_a_thread_makes(child: ChildBuilder, records: Sequence[Record]) -> None:
    base_map = {"sample_spec": {"mode": "chat"}}
    there = await built_by(child, records, base_map)
    assert child.process_id is not None
    here = await built_by(ThreadBuilder(), records, base_map)
    # Of many models the service keeps little.
    assert isinstance(there.published.rows, PackedRows) is (len(records) > FRAMED_FROM_MODELS)
    assert isinstance(there.published.snapshot.models, PackedModels) is (len(records) > FRAMED_FROM_MODELS)
    assert there.published.stored == here.published.stored
    assert [(ready.target, ready.route, ready.rendering.digest) for ready in there.ready] == [
        (ready.target, ready.route, ready.rendering.digest) for ready in here.ready
    ]
    for ready, other in zip(there.ready, here.ready, strict=True):
        assert ready.rendering.body == other.rendering.body
    for question in (
        [("q", "claude sonnet"), ("limit", "20")],
        [("q", "gtp")],
        [("sort", "-context"), ("max_prompt_price", "3"), ("offset", "7"), ("limit", "9")],
        [("sort", "name"), ("fields", "name,price,upstream"), ("limit", "5")],
        [("facets", "author,context"), ("format", "frontend"), ("limit", "30")],
    ):
        for answer in (answers.models_list, answers.search):
            assert answer(there.published, question) == answer(here.published, question)
    for name, spoken in here.published.spoken.items():
        assert there.published.spoken[name].withheld == spoken.withheld
        assert dict(there.published.spoken[name].rows) == dict(spoken.rows)
        assert b"".join(there.published.spoken.pieces(name)) == b"".join(here.published.spoken.pieces(name))
    assert list(there.published.index.models) == list(here.published.index.models)


async def test_the_next_catalog_is_compared_with_the_last_good_one(child: ChildBuilder) -> None:
    first = await built_by(child, catalog(12))
    again = await child.propose(proposing(catalog(12), first.published.stored))
    assert not again.is_change
    more = await child.propose(proposing(catalog(13), first.published.stored))
    assert more.is_change
    assert more.diff.added == ("maker-0/model-12",)
    await child.close()
    # A process that was just started reads the last good one first.
    anew = ChildBuilder()
    assert (await anew.propose(proposing(catalog(13), first.published.stored))).diff == more.diff
    await anew.close()


async def test_a_stored_catalog_that_cannot_be_read_is_told_as_such(child: ChildBuilder) -> None:
    with pytest.raises(EnvelopeError, match="stored generation 9 can't be read"):
        await child.build(Building(Stored(9, "9-abc", b"from the future"), START, is_stale=False))
    assert len((await built_by(child, catalog(12))).ready) > 10


async def test_it_ends_when_nothing_is_ordered_and_starts_when_something_is() -> None:
    builder = ChildBuilder(kept_seconds=0.05)
    await builder.propose(proposing(catalog(12)))
    await asyncio.sleep(0.5)
    assert builder.process_id is None
    assert (await builder.propose(proposing(catalog(12)))).is_change
    assert builder.process_id is not None
    await builder.close()


async def test_the_first_answer_waits_for_no_process(child: ChildBuilder) -> None:
    proposal = await child.propose(proposing(None))
    await child.build(Building(Adopted(proposal.token, 0, START, None), START, is_stale=False, is_hurried=True))
    stored = (await built_by(ThreadBuilder(), catalog(12))).published.stored
    assert stored is not None
    assert len(stored.payload) <= SMALL_BYTES
    await child.build(Building(stored, START, is_stale=False, is_hurried=True))
    assert child.process_id is None


async def test_what_is_too_large_to_hurry_comes_whole(child: ChildBuilder) -> None:
    stored = (await built_by(ThreadBuilder(), catalog(12))).published.stored
    assert stored is not None
    # A frame that readers of zstd skip, RFC 8878, 3.1.2.
    padded = replace(
        stored, payload=stored.payload + b"\x50\x2a\x4d\x18" + struct.pack("<I", SMALL_BYTES) + bytes(SMALL_BYTES)
    )
    built = await child.build(Building(padded, START, is_stale=False, is_hurried=True))
    assert child.process_id is not None
    assert len(built.ready) > 10


async def test_a_process_that_was_killed_is_replaced_by_a_thread_and_then_by_another(child: ChildBuilder) -> None:
    first = await built_by(child, catalog(12))
    assert child.process_id is not None
    os.kill(child.process_id, signal.SIGKILL)
    with capture_logs() as logs:
        second = await child.propose(proposing(catalog(14), first.published.stored))
    # Whether its end was noticed before the order was written or after.
    assert {entry["event"] for entry in logs} <= {"building the catalog in the service's own process"}
    assert len(second.diff.added) == 2
    built = await child.build(Building(Adopted(second.token, 2, START, START), START, is_stale=False))
    assert len(built.published.rows) == 14
    assert (await child.propose(proposing(catalog(15), built.published.stored))).is_change
    assert child.process_id is not None


async def test_a_proposal_whose_process_is_gone_is_made_again_in_a_thread(child: ChildBuilder) -> None:
    proposal = await child.propose(proposing(catalog(12)))
    assert child.process_id is not None
    os.kill(child.process_id, signal.SIGKILL)
    with capture_logs() as logs:
        built = await child.build(Building(Adopted(proposal.token, 1, START, START), START, is_stale=False))
    assert built.published.stored == (await built_by(ThreadBuilder(), catalog(12))).published.stored
    assert {entry["event"] for entry in logs} == {"building the catalog in the service's own process"}
    with pytest.raises(BuilderLostError, match="gone"):
        await child.build(Building(Adopted(proposal.token, 2, START, START), START, is_stale=False))


@pytest.mark.parametrize(("count", "token"), [(MANY_MODELS + 1, None), (12, "of a proposal before")])
async def test_what_is_not_kept_of_a_proposal_cannot_be_adopted_without_its_process(
    child: ChildBuilder, count: int, token: str | None
) -> None:
    proposal = await child.propose(proposing(catalog(count)))
    assert child.process_id is not None
    os.kill(child.process_id, signal.SIGKILL)
    with pytest.raises(BuilderLostError, match="gone"):
        await child.build(Building(Adopted(token or proposal.token, 1, START, START), START, is_stale=False))


async def test_a_process_that_does_not_end_by_itself_is_ended() -> None:
    process = await started(["sleep", "60"], {"PATH": os.environ["PATH"]}, Background())
    os.kill(process.id, signal.SIGSTOP)
    await process.left(0.1)
    assert not process.is_running


async def test_where_no_process_can_be_started_a_thread_builds(tmp_path: Path) -> None:
    builder = ChildBuilder(python=str(tmp_path / "no python"))
    with capture_logs() as logs:
        built = await built_by(builder, catalog(12))
    assert len(built.published.rows) == 12
    assert [entry["event"] for entry in logs] == ["building the catalog in the service's own process"]
    await builder.close()


async def test_a_defect_in_it_is_told_with_its_place_and_the_next_order_is_done(child: ChildBuilder) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)could not be built.*in parse_records"):
        # No record at all, so that the builder itself breaks down.
        await child.propose(proposing((5,)))  # type: ignore[arg-type]
    assert (await child.propose(proposing(catalog(12)))).is_change


async def test_an_order_that_is_given_up_ends_the_process(child: ChildBuilder) -> None:
    await child.propose(proposing(catalog(12)))
    asked = asyncio.create_task(child.propose(proposing(tuple(generate_catalog(2_000)))))
    await asyncio.sleep(0.05)
    before = child.process_id
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert before is not None
    assert child.process_id is None
    assert (await child.propose(proposing(catalog(12)))).is_change


@pytest.mark.parametrize(
    ("does", "seconds"),
    [("sleep 60", 0.0), ("sleep 60", 0.2), ("cat 3>&1 >/dev/null", 0.2)],
    ids=["before it starts", "while it is given the order", "while it builds"],
)
async def test_closed_in_the_middle_of_an_order_it_ends_the_process_and_gives_the_order_up(
    tmp_path: Path, does: str, seconds: float
) -> None:
    builder = ChildBuilder(python=str(executable(tmp_path, does)))
    orders = [asyncio.create_task(builder.propose(proposing(tuple(generate_catalog(300))))) for _ in range(2)]
    await asyncio.sleep(seconds)
    with capture_logs() as logs:
        await builder.close()
        given_up = await asyncio.gather(*orders, return_exceptions=True)
    assert [(type(one), str(one)) for one in given_up] == [(BuilderLostError, "the service stops")] * 2
    assert (builder.process_id, logs) == (None, [])


@LINUX_ONLY
async def test_idle_work_that_gets_nowhere_is_done_again_with_a_share(tmp_path: Path) -> None:
    """The first process sleeps, as one does that gets no turn."""
    been = tmp_path / "been"
    script = f'[ -e {been} ] && exec {sys.executable} "$@"; touch {been}; exec sleep 60'
    python = executable(tmp_path, f"sh -c '{script}' sh \"$@\"")
    builder = ChildBuilder(python=str(python), most_seconds=10, background=Background(told(tmp_path, 0)))
    with capture_logs() as logs:
        proposal = await builder.propose(proposing(catalog(12)))
    assert len(proposal.diff.added) == 12
    assert [entry["event"] for entry in logs] == ["building the catalog again, with a share of the machine"]
    assert builder.process_id is not None
    assert os.getpriority(os.PRIO_PROCESS, builder.process_id) == NICE
    await builder.close()


async def test_several_orders_at_once_are_worked_off(child: ChildBuilder) -> None:
    made = await asyncio.gather(*(child.propose(proposing(catalog(count))) for count in range(10, 16)))
    assert [len(proposal.diff.added) for proposal in made] == [10, 11, 12, 13, 14, 15]


@LINUX_ONLY
async def test_it_stands_back_and_knows_no_secret(child: ChildBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "key-canary-5511")
    await child.propose(proposing(catalog(12)))
    there = PROC / str(child.process_id)
    assert b"key-canary" not in (there / "environ").read_bytes()
    assert child.process_id is not None
    is_idle_work = os.sched_getscheduler(child.process_id) == os.SCHED_IDLE
    assert is_idle_work or os.getpriority(os.PRIO_PROCESS, child.process_id) == NICE
    assert int((there / "oom_score_adj").read_text()) == 600


async def test_a_whole_instance_refreshes_with_it(child: ChildBuilder) -> None:
    instance = Instance(upstream=FakeSource(catalog(12)), builder=child)
    await instance.refresher.boot()
    outcome = await instance.ring()
    assert outcome.result is Result.UPDATED
    assert instance.snapshot.generation == 1
    assert {model.id for model in instance.snapshot.models} >= {"maker-0/model-0"}
    instance.upstream.records = catalog(13)
    instance.clock.advance(instance.timetable.next_due_at - instance.clock.now())
    assert (await instance.ring()).result is Result.UPDATED
    stored = await instance.store.load()
    assert stored == seal(instance.snapshot)
