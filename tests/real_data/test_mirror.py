"""Real catalogs through the mirror: equal to upstream's document, and whole for today's strict SDKs."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from app.dialects.dialect import Context, findings, speak
from app.dialects.openrouter import OPENROUTER, page
from app.dialects.openrouter_filters import listing_of
from app.dialects.openrouter_query import answer
from app.sources.openrouter_client import OpenRouterOptions
from app.sources.openrouter_pages import OpenRouterPages
from tests.real_data.catalogs import ABSENT, FOLDER, days, read, series
from tests.unit.test_openrouter_dialect import snapshot_of

pytestmark = [pytest.mark.real_data, ABSENT]
# From here on a record has every key that today's SDKs demand.
COMPLETE = ("2026-07", "2026-08", "2026-09")
DECISIONS = "output_modalities_decisions"


def document(path: Path) -> Any:
    return orjson.loads(gzip.decompress(path.read_bytes()))


@pytest.mark.parametrize("path", [*days(), *series()], ids=lambda path: path.name[:40])
def test_every_model_of_a_real_catalog_is_served(path: Path) -> None:
    records = read(path)
    spoken = speak(OPENROUTER, Context(snapshot_of(records)))
    print(f"{path.name}: {len(spoken.rows)} of {len(records)} rows, withheld: {spoken.withheld}")
    assert spoken.withheld == ()
    assert [*spoken.rows] == [record["id"] for record in records]
    rows = [orjson.loads(row) for row in spoken.rows.values()]
    # Whatever a record says stays as it is; keys are only added.
    for record, row in zip(records, rows, strict=True):
        assert {key: row[key] for key in record if key != "architecture"} == {
            key: record[key] for key in record if key != "architecture"
        }
        assert row["architecture"].items() >= record["architecture"].items()
    assert findings(OPENROUTER, {"data": rows, "total_count": len(rows), "links": {"next": None}})[1] == ()


@pytest.mark.parametrize(
    "path", [path for path in days() if any(month in path.name for month in COMPLETE)], ids=lambda path: path.name[:40]
)
def test_a_catalog_of_today_is_mirrored_to_the_last_key(path: Path) -> None:
    upstream = document(path)
    snapshot = snapshot_of(upstream["data"])
    spoken = speak(OPENROUTER, Context(snapshot))
    # The one of 2026-08-22 was stored without the rest of its envelope.
    whole = {"total_count": len(upstream["data"]), "links": {"next": None}, **upstream}
    if DECISIONS not in path.name:
        assert spoken.body is not None
        assert orjson.loads(spoken.body) == whole
    found = answer(listing_of(snapshot, spoken), [("output_modalities", "all")])
    rows = {entry.model.id: spoken.rows[entry.model.id] for entry in found.entries}
    assert orjson.loads(orjson.dumps(page(rows, total=found.total))) == whole


def test_every_query_of_the_specification_has_an_answer_on_the_newest_catalog() -> None:
    path = next(path for path in days() if "2026-08-22" in path.name)
    snapshot = snapshot_of(read(path))
    listing = listing_of(snapshot, speak(OPENROUTER, Context(snapshot)))
    counts = {
        query: answer(listing, [tuple(query.split("=", 1))]).total  # type: ignore[list-item]
        for query in (
            "q=claude", "arch=Claude", "arch=Llama", "model_authors=openai,anthropic", "supported_parameters=tools",
            "input_modalities=image", "output_modalities=image", "context=1000000", "max_price=0",
            "min_output_price=50", "max_age_days=30", "min_intelligence_index=50", "min_coding_index=50",
            "max_agentic_index=40",
        )
    }  # fmt: skip
    print(counts)
    assert all(0 < count < len(listing.entries) for count in counts.values())
    for order in ("newest", "pricing-low-to-high", "intelligence-high-to-low", "design-arena-elo-high-to-low"):
        assert answer(listing, [("sort", order)]).total == len(listing.entries)


@pytest.mark.anyio
async def test_real_providers_and_endpoints_are_let_through_as_they_are() -> None:
    endpoints = document(FOLDER / "endpoints-2026-05-31-350models.json.gz")["models"]
    providers = gzip.decompress((FOLDER / "providers-2026-05-22-82.json.gz").read_bytes())

    def upstream(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/providers"):
            return httpx.Response(200, stream=httpx.ByteStream(providers))
        model_id = request.url.path.removeprefix("/api/v1/models/").removesuffix("/endpoints")
        told = {"data": {"id": model_id, "endpoints": endpoints[model_id]["endpoints"]}}
        return httpx.Response(200, stream=httpx.ByteStream(orjson.dumps(told)))

    options = OpenRouterOptions(base_url="https://openrouter.ai/api/v1")
    pages = OpenRouterPages(options, transport=httpx.MockTransport(upstream))
    assert await pages.providers() == providers
    for model_id in endpoints:
        body = await pages.endpoints(model_id)
        assert body is not None
        assert orjson.loads(body)["data"]["endpoints"] == endpoints[model_id]["endpoints"]
    await pages.close()
