"""What operators and orchestrators read: `/status`, the probes, the metrics, and what a defect looks like."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from app.main import create_app
from app.web.middleware import new_request_id
from tests.api.catalog import CATALOG, PLAIN, UNKNOWN
from tests.api.service import Service, SteeredClock, assert_hardened, assert_problem, client_of, serving, settings_for
from tests.simulator import Fault, Simulator

pytestmark = pytest.mark.anyio
READS = ["/", "/models", "/models/search?q=a", "/models/core", f"/models/{PLAIN}", "/models/statistics"]


@asynccontextmanager
async def not_started(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Talk to an application that was built and not yet started."""
    async with Simulator(CATALOG) as simulator, client_of(create_app(settings_for(simulator, folder))) as client:
        yield client


async def test_status_tells_what_is_served_and_where_it_came_from(service: Service) -> None:
    response = await service.get("/status")
    assert response.headers["Cache-Control"] == "no-store"
    status = response.json()
    listed = (await service.read("/models"))["total"]
    assert status["status"] == "ok"
    snapshot = status["snapshot"]
    assert (snapshot["models"], snapshot["delisted"], snapshot["origin"]) == (listed, 0, "upstream")
    assert snapshot["sources"]["openrouter"] == len(CATALOG)
    assert 0 <= snapshot["age_seconds"] < 60
    assert (snapshot["quarantined"], snapshot["held_back"], snapshot["is_stale"]) == ([], {}, False)
    assert status["upstream"]["state"] == "valid"
    assert status["upstream"]["host"] == service.simulator.origin.removeprefix("http://")
    assert [(store["name"], store["state"]) for store in status["stores"]] == [
        ("sqlite", "valid"),
        ("preferences", "valid"),
    ]
    assert status["local_files"] == []
    assert status["outcomes"][-1]["outcome"] == "updated"
    assert status["refresh"]["failures_in_a_row"] == 0
    assert status["refresh"]["next_at"] > status["now"]


async def test_status_names_quarantined_records_and_what_the_door_held_back(tmp_path: Path) -> None:
    catalog = [*CATALOG, {"id": "acme/torn", "name": 7, "pricing": "none"}, {"name": "Nameless"}]
    async with serving(tmp_path, catalog=catalog, filter_deny="acme/anvil*", filter_drop_variants="batch") as service:
        snapshot = (await service.read("/status"))["snapshot"]
        assert snapshot["quarantined_total"] == len(snapshot["quarantined"]) == 2
        assert {entry["id"] for entry in snapshot["quarantined"]} == {"acme/torn", None}
        assert all(entry["reason"] for entry in snapshot["quarantined"])
        assert sum(snapshot["held_back"].values()) >= 3
        assert_problem(await service.get(f"/models/{PLAIN}"), 404, "unknown-model")


async def test_status_names_what_a_check_set_aside_that_changed_nothing(tmp_path: Path) -> None:
    """A record that can't be read any more may leave the catalog as it is; operators want to know all the same."""
    torn = [*CATALOG, {"id": "acme/torn", "name": 7, "pricing": "none"}]
    async with serving(tmp_path) as service:
        before = (await service.read("/status"))["snapshot"]
        assert before["quarantined"] == []
        service.simulator.catalog = torn
        assert (await service.refresh()).json()["outcome"] == "unchanged"
        after = (await service.read("/status"))["snapshot"]
        assert after["id"] == before["id"]
        assert [entry["id"] for entry in after["quarantined"]] == ["acme/torn"]
        assert after["quarantined_total"] == 1
        service.simulator.catalog = list(CATALOG)
        await service.refresh()
        assert (await service.read("/status"))["snapshot"]["quarantined"] == []


async def test_status_tells_an_upstream_that_fails_and_recovers(fresh: Service) -> None:
    fresh.simulator.misbehave(Fault.UNAVAILABLE, times=1)
    await fresh.refresh()
    status = await fresh.read("/status")
    assert status["status"] == "degraded"
    assert status["upstream"]["state"] == "interrupted"
    assert status["upstream"]["last_error"]["kind"]
    assert "503" in status["upstream"]["last_error"]["reason"]
    assert status["refresh"]["failures_in_a_row"] == 1
    assert status["outcomes"][0]["outcome"] == "failed"
    await fresh.refresh()
    status = await fresh.read("/status")
    assert (status["status"], status["upstream"]["state"]) == ("ok", "valid")
    assert status["upstream"]["last_error"] is not None


async def test_a_broken_overrides_file_is_told_in_status_without_its_folder(tmp_path: Path) -> None:
    overrides = tmp_path / "overrides.toml"
    overrides.write_text("not = = toml")
    async with serving(tmp_path / "data", overrides_file=overrides) as service:
        status = await service.get("/status")
        assert status.json()["status"] == "degraded"
        trouble = status.json()["local_files"][0]
        assert trouble["source"] == "overrides"
        assert "line" in trouble["reason"]
        assert str(tmp_path) not in status.text


async def test_status_keeps_fifty_outcomes(fresh: Service) -> None:
    for _ in range(55):
        await fresh.refresh()
    outcomes = (await fresh.read("/status"))["outcomes"]
    assert len(outcomes) == 50
    assert [outcome["started_at"] for outcome in outcomes] == sorted(
        (outcome["started_at"] for outcome in outcomes), reverse=True
    )


