"""What routes say about their answers, by the names of shapes; the shapes are made when the OpenAPI document is.

Most processes are never asked for it, and made at the start its shapes cost each of them some 60 ms and 3 MiB.
"""

from __future__ import annotations

from typing import Any, Final

SHAPE: Final = "x-shape"
Responses = dict[int | str, dict[str, Any]]


def told(shape: str, description: str | None = None, **more: Any) -> dict[str, Any]:
    """Return one of a route's `responses`: the name of the body's shape, and what the answer means."""
    response = {SHAPE: shape, **more}
    return response if description is None else {**response, "description": description}


def told_problem(description: str) -> dict[str, Any]:
    """Return one of a route's `responses` for what goes wrong in the native API."""
    return told("ProblemDocument", description)


def told_body(shape: str, *media_types: str) -> dict[str, Any]:
    """Return the `requestBody` of an operation that can't do without one."""
    return {"required": True, "content": {media_type: {"schema": {SHAPE: shape}} for media_type in media_types}}
