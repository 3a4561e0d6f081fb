"""Counts and distributions over the published models: how many of what, how dear, how large, how new."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.catalog.codec import decimal_text
from app.catalog.price import PriceState
from app.dialects.native import timestamp
from app.published import Published

NEWEST_SHOWN = 10
_QUANTILES = (("min", 0.0), ("p25", 0.25), ("median", 0.5), ("p75", 0.75), ("p90", 0.9), ("max", 1.0))


def statistics(published: Published) -> dict[str, Any]:
    """Return the statistics of the listed models as JSON values; prices in USD per million tokens."""
    index = published.index
    listed, facets, columns = index.listed, index.facets, index.columns
    priced = facets["price"].get(PriceState.PRICED.value, 0) & listed
    counted = {
        facet: {value: (mask & listed).bit_count() for value, mask in facets[facet].items()}
        for facet in ("source", "author", "category", "price", "variant", "supports", "context", "output_modality")
    }
    return {
        "models": listed.bit_count(),
        "delisted": len(index.models) - listed.bit_count(),
        "lifecycle": {state: mask.bit_count() for state, mask in facets["lifecycle"].items()},
        "by": {facet: {value: count for value, count in counts.items() if count} for facet, counts in counted.items()},
        "prompt_usd_per_million_tokens": _distribution(columns["prompt_price"].numbers_in(priced), 6),
        "completion_usd_per_million_tokens": _distribution(columns["completion_price"].numbers_in(priced), 6),
        "context_tokens": _distribution([Decimal(tokens) for tokens in columns["context"].numbers_in(listed)], 0),
        "newest": [
            {"id": model.id, "name": model.name, "created": timestamp(model.created_at)}
            for model in map(index.models.__getitem__, index.newest(NEWEST_SHOWN))
        ],
        **published.envelope_facts,
    }


def _distribution(known: Sequence[Decimal], shift: int) -> dict[str, Any]:
    """Return the quantiles of numbers that stand in their order."""
    if not known:
        return {"count": 0}
    last = len(known) - 1
    quantiles = {name: decimal_text(known[round(share * last)].scaleb(shift)) for name, share in _QUANTILES}
    return {"count": len(known), **quantiles}
