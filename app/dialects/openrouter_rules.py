"""What OpenRouter's SDKs demand of a model list: one row against these rules loses them the whole list.

The rules are those of the generated clients (pydantic in Python, zod in TypeScript), and of Zed, which reads
`created` as unsigned. Further keys are allowed everywhere, and so are words that no list of theirs holds yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from app.dialects.dialect import Row

Check = Callable[[Any], str | None]
"""Returns what a value must be and is not, with the place inside it; None when it is."""


def row_flaw(row: Row) -> str | None:
    """Return what breaks the SDKs in a row, or None."""
    return None if (flaw := _ROW(row)) is None else flaw.lstrip(". ")


def document_flaw(document: Any) -> str | None:
    """Return what breaks the SDKs in the envelope, or None; an empty list would empty a client's cache."""
    flaw = _ENVELOPE(document)
    if flaw is None and not document["data"]:
        return "no model that puts out text"
    return None if flaw is None else flaw.lstrip(". ")


def _must(wanted: str, holds: Callable[[Any], bool]) -> Check:
    def check(value: Any) -> str | None:
        return None if holds(value) else f" must be {wanted}, got {value!r:.60}"

    return check


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


_text = _must("a string", lambda value: isinstance(value, str))
_number = _must("a number", _is_number)
_whole = _must("a whole number", _is_whole)
_truth = _must("true or false", lambda value: isinstance(value, bool))
_moment = _must("a whole number of seconds", lambda value: _is_whole(value) and value >= 0)
_any_list = _must("a list", lambda value: isinstance(value, list))


def _or_null(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _list_of(check: Check) -> Check:
    def check_list(value: Any) -> str | None:
        if not isinstance(value, list):
            return _any_list(value)
        return next((f"[{place}]{flaw}" for place, item in enumerate(value) if (flaw := check(item))), None)

    return check_list


def _object(required: Mapping[str, Check], optional: Mapping[str, Check] = MappingProxyType({})) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, dict):
            return f" must be an object, got {value!r:.60}"
        for key, inner in required.items():
            if key not in value:
                return f".{key} is missing"
            if (flaw := inner(value[key])) is not None:
                return f".{key}{flaw}"
        for key, inner in optional.items():
            if key in value and (flaw := inner(value[key])) is not None:
                return f".{key}{flaw}"
        return None

    return check


_RATES = (
    "audio",
    "audio_output",
    "image",
    "image_output",
    "image_token",
    "input_audio_cache",
    "input_cache_read",
    "input_cache_write",
    "input_cache_write_1h",
    "internal_reasoning",
    "request",
    "web_search",
)
_TUNED = ("frequency_penalty", "presence_penalty", "repetition_penalty", "temperature", "top_p")
_OVERRIDE = _object(
    {},
    {
        **dict.fromkeys(("prompt", "completion", *_RATES), _text),
        **dict.fromkeys(("min_prompt_tokens", "utc_start", "utc_end"), _number),
        "utc_days": _list_of(_text),
    },
)
_REASONING = _object(
    {"mandatory": _truth},
    {
        "default_effort": _or_null(_text),
        "default_enabled": _truth,
        "supported_efforts": _or_null(_list_of(_or_null(_text))),
        "supports_max_tokens": _truth,
    },
)
_ARENA = _object({"arena": _text, "category": _text, "elo": _number, "rank": _whole, "win_rate": _number})
_BENCHMARKS = _object(
    {"design_arena": _list_of(_ARENA)},
    {
        "artificial_analysis": _object(
            dict.fromkeys(("intelligence_index", "coding_index", "agentic_index"), _or_null(_number))
        )
    },
)
_ROW = _object(
    {
        "id": _text,
        "canonical_slug": _text,
        "name": _text,
        "created": _moment,
        "context_length": _or_null(_whole),
        "architecture": _object(
            {"modality": _or_null(_text), "input_modalities": _list_of(_text), "output_modalities": _list_of(_text)},
            {"tokenizer": _text, "instruct_type": _or_null(_text)},
        ),
        "pricing": _object(
            {"prompt": _text, "completion": _text},
            {**dict.fromkeys(_RATES, _text), "discount": _number, "overrides": _list_of(_OVERRIDE)},
        ),
        "top_provider": _object(
            {"is_moderated": _truth},
            {"context_length": _or_null(_whole), "max_completion_tokens": _or_null(_whole)},
        ),
        "per_request_limits": _or_null(_object({"prompt_tokens": _number, "completion_tokens": _number})),
        "supported_parameters": _list_of(_text),
        "default_parameters": _or_null(
            _object({}, {**dict.fromkeys(_TUNED, _or_null(_number)), "top_k": _or_null(_whole)})
        ),
        "supported_voices": _or_null(_list_of(_text)),
        "links": _object({"details": _text}),
    },
    {
        "description": _text,
        "hugging_face_id": _or_null(_text),
        "knowledge_cutoff": _or_null(_text),
        "expiration_date": _or_null(_text),
        "alias_target": _object({"name": _text, "slug": _text}),
        "benchmarks": _BENCHMARKS,
        "reasoning": _REASONING,
    },
)
_ENVELOPE = _object({"data": _any_list, "total_count": _whole, "links": _object({"next": _or_null(_text)})})