async def test_no_secret_stands_in_any_answer(tmp_path: Path) -> None:
    async with serving(tmp_path) as service:
        for target in ("/status", "/metrics", "/", "/docs", "/openapi.json", "/models/statistics", "/readyz"):
            response = await service.get(target)
            assert_hardened(response)
            assert str(tmp_path) not in response.text
        assert service.simulator.requests[0].headers["authorization"].startswith("Bearer ")


async def test_before_the_start_the_process_lives_and_is_not_ready(tmp_path: Path) -> None:
    async with not_started(tmp_path) as client:
        assert (await client.get("/livez")).json() == {"status": "ok"}
        problem = await client.get("/readyz")
        assert_problem(problem, 503, "not-ready")
        assert problem.headers["Retry-After"] == "1"
        for target in READS:
            assert_problem(await client.get(target), 503, "not-ready")
        for target in ("/openapi.json", "/metrics", "/static/page.css"):
            assert (await client.get(target)).status_code == 200
        status = (await client.get("/status")).json()
        assert (status["status"], status["snapshot"]) == ("degraded", None)


async def test_with_core_models_alone_the_service_is_ready(tmp_path: Path) -> None:
    async with Simulator(CATALOG) as simulator:
        simulator.misbehave(Fault.HANG)
        app = create_app(settings_for(simulator, tmp_path, fetch_deadline_seconds=30))
        async with app.router.lifespan_context(app), client_of(app) as client:
            ready = (await client.get("/readyz")).json()
            assert (ready["status"], ready["state"]) == ("ready", "core")
            assert ready["models"] >= 40
            assert (await client.get("/models/gpt-4o")).status_code == 200
            simulator.behave()


async def test_after_the_first_refresh_readiness_names_upstream(service: Service) -> None:
    ready = await service.read("/readyz")
    assert ready == {
        "status": "ready",
        "state": "upstream",
        "models": (await service.read("/models"))["total"],
        "snapshot": (await service.read("/models"))["snapshot"],
    }


async def test_a_draining_process_is_not_ready_and_still_answers(fresh: Service) -> None:
    fresh.app.state.serving.is_draining = True
    assert_problem(await fresh.get("/readyz"), 503, "draining")
    assert (await fresh.get("/livez")).status_code == 200
    assert (await fresh.get("/models")).status_code == 200


async def test_liveness_needs_no_clock_no_store_and_no_upstream(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with serving(tmp_path, clock=clock) as service:
        clock.is_broken = True
        service.simulator.misbehave(Fault.REFUSE)
        asked = len(service.simulator.requests)
        assert (await service.get("/livez")).status_code == 200
        assert (await service.get("/readyz")).status_code == 200
        assert len(service.simulator.requests) == asked
        clock.is_broken = False


async def test_a_defect_is_a_problem_that_tells_nothing_but_its_id(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with serving(tmp_path, clock=clock) as service:
        clock.is_broken = True
        with capture_logs() as logged:
            document = assert_problem(await service.get("/status", x_request_id="find-me-1"), 500, "internal")
        told = [line for line in logged if line["event"] == "a request broke down"]
        assert [(line["request_id"], line["path"], line["exc_info"]) for line in told] == [
            ("find-me-1", "/status", True)
        ]
        assert document["request_id"] == "find-me-1"
        assert "find-me-1" in document["detail"]
        assert "clock" not in document["detail"]
        clock.is_broken = False
        assert (await service.get("/status")).status_code == 200


async def test_metrics_count_requests_by_closed_routes(fresh: Service) -> None:
    for target in (f"/models/{PLAIN}", f"/models/{UNKNOWN}", "/models/search?q=anvil", "/models/search?q=zzzz", "/nix"):
        await fresh.get(target)
    response = await fresh.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = set(response.text.splitlines())
    assert {
        'registry_requests_total{route="/models/{model_id:path}",status="200"} 1.0',
        'registry_requests_total{route="/models/{model_id:path}",status="404"} 1.0',
        'registry_requests_total{route="unmatched",status="404"} 1.0',
        'registry_searches_total{found="true"} 1.0',
        'registry_searches_total{found="false"} 1.0',
        'registry_lookups_total{found="true"} 1.0',
        'registry_lookups_total{found="false"} 1.0',
    } <= lines
    for name in ("registry_snapshot_age_seconds", "registry_models", "registry_refresh_total", "registry_generation"):
        assert any(line.startswith(name) for line in lines)
    assert "acme" not in response.text


async def test_a_harmless_request_id_is_kept_and_another_is_replaced(service: Service) -> None:
    assert (await service.get("/livez", x_request_id="abc-1.2_Z")).headers["X-Request-ID"] == "abc-1.2_Z"
    for odd in ("", "a b", "x" * 65, "<b>", "a;b"):
        made = (await service.get("/livez", x_request_id=odd)).headers["X-Request-ID"]
        assert made != odd
        assert made.isalnum()


async def test_request_ids_differ(service: Service) -> None:
    assert len({(await service.get("/livez")).headers["X-Request-ID"] for _ in range(50)}) == 50


def test_request_ids_differ_by_the_thousand_and_are_of_one_length() -> None:
    made = {new_request_id() for _ in range(1_000)}
    assert len(made) == 1_000
    assert {len(bytes.fromhex(one.decode())) for one in made} == {8}
