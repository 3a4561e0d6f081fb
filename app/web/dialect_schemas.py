"""The shapes of what the dialects answer, for the OpenAPI document: what the clients read, further keys allowed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class OpenRouterFault(BaseModel):
    """What went wrong, in OpenRouter's words."""

    code: int
    message: str


class OpenRouterError(BaseModel):
    """OpenRouter's error."""

    error: OpenRouterFault


class OpenAIFault(BaseModel):
    """What went wrong, in OpenAI's words."""

    type: str
    message: str
    param: str | None
    code: str


class OpenAIError(BaseModel):
    """OpenAI's error, and Anthropic's."""

    type: Literal["error"]
    error: OpenAIFault


class LiteLLMError(BaseModel):
    """The error of a LiteLLM proxy."""

    error: OpenAIFault


class NewApiError(BaseModel):
    """The error of new-api."""

    success: Literal[False]
    message: str


class OpenAIModel(BaseModel):
    """One model, in one row for OpenAI's, Anthropic's and OpenRouter's clients."""

    id: str
    object: Literal["model"]
    created: int = Field(ge=0, description="Unix time; 0 where nobody knows it.")
    owned_by: str
    type: Literal["model"]
    display_name: str
    created_at: str
    name: str
    description: str
    context_length: int = Field(ge=1)
    max_output_tokens: int | None
    architecture: dict[str, Any]
    pricing: dict[str, Any] = Field(description="Decimal strings in USD per token; -1 where there is no such number.")
    supported_parameters: list[str]


class OpenAIModelList(BaseModel):
    """The list, with Anthropic's paging."""

    object: Literal["list"]
    data: list[OpenAIModel]
    total_count: int
    has_more: bool
    first_id: str | None
    last_id: str | None
