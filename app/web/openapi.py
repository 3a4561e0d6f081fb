"""The OpenAPI document: made when somebody asks for it, true about methods and media types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app.web.problems import MEDIA_TYPE
from app.web.told import SHAPE

TAGS: Final = [
    {"name": "models", "description": "What everybody reads."},
    {"name": "dialects", "description": "What existing clients read, each in its own words, errors included."},
    {"name": "preferences", "description": "What each user keeps; see the README for who may ask."},
    {"name": "operation", "description": "For operators and orchestrators."},
]
# Imported when they are asked for.
_SCHEMAS: Final = tuple(
    f"app.web.{name}"
    for name in ("schemas", "status_schemas", "preference_schemas", "dialect_schemas", "mirror_schemas")
)
_FRAMEWORK_VALIDATION: Final = ("HTTPValidationError", "ValidationError")
_PROBLEM: Final = {"$ref": "#/components/schemas/ProblemDocument"}


def openapi_document(routers: Sequence[APIRouter], *, title: str, version: str, description: str) -> dict[str, Any]:
    """Return the OpenAPI document of routers; making it takes some 200 ms and 9 MiB.

    Raises LookupError for a shape that no module of schemas has.
    """
    app = FastAPI(openapi_url=None, generate_unique_id_function=lambda route: route.name)
    for route in _told_routes(routers):
        # As it was declared, but for the shapes.
        app.add_api_route(
            route.path,
            route.endpoint,
            # Generated clients would get a twin of every method; the description says that HEAD is answered.
            methods=sorted((route.methods or set()) - {"HEAD"}),
            name=route.name,
            summary=route.summary,
            tags=route.tags,
            status_code=route.status_code,
            response_model=None,
            response_class=route.response_class,
            responses={status: _with_model(response) for status, response in route.responses.items()},
            openapi_extra=_with_schemas(route.openapi_extra),
        )
    document = get_openapi(
        title=title,
        version=version,
        description=description,
        routes=app.routes,
        summary="LLM model registry",
        tags=TAGS,
    )
    for operations in document["paths"].values():
        for operation in operations.values():
            _drop_framework_validation(operation["responses"])
            for response in operation["responses"].values():
                _declare_problem(response)
    components = document.setdefault("components", {})
    for name in _FRAMEWORK_VALIDATION:
        components.get("schemas", {}).pop(name, None)
    schemes = components.setdefault("securitySchemes", {})
    schemes["bearer"] = {"type": "http", "scheme": "bearer", "description": "The ADMIN_TOKEN of the settings."}
    schemes["preferences"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "The PREFERENCES_TOKEN of the settings, or a user token made from it: `u1.<expires>.<mac>`.",
    }
    return document


def _told_routes(routers: Sequence[APIRouter]) -> Iterator[APIRoute]:
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                yield route


def _with_model(response: dict[str, Any]) -> dict[str, Any]:
    """Return a response of a route with its shape in place of the shape's name."""
    if SHAPE not in response:
        return response
    return {**{key: value for key, value in response.items() if key != SHAPE}, "model": _shape(response[SHAPE])}


def _with_schemas(extra: Any) -> Any:
    """Return what a route adds to its operation with schemas in place of the names of shapes."""
    if isinstance(extra, list):
        return [_with_schemas(value) for value in extra]
    if not isinstance(extra, dict):
        return extra
    if SHAPE in extra:
        return _shape(extra[SHAPE]).model_json_schema()
    return {key: _with_schemas(value) for key, value in extra.items()}


def _shape(name: str) -> Any:
    for module in _SCHEMAS:
        shape = getattr(import_module(module), name, None)
        if shape is not None:
            return shape
    raise LookupError(f"a route tells of {name}, which is in none of {', '.join(_SCHEMAS)}")


def _drop_framework_validation(responses: dict[str, Any]) -> None:
    """Take back the 422 that FastAPI declares for every path parameter; a path is a string and never fails so."""
    schema = responses.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if schema.get("$ref", "").endswith(f"/{_FRAMEWORK_VALIDATION[0]}"):
        del responses["422"]


def _declare_problem(response: dict[str, Any]) -> None:
    """Give a problem document its media type; FastAPI knows only that of the route."""
    content = response.get("content", {})
    for media_type, body in list(content.items()):
        if body.get("schema") == _PROBLEM:
            del content[media_type]
            content[MEDIA_TYPE] = body
