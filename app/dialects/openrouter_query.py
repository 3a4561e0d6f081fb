"""The questions that OpenRouter's model list answers: which models, in which order, which page.

Every parameter that OpenRouter knows is here. What this catalog can't answer (who serves a model, how fast, how
often it is used) is refused and named, for a filter that is ignored answers another question. Words that OpenRouter
does not know either never get here, as clients add their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from urllib.parse import urlencode

from app.dialects.openrouter import PATH
from app.dialects.openrouter_filters import DESIGN_ARENA, FILTERS, INDICES, Entry, Listing, demand_scores
from app.dialects.openrouter_values import RefusedError, whole

DEFAULT_PAGE_ROWS = 500
MAX_PAGE_ROWS = 1_000
FEED_WORDS = ("use_rss", "use_rss_chat_links")
_LISTS = frozenset({"supported_parameters", "output_modalities", "input_modalities", "model_authors"})
# The specification lets these be null, which a query can only spell.
_NULLABLE = frozenset({"offset", *(name for name in FILTERS if name.startswith(("min_", "max_")))})
_UNANSWERED: Mapping[str, str] = MappingProxyType(
    {
        "providers": "who serves a model stands only in its endpoints",
        "distillable": "the catalog does not say which models may be distilled",
        "zdr": "which endpoints keep no data stands only in the endpoints",
        "region": "which regions serve a model stands only in its endpoints",
        "min_tool_success_rate": "the catalog holds no measured rates",
        "max_tool_success_rate": "the catalog holds no measured rates",
    }
)
_UNSORTED = ("most-popular", "top-weekly", "throughput-high-to-low", "latency-low-to-high")
FILTER_WORDS = frozenset({*FILTERS, *_UNANSWERED})
"""Every parameter that says which models are meant."""
WORDS = FILTER_WORDS | {*FEED_WORDS, "sort", "offset", "limit"}
"""Every parameter of OpenRouter's list."""


@dataclass(frozen=True, slots=True)
class Page:
    """The models of an answer, how many there are on all pages, and where the next page is; None after the last."""

    entries: tuple[Entry, ...]
    total: int
    following: str | None


Worth = Callable[[Entry], float | Decimal | None]


def _average(entry: Entry) -> Decimal | None:
    if entry.prompt is None or entry.completion is None:
        return None
    return (entry.prompt + entry.completion) / 2


def _score_of(score: str) -> Worth:
    return lambda entry: entry.scores.get(score)


def _newest(entry: Entry) -> float | None:
    return entry.model.created_at.timestamp() if entry.model.created_at else None


# What is compared, and whether the highest comes first.
_ORDERS: Mapping[str, tuple[Worth, bool]] = MappingProxyType(
    {
        "newest": (_newest, True),
        "pricing-low-to-high": (_average, False),
        "pricing-high-to-low": (_average, True),
        "context-high-to-low": (lambda entry: entry.model.context_tokens, True),
        **{f"{name}-high-to-low": (_score_of(name), True) for name in (*INDICES, DESIGN_ARENA)},
    }
)
SORTS = tuple(_ORDERS)
"""The orders that the catalog can give."""
_SCORE_OF_ORDER: Mapping[str, str] = MappingProxyType(
    {f"{name}-high-to-low": name for name in (*INDICES, DESIGN_ARENA)}
)


def answer(listing: Listing, pairs: Sequence[tuple[str, str]], *, path: str = PATH) -> Page:
    """Return the page that a query asks for, its words being among WORDS.

    Without `offset` and `limit` it is everything. Raises RefusedError.
    """
    words = _settled(pairs)
    for name, reason in _UNANSWERED.items():
        if name in words:
            raise RefusedError(name, f"this registry can't filter by it: {reason}")
    # Without a word on modalities the list is the one for text.
    chosen = {"output_modalities": "text", **words}
    filters = [FILTERS[name](name, value, listing) for name, value in chosen.items() if name in FILTERS]
    found = [entry for entry in listing.entries if all(keeps(entry) for keeps in filters)]
    if "sort" in words:
        found = _sorted(found, words["sort"], listing)
    return _page(found, words, path)


def is_feed(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether a query asks for RSS."""
    return ("use_rss", "true") in pairs


def _settled(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return each parameter once: lists joined, nulls left out."""
    words: dict[str, str] = {}
    for name, value in pairs:
        if name in _NULLABLE and value in {"", "null"}:
            continue
        if name in words and name not in _LISTS:
            raise RefusedError(name, "stands twice; give it once")
        words[name] = f"{words[name]},{value}" if name in words else value
    return words


def _sorted(found: list[Entry], order: str, listing: Listing) -> list[Entry]:
    if order in _UNSORTED:
        raise RefusedError("sort", f"this registry can't sort by {order}: the catalog holds no usage and no speed")
    if order not in _ORDERS:
        raise RefusedError("sort", f"must be one of {', '.join(_ORDERS)}, got {order[:40]!r}")
    if order in _SCORE_OF_ORDER:
        demand_scores("sort", _SCORE_OF_ORDER[order], listing)
    worth, highest_first = _ORDERS[order]
    rated = [(value, entry) for entry in found if (value := worth(entry)) is not None]
    rated.sort(key=lambda pair: pair[0], reverse=highest_first)
    return [*(entry for _, entry in rated), *(entry for entry in found if worth(entry) is None)]


def _page(found: list[Entry], words: Mapping[str, str], path: str) -> Page:
    if "offset" not in words and "limit" not in words:
        return Page(tuple(found), len(found), None)
    offset = whole("offset", words.get("offset", "0"), least=0)
    limit = whole("limit", words.get("limit", str(DEFAULT_PAGE_ROWS)), least=1, most=MAX_PAGE_ROWS)
    end = offset + limit
    following = None
    if end < len(found):
        others = {name: value for name, value in words.items() if name not in {"offset", "limit"}}
        following = f"{path}?{urlencode({'offset': end, 'limit': limit, **others})}"
    return Page(tuple(found[offset:end]), len(found), following)
