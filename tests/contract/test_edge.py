"""nginx in front of two registries, with the very configuration of the compose file's `edge` profile."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.e2e.processes import ServiceProcess, running
from tests.redis.server import RedisServer, free_port
from tests.simulator import Simulator, generate_catalog

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

CONFIG = Path(__file__).parents[2] / "deploy" / "edge.conf"
START_SECONDS = 10.0
TOKEN = "sesame-for-the-operator"


@dataclass(frozen=True)
class Edge:
    """What runs: the registries, and a client of the cache before them."""

    client: httpx.AsyncClient
    registries: list[ServiceProcess]

    async def get(self, target: str, **headers: str) -> httpx.Response:
        return await self.client.get(target, headers={"accept-encoding": "identity"} | headers)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    server.start()
    yield server
    server.stop()


def adapted(folder: Path, port: int, registries: list[str]) -> str:
    """Return the configuration with other addresses and folders; nothing else is changed."""
    text = CONFIG.read_text(encoding="utf-8")
    servers = "".join(f"server {address} max_fails=0; " for address in registries)
    for here, there in (
        ("/tmp/", f"{folder}/"),  # noqa: S108 - replaced
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("http://registry:8000", "http://registries"),
        ("  server {\n", f"  upstream registries {{ {servers}}}\n  server {{\n"),
    ):
        assert here in text
        text = text.replace(here, there)
    # As root, the workers would give up their rights, and could not write to a private folder.
    return f"user root;\n{text}" if os.geteuid() == 0 else text


@asynccontextmanager
async def edge_before(folder: Path, redis: RedisServer, **settings: str) -> AsyncIterator[Edge]:
    """Run two registries on one Redis, and nginx before them; skip when there is no nginx."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
    if nginx is None:
        pytest.skip("no nginx (apt-get install nginx-light)")
    async with Simulator(generate_catalog(80)) as simulator:
        shared = {"OPENROUTER_BASE_URL": simulator.base_url, "REDIS_URL": redis.url, **settings}
        registries = [ServiceProcess(folder, f"number-{number}", settings=shared) for number in range(2)]
        async with running(*registries):
            await _agreed(registries)
            addresses = [registry.client.base_url.netloc.decode() for registry in registries]
            with running_nginx(nginx, folder / "nginx", addresses) as port:
                async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                    await _await(client)
                    yield Edge(client, registries)


@contextmanager
def running_nginx(program: str, folder: Path, registries: list[str]) -> Iterator[int]:
    """Run nginx before registries and yield its port."""
    folder.mkdir()
    port, config = free_port(), folder / "edge.conf"
    config.write_text(adapted(folder, port, registries), encoding="utf-8")
    process = subprocess.Popen([program, "-e", "stderr", "-p", folder, "-c", config, "-g", "daemon off;"])
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


async def _agreed(registries: list[ServiceProcess]) -> None:
    """Wait until all serve what one of them fetched: an answer from the cache may be anybody's."""
    for registry in registries:
        await registry.fetched()
    give_up_at = time.monotonic() + START_SECONDS
    while len({await registry.snapshot_id() for registry in registries}) > 1:
        assert time.monotonic() < give_up_at, "the registries don't agree"
        await asyncio.sleep(0.05)


async def _await(client: httpx.AsyncClient) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            if (await client.get("/edge")).status_code == 204:
                return
        except httpx.TransportError:
            assert time.monotonic() < give_up_at, "nginx did not start"
            await asyncio.sleep(0.02)


