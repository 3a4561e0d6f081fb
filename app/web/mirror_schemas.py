"""The shapes of OpenRouter's answers, for the OpenAPI document: what its SDKs demand, further keys allowed."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


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
