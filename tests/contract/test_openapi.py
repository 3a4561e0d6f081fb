"""The OpenAPI document: generated, checked in, complete, and true about what the service answers."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from app.catalog.query import WORDS
from app.web.dialect_errors import error_shape
from app.web.write_openapi import main, openapi_text
from tests.api.catalog import BATCH, FREE, PLAIN, SMALL, UNKNOWN, VISION
from tests.api.service import Service, client_of, serving
from tests.simulator import Fault

pytestmark = pytest.mark.anyio
FILE = Path(__file__).parents[2] / "openapi" / "openapi.json"
# DESIGN.md, section 2. The reference itself and the landing page are for people.
NATIVE = {
    "/models": "get",
    "/models/search": "get",
    "/models/{model_id}": "get",
    "/models/core": "get",
    "/models/openrouter": "get",
    "/models/categories": "get",
    "/models/providers": "get",
    "/models/provider/{model_id}": "get",
    "/models/statistics": "get",
    "/users/{user_id}/preferences": "get",
    "/refresh": "post",
    "/status": "get",
    "/livez": "get",
    "/readyz": "get",
    "/metrics": "get",
}
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as it is checked in."""
    read: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service with every kind of model, quarantined records and a broken local file."""
    folder = tmp_path_factory.mktemp("data")
    overrides = folder / "overrides.toml"
    overrides.write_text("not toml")
    async with serving(folder, overrides_file=overrides) as running:
        running.simulator.misbehave(Fault.BAD_RECORD, times=1)
        await running.refresh()
        running.simulator.catalog = [record for record in running.simulator.catalog if record["id"] != SMALL]
        await running.refresh()
        yield running


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(method, path): it for path, item in document["paths"].items() for method, it in item.items()}


def check(document: dict[str, Any], schema: dict[str, Any], instance: Any) -> None:
    """Check a value against a schema of the document."""
    validator = Draft202012Validator({**schema, "components": document["components"]})
    faults = [f"{fault.json_path}: {fault.message[:200]}" for fault in validator.iter_errors(instance)]
    assert not faults, faults[:5]


def named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def declared(document: dict[str, Any], method: str, path: str, status: int, media_type: str) -> dict[str, Any]:
    schema: dict[str, Any] = document["paths"][path][method]["responses"][str(status)]["content"][media_type]["schema"]
    return schema


def test_the_checked_in_document_is_the_generated_one() -> None:
    assert FILE.read_text(encoding="utf-8") == openapi_text(), (
        "the API changed: run `make openapi` and look at the diff"
    )


def test_the_document_is_written_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "deeper" / "openapi.json"
    assert main([str(file)]) == 0
    assert file.read_text(encoding="utf-8") == openapi_text()
    assert str(file) in capsys.readouterr().out


async def test_the_service_serves_the_same_document(service: Service, document: dict[str, Any]) -> None:
    assert await service.read("/openapi.json") == document


def test_every_native_endpoint_is_described(document: dict[str, Any]) -> None:
    described = operations(document)
    assert {(method, path) for path, method in NATIVE.items()} <= described.keys()
    for operation in described.values():
        assert operation["summary"]
        assert operation["description"].endswith(".")
        assert operation["tags"]


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere_and_no_schema_is_left_over(document: dict[str, Any]) -> None:
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert referred == set(document["components"]["schemas"])
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_the_list_takes_every_query_word(document: dict[str, Any]) -> None:
    for path in ("/models", "/models/search"):
        parameters = {given["name"]: given for given in document["paths"][path]["get"]["parameters"]}
        assert parameters.keys() == WORDS.keys()
        for name, word in WORDS.items():
            assert parameters[name]["in"] == "query"
            assert parameters[name]["description"] == word.meaning


def test_every_failure_is_declared_as_a_problem_or_in_the_words_of_the_dialect(document: dict[str, Any]) -> None:
    for (_, path), operation in operations(document).items():
        for status, response in operation["responses"].items():
            if status >= "400":
                shape = error_shape(path)
                is_problem = shape == "ProblemDocument"
                assert is_problem or operation["tags"] == ["dialects"]
                media_type = PROBLEM if is_problem else "application/json"
                assert response["content"] == {media_type: {"schema": named(shape)}}


def test_only_the_operators_and_the_users_endpoints_ask_for_a_token(document: dict[str, Any]) -> None:
    guarded = {
        (path, scheme)
        for (_, path), operation in operations(document).items()
        for way in operation.get("security", [])
        for scheme in way
    }
    assert guarded == {("/refresh", "bearer"), ("/users/{user_id}/preferences", "preferences")}
    assert {scheme for _, scheme in guarded} == document["components"]["securitySchemes"].keys()


READS = [
    ("/models", "/models"),
    ("/models", "/models?format=frontend"),
    ("/models", "/models?fields=name,price,upstream&limit=3&offset=2&facets=author,context"),
    ("/models", f"/models?ids={PLAIN},{UNKNOWN}"),
    ("/models", "/models?lifecycle=delisted"),
    ("/models/search", "/models/search?q=anvil"),
    ("/models/search", "/models/search?q=acmerocket&provider=openai"),
    ("/models/search", "/models/search?q=anvil&format=frontend&facets=variant&limit=2"),
    ("/models/search", "/models/search?q=anvil&fields=name"),
    ("/models/search", "/models/search"),
    ("/models/core", "/models/core"),
    ("/models/openrouter", "/models/openrouter"),
    ("/models/categories", "/models/categories"),
    ("/models/providers", "/models/providers"),
    ("/models/statistics", "/models/statistics"),
    ("/models/{model_id}", f"/models/{VISION}"),
    ("/models/{model_id}", f"/models/{FREE}"),
    ("/models/{model_id}", f"/models/{SMALL}"),
    ("/models/provider/{model_id}", f"/models/provider/{BATCH}"),
    ("/v1/models", "/v1/models"),
    ("/v1/models", "/v1/models?limit=3"),
    ("/v1/models/{model_id}", f"/v1/models/{VISION}"),
    ("/compat", "/compat"),
    ("/status", "/status"),
    ("/livez", "/livez"),
    ("/readyz", "/readyz"),
]


@pytest.mark.parametrize(("path", "target"), READS)
async def test_an_answer_has_the_declared_shape(
    service: Service, document: dict[str, Any], path: str, target: str
) -> None:
    check(document, declared(document, "get", path, 200, "application/json"), await service.read(target))


async def test_rows_have_the_shape_of_their_form(service: Service, document: dict[str, Any]) -> None:
    """A list may hold whole models, dropdown rows or some fields; each form is what it should be."""
    for target, name in (
        ("/models?lifecycle=active,deprecated,delisted", "ModelDocument"),
        ("/models?format=frontend", "DropdownRow"),
        ("/models/search?q=anvil", "FoundModel"),
        ("/models/search?q=anvil&format=frontend", "FoundRow"),
    ):
        answer = await service.read(target)
        assert answer["models"]
        for row in answer["models"]:
            check(document, named(name), row)
    found = (await service.read("/models/search?q=anvil"))["models"]
    assert all(model["match"] is not None for model in found)


async def test_one_model_is_whole_or_has_the_members_that_were_asked_for(
    service: Service, document: dict[str, Any]
) -> None:
    for model_id in (VISION, FREE, SMALL):
        check(document, named("ModelDocument"), await service.read(f"/models/{model_id}"))
    some = await service.read(f"/models/{VISION}?fields=name,price")
    assert some.keys() == {"id", "name", "price"}
    check(document, declared(document, "get", "/models/{model_id}", 200, "application/json"), some)


async def test_the_shapes_do_not_take_just_anything(service: Service, document: dict[str, Any]) -> None:
    model = await service.read(f"/models/{PLAIN}")
    for spoiled in ({**model, "surprise": 1}, {**model, "id": 7}, {key: model[key] for key in model if key != "price"}):
        with pytest.raises(AssertionError):
            check(document, named("ModelDocument"), spoiled)


async def test_status_has_the_declared_shape_before_the_start_and_in_trouble(
    service: Service, document: dict[str, Any]
) -> None:
    status = await service.read("/status")
    assert status["local_files"], "the broken file should be there to be checked"
    service.simulator.misbehave(Fault.HTML, times=1)
    await service.refresh()
    check(document, named("StatusDocument"), await service.read("/status"))


@pytest.mark.parametrize(
    ("fault", "switches", "status"),
    [
        (None, "", 200),
        (None, "?dry_run=true", 200),
        (Fault.SHRUNK, "", 200),
        (Fault.SHRUNK, "?dry_run=true&force=true", 200),
        (Fault.INTERNAL, "", 502),
    ],
)
async def test_an_outcome_has_the_declared_shape(
    service: Service, document: dict[str, Any], fault: Fault | None, switches: str, status: int
) -> None:
    if fault:
        service.simulator.misbehave(fault, times=1)
    response = await service.refresh(switches)
    assert response.status_code == status
    media_type = response.headers["Content-Type"]
    check(document, declared(document, "post", "/refresh", status, media_type), response.json())


@pytest.mark.parametrize(
    ("path", "target", "status"),
    [
        ("/models", "/models?limit=0", 422),
        ("/models", "/models?autor=a", 422),
        ("/models/search", "/models/search?q=a%00", 422),
        ("/models/{model_id}", f"/models/{UNKNOWN}", 404),
        ("/models/provider/{model_id}", f"/models/provider/{UNKNOWN}", 404),
        ("/models/categories", "/models/categories?a=b", 422),
    ],
)
async def test_a_problem_has_the_declared_shape(
    service: Service, document: dict[str, Any], path: str, target: str, status: int
) -> None:
    response = await service.get(target)
    assert response.status_code == status
    check(document, declared(document, "get", path, status, PROBLEM), response.json())


async def test_preferences_have_the_declared_shape(service: Service, document: dict[str, Any]) -> None:
    path, target = "/users/{user_id}/preferences", "/users/ada/preferences"
    put = await service.client.put(target, json={"selected": SMALL, "favourites": [VISION, "anvil-1"]})
    check(document, declared(document, "put", path, 200, "application/json"), put.json())
    assert put.json()["models"][SMALL]["state"] == "delisted"
    patched = await service.client.patch(target, json={"recents": [FREE]})
    check(document, declared(document, "patch", path, 200, "application/json"), patched.json())
    for user in ("ada", "nobody"):
        shown = await service.read(f"/users/{user}/preferences")
        check(document, declared(document, "get", path, 200, "application/json"), shown)
    for status, answer in (
        (412, await service.client.put(target, json={}, headers={"If-Match": '"other"'})),
        (415, await service.client.put(target, content=b"{}")),
        (422, await service.client.put(target, json={"selected": UNKNOWN})),
    ):
        assert answer.status_code == status
        check(document, declared(document, "put", path, status, PROBLEM), answer.json())


async def test_a_stranger_gets_the_declared_refusal(service: Service, document: dict[str, Any]) -> None:
    async with client_of(service.app, address=("203.0.113.9", 1)) as client:
        response = await client.post("/refresh")
    assert response.status_code == 403
    check(document, declared(document, "post", "/refresh", 403, PROBLEM), response.json())


async def test_metrics_have_the_declared_type(service: Service, document: dict[str, Any]) -> None:
    response = await service.get("/metrics")
    declared_types = document["paths"]["/metrics"]["get"]["responses"]["200"]["content"]
    assert response.headers["Content-Type"].partition(";")[0] in declared_types
