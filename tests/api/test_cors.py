"""Pages of other sites may read the catalog, and never refresh it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.catalog import PLAIN
from tests.api.service import Service, assert_problem, serving

pytestmark = pytest.mark.anyio
SITE = "https://picker.example"
STRANGER = "https://evil.example"
READS = ["/models", "/models/search?q=anvil", f"/models/{PLAIN}", "/models/statistics", "/status", "/models?limit=0"]


@pytest.fixture(scope="module")
async def choosy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service that only one site may read from."""
    async with serving(tmp_path_factory.mktemp("data"), cors_origins=SITE) as running:
        yield running


def preflight(method: str) -> dict[str, str]:
    return {
        "Origin": SITE,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "If-None-Match",
    }


@pytest.mark.parametrize("target", READS)
async def test_any_site_may_read_without_credentials(service: Service, target: str) -> None:
    response = await service.get(target, origin=SITE)
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
    exposed = response.headers["Access-Control-Expose-Headers"].lower()
    assert all(name in exposed for name in ("etag", "x-request-id", "x-catalog-snapshot", "x-upstream-age"))


async def test_304_carries_the_permission_too(service: Service) -> None:
    response = await service.get("/models", origin=SITE, if_none_match="*")
    assert response.status_code == 304
    assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_preflight_for_a_read_is_answered(service: Service) -> None:
    response = await service.client.options("/models", headers=preflight("GET"))
    assert response.is_success
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "GET" in response.headers["Access-Control-Allow-Methods"]
    assert "if-none-match" in response.headers["Access-Control-Allow-Headers"].lower()
    assert "POST" not in response.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("path", ["/refresh", "/refresh/", "/refresh%0A", "/refresh?dry_run=true"])
async def test_no_site_is_let_near_refresh(service: Service, path: str) -> None:
    asked = len(service.simulator.requests)
    preflighted = await service.client.options(path, headers=preflight("POST"))
    posted = await service.client.post(path, headers={"Origin": SITE})
    for response in (preflighted, posted):
        assert not [name for name in response.headers if name.startswith("access-control-")]
        assert response.status_code in {403, 404, 405}
    assert len(service.simulator.requests) == asked


async def test_only_the_sites_in_the_settings_may_read(choosy: Service) -> None:
    allowed = await choosy.get("/models", origin=SITE)
    assert allowed.headers["Access-Control-Allow-Origin"] == SITE
    refused = await choosy.get("/models", origin=STRANGER)
    assert refused.status_code == 200
    assert "Access-Control-Allow-Origin" not in refused.headers


async def test_shared_caches_are_told_that_the_site_matters(choosy: Service) -> None:
    for headers in ({"origin": SITE}, {"origin": STRANGER}, {}):
        response = await choosy.get("/models", **headers)
        assert {part.strip().lower() for part in response.headers["Vary"].split(",")} >= {"origin", "accept-encoding"}


async def test_options_without_a_site_is_a_plain_405(service: Service) -> None:
    response = await service.client.options("/models")
    assert_problem(response, 405, "method-not-allowed")
    assert {method.strip() for method in response.headers["Allow"].split(",")} == {"GET", "HEAD"}
