"""The shapes of OpenRouter's answers, for the OpenAPI document: what its SDKs demand, further keys allowed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, Field

from app.dialects.openrouter_filters import CATEGORIES
from app.dialects.openrouter_query import MAX_PAGE_ROWS, SORTS


class OpenRouterModel(BaseModel):
    """One model, as OpenRouter describes it."""

    id: str
    canonical_slug: str
    name: str
    created: int = Field(ge=0, description="Unix time.")
    description: str = ""
    context_length: int | None
    architecture: dict[str, Any]
    pricing: dict[str, Any] = Field(description="Decimal strings in USD per token; -1 where there is no such number.")
    top_provider: dict[str, Any]
    per_request_limits: dict[str, Any] | None
    supported_parameters: list[str]
    default_parameters: dict[str, Any] | None
    supported_voices: list[str] | None
    links: dict[str, str]


class OpenRouterLinks(BaseModel):
    """Where the next page is."""

    next: str | None


class OpenRouterModelList(BaseModel):
    """A list of models, or a page of it."""

    data: list[OpenRouterModel]
    total_count: int
    links: OpenRouterLinks


class OpenRouterModelAnswer(BaseModel):
    """One model."""

    data: OpenRouterModel


class OpenRouterCount(BaseModel):
    """A number of models."""

    count: int


class OpenRouterCountAnswer(BaseModel):
    """How many models there are."""

    data: OpenRouterCount


class OpenRouterEndpoints(BaseModel):
    """A model and who serves it."""

    id: str
    name: str
    created: int
    description: str
    architecture: dict[str, Any]
    endpoints: list[dict[str, Any]]


class OpenRouterEndpointsAnswer(BaseModel):
    """Who serves a model."""

    data: OpenRouterEndpoints


class OpenRouterProvider(BaseModel):
    """Who serves models."""

    name: str
    slug: str
    privacy_policy_url: str | None
    terms_of_service_url: str | None
    status_page_url: str | None


class OpenRouterProvidersAnswer(BaseModel):
    """Everybody who serves models."""

    data: list[OpenRouterProvider]


_TEXT = {"type": "string"}
_USD = {"type": "number", "minimum": 0}
_DAYS = {"type": "integer", "minimum": 0}
_SCORE = {"type": "number", "minimum": 0}
_PARAMETERS: Mapping[str, tuple[str, dict[str, Any]]] = MappingProxyType(
    {
        "offset": ("Skip so many models.", {"type": "integer", "minimum": 0}),
        "limit": (
            "At most so many models; without limit and offset, all.",
            {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_ROWS},
        ),
        "q": ("Words that stand in the name or the id.", _TEXT),
        "category": ("Use case, where the catalog knows it.", {"type": "string", "enum": list(CATEGORIES)}),
        "supported_parameters": ("Comma-separated; all of them must be supported.", _TEXT),
        "input_modalities": ("Comma-separated; all of them must be understood.", _TEXT),
        "output_modalities": ("Comma-separated, or all; one of them is enough. Without it: text.", _TEXT),
        "sort": ("Order; models without the value come last.", {"type": "string", "enum": list(SORTS)}),
        "context": ("Smallest context in tokens.", {"type": "integer", "minimum": 1}),
        "min_price": ("Lowest price of a prompt, USD per million tokens.", _USD),
        "max_price": ("Highest price of a prompt, USD per million tokens.", _USD),
        "min_output_price": ("Lowest price of a completion, USD per million tokens.", _USD),
        "max_output_price": ("Highest price of a completion, USD per million tokens.", _USD),
        "arch": ("Tokenizer group, such as GPT, Claude or Llama.", _TEXT),
        "model_authors": ("Comma-separated slugs of authors.", _TEXT),
        "min_age_days": ("Least age when the snapshot was adopted.", _DAYS),
        "max_age_days": ("Highest age when the snapshot was adopted.", _DAYS),
        "min_intelligence_index": ("Least intelligence index.", _SCORE),
        "max_intelligence_index": ("Highest intelligence index.", _SCORE),
        "min_coding_index": ("Least coding index.", _SCORE),
        "max_coding_index": ("Highest coding index.", _SCORE),
        "min_agentic_index": ("Least agentic index.", _SCORE),
        "max_agentic_index": ("Highest agentic index.", _SCORE),
        "use_rss": ("With true, the answer is an RSS feed.", _TEXT),
        "use_rss_chat_links": ("With true, the feed's items lead to chats.", _TEXT),
    }
)


def parameters(*names: str) -> dict[str, Any]:
    """Return what FastAPI adds to an operation: the parameters named, or all that are answered."""
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "description": meaning, "schema": schema}
            for name, (meaning, schema) in _PARAMETERS.items()
            if not names or name in names
        ]
    }
