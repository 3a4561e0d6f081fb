"""What LiteLLM wants to know of a model besides its price: its name, limits, mode, abilities.

An ability is only ever said to be there: a `false` would override what LiteLLM knows itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.catalog.model import Model
from app.catalog.packed import opened
from app.catalog.snapshot import Snapshot
from app.dialects.dialect import Context, UnfitError
from app.dialects.litellm_prices import SEARCH_KEY, cost_keys

PREFIX = "openrouter/"
"""What LiteLLM puts before OpenRouter's ids."""
MODES = frozenset(
    {"chat", "completion", "responses", "embedding", "image_generation", "image_edit", "video_generation"}
    | {"audio_transcription", "audio_speech", "realtime", "rerank", "ocr", "moderation", "search", "vector_store"}
    | {"extraction", "evaluation", "guardrail"}
)
LIMITS = ("max_tokens", "max_input_tokens", "max_output_tokens", "output_vector_size")
_MODE_OF_OUTPUT: Mapping[str, str] = {
    "embeddings": "embedding",
    "image": "image_generation",
    "video": "video_generation",
    "rerank": "rerank",
    "speech": "audio_speech",
    "transcription": "audio_transcription",
}
_OF_PARAMETER: Mapping[str, str] = {
    "tools": "supports_function_calling",
    "tool_choice": "supports_tool_choice",
    "parallel_tool_calls": "supports_parallel_function_calling",
    "structured_outputs": "supports_response_schema",
}
_OF_CAPABILITY: Mapping[str, str] = {
    "tools": "supports_function_calling",
    "reasoning": "supports_reasoning",
    "structured_outputs": "supports_response_schema",
    "vision": "supports_vision",
    "files": "supports_pdf_input",
    "caching": "supports_prompt_caching",
    "web_search": "supports_web_search",
}
_OF_INPUT: Mapping[str, str] = {
    "image": "supports_vision",
    "file": "supports_pdf_input",
    "audio": "supports_audio_input",
    "video": "supports_video_input",
}
_EFFORTS = ("none", "minimal", "low", "xhigh", "max")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def require_openrouter(model: Model) -> None:
    """Raise UnfitError for a model that OpenRouter does not serve: its id means nothing under `openrouter/`."""
    if not any(route.provider == "openrouter" for route in model.routes):
        raise UnfitError("OpenRouter does not serve it, so LiteLLM could not call it as openrouter/...")


def mode_of(model: Model) -> str:
    """Return LiteLLM's mode; raises UnfitError for outputs that none of its modes makes."""
    outputs = model.output_modalities
    if "text" in outputs or not outputs:
        return "chat"
    modes = {_MODE_OF_OUTPUT.get(output) for output in outputs}
    mode = modes.pop() if len(modes) == 1 else None
    if mode is None:
        raise UnfitError(f"LiteLLM has no mode for the outputs {', '.join(outputs)}")
    return mode


def limits_of(model: Model) -> dict[str, int]:
    """Return the known limits in tokens; `max_tokens` is the output's, where that is known."""
    limits: dict[str, int] = {}
    if model.context_tokens:
        limits["max_input_tokens"] = limits["max_tokens"] = model.context_tokens
    if model.max_output_tokens:
        limits["max_output_tokens"] = limits["max_tokens"] = model.max_output_tokens
    return limits


def abilities_of(model: Model) -> dict[str, bool]:
    """Return `supports_...` for everything that is known to be there."""
    found = {_OF_PARAMETER[word] for word in model.supported_parameters if word in _OF_PARAMETER}
    found |= {_OF_CAPABILITY[word] for word in model.capabilities if word in _OF_CAPABILITY}
    found |= {_OF_INPUT[word] for word in model.input_modalities if word in _OF_INPUT}
    if "audio" in model.output_modalities:
        found.add("supports_audio_output")
    reasoning = opened(model.upstream).get("reasoning")
    efforts = reasoning.get("supported_efforts") if isinstance(reasoning, dict) else None
    if isinstance(efforts, list):
        found |= {f"supports_{effort}_reasoning_effort" for effort in _EFFORTS if effort in efforts}
    return dict.fromkeys(sorted(found), True)


def name_of(model: Model, snapshot: Snapshot) -> str:
    """Return the name that LiteLLM's callers use."""
    author, _, slug = model.id.partition("/")
    joined = f"{author}-{slug}"
    cuts = [at for at, letter in enumerate(joined) if letter == "-" and at != len(author)]
    is_shared = any(f"{joined[:at]}/{joined[at + 1 :]}" in snapshot.by_id for at in cuts)
    return f"{PREFIX}{model.id if is_shared else joined}"


def told_of(model: Model, context: Context) -> tuple[str, Mapping[str, Any]]:
    """Return the name, and the mode with what is known of limits, abilities and the last day, and the rate card.

    Raises UnfitError for a model that OpenRouter does not serve or no mode fits.
    """
    require_openrouter(model)
    facts: dict[str, Any] = {"mode": mode_of(model), **limits_of(model)}
    facts |= cost_keys(model.price) | abilities_of(model)
    if model.lifecycle.expires_on:
        facts["deprecation_date"] = model.lifecycle.expires_on.isoformat()
    return name_of(model, context.snapshot), facts


def facts_flaw(facts: Mapping[str, Any], *, needs_price: bool) -> str | None:
    """Return what LiteLLM would misread in a row or in `model_info`, or None."""
    if facts.get("mode", "chat") not in MODES:
        return f"mode must be one of LiteLLM's, got {facts['mode']!r:.40}"
    for key in LIMITS:
        value = facts.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            return f"{key} must be a whole number from 1, got {value!r:.40}"
    for key, value in facts.items():
        if key.startswith("supports_"):
            if not isinstance(value, bool):
                return f"{key} must be true or false, got {value!r:.40}"
        elif "_cost" in key and (flaw := _cost_flaw(key, value)) is not None:
            return flaw
    if needs_price and not {"input_cost_per_token", "output_cost_per_token"} <= facts.keys():
        return "input_cost_per_token and output_cost_per_token must be there: LiteLLM bills 0 without a word otherwise"
    if not isinstance(facts.get(SEARCH_KEY, {}), dict):
        return f"{SEARCH_KEY} must be an object"
    day = facts.get("deprecation_date")
    if day is not None and not (isinstance(day, str) and _DAY.fullmatch(day)):
        return f"deprecation_date must be YYYY-MM-DD, got {day!r:.40}"
    return None


def _cost_flaw(key: str, value: Any) -> str | None:
    if isinstance(value, (str, bool)):
        return f"{key} must be a number, got {value!r:.40}"
    if isinstance(value, (int, float, Decimal)) and not 0 <= value < 10_000:
        return f"{key} must be a price in USD, got {value!r:.40}"
    return None
