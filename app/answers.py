"""The native API's answers: pure functions from what is published and a question to JSON bytes.

Rows are joined from bytes that were made once per snapshot; only `fields=` builds models anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson

from app.catalog.interpret import Interpreted
from app.catalog.model import Model
from app.catalog.parse_query import parse_query
from app.catalog.query import WORDS, Query
from app.catalog.select import Selection, select
from app.dialects.dropdown import author_name, title_of
from app.dialects.native import envelope, model_document, to_json, with_match
from app.published import Published

Pairs = Sequence[tuple[str, str]]
Answer = Callable[[Published, Pairs], bytes]
DETAIL_WORDS = ("fields",)


class UnknownModelError(LookupError):
    """No model answers to a spelling; `suggestions` are ids that come near."""

    def __init__(self, spelling: str, suggestions: Sequence[str]) -> None:
        super().__init__(spelling)
        self.spelling = spelling
        self.suggestions = tuple(suggestions)


def models_list(published: Published, pairs: Pairs, *, fixed_source: str | None = None) -> bytes:
    """Answer `/models`, or the list of one source."""
    return b"".join(models_in_pieces(published, pairs, fixed_source=fixed_source))


def models_in_pieces(published: Published, pairs: Pairs, *, fixed_source: str | None = None) -> Iterable[bytes]:
    """Return what `models_list` returns, piece by piece."""
    if fixed_source is not None:
        words = [word for word in WORDS if word != "source"]
        query = parse_query(pairs, published.index, words=words)
        # A source that lists nothing today is an empty list, not a fault.
        selected = select(published.index, _with_source(query, fixed_source))
    else:
        query = parse_query(pairs, published.index)
        selected = select(published.index, query)
    return _list(published, query, selected)


def search(published: Published, pairs: Pairs) -> bytes:
    """Answer `/models/search`: the list with `match` in each model, `interpreted`, `unmet` and `suggestions`."""
    query = parse_query(pairs, published.index)
    return b"".join(_list(published, query, select(published.index, query), is_search=True))


def found_some(body: bytes) -> bool:
    """Whether a list's answer holds a model; for the metrics."""
    return not body.startswith(b'{"models":[]')


def resolve(published: Published, spelling: str) -> Model:
    """Return the model that a spelling means; raises UnknownModelError."""
    model = published.index.resolve(spelling)
    if model is None:
        index = published.index
        raise UnknownModelError(spelling, index.search.nearest(spelling[:200], index.listed))
    return model


def one_model(model: Model) -> Answer:
    """Return what answers `/models/{id}` for a model."""

    def answer(published: Published, pairs: Pairs) -> bytes:
        query = parse_query(pairs, published.index, words=DETAIL_WORDS)
        return to_json(_some_fields(model, query.fields)) if query.fields else published.row(model)

    return answer


def routes_of(model: Model) -> Answer:
    """Return what answers `/models/provider/{id}` for a model: who serves it, best first."""

    def answer(published: Published, pairs: Pairs) -> bytes:
        no_words(published, pairs)
        names = published.snapshot.contents.provider_names
        routes = [
            {
                "provider": route.provider,
                "name": names.get(route.provider, title_of(route.provider)),
                "source": route.source,
                "base_url": route.base_url,
                "upstream_id": route.upstream_id,
            }
            for route in model.routes
        ]
        return to_json({"id": model.id, "provider": model.provider, "routes": routes, **published.envelope_facts})

    return answer


def no_words(published: Published, pairs: Pairs) -> None:
    """Raise QueryError when a question has words where none are known."""
    parse_query(pairs, published.index, words=())


def categories(published: Published, pairs: Pairs) -> bytes:
    """Answer `/models/categories`."""
    no_words(published, pairs)
    groups = _groups(published, "category", title_of)
    return to_json({"categories": groups, "total": len(groups), **published.envelope_facts})


def providers(published: Published, pairs: Pairs) -> bytes:
    """Answer `/models/providers`: who serves models, and who made them."""
    no_words(published, pairs)
    names = published.snapshot.contents.provider_names
    base_urls = {route.provider: route.base_url for model in published.index.models for route in model.routes}
    served = _groups(published, "provider", lambda slug: names.get(slug, title_of(slug)))
    for group in served:
        group["base_url"] = base_urls.get(group["id"])
    by_author = {model.author: author_name(model, names) for model in published.index.models}
    made = _groups(published, "author", lambda slug: by_author[slug])
    return to_json({"providers": served, "authors": made, "total": len(served), **published.envelope_facts})


def _groups(published: Published, facet: str, name_of: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return the values of a facet with the number of listed models, largest first."""
    index = published.index
    counts = ((value, (mask & index.listed).bit_count()) for value, mask in index.facets[facet].items())
    ordered = sorted(((value, count) for value, count in counts if count), key=lambda pair: (-pair[1], pair[0]))
    return [{"id": value, "name": name_of(value), "models": count} for value, count in ordered]


def _with_source(query: Query, source: str) -> Query:
    return query._replace(one_of={**query.one_of, "source": (source,)})


def _list(published: Published, query: Query, selected: Selection, *, is_search: bool = False) -> Iterable[bytes]:
    after: dict[str, Any] = {"total": selected.total, **published.envelope_facts}
    if query.limit is not None or query.offset:
        after |= {"limit": query.limit, "offset": query.offset}
    if query.facets:
        after["facets"] = dict(selected.facets)
    if query.ids is not None:
        after["missing"] = selected.missing
    if is_search:
        after["interpreted"] = _told(selected.interpreted)
        after["unmet"] = _told(selected.unmet)
        after["suggestions"] = selected.suggestions
    return envelope(_rows(published, query, selected, is_search=is_search), after)


def _told(filters: Sequence[Interpreted]) -> Sequence[Mapping[str, str]]:
    return [read._asdict() for read in filters] if filters else ()


def _rows(published: Published, query: Query, selected: Selection, *, is_search: bool) -> list[bytes]:
    if query.format == "frontend":
        rows = [published.dropdown_rows[place] for place in selected.places]
    elif query.fields:
        models = published.index.models
        rows = [to_json(_some_fields(models[place], query.fields)) for place in selected.places]
    else:
        rows = [published.rows[place] for place in selected.places]
    hits = selected.hits
    if not is_search or not hits:
        return rows
    parts: list[bytes] = []
    for place, row in zip(selected.places, rows, strict=True):
        parts += with_match(row, hits[place])
    return parts


def _some_fields(model: Model, fields: Sequence[str]) -> Mapping[str, Any]:
    document = model_document(model)
    if "upstream" in fields:
        document["upstream"] = orjson.Fragment(model.upstream.raw) if model.upstream else None
    return {name: document[name] for name in fields}
