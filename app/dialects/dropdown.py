"""The dropdown document: everything that a frontend prints in a list of models, ready to print.

A price that is not a number is a word, never $0. Prices are USD per million tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from app.catalog.model import LifecycleState, Model
from app.catalog.naming import MAX_AUTHOR_CHARS
from app.catalog.price import Price, PriceState

_SHOWN_DIGITS = Context(prec=4, rounding=ROUND_HALF_EVEN)
WORD_FOR_STATE: Mapping[PriceState, str] = {
    PriceState.FREE: "Free",
    PriceState.DYNAMIC: "Varies by routed model",
    PriceState.PER_UNIT: "Priced per unit",
    PriceState.UNKNOWN: "Price unknown",
}


def dropdown_row(model: Model, provider_names: Mapping[str, str]) -> dict[str, Any]:
    """Return one entry of the dropdown."""
    return {
        "value": model.id,
        "label": label_of(model),
        "group": author_name(model, provider_names),
        "provider": {"id": model.provider, "name": provider_names.get(model.provider, title_of(model.provider))},
        "context": context_text(model.context_tokens),
        "context_tokens": model.context_tokens,
        "price": price_texts(model.price),
        "flags": flags_of(model),
        "badges": badges_of(model),
    }


def label_of(model: Model) -> str:
    """Return the name without the author that upstream puts before it."""
    before, colon, after = model.name.partition(": ")
    return after if colon and len(before) <= MAX_AUTHOR_CHARS else model.name


def author_name(model: Model, provider_names: Mapping[str, str]) -> str:
    """Return how the author is called."""
    return provider_names.get(model.author, title_of(model.author))


def title_of(slug: str) -> str:
    """Return a readable form of an author or provider slug that nobody named."""
    return " ".join(word if any(map(str.isdigit, word)) else word.capitalize() for word in slug.split("-"))


def flags_of(model: Model) -> dict[str, bool]:
    """Return what dropdowns filter by."""
    return {
        "free": model.price.state is PriceState.FREE,
        "tools": "tools" in model.capabilities,
        "vision": "vision" in model.capabilities,
        "reasoning": "reasoning" in model.capabilities,
    }


def badges_of(model: Model) -> list[str]:
    """Return short words worth a badge, most important first."""
    badges = [word for word, is_set in flags_of(model).items() if is_set]
    if model.variant and model.variant != "free":
        badges.append(model.variant)
    if model.price.windows:
        badges.append("price varies by hour")
    if model.lifecycle.state is not LifecycleState.ACTIVE:
        badges.append(model.lifecycle.state.value)
    return badges


def price_texts(price: Price) -> dict[str, str | None]:
    """Return a price as text: `text` for one line, `prompt` and `completion` per million tokens or None."""
    if price.state is not PriceState.PRICED:
        return {"state": price.state.value, "text": WORD_FOR_STATE[price.state], "prompt": None, "completion": None}
    prompt, completion = usd_text(price.prompt_usd_per_token), usd_text(price.completion_usd_per_token)
    parts = [f"{text} {way}" for text, way in ((prompt, "in"), (completion, "out")) if text]
    text = " · ".join(parts) + " per 1M tokens" if parts else WORD_FOR_STATE[PriceState.UNKNOWN]
    return {"state": price.state.value, "text": text, "prompt": prompt, "completion": completion}


def usd_text(usd_per_token: Decimal | None) -> str | None:
    """Return USD per million tokens to four digits, at least cents: $2.50, $1.875, $0.075, $180."""
    if usd_per_token is None:
        return None
    usd = usd_per_token.scaleb(6)
    if usd >= 100:
        return f"${usd.quantize(Decimal(1)) if usd == usd.to_integral_value() else usd.quantize(Decimal('0.01'))}"
    rounded = usd.normalize(_SHOWN_DIGITS)
    exponent = rounded.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -2:
        return f"${rounded:.2f}"
    return f"${rounded:f}"


def context_text(tokens: int | None) -> str | None:
    """Return a context as people say it: 128K, 1M, 1.05M."""
    if tokens is None:
        return None
    for unit, suffix in ((1_000_000, "M"), (1_000, "K")):
        if tokens >= unit:
            # 131072 and 1048576 are said as 131K and 1.05M by their makers, too.
            return f"{tokens / unit:.3g}{suffix}"
    return str(tokens)
