"""What OpenRouter's clients are answered: pure functions from what is published and a query to the bytes they read."""

from __future__ import annotations

from collections.abc import Iterable

from app.answers import Answer, Pairs, UnknownModelError
from app.catalog.identity import variant_of
from app.catalog.model import Model
from app.dialects.openrouter import OPENROUTER, page
from app.dialects.openrouter_feed import feed
from app.dialects.openrouter_filters import Entry
from app.dialects.openrouter_query import FILTER_WORDS, WORDS, Page, answer
from app.dialects.openrouter_values import RefusedError
from app.dialects.pieces import to_json
from app.published import Published
from app.spoken_answers import NotSpokenError, PageError, body_of

LIST_WORDS = WORDS
COUNT_WORDS = FILTER_WORDS
PAGE_WORDS = frozenset({"offset", "limit"})
EMBEDDINGS_PATH = "/api/v1/embeddings/models"
# Variants of every model that OpenRouter takes as a way to route and never lists.
_ROUTING_VARIANTS = frozenset({"exacto", "floor", "nitro", "online"})


def models_list(published: Published, pairs: Pairs) -> bytes:
    """Answer `/api/v1/models`; raises NotSpokenError for an empty catalog, PageError for what can't be answered."""
    if not pairs:
        return body_of(OPENROUTER, published)
    return _document(published, _answered(published, pairs))


def models_feed(published: Published, pairs: Pairs) -> bytes:
    """Answer `/api/v1/models?use_rss=true`."""
    found = _answered(published, pairs)
    models = (entry.model for entry in found.entries)
    return feed(models, built_at=published.snapshot.updated_at, links_to_chat=("use_rss_chat_links", "true") in pairs)


def count(published: Published, pairs: Pairs) -> bytes:
    """Answer `/api/v1/models/count`.

    Upstream's takes `output_modalities` alone; whoever gives another filter of the list means it here, too.
    """
    return to_json({"data": {"count": _answered(published, pairs).total}})


def embedding_models(published: Published, pairs: Pairs) -> bytes:
    """Answer `/api/v1/embeddings/models`, where `has_embeddings`."""
    embedding = (("output_modalities", "embeddings"), *pairs)
    return _document(published, _answered(published, embedding, path=EMBEDDINGS_PATH))


def has_embeddings(published: Published) -> bool:
    """Whether models that put out embeddings are loaded."""
    index = published.index
    return bool(index.facets["output_modality"].get("embeddings", 0) & index.listed)


def one_model(model: Model) -> Answer:
    """Return what answers `/api/v1/model/{author}/{slug}`."""

    def of(published: Published, _pairs: Pairs) -> bytes:
        row = published.spoken[OPENROUTER.name].rows.get(model.id)
        if row is None:
            raise UnknownModelError(model.id, ())
        return b'{"data":' + row + b"}"

    return of


def resolve(published: Published, spelling: str) -> Model:
    """Return the listed model that a spelling means, also with a variant that only says how to route.

    Raises UnknownModelError.
    """
    index = published.index
    model = index.resolve(spelling)
    if model is None and variant_of(spelling) in _ROUTING_VARIANTS:
        model = index.resolve(spelling.rpartition(":")[0])
    if model is None or not model.is_listed:
        raise UnknownModelError(spelling, index.search.nearest(spelling[:200], index.listed))
    return model


def _answered(published: Published, pairs: Pairs, *, path: str = OPENROUTER.path) -> Page:
    spoken = published.spoken[OPENROUTER.name]
    if not spoken.rows:
        raise NotSpokenError(OPENROUTER.name, spoken.flaw)
    try:
        return answer(published.mirror, pairs, path=path)
    except RefusedError as error:
        raise PageError(str(error)) from None


def _document(published: Published, found: Page) -> bytes:
    rows = published.spoken[OPENROUTER.name].rows
    served = {model_id: rows[model_id] for model_id in _ids(found.entries)}
    return to_json(page(served, total=found.total, following=found.following))


def _ids(entries: Iterable[Entry]) -> Iterable[str]:
    return (entry.model.id for entry in entries)
