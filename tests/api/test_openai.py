"""`/v1/models` as OpenAI's, Anthropic's and OpenRouter's clients ask for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.dialects.dialect import findings
from app.dialects.openai import OPENAI
from tests.api.catalog import DYNAMIC, FREE, PLAIN, UNPRICED, VISION
from tests.api.service import Service, assert_hardened, serving

pytestmark = pytest.mark.anyio


async def test_the_whole_list_holds_every_model_that_has_a_context(service: Service) -> None:
    document = await service.read("/v1/models")
    rows = {row["id"]: row for row in document["data"]}
    native = (await service.read("/models"))["models"]
    assert set(rows) == {model["id"] for model in native if model["context_tokens"]}
    assert UNPRICED not in rows
    assert document["object"] == "list"
    assert document["has_more"] is False
    assert (document["first_id"], document["last_id"]) == (document["data"][0]["id"], document["data"][-1]["id"])
    assert findings(OPENAI, document) == (len(rows), ())


async def test_prices_are_exact_strings_and_what_is_no_number_is_never_zero(service: Service) -> None:
    rows = {row["id"]: row["pricing"] for row in (await service.read("/v1/models"))["data"]}
    assert rows[VISION]["prompt"] == "0.00000125"
    assert rows[VISION]["input_cache_read"] == "0.000000125"
    assert rows[FREE] == {"prompt": "0", "completion": "0"}
    assert rows[DYNAMIC] == {"prompt": "-1", "completion": "-1"}


@pytest.mark.parametrize("spelling", [VISION, VISION.replace("/", "%2F"), VISION.replace("/", "%2f"), VISION.upper()])
async def test_one_model_answers_to_every_spelling(service: Service, spelling: str) -> None:
    row = await service.read(f"/v1/models/{spelling}")
    assert (row["id"], row["object"], row["owned_by"], row["type"]) == (VISION, "model", "acme", "model")


async def test_an_unknown_model_is_an_error_that_the_sdk_reads(service: Service) -> None:
    response = await service.get("/v1/models/acme/anvil-9000")
    assert response.status_code == 404
    assert_hardened(response)
    document = response.json()
    assert document["type"] == "error"
    assert document["error"]["code"] == "model_not_found"
    assert document["error"]["type"] == "not_found_error"
    assert "Did you mean" in document["error"]["message"]


async def test_a_withheld_model_is_not_found_in_this_dialect_alone(service: Service) -> None:
    assert (await service.get(f"/v1/models/{UNPRICED}")).status_code == 404
    assert (await service.get(f"/models/{UNPRICED}")).status_code == 200


async def test_pages_by_limit_and_after_id_cover_the_list_once(service: Service) -> None:
    everything = [row["id"] for row in (await service.read("/v1/models"))["data"]]
    seen: list[str] = []
    page = await service.read("/v1/models?limit=40")
    while True:
        seen += [row["id"] for row in page["data"]]
        if not page["has_more"]:
            break
        page = await service.read(f"/v1/models?limit=40&after_id={page['last_id']}")
    assert seen == everything
    before = await service.read(f"/v1/models?limit=2&before_id={everything[5]}")
    assert [row["id"] for row in before["data"]] == everything[3:5]
    assert before["has_more"] is True


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=0000000019999",
        f"limit=1{'9' * 5_000}",
        "limit=many",
        "limit=",
        "after_id=acme/none",
        f"before_id={PLAIN}&after_id={PLAIN}",
    ],
)
async def test_a_page_that_cannot_be_given_is_a_400_with_the_reason(service: Service, query: str) -> None:
    response = await service.get(f"/v1/models?{query}")
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["param"] == query.split("=")[0]
    assert error["message"].startswith(f"{error['param']} ")


async def test_words_that_clients_add_do_not_make_another_answer(service: Service) -> None:
    plain = await service.get("/v1/models")
    for query in ("user=ada", "client_version=1.2.3", "user=ada&user=bob"):
        added = await service.get(f"/v1/models?{query}")
        assert (added.headers["ETag"], added.content) == (plain.headers["ETag"], plain.content)
    known = await service.get("/v1/models", If_None_Match=plain.headers["ETag"])
    assert known.status_code == 304


async def test_head_and_compression_hold_and_nothing_redirects(service: Service) -> None:
    head = await service.client.head("/v1/models", headers={"Accept-Encoding": "gzip"})
    assert head.status_code == 200
    assert head.headers["Content-Encoding"] == "gzip"
    assert head.headers["Content-Type"] == "application/json"
    assert head.headers["X-Catalog-Snapshot"]
    assert not head.content
    assert (await service.get("/v1/models/")).status_code == 404


async def test_an_empty_list_is_never_answered_with_200(tmp_path: Path) -> None:
    async with serving(tmp_path, filter_allow=("nobody/*",)) as service:
        assert await service.ids("/models") == []
        for target in ("/v1/models", "/v1/models?limit=5"):
            response = await service.get(target)
            assert response.status_code == 503
            assert response.headers["Retry-After"] == "60"
            assert response.json()["error"]["type"] == "api_error"
