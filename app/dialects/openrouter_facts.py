"""What clients that call OpenRouter themselves ask of a model: whether it is there, what it takes, what it costs."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Any

from app.catalog.model import Model
from app.catalog.packed import opened
from app.catalog.parse import OPENROUTER
from app.catalog.price import Price, PriceState
from app.dialects.checks import is_whole
from app.dialects.dialect import UnfitError

NAME = "OpenRouter"
KEY_VARIABLE = "OPENROUTER_API_KEY"
# Where chat goes. OPENROUTER_BASE_URL may name a mirror that has the catalog alone.
API_URL = "https://openrouter.ai/api/v1"
# From the shallowest to the deepest.
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
# A rate has at most 64 digits; so nothing that is scaled or halved is ever rounded.
EXACT = Context(prec=100)


def require_openrouter(model: Model, client: str) -> None:
    """Raise UnfitError for a model that OpenRouter does not serve under its id here: the client would ask for that."""
    ids = [route.upstream_id for route in model.routes if route.provider == OPENROUTER]
    if not ids:
        raise UnfitError(f"OpenRouter does not serve it, and {client} would ask OpenRouter for it")
    if model.id not in ids:
        raise UnfitError(f"OpenRouter knows it as {ids[0]}, and {client} would ask for it by the id here")


def require_conversation(model: Model, client: str) -> None:
    """Raise UnfitError for a model that no agent can work with: without tools or text, or answering tomorrow."""
    if model.variant == "batch":
        raise UnfitError(f"a batch variant answers within a day, and {client} waits for the answer")
    if "text" not in model.input_modalities or "text" not in model.output_modalities:
        raise UnfitError(f"it does not read and write text, and {client} is a conversation")
    if "tools" not in model.capabilities:
        raise UnfitError(f"it is not known to take tools, and {client} works by them")


def served_context_tokens(model: Model) -> int | None:
    """Return how much OpenRouter's first choice of a provider takes, which is at times less than the model could."""
    if model.context_tokens is None or model.provenance.get("context_tokens") != OPENROUTER:
        return model.context_tokens
    served: Any = _about(model, "top_provider").get("context_length")
    return min(served, model.context_tokens) if is_whole(served, least=1) else model.context_tokens


def reasoning_of(model: Model) -> dict[str, Any]:
    """Return what upstream says of a model's reasoning; empty when it says nothing."""
    return _about(model, "reasoning")


def efforts_of(model: Model) -> list[str]:
    """Return the known efforts that a model takes, the shallowest first."""
    named = reasoning_of(model).get("supported_efforts")
    return [effort for effort in EFFORTS if effort in named] if isinstance(named, list) else []


def _about(model: Model, key: str) -> dict[str, Any]:
    value = opened(model.upstream).get(key)
    return value if isinstance(value, dict) else {}


def usd_per_million(rate: Decimal) -> Decimal:
    """Return a rate in USD per million tokens with every digit that it has."""
    return rate.scaleb(6, EXACT)


def has_token_prices(price: Price) -> bool:
    """Whether both input and output have a number per token."""
    is_number = price.state in {PriceState.FREE, PriceState.PRICED}
    return is_number and price.prompt_usd_per_token is not None and price.completion_usd_per_token is not None


def why_no_number(price: Price) -> str:
    """Return in which way a price is no number per token."""
    if price.state in {PriceState.FREE, PriceState.PRICED}:
        return "the price of input or of output is not known"
    return f"the price is {price.state.value}, no number per token"


def first_of(category: str, models: Iterable[Model]) -> Model | None:
    """Return the first model of a category in the order given, which is that of the curated ranks."""
    return next((model for model in models if model.category == category), None)
