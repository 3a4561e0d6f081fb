"""Counts and distributions over the published models: how many of what, how dear, how large, how new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.catalog.codec import decimal_text
from app.catalog.model import Model
from app.catalog.price import PriceState
from app.dialects.native import timestamp
from app.published import Published

NEWEST_SHOWN = 10
_QUANTILES = (("min", 0.0), ("p25", 0.25), ("median", 0.5), ("p75", 0.75), ("p90", 0.9), ("max", 1.0))


def statistics(published: Published) -> dict[str, Any]:
    """Return the statistics of the listed models as JSON values; prices in USD per million tokens."""
    index = published.index
    listed = [model for model in index.models if model.is_listed]
    priced = [model for model in listed if model.price.state is PriceState.PRICED]
    counted = {
        facet: {value: (mask & index.listed).bit_count() for value, mask in index.facets[facet].items()}
        for facet in ("source", "author", "category", "price", "variant", "supports", "context", "output_modality")
    }
    newest = sorted((model for model in listed if model.created_at), key=_newest_first)[:NEWEST_SHOWN]
    return {
        "models": len(listed),
        "delisted": len(index.models) - len(listed),
        "lifecycle": dict(Counter(model.lifecycle.state.value for model in index.models)),
        "by": {facet: {value: count for value, count in counts.items() if count} for facet, counts in counted.items()},
        "prompt_usd_per_million_tokens": _distribution([model.price.prompt_usd_per_token for model in priced], 6),
        "completion_usd_per_million_tokens": _distribution(
            [model.price.completion_usd_per_token for model in priced], 6
        ),
        "context_tokens": _distribution([_decimal(model.context_tokens) for model in listed], 0),
        "newest": [{"id": model.id, "name": model.name, "created": timestamp(model.created_at)} for model in newest],
        **published.envelope_facts,
    }


def _newest_first(model: Model) -> tuple[float, str]:
    return (-(model.created_at.timestamp() if model.created_at else 0.0), model.id)


def _decimal(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _distribution(values: Sequence[Decimal | None], shift: int) -> dict[str, Any]:
    known = sorted(value for value in values if value is not None)
    if not known:
        return {"count": 0}
    last = len(known) - 1
    quantiles = {name: decimal_text(known[round(share * last)].scaleb(shift)) for name, share in _QUANTILES}
    return {"count": len(known), **quantiles}
