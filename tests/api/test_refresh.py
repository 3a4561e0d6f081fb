"""`POST /refresh`: who may, how often, what it changes, and what it tells."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from app.outcome import Trigger
from app.store.sqlite import SqliteStore
from tests.api.catalog import BATCH, CATALOG, PLAIN, SMALL, VISION
from tests.api.service import (
    OWN_ORIGIN,
    TOKEN,
    Service,
    SteeredClock,
    assert_hardened,
    assert_problem,
    bearer,
    client_of,
    serving,
    settings_for,
)
from tests.simulator import Fault, Simulator, make_record

pytestmark = pytest.mark.anyio
NEW = "acme/comet-9"


def changed_catalog() -> list[Any]:
    """Return the catalog with one model more, one fewer, one re-priced, one renamed."""
    kept = [dict(record) for record in CATALOG if record["id"] != SMALL]
    for record in kept:
        if record["id"] == PLAIN:
            record["pricing"] = {"prompt": "0.000003", "completion": "0.000004"}
        if record["id"] == VISION:
            record["name"] = "Acme: Rocket 2.5 Plus"
    return [*kept, make_record(NEW)]


async def etag(service: Service) -> str:
    return (await service.get("/models")).headers["ETag"]


async def test_a_refresh_adopts_what_changed_and_tells_it(fresh: Service) -> None:
    before = await fresh.read("/models")
    fresh.simulator.catalog = changed_catalog()
    response = await fresh.refresh()
    assert response.headers["Cache-Control"] == "no-store"
    outcome = response.json()
    assert (outcome["outcome"], outcome["trigger"], outcome["forced"], outcome["dry_run"]) == (
        "updated",
        "operator",
        False,
        False,
    )
    diff = outcome["diff"]
    assert (diff["added"], diff["removed"]) == ([NEW], [SMALL])
    assert PLAIN in [entry["id"] for entry in diff["repriced"]]
    assert {"id": VISION, "fields": ["name"]} in diff["changed"]
    after = await fresh.read("/models")
    assert after["snapshot"] == outcome["snapshot"] != before["snapshot"]
    ids = {model["id"] for model in after["models"]}
    assert NEW in ids
    assert SMALL not in ids


async def test_a_model_that_vanished_can_still_be_looked_up_and_counted(fresh: Service) -> None:
    fresh.simulator.catalog = changed_catalog()
    await fresh.refresh()
    gone = await fresh.read(f"/models/{SMALL}")
    assert gone["lifecycle"]["state"] == "delisted"
    assert gone["lifecycle"]["last_seen_at"]
    assert await fresh.ids("/models?lifecycle=delisted") == [SMALL]
    assert await fresh.ids(f"/models?ids={SMALL}") == [SMALL]
    assert (await fresh.read("/status"))["snapshot"]["delisted"] == 1
    assert (await fresh.read("/models/statistics"))["delisted"] == 1
    assert (await fresh.read("/readyz"))["models"] == (await fresh.read("/models"))["total"]


async def test_the_same_catalog_again_is_unchanged(fresh: Service) -> None:
    before = await etag(fresh)
    outcome = (await fresh.refresh()).json()
    assert outcome["outcome"] == "unchanged"
    assert await etag(fresh) == before


async def test_a_dry_run_shows_the_same_diff_and_changes_nothing(fresh: Service) -> None:
    before, status = await etag(fresh), await fresh.read("/status")
    fresh.simulator.catalog = changed_catalog()
    shown = (await fresh.refresh("?dry_run=true")).json()
    assert (shown["outcome"], shown["dry_run"]) == ("updated", True)
    assert await etag(fresh) == before
    after = await fresh.read("/status")
    for part in ("snapshot", "upstream", "outcomes"):
        assert after[part] == status[part] or part == "snapshot"
    assert after["snapshot"]["id"] == status["snapshot"]["id"]
    assert (await fresh.refresh()).json()["diff"] == shown["diff"]


async def test_a_dry_run_of_a_failing_upstream_fails_and_is_not_held_against_it(fresh: Service) -> None:
    fresh.simulator.misbehave(Fault.INTERNAL, times=1)
    assert_problem(await fresh.refresh("?dry_run=true"), 502, "refresh-failed")
    status = await fresh.read("/status")
    assert status["refresh"]["failures_in_a_row"] == 0
    assert status["status"] == "ok"


async def test_the_guard_refuses_half_a_catalog_until_it_is_forced(fresh: Service) -> None:
    before = await etag(fresh)
    fresh.simulator.misbehave(Fault.SHRUNK)
    refused = (await fresh.refresh()).json()
    assert refused["outcome"] == "refused"
    assert refused["refusals"]
    assert "force=true" in refused["reason"]
    assert await etag(fresh) == before
    forced = (await fresh.refresh("?force=true")).json()
    assert (forced["outcome"], forced["forced"]) == ("updated", True)
    assert forced["refusals"] == refused["refusals"]
    assert await etag(fresh) != before
    outcomes = (await fresh.read("/status"))["outcomes"]
    assert [(entry["outcome"], entry["forced"]) for entry in outcomes[:2]] == [("updated", True), ("refused", False)]


async def test_force_and_dry_run_together_only_show(fresh: Service) -> None:
    before = await etag(fresh)
    fresh.simulator.misbehave(Fault.SHRUNK)
    shown = (await fresh.refresh("?force=true&dry_run=true")).json()
    assert (shown["outcome"], shown["forced"], shown["dry_run"]) == ("updated", True, True)
    assert await etag(fresh) == before


@pytest.mark.parametrize("switch", ["dry_run=1", "dry_run=TRUE", "force=0&dry_run=true", "dry_run=false&force=False"])
async def test_switches_are_read_leniently(service: Service, switch: str) -> None:
    response = await service.refresh(f"?{switch}")
    assert response.status_code == 200
    assert response.json()["dry_run"] is not switch.endswith("force=False")


@pytest.mark.parametrize("switch", ["dry-run=true", "force=yes", "force", "force=", "dry_run=2", "q=a"])
async def test_other_switches_are_refused_with_the_allowed_ones(service: Service, switch: str) -> None:
    document = assert_problem(await service.refresh(f"?{switch}"), 422, "query")
    assert document["faults"][0]["allowed"] in (["dry_run", "force"], ["true", "false"])


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
async def test_only_post_refreshes(service: Service, method: str) -> None:
    asked = len(service.simulator.requests)
    response = await service.client.request(method, "/refresh")
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    if method != "HEAD":
        assert "POST" in assert_problem(response, 405, "method-not-allowed")["detail"]
    assert len(service.simulator.requests) == asked


async def test_soon_after_a_refresh_by_hand_the_next_has_to_wait(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with serving(tmp_path, clock=clock, refresh_cooldown_seconds=30) as service:
        clock.advance(hours=1)
        assert (await service.refresh("?dry_run=true")).status_code == 200
        assert (await service.refresh()).status_code == 200, "a dry run must not keep its caller from the real one"
        for switches in ("", "?force=true", "?dry_run=true"):
            response = await service.refresh(switches)
            assert_problem(response, 429, "cooling-down")
            assert 1 <= int(response.headers["Retry-After"]) <= 30
        clock.advance(hours=31 / 3600)
        assert (await service.refresh()).status_code == 200


async def test_after_five_failures_in_a_row_only_the_schedule_asks(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with serving(tmp_path, clock=clock) as service:
        refresher, asked = service.app.state.serving.refresher, service.simulator.requests
        service.simulator.misbehave(Fault.UNAVAILABLE)
        for _ in range(5):
            assert_problem(await service.refresh(), 502, "refresh-failed")
        calls = len(asked)
        for switches in ("", "?dry_run=true"):
            response = await service.refresh(switches)
            document = assert_problem(response, 503, "upstream-failing")
            # Sixteen minutes, a fifth more or less.
            assert 12 * 60 < int(response.headers["Retry-After"]) < 20 * 60
            assert "dry_run=true&force=true looks now" in document["detail"]
            assert "accepts whatever the guard would refuse" in document["detail"]
        assert len(asked) == calls
        assert_problem(await service.refresh("?force=true"), 502, "refresh-failed")
        assert len(asked) == calls + 1
        clock.advance(hours=1)
        assert (await refresher.refresh(Trigger.SCHEDULE)).result == "failed", "the schedule goes on"
        service.simulator.behave()
        clock.advance(hours=1)
        assert (await refresher.refresh(Trigger.SCHEDULE)).result == "unchanged"
        assert (await service.refresh()).json()["outcome"] == "unchanged"


async def test_a_guard_that_refuses_again_and_again_keeps_nobody_from_asking(tmp_path: Path) -> None:
    async with serving(tmp_path) as service:
        service.simulator.misbehave(Fault.SHRUNK)
        for _ in range(7):
            assert (await service.refresh()).json()["outcome"] == "refused"


async def test_while_a_dead_instance_holds_the_lease_a_refresh_says_when_to_come_again(tmp_path: Path) -> None:
    async with serving(tmp_path) as service:
        dead = SqliteStore(tmp_path / "registry.sqlite3", deadline_seconds=5)
        assert await dead.acquire_lease("dead:1", 30)
        response = await service.refresh()
        assert (response.status_code, response.json()["outcome"]) == (200, "skipped")
        assert 20 < int(response.headers["Retry-After"]) <= 30
        assert f"its lease ends in {response.headers['Retry-After']} s" in response.json()["reason"]
        await dead.release_lease("dead:1")
        await dead.close()
        response = await service.refresh()
        assert response.json()["outcome"] == "unchanged"
        assert "Retry-After" not in response.headers


async def test_upstreams_retry_after_is_passed_on(fresh: Service) -> None:
    fresh.simulator.misbehave(Fault.TOO_MANY_REQUESTS_SECONDS, times=1)
    response = await fresh.refresh()
    assert_problem(response, 502, "refresh-failed")
    assert response.headers["Retry-After"] == "2"


async def test_with_a_token_only_its_bearer_refreshes(tmp_path: Path) -> None:
    async with serving(tmp_path, admin_token=TOKEN) as service:
        asked = len(service.simulator.requests)
        for sent in (
            b"",
            b"Bearer",
            b"Bearer ",
            f"Bearer {TOKEN}x".encode(),
            f"Bearer {TOKEN[:-1]}".encode(),
            f"Bearer {TOKEN.upper()}".encode(),
            f"Basic {TOKEN}".encode(),
            TOKEN.encode(),
            "Bearer tökén".encode(),
            "Bearer tökén".encode("latin-1"),
            b"Bearer \xff\xfe",
        ):
            response = await service.client.post("/refresh", headers=[(b"Authorization", sent)])
            assert_problem(response, 401, "unauthorized")
            assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert_problem(await service.refresh(), 401, "unauthorized")
        assert_problem(await service.refresh("?token=abc"), 401, "unauthorized")
        assert len(service.simulator.requests) == asked
        for accepted in (f"Bearer {TOKEN}", f"bearer  {TOKEN} "):
            response = await service.client.post("/refresh", headers={"Authorization": accepted})
            assert response.status_code == 200


async def test_a_token_opens_from_anywhere_and_through_proxies(tmp_path: Path) -> None:
    async with serving(tmp_path, admin_token=TOKEN) as service:
        elsewhere = client_of(service.app, address=("203.0.113.9", 5), origin="https://models.example")
        async with elsewhere as client:
            response = await client.post("/refresh", headers={**bearer(TOKEN), "X-Forwarded-For": "198.51.100.7"})
            assert response.status_code == 200


@pytest.mark.parametrize("token", ["пароль-7", "tökén"])
async def test_a_token_outside_ascii_works(tmp_path: Path, token: str) -> None:
    async with serving(tmp_path, admin_token=token) as service:
        assert (await service.client.post("/refresh", headers=bearer(token))).status_code == 200
        assert_problem(await service.client.post("/refresh", headers=bearer(token[:-1])), 401, "unauthorized")


async def test_the_hash_of_a_token_lets_in_who_has_the_token_and_opens_nothing_itself(
    simulator: Simulator, tmp_path: Path
) -> None:
    hashed = f"sha256:{hashlib.sha256(TOKEN.encode()).hexdigest().upper()}"
    app = create_app(settings_for(simulator, tmp_path, admin_token=hashed))
    async with app.router.lifespan_context(app), client_of(app) as client:
        assert (await client.post("/refresh", headers=bearer(TOKEN))).status_code == 200
        for given in (hashed, hashed.removeprefix("sha256:"), TOKEN[:-1]):
            assert_problem(await client.post("/refresh", headers=bearer(given)), 401, "unauthorized")


LOCAL_CALLERS = [
    (("127.0.0.1", 1), "http://127.0.0.1:8000", {}),
    (("127.0.0.1", 1), "http://localhost:8000", {}),
    (("127.8.9.1", 1), "http://127.0.0.1", {}),
    (("::1", 1), "http://[::1]:8000", {}),
    (("127.0.0.1", 1), "http://127.0.0.1:8000", {"Origin": "http://127.0.0.1:8000"}),
]
STRANGERS = [
    (("203.0.113.9", 1), OWN_ORIGIN, {}, "not on this machine"),
    (("10.0.0.5", 1), OWN_ORIGIN, {}, "not on this machine"),
    (("127.0.0.1", 1), OWN_ORIGIN, {"X-Forwarded-For": "127.0.0.1"}, "through a proxy"),
    (("127.0.0.1", 1), OWN_ORIGIN, {"Forwarded": "for=127.0.0.1"}, "through a proxy"),
    (("127.0.0.1", 1), OWN_ORIGIN, {"X-Forwarded-Host": "a"}, "through a proxy"),
    (("127.0.0.1", 1), OWN_ORIGIN, {"X-Forwarded-Proto": "https"}, "through a proxy"),
    (("127.0.0.1", 1), OWN_ORIGIN, {"X-Real-IP": "127.0.0.1"}, "through a proxy"),
    (("127.0.0.1", 1), OWN_ORIGIN, {"Via": "1.1 cache"}, "through a proxy"),
    (("127.0.0.1", 1), OWN_ORIGIN, {"X-Forwarded-Port": "443"}, "through a proxy"),
    (("127.0.0.1", 1), OWN_ORIGIN, {"CF-Connecting-IP": "203.0.113.9"}, "through a proxy"),
    (("127.0.0.1", 1), "http://rebound.example:8000", {}, "Host"),
    (("127.0.0.1", 1), "http://127.0.0.1.example", {}, "Host"),
    *(
        (("127.0.0.1", 1), OWN_ORIGIN, {"Host": host}, "Host")
        for host in ("", "[", "evil.example@127.0.0.1", "127.0.0.1#.evil.example", "127.0.0.1:x", "127.0.0.1 ")
    ),
    (("127.0.0.1", 1), OWN_ORIGIN, {"Origin": "https://evil.example"}, "another site"),
    (("127.0.0.1", 1), OWN_ORIGIN, {"Origin": "null"}, "another site"),
    (("127.0.0.1", 1), OWN_ORIGIN, {"Origin": "http://127.0.0.1:9999"}, "another site"),
]


@pytest.mark.parametrize(("address", "origin", "headers"), LOCAL_CALLERS)
async def test_without_a_token_this_machine_may_refresh(
    service: Service, address: tuple[str, int], origin: str, headers: dict[str, str]
) -> None:
    async with client_of(service.app, address=address, origin=origin) as client:
        assert (await client.post("/refresh", headers=headers)).status_code == 200


@pytest.mark.parametrize(("address", "origin", "headers", "why"), STRANGERS)
async def test_without_a_token_nobody_else_may_and_the_setting_is_named(
    service: Service, address: tuple[str, int], origin: str, headers: dict[str, str], why: str
) -> None:
    asked = len(service.simulator.requests)
    async with client_of(service.app, address=address, origin=origin) as client:
        document = assert_problem(await client.post("/refresh", headers=headers), 403, "admin-closed")
    assert document["setting"] == "ADMIN_TOKEN"
    assert "ADMIN_TOKEN" in document["detail"]
    assert why in document["detail"]
    assert len(service.simulator.requests) == asked


async def test_no_refusal_counts_as_a_refresh(service: Service) -> None:
    before = (await service.read("/status"))["outcomes"]
    async with client_of(service.app, address=("203.0.113.9", 1)) as client:
        response = await client.post("/refresh")
    assert_hardened(response)
    assert (await service.read("/status"))["outcomes"] == before


async def test_the_outcome_counts_what_was_fetched_and_set_aside(fresh: Service) -> None:
    fresh.simulator.misbehave(Fault.BAD_RECORD, times=1)
    outcome = (await fresh.refresh()).json()
    assert outcome["counts"] == {"fetched": len(CATALOG), "quarantined": 1}
    assert BATCH in await fresh.ids("/models")
