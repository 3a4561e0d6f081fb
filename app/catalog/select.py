"""Answer a Query from an Index: which models, in which order, with which counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import and_, or_
from types import MappingProxyType
from typing import Any

from app.catalog.index import Index, Mask
from app.catalog.model import Model
from app.catalog.price import PriceState
from app.catalog.query import Query
from app.catalog.search import Hit

Facets = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Selection:
    """The answer: places of the page's models in order, and how many there are before paging.

    `hits` maps a place to its hit when words were searched for. `suggestions` are ids that come near when
    nothing matched. `missing` are asked-for ids that mean no model here.
    """

    places: tuple[int, ...]
    total: int
    hits: Mapping[int, Hit]
    facets: Facets
    suggestions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def select(index: Index, query: Query) -> Selection:
    """Return the models that answer a query."""
    masks, missing = _masks(index, query)
    matching = reduce(and_, masks.values(), _universe(index, query))
    hits: dict[int, Hit] = {}
    if query.q:
        found = index.search.find(query.q, matching)
        hits = {hit.place: hit for hit in found}
        places = [hit.place for hit in found]
    else:
        places = index.places_in(matching)
    if query.ids is not None and not query.sort and not query.q:
        places = _as_asked(index, query.ids, places)
    for name in reversed(query.sort):
        places = _sorted(index, places, name)
    facets = _facets(index, query, masks, hits) if query.facets else {}
    suggestions = index.search.nearest(query.q, index.listed) if query.q and not places else ()
    end = None if query.limit is None else query.offset + query.limit
    page = places[query.offset : end]
    return Selection(
        places=tuple(page),
        total=len(places),
        hits=MappingProxyType({place: hits[place] for place in page if place in hits}),
        facets=MappingProxyType(facets),
        suggestions=suggestions,
        missing=missing,
    )


def _universe(index: Index, query: Query) -> Mask:
    """Return the models that are looked at: without a word about it, delisted ones are left out."""
    if "lifecycle" in query.one_of or query.ids is not None:
        return (1 << len(index.models)) - 1
    return index.listed


def _masks(index: Index, query: Query) -> tuple[dict[str, Mask], tuple[str, ...]]:
    """Return one set of models per filter, and the asked-for ids that mean nothing here."""
    masks: dict[str, Mask] = {}
    for name, values in query.one_of.items():
        table = index.facets[name]
        masks[name] = reduce(or_, (table.get(value, 0) for value in values), 0)
    for name, groups in query.all_of.items():
        table = index.facets[name]
        masks[name] = reduce(or_, (reduce(and_, (table.get(value, 0) for value in group)) for group in groups), 0)
    if query.min_context_tokens is not None or query.max_context_tokens is not None:
        low, high = query.min_context_tokens or 0, query.max_context_tokens
        masks["context"] = _where(
            index,
            lambda m: (
                m.context_tokens is not None and m.context_tokens >= low and (high is None or m.context_tokens <= high)
            ),
        )
    for name, limit, rate_of in (
        ("max_prompt_price", query.max_prompt_usd_per_million, _prompt),
        ("max_completion_price", query.max_completion_usd_per_million, _completion),
    ):
        if limit is not None:
            masks[name] = _where(index, _at_most(rate_of, limit.scaleb(-6)))
    missing: list[str] = []
    if query.ids is not None:
        masks["ids"] = 0
        for spelling in query.ids:
            model = index.resolve(spelling)
            if model is None:
                missing.append(spelling)
            else:
                masks["ids"] |= 1 << index.places[model.id]
    return masks, tuple(missing)


def _where(index: Index, holds: Callable[[Model], bool]) -> Mask:
    return int("".join("1" if holds(model) else "0" for model in reversed(index.models)) or "0", 2)


def _prompt(model: Model) -> Decimal | None:
    return model.price.prompt_usd_per_token


def _completion(model: Model) -> Decimal | None:
    return model.price.completion_usd_per_token


def _at_most(rate_of: Callable[[Model], Decimal | None], limit_usd_per_token: Decimal) -> Callable[[Model], bool]:
    """Return a test for rates that are known and within a limit; a price per unit is not a low token price."""

    def holds(model: Model) -> bool:
        rate = rate_of(model)
        return rate is not None and model.price.state in _TOKEN_PRICED and rate <= limit_usd_per_token

    return holds


_TOKEN_PRICED = frozenset({PriceState.PRICED, PriceState.FREE})


def _as_asked(index: Index, spellings: tuple[str, ...], places: list[int]) -> list[int]:
    """Return the places in the order in which their ids were asked for."""
    asked = [index.places[model.id] for spelling in spellings if (model := index.resolve(spelling))]
    there = set(places)
    return [place for place in dict.fromkeys(asked) if place in there]


_SORT_KEYS: Mapping[str, Callable[[Model], Any]] = MappingProxyType(
    {
        "id": lambda model: model.id,
        "name": lambda model: model.name.casefold(),
        "author": lambda model: model.author,
        "created": lambda model: model.created_at,
        "context": lambda model: model.context_tokens,
        "max_output": lambda model: model.max_output_tokens,
        "prompt_price": lambda model: _token_rate(model, _prompt),
        "completion_price": lambda model: _token_rate(model, _completion),
    }
)


def _token_rate(model: Model, rate_of: Callable[[Model], Decimal | None]) -> Decimal | None:
    return rate_of(model) if model.price.state in _TOKEN_PRICED else None


def _sorted(index: Index, places: list[int], name: str) -> list[int]:
    """Return the places sorted by one name, stable; models without a value come last in both directions."""
    is_reversed = name.startswith("-")
    plain = name.removeprefix("-")
    if plain == "rank":
        return sorted(places, reverse=is_reversed)
    key = _SORT_KEYS[plain]
    known = [(value, place) for place in places if (value := key(index.models[place])) is not None]
    there = {place for _, place in known}
    ordered = sorted(known, key=lambda pair: pair[0], reverse=is_reversed)
    return [place for _, place in ordered] + [place for place in places if place not in there]


def _facets(
    index: Index, query: Query, masks: Mapping[str, Mask], hits: Mapping[int, Hit]
) -> dict[str, dict[str, int]]:
    """Count the values of each facet among the models that the query and every other filter let through."""
    found = sum(1 << place for place in hits) if query.q else (1 << len(index.models)) - 1
    universe = _universe(index, query)
    counted: dict[str, dict[str, int]] = {}
    for facet in query.facets:
        others = reduce(and_, (mask for name, mask in masks.items() if name != facet), universe)
        if query.q:
            others &= found if facet not in masks else _found_without(index, query, others)
        counts = {value: (mask & others).bit_count() for value, mask in index.facets[facet].items()}
        counted[facet] = {value: count for value, count in counts.items() if count}
    return counted


def _found_without(index: Index, query: Query, others: Mask) -> Mask:
    """Return what the words find when one filter is lifted."""
    return sum(1 << hit.place for hit in index.search.find(query.q or "", others))
