"""`/status`: one document in which every dependency has a state, a since and its last error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from app.base_map import BaseMap
from app.building.orders import BuilderLostError
from app.dialects.native import to_json
from app.sources.overrides import OverridesSource
from app.sources.protocol import Failure
from app.status import StatusReport
from app.store.health import Availability
from app.store.protocol import OUTCOMES_KEPT, StoreHealth
from tests.simulator import make_record
from tests.unit.fakes import HOUR, START, FakeSource, Instance, catalog, failing, local_files

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)


def document(
    instance: Instance,
    *,
    next_at: datetime | None = None,
    upstream_host: str | None = "up.example",
    stores: Callable[[], Sequence[StoreHealth]] | None = None,
) -> Any:
    """Return the document as a client reads it."""
    report = StatusReport(
        instance="one",
        registry=instance.registry,
        refresher=instance.refresher,
        timetable=instance.timetable,
        lease=instance.lease,
        journal=instance.journal,
        stores=stores or instance.store.health,
        files=instance.files,
        clock=instance.clock,
        next_refresh_at=lambda: next_at,
        upstream_host=upstream_host,
        base_map=BaseMap(None, instance.clock, Path("unused")),
    )
    return orjson.loads(to_json(report.document()))


@pytest.fixture
async def instance() -> Instance:
    """An instance that read its catalog once."""
    instance = Instance()
    await instance.refresher.boot()
    await instance.ring()
    return instance


async def test_when_all_is_well_it_says_so(instance: Instance) -> None:
    status = document(instance, next_at=START + HOUR)
    assert status["status"] == "ok"
    assert status["upstream"] == {
        "name": "openrouter",
        "host": "up.example",
        "state": "valid",
        "since": "2026-08-20T12:00:00Z",
        "last_error": None,
    }
    assert [(store["name"], store["state"]) for store in status["stores"]] == [("memory", "valid")]
    assert status["local_files"] == []
    assert status["refresh"] == {
        "is_running": False,
        "last_checked_at": "2026-08-20T12:00:00Z",
        "next_at": "2026-08-20T13:00:00Z",
        "failures_in_a_row": 0,
        "lease": {"state": "free", "since": "2026-08-20T12:00:00Z", "holder": None, "seconds": 120},
    }
    snapshot = status["snapshot"]
    assert snapshot["id"] == instance.snapshot.id
    assert (snapshot["generation"], snapshot["origin"], snapshot["models"], snapshot["delisted"]) == (
        1,
        "upstream",
        14,
        0,
    )
    assert snapshot["sources"] == {"core": 2, "openrouter": 12}
    assert (snapshot["age_seconds"], snapshot["is_stale"]) == (0, False)
    assert [entry["outcome"] for entry in status["outcomes"]] == ["updated"]


async def test_what_is_delisted_counts_for_no_source(instance: Instance) -> None:
    instance.upstream.records = catalog(11)
    with capture_logs() as logs:
        await instance.ask()
        await instance.refresher.boot()
    status = document(instance)
    assert status["snapshot"]["sources"] == {"core": 2, "openrouter": 11}
    assert {row["name"]: row["models"] for row in status["sources"]}["openrouter"] == 11
    assert status["snapshot"]["delisted"] == 1
    assert [line["models"] for line in logs if line["event"] == "serving the stored catalog"] == [13]


async def test_a_store_is_initializing_until_it_answered_and_interrupted_while_it_does_not() -> None:
    availability = Availability("preferences")
    instance = Instance()

    def state() -> str:
        return str(document(instance, stores=lambda: (availability.health(),))["stores"][0]["state"])

    assert state() == "initializing"
    availability.failed("read", "refused", refuses_writes=False)
    assert state() == "interrupted"
    availability.succeeded(wrote=False)
    assert state() == "valid"


async def test_before_anything_is_published_it_is_degraded() -> None:
    status = document(Instance())
    assert (status["status"], status["snapshot"]) == ("degraded", None)
    assert status["upstream"]["state"] == "initializing"


async def test_a_bootstrap_file_that_can_not_be_read_is_told_and_no_trouble_once_upstream_answered() -> None:
    reason = "BOOTSTRAP_FILE seed.json cannot be read"
    instance = Instance(bootstrap=FakeSource(error=failing(Failure.UNREACHABLE, reason)), has_upstream=False)
    await instance.refresher.boot()
    for _ in range(OUTCOMES_KEPT):
        await instance.ring()
        instance.clock.advance(HOUR)
    status = document(instance, upstream_host=None)
    assert "bootstrap" not in {entry["trigger"] for entry in status["outcomes"]}, "long ago"
    assert status["status"] == "degraded"
    assert status["sources"][-1] == {
        "name": "bootstrap",
        "state": "interrupted",
        "since": "2026-08-20T12:00:00Z",
        "last_error": {"kind": "unreachable", "reason": reason, "at": "2026-08-20T12:00:00Z"},
        "models": 0,
        "age_seconds": None,
    }
    asking = Instance(bootstrap=FakeSource(error=failing(Failure.UNREACHABLE, reason)))
    await asking.refresher.boot()
    await asking.ring()
    status = document(asking)
    assert (status["status"], status["sources"][-1]["state"]) == ("ok", "interrupted")


async def test_a_bootstrap_file_counts_its_models_until_upstream_takes_over() -> None:
    instance = Instance(bootstrap=FakeSource(catalog(8)))
    await instance.refresher.boot()
    [row] = [row for row in document(instance)["sources"] if row["name"] == "bootstrap"]
    assert (row["state"], row["models"], row["last_error"]) == ("valid", 10, None)
    await instance.ring()
    [row] = [row for row in document(instance)["sources"] if row["name"] == "bootstrap"]
    assert (row["state"], row["models"]) == ("valid", 0)


async def test_who_started_from_a_stored_catalog_says_nothing_of_the_bootstrap_file(instance: Instance) -> None:
    again = Instance(store=instance.memory, clock=instance.clock, bootstrap=FakeSource(catalog(8)))
    await again.refresher.boot()
    assert "bootstrap" not in {row["name"] for row in document(again)["sources"]}


async def test_an_outage_tells_since_when_and_why(instance: Instance) -> None:
    for reason in ("first", "second"):
        instance.clock.advance(HOUR)
        instance.upstream.error = failing(Failure.TIMEOUT, reason)
        await instance.ask()
    await instance.ring()
    status = document(instance)
    assert status["status"] == "degraded"
    assert status["upstream"]["state"] == "interrupted"
    assert status["upstream"]["since"] == "2026-08-20T13:00:00Z"
    assert status["upstream"]["last_error"] == {"kind": "timeout", "reason": "second", "at": "2026-08-20T14:00:00Z"}
    assert status["refresh"]["failures_in_a_row"] == 2
    assert status["snapshot"]["age_seconds"] == 7200


async def test_after_an_outage_the_last_error_stays_to_be_read(instance: Instance) -> None:
    instance.upstream.error = failing(Failure.TIMEOUT, "too slow")
    await instance.ask()
    instance.upstream.error = None
    instance.clock.advance(HOUR)
    await instance.ask()
    upstream = document(instance)["upstream"]
    assert (upstream["state"], upstream["since"]) == ("valid", "2026-08-20T13:00:00Z")
    assert upstream["last_error"]["reason"] == "too slow"


async def test_a_refusal_is_an_outage_of_good_catalogs(instance: Instance) -> None:
    instance.upstream.records = catalog(6)
    await instance.ask()
    status = document(instance)
    assert status["upstream"]["state"] == "interrupted"
    assert status["upstream"]["last_error"]["kind"] == "refused"
    assert status["snapshot"]["models"] == 14


async def test_a_lost_builder_degrades_the_service_and_says_nothing_about_upstream(instance: Instance) -> None:
    before = document(instance)["upstream"]
    instance.upstream.error = BuilderLostError("killed")
    await instance.ask()
    status = document(instance)
    assert (status["status"], status["upstream"]) == ("degraded", before)
    assert (status["outcomes"][0]["kind"], status["outcomes"][0]["outcome"]) == ("builder_lost", "failed")
    instance.upstream.error = None
    await instance.ask()
    assert document(instance)["status"] == "ok"


async def test_merges_of_local_files_say_nothing_about_upstream(instance: Instance, tmp_path: Path) -> None:
    path = tmp_path / "overrides.toml"
    path.write_text("schema = 1\n")
    other = Instance(
        files=local_files(overrides=OverridesSource(path).last_valid()),
        upstream=FakeSource(error=failing(Failure.UNREACHABLE)),
    )
    await other.refresher.boot()
    await other.ring()
    path.write_text("schema = 1\n# touched\n")
    await other.look()
    assert other.journal.entries[0]["trigger"] == "local_files"
    assert document(other)["upstream"]["state"] == "interrupted"


async def test_a_broken_local_file_is_named_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "overrides.toml"
    path.write_text("schema = 1\n")
    instance = Instance(files=local_files(overrides=OverridesSource(path).last_valid(lambda: START)))
    await instance.refresher.boot()
    path.write_text("schema = 9\n")
    await instance.look()
    status = document(instance)
    assert status["status"] == "degraded"
    [trouble] = status["local_files"]
    assert (trouble["source"], trouble["since"]) == ("overrides", "2026-08-20T12:00:00Z")
    assert trouble["reason"].startswith("overrides.toml: schema: ")
    assert str(tmp_path) not in orjson.dumps(status).decode()


async def test_each_source_has_its_state_its_count_and_its_age(tmp_path: Path) -> None:
    path = tmp_path / "overrides.toml"
    path.write_text('schema = 1\n[models."maker-0/model-0"]\nnotes = "ours"\n')
    instance = Instance(files=local_files(overrides=OverridesSource(path).last_valid(lambda: START)))
    await instance.refresher.boot()
    await instance.ring()
    instance.clock.advance(HOUR)
    path.write_text("schema = 9\n")
    instance.upstream.error = failing(Failure.TIMEOUT, "too slow")
    await instance.look()
    await instance.ask()
    openrouter, core, overrides = document(instance)["sources"]
    assert openrouter == {
        "name": "openrouter",
        "state": "interrupted",
        "since": "2026-08-20T13:00:00Z",
        "last_error": {"kind": "timeout", "reason": "too slow", "at": "2026-08-20T13:00:00Z"},
        "models": 12,
        "age_seconds": 3600,
    }
    assert (core["name"], core["state"], core["models"], core["last_error"]) == ("core", "valid", 2, None)
    assert (overrides["name"], overrides["state"], overrides["models"]) == ("overrides", "interrupted", 1)
    assert overrides["last_error"]["kind"] == "unreadable"
    assert overrides["age_seconds"] == 3600, "the version in use is as old as its reading"


async def test_the_lease_tells_since_when_who_has_it(instance: Instance) -> None:
    instance.clock.advance(HOUR)
    await instance.store.acquire_lease("two:1", 120)
    await instance.look()
    lease = {"state": "held", "since": "2026-08-20T13:00:00Z", "holder": "two", "seconds": 120}
    assert document(instance)["refresh"]["lease"] == lease
    instance.clock.advance(timedelta(minutes=1))
    await instance.look()
    assert document(instance)["refresh"]["lease"] == lease


async def test_a_store_that_is_down_is_named_with_its_error(instance: Instance) -> None:
    instance.memory.fails = {"*"}
    await instance.look()
    status = document(instance)
    assert status["status"] == "degraded"
    [store] = status["stores"]
    assert store["state"] == "interrupted"
    assert "it is switched off" in store["last_error"]["reason"]


async def test_a_stale_catalog_is_degraded(instance: Instance) -> None:
    instance.clock.advance(3 * HOUR)
    await instance.look()
    status = document(instance)
    assert (status["status"], status["snapshot"]["is_stale"]) == ("degraded", True)
    assert status["snapshot"]["age_seconds"] == 3 * 3600


async def test_no_age_is_negative_when_the_clock_goes_back(instance: Instance) -> None:
    instance.clock.jump(-DAY)
    assert document(instance)["snapshot"]["age_seconds"] == 0


async def test_an_upstream_that_is_switched_off_is_no_trouble() -> None:
    instance = Instance(has_upstream=False)
    await instance.refresher.boot()
    status = document(instance, upstream_host=None)
    assert (status["status"], status["upstream"]["state"]) == ("ok", "off")
    assert status["snapshot"]["age_seconds"] is None


async def test_quarantined_records_are_counted_in_full_and_shown_in_part() -> None:
    bad = tuple(make_record(f"bad/model-{number}", context_length="many", name=None) for number in range(60))
    instance = Instance(upstream=FakeSource((*catalog(20), *bad)))
    await instance.refresher.boot()
    await instance.ask(is_forced=True)
    snapshot = document(instance)["snapshot"]
    assert snapshot["quarantined_total"] == 60
    assert len(snapshot["quarantined"]) == 50
    assert snapshot["quarantined"][0]["id"].startswith("bad/model-")
    assert snapshot["quarantined"][0]["reason"]


async def test_damaged_entries_of_the_journal_do_not_break_it(instance: Instance) -> None:
    for damaged in (b"{}", b"[]", b"null", b'{"outcome": null}'):
        await instance.store.append_outcome(damaged)
    again = Instance(store=instance.memory, clock=instance.clock)
    await again.refresher.boot()
    await again.journal.load()
    assert document(again)["upstream"]["state"] == "valid"