async def test_the_edge_keeps_answers_by_coding_and_origin_and_speaks_http(tmp_path: Path, redis: RedisServer) -> None:
    async with edge_before(tmp_path, redis, ADMIN_TOKEN=TOKEN) as edge:
        first, second = await edge.get("/models"), await edge.get("/models")
        assert [answer.headers["x-cache"] for answer in (first, second)] == ["MISS", "HIT"]
        assert first.content == second.content
        assert first.headers["etag"] == second.headers["etag"]
        assert "accept-encoding" in second.headers["vary"].lower()
        assert first.headers["x-request-id"] != second.headers["x-request-id"]
        assert len(second.headers.get_list("x-request-id")) == 1
        assert (await edge.get("/models", **{"x-request-id": "mine-1"})).headers["x-request-id"] == "mine-1"

        # One entry for all spellings of a coding, one for each coding, each with its own ETag.
        browser = await edge.get("/models", **{"accept-encoding": "gzip, deflate"})
        curl = await edge.get("/models", **{"accept-encoding": "deflate, gzip;q=0.9"})
        assert (browser.headers["x-cache"], curl.headers["x-cache"]) == ("MISS", "HIT")
        assert browser.headers["content-encoding"] == curl.headers["content-encoding"] == "gzip"
        assert browser.headers["etag"] != first.headers["etag"]
        assert browser.content == first.content
        refused = await edge.get("/models", **{"accept-encoding": "gzip;q=0, br;q=0.0"})
        assert "content-encoding" not in refused.headers
        assert refused.headers["x-cache"] == "HIT"

        known = await edge.get("/models", **{"if-none-match": first.headers["etag"]})
        assert (known.status_code, known.content, known.headers["x-cache"]) == (304, b"", "HIT")
        weak = await edge.get("/models", **{"if-none-match": f'"other", W/{first.headers["etag"]}'})
        assert weak.status_code == 304
        other = await edge.get("/models", **{"if-none-match": browser.headers["etag"]})
        assert other.status_code == 200

        head = await edge.client.head("/models", headers={"accept-encoding": "identity"})
        assert (head.status_code, head.headers["x-cache"], head.content) == (200, "HIT", b"")
        assert head.headers["content-length"] == str(len(first.content))

        # What may not be kept is not kept, and what an operator does reaches a registry.
        assert [(await edge.get("/status")).headers["x-cache"] for _ in range(2)] == ["MISS", "MISS"]
        assert (await edge.get("/metrics")).status_code == 404
        assert (await edge.client.post("/refresh")).status_code == 401
        refreshed = await edge.client.post("/refresh", headers={"authorization": f"Bearer {TOKEN}"}, timeout=30)
        assert refreshed.json()["outcome"] == "unchanged"


async def test_the_edge_follows_the_origin_where_cors_is_closed(tmp_path: Path, redis: RedisServer) -> None:
    async with edge_before(tmp_path, redis, CORS_ORIGINS="https://a.example") as edge:
        allowed = await edge.get("/models", origin="https://a.example")
        refused = await edge.get("/models", origin="https://b.example")
        assert allowed.headers["access-control-allow-origin"] == "https://a.example"
        assert "access-control-allow-origin" not in refused.headers
        assert "origin" in allowed.headers["vary"].lower()


async def test_the_edge_goes_on_answering_when_no_registry_does(tmp_path: Path, redis: RedisServer) -> None:
    async with edge_before(tmp_path, redis, CACHE_MAX_AGE_SECONDS="1") as edge:
        before = await edge.get("/models")
        await edge.registries[0].kill()
        # One is enough, for what was never asked for, too.
        assert [(await edge.get(f"/models?limit={limit}")).status_code for limit in range(1, 5)] == [200] * 4
        await edge.registries[1].kill()
        await asyncio.sleep(2.1)
        for _ in range(3):
            after = await edge.get("/models")
            assert (after.status_code, after.headers["x-cache"]) == (200, "STALE")
            assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
        known = await edge.get("/models", **{"if-none-match": before.headers["etag"]})
        assert known.status_code == 304
        unknown = await edge.get("/models?limit=9")
        assert unknown.status_code == 503
        assert unknown.headers["content-type"] == "application/problem+json"
        assert unknown.json()["status"] == 503


async def test_the_edge_hands_preferences_on_as_they_come(tmp_path: Path, redis: RedisServer) -> None:
    token = "edge-canary-" + "0" * 32
    path, bearer = "/users/ada/preferences", {"authorization": f"Bearer {token}"}
    async with edge_before(tmp_path, redis, PREFERENCES_TOKEN=token) as edge:
        empty = await edge.get(path, **bearer)
        assert empty.json()["selected"] is None
        [first, second, *_] = [row["id"] for row in (await edge.get("/models")).json()["models"]]
        padded = json.dumps({"selected": first}) + " " * 30_000
        put = await edge.client.put(path, content=padded, headers={**bearer, "content-type": "application/json"})
        assert put.json()["selected"] == first, put.text
        # Both registries, and never the cache.
        seen = [await edge.get(path, **bearer) for _ in range(6)]
        assert {answer.headers["etag"] for answer in seen} == {put.headers["etag"]}
        assert (await edge.get(path)).status_code == 401
        known = await edge.get(path, **bearer, **{"if-none-match": put.headers["etag"]})
        assert known.status_code == 304
        late = {**bearer, "if-match": empty.headers["etag"]}
        assert (await edge.client.patch(path, json={"selected": second}, headers=late)).status_code == 412
        in_time = {**bearer, "if-match": put.headers["etag"]}
        assert (await edge.client.patch(path, json={"selected": second}, headers=in_time)).status_code == 200
        assert (await edge.get(path, **bearer)).json()["selected"] == second
