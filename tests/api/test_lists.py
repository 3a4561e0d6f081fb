"""`GET /models`: every query word against a recount over the whole list, order, pages, fields, facets, ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from app.catalog.query import FIELDS, SORTS, WORDS
from tests.api.catalog import BATCH, DYNAMIC, FREE, LATEST, PLAIN, SMALL, UNKNOWN, UNPRICED, VISION, VISION_SLUG
from tests.api.service import Service, assert_problem

pytestmark = pytest.mark.anyio
Model = dict[str, Any]
TOKEN_PRICED = {"priced", "free"}


def usd(model: Model, rate: str) -> Decimal | None:
    """Return a rate in USD per million tokens, for models that have a price by token."""
    text = model["price"]["usd_per_million_tokens"].get(rate)
    return Decimal(text) if text is not None and model["price"]["state"] in TOKEN_PRICED else None


def at_most(rate: str, limit: str) -> Callable[[Model], bool]:
    return lambda model: (price := usd(model, rate)) is not None and price <= Decimal(limit)


def at_least(rate: str, limit: str) -> Callable[[Model], bool]:
    return lambda model: (price := usd(model, rate)) is not None and price >= Decimal(limit)


def called(model: Model, word: str) -> bool:
    return word in " ".join((model["id"], model["name"], model["author"])).lower()


def served_by(model: Model) -> set[str]:
    return {route["provider"] for route in model["routes"]}


def has(model: Model, name: str, *values: str) -> bool:
    return set(values) <= set(model[name])


FILTERS: dict[str, Callable[[Model], bool]] = {
    "provider=openrouter": lambda m: "openrouter" in served_by(m),
    "provider=openai&provider=anthropic": lambda m: bool({"openai", "anthropic"} & served_by(m)),
    "author=acme": lambda m: m["author"] == "acme",
    "author=acme,openai": lambda m: m["author"] in {"acme", "openai"},
    "author=acme&author=openai": lambda m: m["author"] in {"acme", "openai"},
    "author=ACME": lambda m: m["author"] == "acme",
    "source=core": lambda m: "core" in m["sources"],
    "source=openrouter": lambda m: "openrouter" in m["sources"],
    "category=coding": lambda m: m["category"] == "coding",
    "family=gpt": lambda m: m["family"] == "gpt",
    "input_modality=image": lambda m: has(m, "input_modalities", "image"),
    "input_modality=image,audio": lambda m: has(m, "input_modalities", "image", "audio"),
    "input_modality=image&input_modality=audio": lambda m: bool({"image", "audio"} & set(m["input_modalities"])),
    "output_modality=image": lambda m: has(m, "output_modalities", "image"),
    "supports=tools": lambda m: has(m, "capabilities", "tools"),
    "supports=tools,vision": lambda m: has(m, "capabilities", "tools", "vision"),
    "supports=tools,vision&supports=audio": lambda m: (
        has(m, "capabilities", "tools", "vision") or has(m, "capabilities", "audio")
    ),
    "supported_parameters=temperature": lambda m: has(m, "supported_parameters", "temperature"),
    "supported_parameters=seed,stop": lambda m: has(m, "supported_parameters", "seed", "stop"),
    "min_context=200000": lambda m: (m["context_tokens"] or 0) >= 200_000,
    "max_context=32000": lambda m: m["context_tokens"] is not None and m["context_tokens"] <= 32_000,
    "min_context=100000&max_context=200000": lambda m: 100_000 <= (m["context_tokens"] or 0) <= 200_000,
    "max_prompt_price=1": at_most("prompt", "1"),
    "max_prompt_price=0": at_most("prompt", "0"),
    "max_prompt_price=1.25": at_most("prompt", "1.25"),
    "max_completion_price=2": at_most("completion", "2"),
    "min_prompt_price=1": at_least("prompt", "1"),
    "min_prompt_price=1.25": at_least("prompt", "1.25"),
    "min_completion_price=2": at_least("completion", "2"),
    "min_prompt_price=0.5&max_prompt_price=3": lambda m: at_least("prompt", "0.5")(m) and at_most("prompt", "3")(m),
    "price=free": lambda m: m["price"]["state"] == "free",
    "price=dynamic": lambda m: m["price"]["state"] == "dynamic",
    "price=unknown": lambda m: m["price"]["state"] == "unknown",
    "price=free&price=dynamic": lambda m: m["price"]["state"] in {"free", "dynamic"},
    "without=acme": lambda m: not called(m, "acme"),
    "without=openai,Anthropic": lambda m: not called(m, "openai") and not called(m, "anthropic"),
    "weights=open": lambda m: bool(m["hugging_face_id"]) or m["category"] == "open",
    "variant=base": lambda m: m["variant"] is None,
    "variant=batch": lambda m: m["variant"] == "batch",
    "variant=free,batch": lambda m: m["variant"] in {"free", "batch"},
    "lifecycle=active": lambda m: m["lifecycle"]["state"] == "active",
    "lifecycle=deprecated": lambda m: m["lifecycle"]["state"] == "deprecated",
    "author=acme&price=priced": lambda m: m["author"] == "acme" and m["price"]["state"] == "priced",
    "author=acme&author=openai&supports=vision&max_prompt_price=5": lambda m: (
        m["author"] in {"acme", "openai"} and has(m, "capabilities", "vision") and at_most("prompt", "5")(m)
    ),
}


@pytest.mark.parametrize("question", FILTERS)
async def test_a_filter_gives_what_a_recount_gives(service: Service, question: str) -> None:
    everything = (await service.read("/models"))["models"]
    expected = [model["id"] for model in everything if FILTERS[question](model)]
    answer = await service.read(f"/models?{question}")
    assert [model["id"] for model in answer["models"]] == expected
    assert answer["total"] == len(expected)
    assert 0 < len(expected) < len(everything)


def test_every_filter_word_is_recounted() -> None:
    elsewhere = {"q", "ids", "sort", "limit", "offset", "fields", "facets", "format", "interpret"}
    assert {part.split("=")[0] for question in FILTERS for part in question.split("&")} | elsewhere == set(WORDS)


async def test_the_known_models_have_their_traits(service: Service) -> None:
    models = {model["id"]: model for model in (await service.read("/models?author=acme"))["models"]}
    assert {name: models[name]["price"]["state"] for name in (PLAIN, FREE, DYNAMIC, UNPRICED)} == {
        PLAIN: "priced",
        FREE: "free",
        DYNAMIC: "dynamic",
        UNPRICED: "unknown",
    }
    assert models[VISION]["price"]["usd_per_million_tokens"]["prompt"] == "1.25"
    assert models[VISION]["price"]["usd_per_token"]["input_cache_read"] == "0.000000125"
    assert models[VISION]["lifecycle"] == {"state": "deprecated", "expires_on": "2026-12-01", "last_seen_at": None}
    assert models[BATCH]["variant"] == "batch"
    assert models[UNPRICED]["context_tokens"] is None
    assert models[LATEST]["alias_target"] == PLAIN


async def test_the_envelope_tells_what_it_was_made_from(service: Service) -> None:
    answer = await service.read("/models")
    assert answer.keys() == {"models", "total", "updated_at", "snapshot", "stale"}
    assert answer["total"] == len(answer["models"])
    assert answer["stale"] is False
    assert answer["snapshot"] == (await service.read("/status"))["snapshot"]["id"]


VALUES: dict[str, Callable[[Model], Any]] = {
    "id": lambda m: m["id"],
    "name": lambda m: m["name"].casefold(),
    "author": lambda m: m["author"],
    "created": lambda m: m["created"],
    "context": lambda m: m["context_tokens"],
    "max_output": lambda m: m["max_output_tokens"],
    "prompt_price": lambda m: usd(m, "prompt"),
    "completion_price": lambda m: usd(m, "completion"),
}


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("name", VALUES)
async def test_a_sort_orders_what_is_known_and_puts_the_unknown_last(service: Service, name: str, sign: str) -> None:
    values = [VALUES[name](model) for model in (await service.read(f"/models?sort={sign}{name}"))["models"]]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=bool(sign))
    assert values[len(known) :] == [None] * (len(values) - len(known))


def test_every_sort_is_tried() -> None:
    assert {*VALUES, "rank"} == set(SORTS)


async def test_ranks_are_the_default_order_and_can_be_reversed(service: Service) -> None:
    default = await service.ids("/models")
    assert await service.ids("/models?sort=rank") == default
    assert await service.ids("/models?sort=-rank") == default[::-1]


async def test_a_second_sort_breaks_the_ties_of_the_first(service: Service) -> None:
    models = (await service.read("/models?sort=author,-context&min_context=1"))["models"]
    keys = [(model["author"], -model["context_tokens"]) for model in models]
    assert keys == sorted(keys)


async def test_pages_join_to_the_whole_list(service: Service) -> None:
    whole = await service.read("/models?sort=id")
    pages: list[str] = []
    for offset in range(0, whole["total"], 50):
        page = await service.read(f"/models?sort=id&limit=50&offset={offset}")
        assert (page["total"], page["limit"], page["offset"]) == (whole["total"], 50, offset)
        pages += [model["id"] for model in page["models"]]
    assert pages == [model["id"] for model in whole["models"]]


async def test_a_page_behind_the_end_is_empty_and_still_counts(service: Service) -> None:
    page = await service.read("/models?limit=5&offset=100000")
    assert page["models"] == []
    assert page["total"] > 100


async def test_fields_are_those_asked_for_and_the_id(service: Service) -> None:
    for model in (await service.read("/models?fields=name,price&limit=20"))["models"]:
        assert model.keys() == {"id", "name", "price"}


async def test_every_field_can_be_asked_for(service: Service) -> None:
    whole = await service.read(f"/models/{PLAIN}")
    every = (await service.read(f"/models?ids={PLAIN}&fields={','.join(FIELDS)}"))["models"][0]
    assert {name: value for name, value in every.items() if name != "upstream"} == whole
    assert every["upstream"]["id"] == PLAIN


async def test_facets_count_what_the_other_filters_let_through(service: Service) -> None:
    everything = (await service.read("/models"))["models"]
    answer = await service.read("/models?author=acme&price=priced&facets=author,price,variant")
    acme = [model for model in everything if model["author"] == "acme"]
    priced = [model for model in everything if model["price"]["state"] == "priced"]
    both = [model for model in acme if model["price"]["state"] == "priced"]
    assert answer["facets"] == {
        "author": Counter(model["author"] for model in priced),
        "price": Counter(model["price"]["state"] for model in acme),
        "variant": Counter(model["variant"] or "base" for model in both),
    }
    assert answer["total"] == len(both)


async def test_ids_come_in_the_order_asked_for_and_the_missing_are_named(service: Service) -> None:
    target = f"/models?ids={SMALL},{UNKNOWN}&ids={VISION_SLUG},{PLAIN.upper()},{SMALL}"
    answer = await service.read(target)
    assert [model["id"] for model in answer["models"]] == [SMALL, VISION, PLAIN]
    assert answer["missing"] == [UNKNOWN]
    assert answer["total"] == 3


async def test_ids_obey_the_other_words(service: Service) -> None:
    answer = await service.read(f"/models?ids={PLAIN},{FREE},{SMALL}&price=priced&sort=prompt_price&fields=name")
    assert [model["id"] for model in answer["models"]] == [SMALL, PLAIN]


async def test_the_frontend_form_is_ready_to_print(service: Service) -> None:
    answer = await service.read(f"/models?format=frontend&ids={VISION},{FREE},{DYNAMIC},{UNPRICED},{BATCH}")
    rows = {row["value"]: row for row in answer["models"]}
    assert rows[VISION] == {
        "value": VISION,
        "label": "Rocket 2.5",
        "group": "Acme",
        "provider": {"id": "openrouter", "name": "OpenRouter"},
        "context": "1.05M",
        "context_tokens": 1_048_576,
        "price": {
            "state": "priced",
            "text": "$1.25 in · $10.00 out per 1M tokens",
            "prompt": "$1.25",
            "completion": "$10.00",
        },
        "flags": {"free": False, "tools": True, "vision": True, "reasoning": False},
        "badges": ["tools", "vision", "deprecated"],
    }
    assert rows[FREE]["price"]["text"] == "Free"
    assert rows[FREE]["flags"]["free"] is True
    assert "$" not in rows[DYNAMIC]["price"]["text"] + rows[UNPRICED]["price"]["text"]
    assert rows[BATCH]["badges"][-1] == "batch"


async def test_the_frontend_form_filters_sorts_and_pages_like_the_list(service: Service) -> None:
    words = "author=acme&price=priced&sort=-prompt_price&limit=3&offset=1"
    full = await service.read(f"/models?{words}")
    front = await service.read(f"/models?{words}&format=frontend")
    assert [row["value"] for row in front["models"]] == [model["id"] for model in full["models"]]
    assert {**front, "models": []} == {**full, "models": []}


async def test_the_order_of_words_does_not_matter(service: Service) -> None:
    one, other = [await service.get(f"/models?{words}") for words in ("author=acme&limit=2", "limit=2&author=acme")]
    assert one.content == other.content
    assert one.headers["ETag"] == other.headers["ETag"]


async def test_an_unknown_word_is_named_with_the_allowed_ones(service: Service) -> None:
    document = assert_problem(await service.get("/models?autor=acme&limit=5"), 422, "query")
    assert "autor: is not a query word; did you mean author?" in document["detail"]
    assert document["faults"][0]["word"] == "autor"
    assert set(document["faults"][0]["allowed"]) == {*WORDS, "min_snapshot"}


async def test_every_fault_of_a_question_is_told_at_once(service: Service) -> None:
    document = assert_problem(await service.get("/models?author=nobody&price=cheap&limit=0&colour=red"), 422, "query")
    assert {fault["word"] for fault in document["faults"]} == {"author", "price", "limit", "colour"}
    allowed = {fault["word"]: fault["allowed"] for fault in document["faults"]}
    assert allowed["price"] == ["free", "priced", "dynamic", "per_unit", "unknown"]
    assert "acme" in allowed["author"]
