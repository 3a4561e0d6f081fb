"""Errors in the words of the clients whose dialect a path speaks; everything else gets problem documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

_KIND_BY_STATUS = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


def error_document(path: str, status: int, slug: str, detail: str, param: str | None = None) -> dict[str, Any] | None:
    """Return the error in the dialect of a path (without a proxy's prefix); None where problem documents are spoken."""
    shape = _shape_of(path)
    return shape.document(status, slug, detail, param) if shape else None


def error_shape(path: str) -> str:
    """Return the name of the shape of a path's errors."""
    shape = _shape_of(path)
    return shape.name if shape else "ProblemDocument"


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one family of clients reads errors: the schema, and what fills it."""

    name: str
    document: Callable[[int, str, str, str | None], dict[str, Any]]


def _shape_of(path: str) -> _Shape | None:
    return next((shape for prefix, shape in _SHAPES.items() if path.startswith(prefix)), None)


def _openrouter(status: int, _slug: str, detail: str, _param: str | None) -> dict[str, Any]:
    return {"error": {"code": status, "message": detail}}


def _openai(status: int, slug: str, detail: str, param: str | None) -> dict[str, Any]:
    """Return OpenAI's shape; with `type` beside `error` it is Anthropic's, too."""
    kind = _KIND_BY_STATUS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    code = "model_not_found" if slug == "unknown-model" else slug.replace("-", "_")
    return {"type": "error", "error": {"type": kind, "message": detail, "param": param, "code": code}}


def _litellm(status: int, slug: str, detail: str, param: str | None) -> dict[str, Any]:
    shaped = _openai(status, slug, detail, param)
    return {"error": {**shaped["error"], "code": str(status)}}


def _new_api(_status: int, _slug: str, detail: str, _param: str | None) -> dict[str, Any]:
    return {"success": False, "message": detail}


_OPENROUTER = _Shape("OpenRouterError", _openrouter)
_OPENAI = _Shape("OpenAIError", _openai)
_LITELLM = _Shape("LiteLLMError", _litellm)
_NEW_API = _Shape("NewApiError", _new_api)
_SHAPES: Mapping[str, _Shape] = MappingProxyType(
    {
        "/api/v1/": _OPENROUTER,
        "/v1/model/info": _LITELLM,
        "/v1/": _OPENAI,
        "/litellm/": _LITELLM,
        "/model/info": _LITELLM,
        "/model_group/info": _LITELLM,
        "/api/ratio_config": _NEW_API,
        "/api/pricing": _NEW_API,
    }
)
