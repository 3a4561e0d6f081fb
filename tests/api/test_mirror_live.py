"""`/api/v1/models/{author}/{slug}/endpoints` and `/api/v1/providers`: upstream's own answers, asked for on demand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.catalog import FREE, LATEST, PLAIN, VISION, VISION_SLUG
from tests.api.service import UPSTREAM_KEY, Service, SteeredClock, serving
from tests.api.test_mirror import assert_error
from tests.simulated_documents import endpoints_document, providers_document
from tests.simulator import Fault

pytestmark = pytest.mark.anyio
PROVIDERS = "/api/v1/providers"


def endpoints(model_id: str) -> str:
    return f"/api/v1/models/{model_id}/endpoints"


def asked(service: Service) -> list[str]:
    """Return the documents that upstream was asked for besides the list."""
    return [request.target for request in service.simulator.requests if not request.target.endswith("/models")]


@pytest.mark.parametrize(
    ("spelling", "model_id"),
    [
        (PLAIN, PLAIN),
        (FREE, FREE),
        (FREE.replace("/", "%2F").replace(":", "%3A"), FREE),
        (LATEST, LATEST),
        (VISION_SLUG, VISION),
        (f"{PLAIN}:nitro", PLAIN),
    ],
)
async def test_endpoints_are_upstreams_own(service: Service, spelling: str, model_id: str) -> None:
    records = {record["id"]: record for record in service.simulator.catalog}
    assert await service.read(endpoints(spelling)) == endpoints_document(records[model_id])


async def test_the_links_of_the_list_lead_to_endpoints(service: Service) -> None:
    for row in (await service.read("/api/v1/models?limit=25"))["data"]:
        assert (await service.get(row["links"]["details"])).status_code == 200


async def test_providers_are_upstreams_own(service: Service) -> None:
    assert await service.read(PROVIDERS) == providers_document(service.simulator.catalog)


async def test_an_answer_is_asked_for_once_with_the_key_and_is_conditional(fresh: Service) -> None:
    first = await fresh.get(endpoints(PLAIN))
    assert first.headers["X-Upstream-Age"] == "0"
    assert "X-Upstream-Stale" not in first.headers
    assert first.headers["Cache-Control"] == "public, max-age=60"
    assert first.headers["X-Catalog-Snapshot"]
    known = await fresh.get(endpoints(PLAIN), If_None_Match=first.headers["ETag"])
    assert (known.status_code, known.content) == (304, b"")
    head = await fresh.client.head(endpoints(PLAIN), headers={"Accept-Encoding": "gzip"})
    assert (head.headers["Content-Encoding"], head.content) == ("gzip", b"")
    assert asked(fresh) == [endpoints(PLAIN)]
    assert fresh.simulator.requests[-1].headers["authorization"] == f"Bearer {UPSTREAM_KEY}"


async def test_ids_that_nobody_lists_never_reach_upstream(fresh: Service) -> None:
    for spelling in ("acme/made-up", f"{PLAIN}:turbo", "acme/..%2f..%2fkeys", "acme/%00", "a/" + "b" * 500):
        assert_error(await fresh.get(endpoints(spelling)), 404)
    assert asked(fresh) == []


async def test_a_model_that_openrouter_does_not_serve_is_a_404_that_says_who_does(tmp_path: Path) -> None:
    overrides = tmp_path / "overrides.toml"
    overrides.write_text('schema = 1\n[[add]]\nid = "house/llm"\nname = "House LLM"\n')
    async with serving(tmp_path, overrides_file=overrides) as service:
        assert_error(await service.get(endpoints("house/llm")), 404, "/models/provider/house/llm")
        assert asked(service) == []


async def test_what_upstream_no_longer_has_is_a_404_that_is_kept(fresh: Service) -> None:
    fresh.simulator.catalog = []
    for _ in range(3):
        assert_error(await fresh.get(endpoints(PLAIN)), 404, "OpenRouter itself")
    assert asked(fresh) == [endpoints(PLAIN)]


async def test_the_last_good_answer_is_given_and_marked_while_upstream_is_away(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with serving(tmp_path, clock=clock) as service:
        good = await service.get(endpoints(PLAIN))
        service.simulator.other_fault = Fault.UNAVAILABLE
        clock.advance(1)
        stale = await service.get(endpoints(PLAIN))
        assert (stale.status_code, stale.content) == (200, good.content)
        assert stale.headers["X-Upstream-Stale"] == "true"
        assert int(stale.headers["X-Upstream-Age"]) >= 3_600
        assert stale.headers["Cache-Control"] == "public, max-age=30"
        service.simulator.other_fault = None
        clock.advance(1)
        assert "X-Upstream-Stale" not in (await service.get(endpoints(PLAIN))).headers


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.UNAVAILABLE, Fault.HTML, Fault.HANG])
async def test_with_nothing_kept_a_failure_is_a_503_that_says_when_to_ask_again(tmp_path: Path, fault: Fault) -> None:
    async with serving(tmp_path, live_deadline_seconds=0.3) as service:
        service.simulator.other_fault = fault
        for target in (endpoints(PLAIN), PROVIDERS):
            response = await service.get(target)
            assert_error(response, 503, "could not be asked")
            assert int(response.headers["Retry-After"]) >= 1
        # The list needs no upstream.
        assert (await service.get("/api/v1/models")).status_code == 200


async def test_without_openrouter_there_is_no_answer_and_no_wait(tmp_path: Path) -> None:
    async with serving(tmp_path, openrouter_enabled=False) as service:
        answer = await service.get(PROVIDERS)
        # A 503 would keep OpenRouter's SDKs asking for up to an hour.
        assert_error(answer, 404, "OPENROUTER_ENABLED")
        assert "Retry-After" not in answer.headers
