"""Answer a Query from an Index: which models, in which order, with which counts."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import and_
from types import MappingProxyType
from typing import Any, NamedTuple

from app.catalog.filtering import masks_of, passing, passing_all, universe, unknown_ids
from app.catalog.index import Index, Mask
from app.catalog.interpret import PRICE_BOUNDS, Interpreted, Read, readings, with_filters
from app.catalog.query import Query
from app.catalog.search import Hit
from app.catalog.terms import Terms
from app.catalog.words import texts_of

Facets = Mapping[str, Mapping[str, int]]
# Filters that are tried one by one where not all can be met; each costs a search, and nobody means more.
MAX_TRIED = 8
_NO_TERMS = Terms()
_NOTHING: Mapping[Any, Any] = MappingProxyType({})


class Selection(NamedTuple):
    """The answer: places of the page's models in order, and how many there are before paging.

    `hits` maps a place to its hit when words were searched for. `suggestions` are ids that come near when
    nothing matched. `missing` are asked-for ids that mean no model here. `interpreted` are words of the query that
    were read as filters or order, `unmet` filters that were left out: no model that is meant passes them, or they are
    denied.
    """

    places: tuple[int, ...]
    total: int
    hits: Mapping[int, Hit]
    facets: Facets
    suggestions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    interpreted: tuple[Interpreted, ...] = ()
    unmet: tuple[Interpreted, ...] = ()


# The words to search for, the query with the filters read from the others, and which these are: met and unmet. Every
# search makes one, and a named tuple takes eight times as long to make.
_Understood = tuple[str, Query, tuple[Interpreted, ...], tuple[Interpreted, ...]]


def select(index: Index, query: Query) -> Selection:
    """Return the models that answer a query."""
    text, query, interpreted, unmet = _understood(index, query)
    masks = masks_of(index, query)
    matching = passing_all(index, query, masks)
    end = None if query.limit is None else query.offset + query.limit
    terms = index.search.terms_of(text) if text else _NO_TERMS
    if interpreted and terms and _has_order(interpreted):
        masks["words"] = _in_an_order(index, query, terms, matching)
        matching &= masks["words"]
    scores: dict[int, float] = {}
    if text:
        found = index.search.find_terms(terms, matching, None if query.sort else end)
        scores = dict(zip(found.places, found.scores, strict=True))
        places, total = list(found.places), found.total
    else:
        is_in_order = query.ids is None and not query.sort
        places, total = index.places_in(matching, end if is_in_order else None), matching.bit_count()
    if query.ids is not None and not query.sort and not terms:
        places = _as_asked(index, query.ids, places)
    for name in reversed(query.sort):
        places = _sorted(index, places, name)
    page = places[query.offset : end]
    return Selection(
        places=tuple(page),
        total=total,
        hits=index.search.hits(page, scores, terms) if terms else _NOTHING,
        facets=_facets(index, query, masks, terms) if query.facets else _NOTHING,
        suggestions=index.search.nearest(text, index.listed) if text and not total else (),
        missing=unknown_ids(index, query.ids) if query.ids else (),
        interpreted=interpreted,
        unmet=unmet,
    )


def _in_an_order(index: Index, query: Query, terms: Terms, matching: Mask) -> Mask:
    """Return the models that may stand in an order: the cheapest Claude is none that is only described as like it.

    But where no model that is called so passes the filters.
    """
    called_so = terms.all_matched(universe(index, query))
    return called_so if called_so & matching else terms.all_found(matching)


def _understood(index: Index, query: Query) -> _Understood:
    """Return what a query asks for, with its words read as filters where they can't be names.

    That is where no model is called by all words together, or nothing but filters was written and no model is called
    just that: `free` may be a name, `free models` is none. Filters that nothing passes are left out with their words.
    """
    text = query.q or ""
    if not text.strip(_NOTHING_ASKED):
        return "", query, (), ()
    found = readings(text) if query.interpret else ()
    if found:
        # "Not Diamond" may be what somebody looks for.
        found = tuple(read for read in found if read.filter.word != "without" or index.search.called(read.filter.value))
    if not found:
        return text, query, (), ()
    rest = text
    for read in reversed(found):
        rest = f"{rest[: read.start]} {rest[read.end :]}"
    is_told = rest.strip(_NOTHING_ASKED) and not index.search.says_nothing(rest)
    rest = rest.strip() if is_told else ""
    rest_terms = index.search.terms_of(rest)
    terms = index.search.terms_of(text)
    if rest_terms:
        # Aliases are called latest, and their makers by many names.
        named = terms.all_matched if _is_latest(found) else terms.all_named
        names = named(index.listed)
    else:
        names = index.search.exactly_named(terms, index.listed) if len(terms) == len(texts_of(text)) else 0
    # Prices are never part of a name.
    if names and not any(read.filter.word in PRICE_BOUNDS for read in found):
        return text, query, (), ()
    met, unmet = _met(index, query, rest_terms, _once(read.filter for read in found if not read.is_denied))
    if rest_terms and _has_order(met):
        among = passing(index, with_filters(query, met))
        if not rest_terms.all_found(among):
            # In an order, what fits best would no longer come first.
            unmet += tuple(read for read in met if read.word == "sort")
            met = tuple(read for read in met if read.word != "sort")
    # Where nothing but filters was written and none can be met, their words may still be found in descriptions.
    asked = rest or (text if unmet and not met else "")
    denied = _once(read.filter for read in found if read.is_denied)
    return asked, with_filters(query, met), met, unmet + denied


def _has_order(read: Iterable[Interpreted]) -> bool:
    return any(one.word == "sort" for one in read)


def _is_latest(found: Iterable[Read]) -> bool:
    return any(read.filter.word == "sort" and "latest" in read.filter.text.lower() for read in found)


def _once(filters: Iterable[Interpreted]) -> tuple[Interpreted, ...]:
    """Return filters without those that say the same in other words."""
    first: dict[tuple[str, str], Interpreted] = {}
    for read in filters:
        first.setdefault((read.word, read.value), read)
    return tuple(first.values())


def _met(
    index: Index, query: Query, terms: Terms, read: tuple[Interpreted, ...]
) -> tuple[tuple[Interpreted, ...], tuple[Interpreted, ...]]:
    """Return the filters that can be met, each together with those before it, and the others.

    Where nothing is found without them, they are not to blame, and stay.
    """

    # Where several words name a model, it is that which was meant: one that passes and is called otherwise is not.
    meant = terms.all_matched(passing(index, query)) if len(terms) > 1 else 0

    def found_with(filters: Sequence[Interpreted]) -> Mask:
        among = passing(index, with_filters(query, filters))
        if meant:
            return among & meant
        return index.search.find_terms(terms, among, 0).mask if terms else among

    if found_with(read) or not found_with(()):
        return read, ()
    met: list[Interpreted] = []
    for reading in read[:MAX_TRIED]:
        if found_with([*met, reading]):
            met.append(reading)
    return tuple(met), tuple(reading for reading in read if reading not in met)


# Only punctuation is no question; other signs, such as emoji, are one that nothing answers.
_NOTHING_ASKED = string.punctuation + string.whitespace


def _as_asked(index: Index, spellings: tuple[str, ...], places: list[int]) -> list[int]:
    """Return the places in the order in which their ids were asked for."""
    asked = [index.places[model.id] for spelling in spellings if (model := index.resolve(spelling))]
    there = set(places)
    return [place for place in dict.fromkeys(asked) if place in there]


def _sorted(index: Index, places: list[int], name: str) -> list[int]:
    """Return the places sorted by one name, stable; models without a value come last in both directions."""
    is_reversed = name.startswith("-")
    plain = name.removeprefix("-")
    if plain == "rank":
        return sorted(places, reverse=is_reversed)
    ranks = index.ranks[plain]
    known = [place for place in places if ranks[place] >= 0]
    return [*sorted(known, key=ranks.__getitem__, reverse=is_reversed), *(at for at in places if ranks[at] < 0)]


def _facets(index: Index, query: Query, masks: Mapping[str, Mask], terms: Terms) -> dict[str, dict[str, int]]:
    """Count the values of each facet among the models that the query and every other filter let through."""
    looked_at = universe(index, query)
    counted: dict[str, dict[str, int]] = {}
    for facet in query.facets:
        others = reduce(and_, (mask for name, mask in masks.items() if name != facet), looked_at)
        if terms:
            others = index.search.find_terms(terms, others, 0).mask
        counts = {value: (mask & others).bit_count() for value, mask in index.facets[facet].items()}
        counted[facet] = {value: count for value, count in counts.items() if count}
    return counted
