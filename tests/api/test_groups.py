"""The lists of one source, the groups with counts, and the statistics."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.api.catalog import BATCH, CATALOG, MARKUP, PLAIN, UNKNOWN, VISION
from tests.api.service import Service, assert_problem

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("source", ["core", "openrouter"])
async def test_a_sources_list_is_the_list_filtered_by_it(service: Service, source: str) -> None:
    assert await service.ids(f"/models/{source}") == await service.ids(f"/models?source={source}")
    assert all(source in model["sources"] for model in (await service.read(f"/models/{source}"))["models"])


async def test_openrouters_list_is_what_openrouter_lists(service: Service) -> None:
    assert set(await service.ids("/models/openrouter")) == {record["id"] for record in CATALOG}


async def test_the_core_list_holds_forty_models_of_eight_authors(service: Service) -> None:
    models = (await service.read("/models/core"))["models"]
    assert len(models) >= 40
    assert len({model["author"] for model in models}) >= 8
    assert all(model["category"] and model["rank"] for model in models)


@pytest.mark.parametrize("source", ["core", "openrouter"])
async def test_a_sources_list_takes_every_word_but_source(service: Service, source: str) -> None:
    answer = await service.read(f"/models/{source}?limit=2&sort=-created&fields=name&facets=price")
    assert len(answer["models"]) == 2
    assert answer["facets"]["price"]
    document = assert_problem(await service.get(f"/models/{source}?source=core"), 422, "query")
    assert "source" not in document["faults"][0]["allowed"]


def largest_first(groups: list[dict[str, Any]]) -> bool:
    return all((-one["models"], one["id"]) < (-other["models"], other["id"]) for one, other in pairwise(groups))


async def test_categories_count_the_listed_models(service: Service) -> None:
    models = (await service.read("/models"))["models"]
    answer = await service.read("/models/categories")
    counted = Counter(model["category"] for model in models if model["category"])
    assert {group["id"]: group["models"] for group in answer["categories"]} == counted
    assert answer["total"] == len(counted)
    assert largest_first(answer["categories"])
    for group in answer["categories"][:2]:
        assert (await service.read(f"/models?category={group['id']}"))["total"] == group["models"]


async def test_providers_and_authors_count_the_listed_models(service: Service) -> None:
    models = (await service.read("/models"))["models"]
    answer = await service.read("/models/providers")
    served = Counter(name for model in models for name in {route["provider"] for route in model["routes"]})
    made = Counter(model["author"] for model in models)
    assert {group["id"]: group["models"] for group in answer["providers"]} == served
    assert {group["id"]: group["models"] for group in answer["authors"]} == made
    assert largest_first(answer["providers"])
    assert largest_first(answer["authors"])
    openrouter = answer["providers"][0]
    assert (openrouter["name"], openrouter["base_url"]) == ("OpenRouter", service.simulator.base_url)
    assert {"OpenAI", "Anthropic"} <= {group["name"] for group in answer["authors"]}


@pytest.mark.parametrize("target", ["/models/categories", "/models/providers", "/models/statistics"])
async def test_groups_and_statistics_take_no_words(service: Service, target: str) -> None:
    document = assert_problem(await service.get(f"{target}?limit=3"), 422, "query")
    assert document["faults"] == [
        {
            "word": "limit",
            "reason": "is not a query word; this address takes none but min_snapshot",
            "allowed": ["min_snapshot"],
        }
    ]


async def test_statistics_are_what_a_recount_gives(service: Service) -> None:
    models = (await service.read("/models"))["models"]
    answer = await service.read("/models/statistics")
    assert answer["models"] == len(models)
    assert answer["delisted"] == 0
    assert answer["lifecycle"] == Counter(model["lifecycle"]["state"] for model in models)
    assert answer["by"]["author"] == Counter(model["author"] for model in models)
    assert answer["by"]["price"] == Counter(model["price"]["state"] for model in models)
    assert answer["by"]["supports"] == Counter(word for model in models for word in model["capabilities"])
    contexts = sorted(model["context_tokens"] for model in models if model["context_tokens"] is not None)
    assert answer["context_tokens"]["count"] == len(contexts)
    assert Decimal(answer["context_tokens"]["min"]) == contexts[0]
    assert Decimal(answer["context_tokens"]["max"]) == contexts[-1]
    prompts = sorted(
        Decimal(model["price"]["usd_per_million_tokens"]["prompt"])
        for model in models
        if model["price"]["state"] == "priced" and "prompt" in model["price"]["usd_per_million_tokens"]
    )
    assert answer["prompt_usd_per_million_tokens"]["count"] == len(prompts)
    assert Decimal(answer["prompt_usd_per_million_tokens"]["min"]) == prompts[0]
    assert Decimal(answer["prompt_usd_per_million_tokens"]["max"]) == prompts[-1]
    assert [model["id"] for model in answer["newest"][:2]] == [MARKUP, VISION]


async def test_quantiles_rise(service: Service) -> None:
    answer = await service.read("/models/statistics")
    for name in ("prompt_usd_per_million_tokens", "completion_usd_per_million_tokens", "context_tokens"):
        values = [Decimal(answer[name][step]) for step in ("min", "p25", "median", "p75", "p90", "max")]
        assert values == sorted(values)


async def test_usage_counts_look_ups_and_misses(fresh: Service) -> None:
    for spelling in (PLAIN, "anvil-1", BATCH, UNKNOWN, UNKNOWN):
        await fresh.get(f"/models/{spelling}")
    await fresh.get(f"/models/provider/{PLAIN}")
    usage = (await fresh.read("/models/statistics"))["usage"]
    assert (usage["lookups"], usage["misses"]) == (4, 2)
    assert usage["most_looked_up"][0] == {"id": PLAIN, "count": 3}
    assert usage["most_missed"] == [{"id": UNKNOWN, "count": 2}]
