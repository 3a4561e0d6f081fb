"""Which models pass the filters of a query: a bit mask for each filter, by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from operator import and_, or_

from app.catalog.index import Index, Mask
from app.catalog.query import Query


def universe(index: Index, query: Query) -> Mask:
    """Return the models that are looked at: without a word about it, delisted ones are left out."""
    if "lifecycle" in query.one_of or query.ids is not None:
        return (1 << len(index.models)) - 1
    return index.listed


def passing(index: Index, query: Query) -> Mask:
    """Return the models that pass every filter."""
    return passing_all(index, query, masks_of(index, query))


def passing_all(index: Index, query: Query, masks: Mapping[str, Mask]) -> Mask:
    """Return the models that are looked at and are in every set."""
    return reduce(and_, masks.values(), universe(index, query))


def masks_of(index: Index, query: Query) -> dict[str, Mask]:
    """Return one set of models per filter."""
    masks: dict[str, Mask] = {}
    for name, values in query.one_of.items():
        masks[name] = _with_any(index.facets[name], values)
    for name, groups in query.all_of.items():
        masks[name] = 0
        for group in groups:
            masks[name] |= _with_all(index.facets[name], group)
    if query.without is not None:
        masks["without"] = ~reduce(or_, map(index.search.called, query.without.split(",")))
    if query.ids is not None:
        known = (model for spelling in query.ids if (model := index.resolve(spelling)))
        masks["ids"] = reduce(or_, (1 << index.places[model.id] for model in known), 0)
    return masks | _within_bounds(index, query)


def _within_bounds(index: Index, query: Query) -> dict[str, Mask]:
    """Return one set for each number, by the name of its facet, which counts as if its own filter were not there."""
    masks: dict[str, Mask] = {}
    columns = index.columns
    if query.min_context_tokens is not None or query.max_context_tokens is not None:
        masks["context"] = columns["context"].between(query.min_context_tokens, query.max_context_tokens)
    least, most = query.min_prompt_usd_per_million, query.max_prompt_usd_per_million
    if least is not None or most is not None:
        masks["prompt_price"] = columns["prompt_price"].between(_per_token(least), _per_token(most))
    least, most = query.min_completion_usd_per_million, query.max_completion_usd_per_million
    if least is not None or most is not None:
        masks["completion_price"] = columns["completion_price"].between(_per_token(least), _per_token(most))
    return masks


def _per_token(usd_per_million: Decimal | None) -> Decimal | None:
    return None if usd_per_million is None else usd_per_million.scaleb(-6)


def unknown_ids(index: Index, spellings: Iterable[str]) -> tuple[str, ...]:
    """Return the spellings that mean no model here."""
    return tuple(spelling for spelling in spellings if index.resolve(spelling) is None)


def _with_any(table: Mapping[str, Mask], values: Sequence[str]) -> Mask:
    found = 0
    for value in values:
        found |= table.get(value, 0)
    return found


def _with_all(table: Mapping[str, Mask], values: Sequence[str]) -> Mask:
    found = table.get(values[0], 0)
    for value in values[1:]:
        found &= table.get(value, 0)
    return found
