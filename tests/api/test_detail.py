"""`GET /models/{id}` and `/models/provider/{id}`: every spelling finds its model, nothing else is swallowed."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.api.catalog import BATCH, DYNAMIC, FREE, LATEST, PLAIN, SMALL, VISION, VISION_SLUG
from tests.api.service import Service, assert_problem

pytestmark = pytest.mark.anyio

SPELLINGS = [
    (VISION, VISION),
    ("ACME/Rocket-2.5", VISION),
    (VISION_SLUG, VISION),
    ("rocket-2.5", VISION),
    ("rocket-2-5", VISION),
    ("acme/rocket_2.5", VISION),
    (f"openrouter/{VISION}", VISION),
    ("OpenRouter/Acme/Rocket-2.5", VISION),
    (f"{VISION}/", VISION),
    ("acme%2Frocket-2.5", VISION),
    ("acme%2frocket-2.5", VISION),
    ("openrouter%2Facme%2frocket-2.5", VISION),
    ("%61cme/rocket-2.5", VISION),
    (FREE, FREE),
    ("acme/anvil-1%3Afree", FREE),
    ("acme%2Fanvil-1%3abatch/", BATCH),
    (LATEST, LATEST),
    ("%7Eacme/anvil-latest", LATEST),
    ("%7eacme%2Fanvil-latest", LATEST),
    (DYNAMIC, DYNAMIC),
    ("claude-3.5-sonnet", None),
    ("gpt-4o", None),
    ("gpt-4-turbo", None),
]


@pytest.mark.parametrize(("spelling", "meant"), SPELLINGS)
async def test_a_spelling_finds_its_model(service: Service, spelling: str, meant: str | None) -> None:
    response = await service.get(f"/models/{spelling}")
    assert response.status_code == 200, response.text
    model = response.json()
    # None stands for the core file's legacy aliases: whatever they mean today, it is one model with that alias.
    assert model["id"] == meant or (meant is None and "/" in model["id"])
    assert response.headers["Content-Location"] == f"/models/{model['id']}"


@pytest.mark.parametrize(("spelling", "meant"), SPELLINGS)
async def test_routes_are_found_by_the_same_spellings(service: Service, spelling: str, meant: str | None) -> None:
    answer = await service.read(f"/models/provider/{spelling}")
    assert answer["id"] == (await service.read(f"/models/{spelling}"))["id"]
    assert answer["provider"] == answer["routes"][0]["provider"]


async def test_every_model_is_found_raw_and_escaped(service: Service) -> None:
    for model in (await service.read("/models"))["models"]:
        raw = await service.get(f"/models/{model['id']}")
        escaped = await service.get(f"/models/{quote(model['id'], safe='')}")
        lower = await service.get(f"/models/{quote(model['id'], safe='').replace('%2F', '%2f').replace('%3A', '%3a')}")
        assert raw.json() == model
        assert raw.content == escaped.content == lower.content
        assert raw.headers["ETag"] == escaped.headers["ETag"]


async def test_every_alias_finds_the_model_that_has_it(service: Service) -> None:
    models = (await service.read("/models"))["models"]
    aliases = [(alias, model["id"]) for model in models for alias in model["aliases"]]
    assert len(aliases) > 10
    for alias, model_id in aliases:
        assert (await service.read(f"/models/{quote(alias)}"))["id"] == model_id


async def test_a_route_says_where_to_call_and_by_which_id(service: Service) -> None:
    answer = await service.read(f"/models/provider/{VISION}")
    assert answer.keys() == {"id", "provider", "routes", "updated_at", "snapshot", "stale"}
    assert answer["routes"] == [
        {
            "provider": "openrouter",
            "name": "OpenRouter",
            "source": "openrouter",
            "base_url": service.simulator.base_url,
            "upstream_id": VISION,
        }
    ]


async def test_fields_work_on_one_model_and_other_words_do_not(service: Service) -> None:
    assert (await service.read(f"/models/{SMALL}?fields=name")) == {"id": SMALL, "name": "Acme: Spring Mini"}
    document = assert_problem(await service.get(f"/models/{SMALL}?limit=3"), 422, "query")
    assert document["faults"][0]["allowed"] == ["fields", "min_snapshot"]
    assert_problem(await service.get(f"/models/provider/{SMALL}?fields=name"), 422, "query")


@pytest.mark.parametrize("place", ["/models", "/models/provider"])
async def test_an_unknown_id_is_404_with_near_ones(service: Service, place: str) -> None:
    document = assert_problem(await service.get(f"{place}/acme/rockett-2.5"), 404, "unknown-model")
    assert document["suggestions"][0] == VISION
    assert f"Did you mean {VISION}?" in document["detail"]
    assert "'acme/rockett-2.5'" in document["detail"]


NO_IDS = ["", "/", "//", "%20", "xyzzyx", "a/b/c/d", "%2e%2e/status", "..%2f..%2fetc%2fpasswd", "a%00b", "%ff%fe", "%"]
NO_IDS += ["acme%252Fanvil-1", "%zz", "acme/anvil-1:", ":free", "~", "🦊", "a" * 3000, "%E2%80%AEevil", "*", "null"]


@pytest.mark.parametrize("spelling", NO_IDS)
async def test_what_is_no_id_is_an_unknown_model(service: Service, spelling: str) -> None:
    document = assert_problem(await service.get(f"/models/{spelling}"), 404, "unknown-model")
    assert len(document["detail"]) < 500


async def test_the_empty_id_is_said_to_be_empty(service: Service) -> None:
    for target in ("/models/", "/models/provider/"):
        assert "empty" in assert_problem(await service.get(target), 404, "unknown-model")["detail"]


LITERALS = {
    "/models": "models",
    "/models/search": "interpreted",
    "/models/core": "models",
    "/models/openrouter": "models",
    "/models/categories": "categories",
    "/models/providers": "providers",
    "/models/statistics": "lifecycle",
    f"/models/provider/{PLAIN}": "routes",
    "/status": "upstream",
    "/livez": "status",
    "/readyz": "state",
    "/openapi.json": "paths",
}


@pytest.mark.parametrize("path", LITERALS)
async def test_a_literal_path_is_not_read_as_an_id(service: Service, path: str) -> None:
    assert LITERALS[path] in await service.read(path)


async def test_every_literal_path_of_the_native_api_is_in_the_table(service: Service) -> None:
    paths = (await service.read("/openapi.json"))["paths"]
    native = {path for path, item in paths.items() if not any("dialects" in it["tags"] for it in item.values())}
    literal = {path for path in native if "{" not in path} - {"/refresh", "/metrics"}
    assert literal | {f"/models/provider/{PLAIN}", "/openapi.json"} == set(LITERALS)
