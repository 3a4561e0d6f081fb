"""What is remembered of refreshing: the newest fifty, whatever the store holds, and one line per change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from app.catalog.diff import Diff
from app.journal import Journal
from app.metrics import Metrics
from app.outcome import Outcome, Result, Trigger
from app.sources.protocol import Failure
from app.store.protocol import OUTCOMES_KEPT
from tests.unit.fakes import START, Instance, MemoryStore, failing

pytestmark = pytest.mark.anyio


def outcome(result: Result = Result.UNCHANGED, trigger: Trigger = Trigger.SCHEDULE, **about: Any) -> Outcome:
    return Outcome(
        result=result,
        trigger=trigger,
        started_at=START,
        seconds=0.25,
        generation=3,
        snapshot_id="3-abc",
        instance="one",
        **about,
    )


def failed(kind: str = "timeout", **about: Any) -> Outcome:
    return outcome(Result.FAILED, kind=kind, reason=f"{kind} happened", **about)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def journal(store: MemoryStore) -> Journal:
    return Journal(store, Metrics())


async def lines(journal: Journal, outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    """Record outcomes and return the level and the event of each line."""
    with capture_logs() as logs:
        for each in outcomes:
            await journal.record(each)
    return [(entry["log_level"], entry["event"]) for entry in logs]


async def test_the_newest_fifty_are_kept_here_and_in_the_store(journal: Journal, store: MemoryStore) -> None:
    for number in range(OUTCOMES_KEPT + 5):
        await journal.record(outcome(counts={"fetched": number}))
    assert len(journal.entries) == len(store.shelf.outcomes) == OUTCOMES_KEPT
    assert journal.entries[0]["counts"] == {"fetched": OUTCOMES_KEPT + 4}


async def test_a_restart_finds_what_was_stored(journal: Journal, store: MemoryStore) -> None:
    await journal.record(outcome())
    await journal.record(failed())
    again = Journal(store, Metrics())
    await again.load()
    assert [entry["outcome"] for entry in again.entries] == ["failed", "unchanged"]
    assert [{**entry} for entry in again.entries] == [
        {**entry, "refusals": [], "warnings": []} for entry in journal.entries
    ]


@pytest.mark.parametrize("damaged", [b"", b"{", b"\xff\xfe", b"null", b"[]", b"7", b'"text"', b"{}", b'{"outcome": 1}'])
async def test_a_damaged_entry_is_passed_over(journal: Journal, store: MemoryStore, damaged: bytes) -> None:
    await store.append_outcome(outcome().stored())
    await store.append_outcome(damaged)
    await journal.load()
    assert [entry["outcome"] for entry in journal.entries] == ["unchanged"]


async def test_a_store_that_is_down_leaves_the_journal_empty_and_working(journal: Journal, store: MemoryStore) -> None:
    store.fails = {"*"}
    await journal.load()
    await journal.record(outcome())
    assert len(journal.entries) == 1


async def test_a_dry_run_is_counted_and_not_kept(store: MemoryStore) -> None:
    metrics = Metrics()
    journal = Journal(store, metrics)
    assert await lines(journal, [outcome(Result.UPDATED, is_dry_run=True)]) == [("info", "dry run")]
    assert journal.entries == ()
    assert not store.shelf.outcomes
    labels = {"outcome": "updated", "trigger": "schedule"}
    assert metrics.registry.get_sample_value("registry_refresh_total", labels) == 1


async def test_sixty_failures_of_one_kind_are_one_line(journal: Journal) -> None:
    assert await lines(journal, [failed() for _ in range(60)]) == [("warning", "the last good catalog stays")]


async def test_sixty_failing_refreshes_of_a_whole_instance_are_at_most_two_lines() -> None:
    instance = Instance()
    await instance.refresher.boot()
    instance.memory.fails = {"*"}
    with capture_logs() as logs:
        instance.upstream.error = failing(Failure.TIMEOUT)
        for _ in range(60):
            await instance.ask()
            await instance.look()
    assert sum(entry["log_level"] == "warning" for entry in logs) <= 2


async def test_another_kind_of_failure_is_another_line(journal: Journal) -> None:
    found = await lines(journal, [failed("timeout"), failed("timeout"), failed("status"), failed("status")])
    assert [level for level, _ in found] == ["warning", "warning"]


async def test_recovery_is_one_line(journal: Journal) -> None:
    found = await lines(journal, [failed(), outcome(), outcome()])
    assert [event for _, event in found] == [
        "the last good catalog stays",
        "refreshing works again",
        "refreshed",
        "refreshed",
    ]


async def test_a_merge_of_local_files_is_no_recovery(journal: Journal) -> None:
    found = await lines(journal, [failed(), outcome(trigger=Trigger.LOCAL_FILES), failed(), outcome()])
    assert [event for _, event in found] == [
        "the last good catalog stays",
        "refreshed",
        "refreshing works again",
        "refreshed",
    ]


async def test_a_dry_run_is_no_recovery(journal: Journal) -> None:
    found = await lines(journal, [failed(), outcome(is_dry_run=True), failed()])
    assert [event for _, event in found] == ["the last good catalog stays", "dry run"]


async def test_skips_are_for_the_debug_level(journal: Journal) -> None:
    assert await lines(journal, [outcome(Result.SKIPPED)] * 3) == [("debug", "refresh skipped")] * 3


async def test_an_update_is_logged_with_what_changed(journal: Journal) -> None:
    with capture_logs() as logs:
        await journal.record(
            outcome(
                Result.UPDATED,
                diff=Diff(added=("a/b",)),
                warnings=("8 of 100 models vanished (8.0 %)",),
                is_forced=True,
            )
        )
    line, warning = logs
    assert (line["added"], line["forced"], line["snapshot"]) == (1, True, "3-abc")
    assert "removed" not in line
    assert warning["reason"] == "8 of 100 models vanished (8.0 %)"


async def test_of_the_diff_only_counts_and_the_first_ids_are_stored(journal: Journal, store: MemoryStore) -> None:
    await journal.record(outcome(Result.UPDATED, diff=Diff(added=("a/b",))))
    assert "diff" not in orjson.loads(store.shelf.outcomes[0])
    assert "diff" not in journal.entries[0]
    assert journal.entries[0]["changes"]["counts"]["added"] == 1
    assert orjson.loads(store.shelf.outcomes[0])["changes"]["added"] == ["a/b"]
