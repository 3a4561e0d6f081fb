"""If-None-Match, Accept-Encoding, HEAD, Vary, Cache-Control: one behaviour for every read."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import anyio
import brotli
import httpx
import pytest
import zstandard

from tests.api.catalog import PLAIN, VISION
from tests.api.service import Service, SteeredClock, serving
from tests.simulator import Fault

pytestmark = pytest.mark.anyio

CACHEABLE = [
    "/models",
    "/models?format=frontend",
    "/models?author=acme&limit=3",
    "/models/core",
    "/models/openrouter",
    "/models/categories",
    "/models/providers",
    "/models/search?q=anvil",
    f"/models/{PLAIN}",
    f"/models/provider/{PLAIN}",
]
PAGES = ["/docs", "/openapi.json", "/static/page.css", "/static/swagger-ui-bundle.js"]
PLAIN_READS = ["/", "/status", "/livez", "/readyz", "/metrics", "/models/statistics"]
# These tell the time or count, so that two answers may differ.
MOVING = {"/status", "/metrics", "/models/statistics"}
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompress(data, max_output_size=10**8),
}
SPOKEN = ("gzip", "br", "zstd", None)


async def raw(service: Service, target: str, headers: list[tuple[str, str]]) -> tuple[httpx.Response, bytes]:
    """Return a response and its body as it came over the wire."""
    request = service.client.build_request("GET", target, headers=headers)
    for name in ("Accept-Encoding",):
        if name.lower() not in {given.lower() for given, _ in headers}:
            del request.headers[name]
    response = await service.client.send(request, stream=True)
    body = b"".join([part async for part in response.aiter_raw()])
    return response, body


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("br", "br"),
        ("zstd", "zstd"),
        ("GZIP", "gzip"),
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, br;q=0.5, zstd;q=0.1", "gzip"),
        ("gzip;q=0.2,br;q=0.8", "br"),
        ("gzip; q=0.5 , br; q=0.4", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0, br", "br"),
        ("gzip;q=0.000", None),
        ("*", "zstd"),
        ("*;q=0.1", "zstd"),
        ("*, zstd;q=0", "br"),
        ("br;q=0, zstd;q=0, *", "gzip"),
        ("*;q=0", None),
        ("identity;q=0", None),
        ("identity;q=0, *;q=0", None),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=1", "gzip"),
        ("deflate, compress", None),
        ("x-unheard-of", None),
        (",,;;q", None),
    ],
)
async def test_the_coding_is_the_best_that_the_caller_takes(
    service: Service, accepted: str | None, expected: str | None
) -> None:
    plain, body = await raw(service, "/models", [("Accept-Encoding", "identity")])
    headers = [] if accepted is None else [("Accept-Encoding", accepted)]
    response, sent = await raw(service, "/models", headers)
    assert response.status_code == 200
    assert response.headers.get("Content-Encoding") == expected
    assert int(response.headers["Content-Length"]) == len(sent)
    assert "Accept-Encoding" in response.headers["Vary"]
    if expected is None:
        assert sent == body
        assert response.headers["ETag"] == plain.headers["ETag"]
    else:
        assert DECODERS[expected](sent) == body
        assert len(sent) < len(body) / 4


async def test_codings_on_several_lines_are_read_together(service: Service) -> None:
    lines = [("Accept-Encoding", "gzip;q=0.5"), ("Accept-Encoding", "br;q=0.9, zstd;q=0")]
    response, _ = await raw(service, "/models", lines)
    assert response.headers["Content-Encoding"] == "br"


async def test_a_malformed_weight_does_no_harm(service: Service) -> None:
    for odd in ("gzip;q=", "gzip;q=abc", "gzip;q=-1", "gzip;q=2", "gzip;q=nan", "gzip;q=1e999", "gzip;level=9", ";q=1"):
        response, _ = await raw(service, "/models", [("Accept-Encoding", odd)])
        assert response.status_code == 200


async def test_every_form_has_an_etag_of_its_own_and_is_known_by_it(service: Service) -> None:
    seen = set()
    for coding in SPOKEN:
        asked = [("Accept-Encoding", coding or "identity")]
        response, _ = await raw(service, "/models", asked)
        etag = response.headers["ETag"]
        assert etag.startswith('"')
        assert etag.endswith('"')
        seen.add(etag)
        again, body = await raw(service, "/models", [*asked, ("If-None-Match", etag)])
        assert (again.status_code, body) == (304, b"")
        assert again.headers["ETag"] == etag
        assert "Accept-Encoding" in again.headers["Vary"]
    assert len(seen) == len(SPOKEN)


@pytest.mark.parametrize("target", [*CACHEABLE, *PAGES])
async def test_what_is_known_is_304_with_the_headers_of_200_and_no_body(service: Service, target: str) -> None:
    response = await service.get(target)
    known = await service.get(target, if_none_match=response.headers["ETag"])
    assert (known.status_code, known.content) == (304, b"")
    for name in ("ETag", "Vary", "Cache-Control", "X-Catalog-Snapshot"):
        assert known.headers[name] == response.headers[name]
    assert known.headers.get("Content-Location") == response.headers.get("Content-Location")
    for name in ("Content-Length", "Content-Type", "Content-Encoding"):
        assert name not in known.headers


@pytest.mark.parametrize(
    ("form", "is_known"),
    [
        ("{etag}", True),
        ("W/{etag}", True),
        ('"other", {etag}', True),
        ('{etag}, "other"', True),
        ('"other",W/{etag},"third"', True),
        ("  {etag}  ", True),
        ("*", True),
        ('"other"', False),
        ("", False),
        (",", False),
        ("{bare}", False),
        ('"{bare}', False),
        ("w/{etag}", False),
        ('"{bare}x"', False),
        ("'{bare}'", False),
        ("\x01\x02", False),
    ],
)
async def test_if_none_match_is_read_as_the_rfc_has_it(service: Service, form: str, is_known: bool) -> None:
    etag = (await service.get("/models")).headers["ETag"]
    given = form.format(etag=etag, bare=etag.strip('"'))
    response = await service.get("/models", if_none_match=given)
    assert response.status_code == (304 if is_known else 200)


async def test_if_none_match_on_two_lines_is_one_list(service: Service) -> None:
    etag = (await service.get("/models")).headers["ETag"]
    lines = [("Accept-Encoding", "identity"), ("If-None-Match", '"other"'), ("If-None-Match", etag)]
    response, body = await raw(service, "/models", lines)
    assert (response.status_code, body) == (304, b"")


async def test_a_condition_does_not_save_what_is_not_there(service: Service) -> None:
    assert (await service.get("/models/acme/none", if_none_match="*")).status_code == 404
    assert (await service.get("/models?limit=0", if_none_match="*")).status_code == 422


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("target", [*CACHEABLE, *PAGES, *PLAIN_READS])
async def test_head_has_the_headers_of_get_and_no_body(service: Service, target: str, coding: str) -> None:
    asked = {"Accept-Encoding": coding, "X-Request-ID": "same"}
    await service.client.get(target, headers=asked)
    got = await service.client.get(target, headers=asked)
    head = await service.client.head(target, headers=asked)
    assert (head.status_code, head.content) == (200, b"")
    if target in MOVING:
        assert head.headers.keys() == got.headers.keys()
    else:
        assert head.headers == got.headers


async def test_head_of_what_is_known_is_304_and_of_what_is_not_there_404(service: Service) -> None:
    etag = (await service.get(f"/models/{VISION}")).headers["ETag"]
    asked = {"Accept-Encoding": "identity", "If-None-Match": etag}
    assert (await service.client.head(f"/models/{VISION}", headers=asked)).status_code == 304
    assert (await service.client.head("/models/acme/none")).status_code == 404


@pytest.mark.parametrize("target", CACHEABLE)
async def test_caches_may_keep_an_answer_and_use_it_when_we_fail(service: Service, target: str) -> None:
    response = await service.get(target)
    assert response.headers["Cache-Control"] == "public, max-age=60, stale-while-revalidate=3600, stale-if-error=86400"
    assert response.headers["X-Catalog-Snapshot"] == (await service.read("/status"))["snapshot"]["id"]


async def test_a_new_catalog_has_a_new_etag_and_old_ones_are_forgotten(fresh: Service) -> None:
    old = (await fresh.get("/models")).headers["ETag"]
    kept = (await fresh.get(f"/models/{VISION}")).headers["ETag"]
    fresh.simulator.catalog = [record for record in fresh.simulator.catalog if record["id"] != PLAIN]
    assert (await fresh.refresh()).json()["outcome"] == "updated"
    response = await fresh.get("/models", if_none_match=old)
    assert response.status_code == 200
    assert response.headers["ETag"] != old
    assert (await fresh.get(f"/models/{VISION}", if_none_match=kept)).status_code == 304


async def wait_until_stale(service: Service) -> None:
    """Wait for the follower, which looks at the age ten times a second."""
    for _ in range(200):
        if (await service.read("/models"))["stale"]:
            return
        await anyio.sleep(0.05)
    pytest.fail("the catalog did not become stale")


async def test_a_stale_catalog_says_so_and_is_kept_for_a_shorter_time(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with serving(tmp_path, clock=clock) as service:
        fresh_etag = (await service.get("/models")).headers["ETag"]
        service.simulator.misbehave(Fault.UNAVAILABLE)
        clock.advance(hours=2.5)
        await wait_until_stale(service)
        response = await service.get("/models", if_none_match=fresh_etag)
        assert response.status_code == 200, "the freshness is part of the answer"
        expected = "public, max-age=30, stale-while-revalidate=3600, stale-if-error=86400"
        assert response.headers["Cache-Control"] == expected
        status = await service.read("/status")
        assert (status["status"], status["snapshot"]["is_stale"]) == ("degraded", True)
        assert status["snapshot"]["age_seconds"] > 2 * 3600
        assert "Older than promised" in (await service.get("/")).text
        service.simulator.behave()
        assert (await service.refresh()).json()["outcome"] == "unchanged"
        again = await service.get("/models")
        assert again.headers["ETag"] == fresh_etag
        assert "max-age=60" in again.headers["Cache-Control"]
