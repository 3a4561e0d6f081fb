"""The simulator keeps OpenRouter's manners, and generated catalogs look like the real ones."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.simulated_catalog import KEY_ORDER
from tests.simulated_faults import distort
from tests.simulator import Fault, Simulator, generate_catalog, make_record
from tests.simulator_command import Series, catalog_files

pytestmark = pytest.mark.anyio

SERIES = Path(__file__).parents[3] / "shared" / "catalogs"


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=simulator.base_url, transport=httpx.AsyncHTTPTransport()) as opened:
        yield opened


async def listed(client: httpx.AsyncClient, query: str = "") -> dict[str, Any]:
    response = await client.get(f"/models{query}")
    assert response.status_code == 200
    document: dict[str, Any] = response.json()
    return document


def ids(document: dict[str, Any]) -> list[str]:
    return [record["id"] for record in document["data"]]


async def test_the_whole_list_comes_unless_somebody_asks_for_pages(client: httpx.AsyncClient) -> None:
    document = await listed(client)
    assert list(document) == ["data", "total_count", "links"]
    assert (len(document["data"]), document["total_count"], document["links"]) == (120, 120, {"next": None})


async def test_ties_change_places_and_nothing_else_does(simulator: Simulator, client: httpx.AsyncClient) -> None:
    simulator.catalog = [make_record(f"a/{number}", created=1_000 - number // 3) for number in range(30)]
    lists = [ids(await listed(client)) for _ in range(6)]
    assert len({tuple(order) for order in lists}) > 1
    assert all([int(name[2:]) // 3 for name in order] == [number // 3 for number in range(30)] for order in lists)


async def test_pages_make_up_the_list(client: httpx.AsyncClient) -> None:
    found: list[str] = []
    query: str | None = "?offset=0&limit=50"
    while query is not None:
        document = await listed(client, query)
        assert document["total_count"] == 120
        found += ids(document)
        link = document["links"]["next"]
        assert link is None or link.startswith("/api/v1/models?offset=")
        query = link and link.removeprefix("/api/v1/models")
    assert len(found) == len(set(found)) == 120


async def test_a_page_after_the_last_is_empty(client: httpx.AsyncClient) -> None:
    document = await listed(client, "?offset=500&limit=500")
    assert (document["data"], document["links"]["next"]) == ([], None)


@pytest.mark.parametrize("query", ["?limit=0", "?offset=-1", "?limit=x"])
async def test_senseless_pages_are_refused_as_upstream_does(query: str, client: httpx.AsyncClient) -> None:
    response = await client.get(f"/models{query}")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == 400


async def test_only_text_comes_by_default(simulator: Simulator, client: httpx.AsyncClient) -> None:
    image = {"modality": "text->image", "input_modalities": ["text"], "output_modalities": ["image"]}
    simulator.catalog = [make_record("a/text"), make_record("a/image", architecture=image)]
    assert ids(await listed(client)) == ["a/text"]
    assert ids(await listed(client, "?output_modalities=image")) == ["a/image"]
    assert len(ids(await listed(client, "?output_modalities=all"))) == 2
    assert (await client.get("/models/count")).json() == {"data": {"count": 1}}


async def test_headers_are_those_that_upstream_sends(client: httpx.AsyncClient) -> None:
    response = await client.get("/models")
    assert response.headers["vary"] == "Host"
    assert response.headers["cache-control"].startswith("public, max-age=300")
    assert response.headers["content-encoding"] == "gzip"
    assert not {"etag", "last-modified"} & set(response.headers)
    plain = await client.get("/models", headers={"accept-encoding": "gzip;q=0, br"})
    assert "content-encoding" not in plain.headers


async def test_the_smaller_endpoints_answer(simulator: Simulator, client: httpx.AsyncClient) -> None:
    record = make_record("acme/rocket:free", canonical_slug="acme/rocket-1")
    simulator.catalog = [record, make_record("~acme/rocket-latest")]
    assert (await client.get("/model/acme/rocket:free")).json() == {"data": record}
    endpoints = (await client.get("/models/acme/rocket-1/endpoints")).json()["data"]
    assert endpoints["id"] == "acme/rocket:free"
    assert [endpoint["model_id"] for endpoint in endpoints["endpoints"]] == ["acme/rocket:free"] * 2
    assert (await client.get("/models/~acme/rocket-latest/endpoints")).json()["data"]["endpoints"] == []
    assert [provider["slug"] for provider in (await client.get("/providers")).json()["data"]] == ["acme"]


@pytest.mark.parametrize("path", ["/model/no/such", "/models/no/such/endpoints", "/nothing"])
async def test_what_is_not_there_is_answered_in_the_shape_of_upstream(path: str, client: httpx.AsyncClient) -> None:
    response = await client.get(path)
    assert response.status_code == 404
    assert response.json() == {"error": {"code": 404, "message": "Resource not found", "metadata": None}}


async def test_only_reading_is_allowed(client: httpx.AsyncClient) -> None:
    head = await client.head("/models")
    assert (head.status_code, head.content) == (200, b"")
    assert (await client.post("/models", content=b"{}")).status_code == 405


async def test_requests_are_written_down(simulator: Simulator, client: httpx.AsyncClient) -> None:
    await client.get("/models?limit=1", headers={"X-Title": "me"})
    method, target, headers = simulator.requests[-1]
    assert (method, target, headers["x-title"]) == ("GET", "/api/v1/models?limit=1", "me")


async def test_faults_are_counted_and_queue_up(simulator: Simulator, client: httpx.AsyncClient) -> None:
    simulator.misbehave(Fault.UNAVAILABLE, times=2)
    simulator.misbehave(Fault.FORBIDDEN, times=1)
    assert [(await client.get("/models")).status_code for _ in range(4)] == [503, 503, 403, 200]
    simulator.misbehave(Fault.INTERNAL)
    assert [(await client.get("/models")).status_code for _ in range(3)] == [500, 500, 500]
    simulator.behave()
    assert (await client.get("/models")).status_code == 200


async def test_other_processes_steer_over_http(simulator: Simulator, client: httpx.AsyncClient) -> None:
    control = f"{simulator.origin}/_control"
    ordered = await client.post(f"{control}/fault", json={"fault": "bad_gateway", "times": 1})
    assert ordered.json() == {"fault": "bad_gateway", "times": 1}
    assert (await client.get("/models")).status_code == 502
    replaced = await client.post(f"{control}/catalog", json={"data": [make_record("a/b")]})
    assert replaced.json() == {"models": 1}
    assert ids(await listed(client)) == ["a/b"]
    await client.post(f"{control}/fault", json={"fault": "internal"})
    await client.post(f"{control}/fault", json={"fault": None})
    assert (await client.get("/models")).status_code == 200
    seen = (await client.get(f"{control}/requests")).json()
    assert seen["count"] == len(seen["requests"]) == 3
    assert seen["requests"][0]["target"] == "/api/v1/models"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("fault", b'{"fault": "no such"}'),
        ("fault", b"[]"),
        ("fault", b"{"),
        ("catalog", b'{"data": 5}'),
        ("catalog", b"<html>"),
    ],
)
async def test_a_senseless_order_is_refused(
    path: str, body: bytes, simulator: Simulator, client: httpx.AsyncClient
) -> None:
    assert (await client.post(f"{simulator.origin}/_control/{path}", content=body)).status_code == 400
    assert len(ids(await listed(client))) == 120


async def test_ending_does_not_wait_for_clients() -> None:
    async with Simulator(generate_catalog(3)) as simulator:
        simulator.misbehave(Fault.DRIP)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(simulator.origin.rpartition(":")[2]))
        writer.write(b"GET /api/v1/models HTTP/1.1\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
    assert len(await reader.read()) < 100
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("count", [0, 1, 7, 40, 421, 3_000])
async def test_generated_catalogs_have_their_size_and_unique_ids(count: int) -> None:
    records = generate_catalog(count)
    assert len(records) == len({record["id"] for record in records}) == count
    created = [record["created"] for record in records]
    assert created == sorted(created, reverse=True)


async def test_a_seed_decides_everything() -> None:
    assert generate_catalog(200, seed=3) == generate_catalog(200, seed=3)
    assert generate_catalog(200, seed=3) != generate_catalog(200, seed=4)


async def test_generated_records_have_upstreams_keys_in_upstreams_order() -> None:
    required = set(KEY_ORDER) - {"alias_target", "benchmarks", "reasoning"}
    for record in generate_catalog(421):
        assert re.fullmatch(r"~?[a-z0-9._-]+/[a-z0-9._-]+(:[a-z]+)?", record["id"])
        assert required <= set(record)
        assert list(record) == [key for key in KEY_ORDER if key in record]


async def test_generated_catalogs_hold_every_quirk() -> None:
    records = generate_catalog(421)
    known = {record["id"] for record in records}
    prices = [record["pricing"] for record in records]
    tiers = [entry for price in prices for entry in price.get("overrides", [])]
    assert any(price["prompt"] == "-1" for price in prices)
    assert any("min_prompt_tokens" in entry for entry in tiers)
    assert any("utc_start" in entry for entry in tiers)
    assert any(record["name"] != record["name"].strip() for record in records)
    assert {":free", ":batch"} <= {record["id"][record["id"].find(":") :] for record in records if ":" in record["id"]}
    assert {None, ""} <= {record["hugging_face_id"] for record in records}
    assert {"2098-12-31", "9999-01-01", None} <= {record["expiration_date"] for record in records}
    aliases = [record for record in records if record["id"].startswith("~")]
    assert aliases
    assert {alias["alias_target"]["slug"] for alias in aliases} <= known


async def test_generated_prices_are_plain_decimal_strings() -> None:
    for record in generate_catalog(421):
        for key, value in record["pricing"].items():
            if key != "overrides":
                assert re.fullmatch(r"-1|\d+(\.\d*[1-9])?", value), (record["id"], key, value)
                assert Decimal(value) <= 1


async def test_a_record_by_hand_is_complete_and_takes_changes() -> None:
    record = make_record("acme/rocket:free", reasoning={"mandatory": True}, context_length=None, extra=1)
    assert list(record) == [key for key in KEY_ORDER if key not in {"alias_target", "benchmarks"}] + ["extra"]
    assert (record["context_length"], record["extra"], record["canonical_slug"]) == (None, 1, "acme/rocket")
    assert record["links"] == {"details": "/api/v1/models/acme/rocket/endpoints"}


@pytest.mark.parametrize("fault", list(Fault))
async def test_no_fault_touches_the_catalog_itself(fault: Fault, simulator: Simulator) -> None:
    before = json.dumps(simulator.catalog)
    distort(fault, simulator.catalog, simulator._random)
    assert json.dumps(simulator.catalog) == before


async def test_a_series_steps_with_each_list_and_stays_at_the_last(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.json").write_text(json.dumps([make_record(f"a/{number}")]))
    (tmp_path / "3.json.gz").write_bytes(gzip.compress(json.dumps({"data": [make_record("a/3")]}).encode()))
    (tmp_path / "README.md").touch()
    async with (
        Simulator([], next_catalog=Series(catalog_files(tmp_path), None)) as simulator,
        httpx.AsyncClient(base_url=simulator.base_url, transport=httpx.AsyncHTTPTransport()) as client,
    ):
        assert [ids(await listed(client)) for _ in range(4)] == [["a/1"], ["a/2"], ["a/3"], ["a/3"]]


def test_a_series_can_step_by_the_clock(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"{number}.json").write_text(json.dumps([make_record(f"a/{number}")]))
    seconds = [100.0]
    series = Series(catalog_files(tmp_path), 10, lambda: seconds[0])
    shown = []
    for moment in (101, 109, 111, 125, 999):
        seconds[0] = moment
        records = series()
        shown.append(records and records[0]["id"])
    assert shown == ["a/1", None, "a/2", "a/3", None]


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=re.escape(str(tmp_path))):
        catalog_files(tmp_path)


def test_a_catalog_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"there is no .*missing\.json; name a catalog file"):
        catalog_files(tmp_path / "missing.json")


@pytest.mark.e2e
async def test_the_command_says_where_it_is_and_ends_on_sigterm(tmp_path: Path) -> None:
    file = tmp_path / "catalog.json"
    file.write_text(json.dumps([make_record("a/b")]))
    command = [sys.executable, "-m", "tests.simulator", str(file), "--port", "0", "--fault", "shuffled"]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    first = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
    found = re.search(r"http://\S+/api/v1", first)
    assert found, first
    async with httpx.AsyncClient(base_url=found[0], transport=httpx.AsyncHTTPTransport()) as client:
        assert ids(await listed(client)) == ["a/b"]
    process.terminate()
    rest, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    assert b"OPENROUTER_BASE_URL=" in rest


@pytest.mark.real_data
async def test_recorded_catalogs_can_be_served() -> None:
    if not SERIES.is_dir():
        pytest.skip(f"{SERIES} is absent")
    paths = [path for path in catalog_files(SERIES) if path.name.startswith("openrouter-")]
    async with (
        Simulator([], next_catalog=Series(paths, None)) as simulator,
        httpx.AsyncClient(base_url=simulator.base_url, transport=httpx.AsyncHTTPTransport()) as client,
    ):
        for path in paths:
            document = await listed(client, "?output_modalities=all")
            assert f"-{len(document['data'])}models" in path.name
