"""`GET /models/search`: ranks, highlights, suggestions, and the same words as the list."""

from __future__ import annotations

import pytest

from tests.api.catalog import BATCH, FREE, LATEST, MARKUP, PLAIN, SMALL, VISION
from tests.api.service import Service, assert_problem

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("q", "first"),
    [
        (PLAIN, PLAIN),
        (VISION.upper(), VISION),
        ("Acme: Rocket 2.5", VISION),
        ("rocket 2.5", VISION),
        ("2.5 rocket acme", VISION),
        ("rocket", VISION),
        ("rock", VISION),
        ("spring mini", SMALL),
        ("mini spring", SMALL),
        ("anvil 1 batch", BATCH),
    ],
)
async def test_the_model_that_was_meant_comes_first(service: Service, q: str, first: str) -> None:
    response = await service.client.get("/models/search", params={"q": q})
    assert response.json()["models"][0]["id"] == first


async def test_the_exact_model_scores_one_and_comes_before_its_variants(service: Service) -> None:
    models = (await service.read(f"/models/search?q={PLAIN}"))["models"]
    assert models[0]["match"]["score"] == 1
    ids = [model["id"] for model in models]
    assert ids.index(PLAIN) < ids.index(FREE)
    assert ids.index(PLAIN) < ids.index(BATCH)


async def test_scores_never_rise_from_one_hit_to_the_next(service: Service) -> None:
    scores = [model["match"]["score"] for model in (await service.read("/models/search?q=anvil"))["models"]]
    assert len(scores) >= 4
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


async def test_highlights_point_at_the_words_that_matched(service: Service) -> None:
    model = (await service.read("/models/search?q=rocket"))["models"][0]
    ranges = model["match"]["highlights"]
    assert set(model["match"]["fields"]) == set(ranges) >= {"id", "name"}
    for name, spots in ranges.items():
        assert {model[name][start:end].lower() for start, end in spots} == {"rocket"}


async def test_search_takes_the_words_of_the_list(service: Service) -> None:
    words = "q=anvil&variant=base,batch&sort=prompt_price&fields=name&facets=variant&limit=1"
    answer = await service.read(f"/models/search?{words}")
    assert answer["total"] == 3
    assert [model["id"] for model in answer["models"]] == [BATCH]
    assert answer["models"][0].keys() == {"id", "name", "match"}
    assert answer["facets"]["variant"] == {"base": 2, "batch": 1, "free": 1}


async def test_search_gives_dropdown_rows_on_request(service: Service) -> None:
    rows = (await service.read("/models/search?q=anvil&format=frontend"))["models"]
    assert {row["value"] for row in rows} == {PLAIN, FREE, BATCH, LATEST}
    assert all(row["match"]["score"] > 0 for row in rows)


async def test_the_envelope_is_the_lists_with_what_was_understood(service: Service) -> None:
    answer = await service.read("/models/search?q=anvil")
    envelope = {"models", "total", "updated_at", "snapshot", "stale"}
    assert answer.keys() == envelope | {"interpreted", "unmet", "suggestions"}
    assert answer["suggestions"] == []
    assert answer["total"] == len(answer["models"])


async def test_near_ids_are_suggested_when_nothing_matches(service: Service) -> None:
    answer = await service.read("/models/search?q=acmerocket&provider=openai")
    assert answer["models"] == []
    assert answer["total"] == 0
    assert VISION in answer["suggestions"]


async def test_nothing_is_suggested_for_what_comes_near_nothing(service: Service) -> None:
    answer = await service.read("/models/search?q=%E2%98%83%E2%98%83")
    assert (answer["models"], answer["suggestions"]) == ([], [])


@pytest.mark.parametrize("target", ["/models/search", "/models/search?q=", "/models/search?q=+++"])
async def test_without_words_search_is_the_list(service: Service, target: str) -> None:
    answer = await service.read(target)
    assert answer["models"] == (await service.read("/models"))["models"]


async def test_q_filters_the_plain_list_in_the_same_order_without_matches(service: Service) -> None:
    assert await service.ids("/models?q=anvil") == await service.ids("/models/search?q=anvil")
    assert "match" not in (await service.read("/models?q=anvil"))["models"][0]


async def test_markup_in_names_comes_through_as_text(service: Service) -> None:
    model = (await service.read("/models/search?q=onerror+alert"))["models"][0]
    assert model["id"] == MARKUP
    assert model["name"] == 'Acme: <img src=x onerror="alert(1)">'


async def test_words_of_a_regular_expression_are_only_words(service: Service) -> None:
    response = await service.client.get("/models/search", params={"q": "(a+)+$ [anvil] .* \\d"})
    assert response.status_code == 200


async def test_two_questions_at_once_are_refused(service: Service) -> None:
    assert_problem(await service.get("/models/search?q=a&q=b"), 422, "query")
