"""The query words as OpenAPI parameters, from the catalog's own table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.catalog.query import WORDS, Kind, Word
from app.catalog.terms import MAX_QUERY_CHARS

_REPEATABLE = frozenset({Kind.ONE_OF, Kind.SET_OF, Kind.IDS})


def parameters_for(names: Iterable[str]) -> dict[str, Any]:
    """Return what FastAPI adds to an operation: one parameter per word."""
    return {"parameters": [_parameter(WORDS[name]) for name in names]}


def _parameter(word: Word) -> dict[str, Any]:
    schema = _schema(word)
    if word.kind in _REPEATABLE and word.name not in {"format", "interpret"}:
        schema = {"type": "array", "items": schema}
    return {
        "name": word.name,
        "in": "query",
        "required": False,
        "description": word.meaning,
        "schema": schema,
        "example": word.example if schema["type"] != "array" else [word.example],
    }


def _schema(word: Word) -> dict[str, Any]:
    match word.kind:
        case Kind.TOKENS | Kind.COUNT:
            return {"type": "integer", "minimum": word.minimum, "maximum": word.maximum}
        case Kind.USD:
            return {"type": "number", "minimum": 0}
        case Kind.TEXT:
            return {"type": "string", "maxLength": MAX_QUERY_CHARS}
        case Kind.ONE_OF if word.choices:
            return {"type": "string", "enum": list(word.choices)}
        case _:
            return {"type": "string"}
