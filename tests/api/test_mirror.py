"""`/api/v1`: OpenRouter's own API about models, as its SDKs ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from app.dialects.dialect import findings
from app.dialects.openrouter import OPENROUTER
from tests.api.catalog import CATALOG, DYNAMIC, FREE, LATEST, PLAIN, UNPRICED, VISION, VISION_SLUG
from tests.api.service import Service, assert_hardened, serving
from tests.simulator import make_record

pytestmark = pytest.mark.anyio
EMBEDDING = make_record(
    "acme/embed-1",
    architecture={
        "modality": "text->embeddings",
        "input_modalities": ["text"],
        "output_modalities": ["embeddings"],
        "tokenizer": "Other",
        "instruct_type": None,
    },
)


def assert_error(response: httpx.Response, status: int, *words: str) -> str:
    """Return the message of an error in OpenRouter's shape."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert_hardened(response)
    error: dict[str, Any] = response.json()["error"]
    assert error["code"] == status
    message: str = error["message"]
    for word in words:
        assert word in message
    return message


def upstream_records(service: Service) -> dict[str, Any]:
    """Return what the simulated OpenRouter holds, by id."""
    return {row["id"]: row for row in service.simulator.catalog}


async def test_the_list_is_upstreams_document_then_what_only_we_know(service: Service) -> None:
    document = await service.read("/api/v1/models")
    upstream = upstream_records(service)
    # A record without a price and without a provider breaks the SDKs, in upstream's own list as in ours.
    rows = [row for row in document["data"] if row["id"] in upstream]
    assert len(rows) == len(upstream) - 1
    assert [row for row in rows if row != upstream[row["id"]]] == []
    created = [row["created"] for row in rows]
    assert created == sorted(created, reverse=True)
    assert document["data"][: len(rows)] == rows
    assert document["total_count"] == len(document["data"])
    assert document["links"] == {"next": None}
    assert findings(OPENROUTER, document) == (len(document["data"]), ())


async def test_a_record_that_would_break_the_sdks_is_withheld_from_this_dialect_alone(service: Service) -> None:
    listed = {row["id"] for row in (await service.read("/api/v1/models"))["data"]}
    assert UNPRICED not in listed
    assert_error(await service.get(f"/api/v1/model/{UNPRICED}"), 404)
    assert (await service.get(f"/models/{UNPRICED}")).status_code == 200


async def test_the_whole_list_is_ready_before_anybody_asks(service: Service) -> None:
    published = service.app.state.serving.registry.published
    prepared = published.targets.get(b"/api/v1/models")
    assert prepared is not None
    assert prepared.is_pinned
    assert prepared.rendering.encoded


async def test_reads_are_conditional_compressed_and_answer_head(service: Service) -> None:
    for target in ("/api/v1/models", "/api/v1/models?limit=20", f"/api/v1/model/{PLAIN}", "/api/v1/models/count"):
        plain = await service.get(target)
        assert plain.status_code == 200
        assert plain.headers["X-Catalog-Snapshot"]
        assert "max-age" in plain.headers["Cache-Control"]
        known = await service.get(target, If_None_Match=plain.headers["ETag"])
        assert (known.status_code, known.content) == (304, b"")
        head = await service.client.head(target, headers={"Accept-Encoding": "identity"})
        assert (head.status_code, head.headers["ETag"], head.content) == (200, plain.headers["ETag"], b"")
    zipped = await service.get("/api/v1/models", Accept_Encoding="gzip")
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert zipped.json() == (await service.read("/api/v1/models"))


async def test_the_pager_of_the_sdks_comes_to_an_end(service: Service) -> None:
    everything = [row["id"] for row in (await service.read("/api/v1/models"))["data"]]
    seen: list[str] = []
    for offset in range(0, 10_000, 40):
        page = await service.read(f"/api/v1/models?offset={offset}&limit=40")
        assert page["total_count"] == len(everything)
        seen += [row["id"] for row in page["data"]]
        if len(page["data"]) < 40:
            break
    assert seen == everything
    assert (await service.read("/api/v1/models?offset=5000&limit=500"))["data"] == []


async def test_links_lead_from_page_to_page(service: Service) -> None:
    target: str | None = "/api/v1/models?limit=60&supported_parameters=tools"
    seen: list[str] = []
    while target:
        page = await service.read(target)
        seen += [row["id"] for row in page["data"]]
        target = page["links"]["next"]
    whole = await service.read("/api/v1/models?supported_parameters=tools")
    assert seen == [row["id"] for row in whole["data"]]
    assert len(seen) > 60


async def test_a_filter_that_matches_nothing_is_an_empty_list(service: Service) -> None:
    document = await service.read("/api/v1/models?q=no-such-name")
    assert document == {"data": [], "total_count": 0, "links": {"next": None}}


async def test_what_cannot_be_answered_is_refused_by_name(service: Service) -> None:
    for query in ("providers=OpenAI", "zdr=true", "region=eu", "sort=top-weekly", "limit=0", "max_price=cheap"):
        assert_error(await service.get(f"/api/v1/models?{query}"), 400, query.partition("=")[0])
    assert_error(await service.get("/api/v1/models?q=%zz"), 400, "percent")


async def test_words_that_clients_add_change_nothing(service: Service) -> None:
    plain = await service.get("/api/v1/models")
    added = await service.get("/api/v1/models?user=ada&client_version=1")
    assert (added.headers["ETag"], added.content) == (plain.headers["ETag"], plain.content)


async def test_the_count_is_the_lists(service: Service) -> None:
    listed = await service.read("/api/v1/models")
    assert await service.read("/api/v1/models/count") == {"data": {"count": listed["total_count"]}}
    whole = await service.read("/api/v1/models/count?output_modalities=all&sort=ignored")
    assert whole["data"]["count"] >= listed["total_count"]


