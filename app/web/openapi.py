"""The OpenAPI document: made once per application, true about methods and media types."""

from __future__ import annotations

import warnings
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.web.problems import MEDIA_TYPE

TAGS: Final = [
    {"name": "models", "description": "What everybody reads."},
    {"name": "dialects", "description": "What existing clients read, each in its own words, errors included."},
    {"name": "preferences", "description": "What each user keeps; see the README for who may ask."},
    {"name": "operation", "description": "For operators and orchestrators."},
]
_FRAMEWORK_VALIDATION: Final = ("HTTPValidationError", "ValidationError")
_PROBLEM: Final = {"$ref": "#/components/schemas/ProblemDocument"}


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application; building it takes some 50 ms, so it is kept."""
    if app.openapi_schema is None:
        app.openapi_schema = _described(app)
    return app.openapi_schema


def _described(app: FastAPI) -> dict[str, Any]:
    with warnings.catch_warnings():
        # GET and HEAD of a route share its id; HEAD is left out below.
        warnings.filterwarnings("ignore", "Duplicate Operation ID")
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            summary="LLM model registry",
            tags=TAGS,
        )
    for operations in document["paths"].values():
        # Generated clients would get a twin of every method; the description says that HEAD is answered.
        operations.pop("head", None)
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