async def test_the_count_takes_the_filters_of_the_list(service: Service) -> None:
    query = f"supported_parameters=tools&q={PLAIN.partition('/')[0]}"
    found = await service.read(f"/api/v1/models?{query}")
    counted = await service.read(f"/api/v1/models/count?{query}&limit=1")
    assert counted["data"]["count"] == len(found["data"]) > 0
    assert_error(await service.get("/api/v1/models/count?zdr=true"), 400, "zdr")


@pytest.mark.parametrize(
    ("spelling", "model_id"),
    [
        (PLAIN, PLAIN),
        (FREE, FREE),
        (FREE.replace("/", "%2F").replace(":", "%3A"), FREE),
        (VISION_SLUG, VISION),
        (VISION.upper(), VISION),
        (LATEST, LATEST),
        (f"{PLAIN}:nitro", PLAIN),
        (f"{PLAIN}:floor", PLAIN),
        (DYNAMIC, DYNAMIC),
    ],
)
async def test_one_model_answers_to_its_spellings(service: Service, spelling: str, model_id: str) -> None:
    upstream = upstream_records(service)
    assert await service.read(f"/api/v1/model/{spelling}") == {"data": upstream[model_id]}


@pytest.mark.parametrize("spelling", ["acme/no-such-thing", f"{VISION}:free", "acme/%00"])
async def test_an_unknown_model_is_a_404_in_openrouters_shape(service: Service, spelling: str) -> None:
    assert_error(await service.get(f"/api/v1/model/{spelling}"), 404, "No model")


@pytest.mark.parametrize(
    "path", ["/api/v1/", "/api/v1/models/", "/api/v1/models/user", "/api/v1/images/models", "/api/v1/endpoints/zdr"]
)
async def test_what_is_not_ours_is_a_404_without_a_redirect(service: Service, path: str) -> None:
    assert_error(await service.get(path), 404)


async def test_writing_is_refused_in_openrouters_shape(service: Service) -> None:
    assert_error(await service.client.post("/api/v1/models"), 405, "GET")


async def test_the_feed_is_rss(service: Service) -> None:
    response = await service.get("/api/v1/models?use_rss=true&model_authors=acme")
    assert response.headers["Content-Type"] == "application/rss+xml"
    titles = [item.findtext("title") for item in ET.fromstring(response.content).iter("item")]  # noqa: S314
    assert 'Acme: <img src=x onerror="alert(1)">' in titles
    listed = await service.read("/api/v1/models?model_authors=acme")
    assert titles == [row["name"] for row in listed["data"]]
    chats = await service.get("/api/v1/models?use_rss=true&use_rss_chat_links=true")
    assert b"/chat?models=acme%2F" in chats.content


async def test_without_embedding_models_there_is_no_such_list(service: Service) -> None:
    message = assert_error(await service.get("/api/v1/embeddings/models"), 404)
    assert "OPENROUTER_OUTPUT_MODALITIES" in message


async def test_more_modalities_do_not_change_the_list_for_text(tmp_path: Path) -> None:
    async with serving(tmp_path, catalog=(*CATALOG, EMBEDDING), openrouter_output_modalities=("all",)) as service:
        listed = [row["id"] for row in (await service.read("/api/v1/models"))["data"]]
        assert EMBEDDING["id"] not in listed
        everything = [row["id"] for row in (await service.read("/api/v1/models?output_modalities=all"))["data"]]
        assert set(everything) - set(listed) == {EMBEDDING["id"]}
        embeddings = await service.read("/api/v1/embeddings/models?offset=0&limit=500")
        assert embeddings == {"data": [EMBEDDING], "total_count": 1, "links": {"next": None}}


async def test_an_empty_catalog_is_never_an_empty_list(tmp_path: Path) -> None:
    async with serving(tmp_path, filter_allow=("nobody/*",)) as service:
        for path in ("/api/v1/models", "/api/v1/models?limit=5", "/api/v1/models/count"):
            response = await service.get(path)
            assert_error(response, 503)
            assert response.headers["Retry-After"]


async def test_overridden_facts_win_in_the_row(tmp_path: Path) -> None:
    overrides = tmp_path / "overrides.toml"
    overrides.write_text(
        f'schema = 1\n[models."{PLAIN}"]\nname = "House Anvil"\n'
        '[models."acme/anvil-1".price_usd_per_million_tokens]\nprompt = "0.5"\ncompletion = "1.25"\n'
        '[[add]]\nid = "house/llm"\nname = "House LLM"\ncontext_tokens = 32000\n'
    )
    async with serving(tmp_path, overrides_file=overrides) as service:
        rows = {row["id"]: row for row in (await service.read("/api/v1/models"))["data"]}
        upstream = (upstream_records(service))[PLAIN]
        assert rows[PLAIN] == {
            **upstream,
            "name": "House Anvil",
            "pricing": {"prompt": "0.0000005", "completion": "0.00000125"},
        }
        provenance = (await service.read(f"/models/{PLAIN}"))["provenance"]
        assert (provenance["name"], provenance["price"]) == ("overrides", "overrides")
        assert [*rows][-1] == "house/llm"
        assert (rows["house/llm"]["context_length"], rows["house/llm"]["created"]) == (32_000, 0)


async def test_the_list_is_the_same_after_a_restart_without_upstream(tmp_path: Path) -> None:
    async with serving(tmp_path) as service:
        before = await service.get("/api/v1/models")
    async with serving(tmp_path, openrouter_enabled=False) as service:
        after = await service.get("/api/v1/models")
    assert (after.content, after.headers["ETag"]) == (before.content, before.headers["ETag"])
