"""The filters of OpenRouter's model list, each made from one parameter and its value.

An answer follows from the snapshot and the query alone, so that it can be kept. Ages are therefore counted at the
moment in which the snapshot was adopted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

import orjson

from app.catalog.model import Model
from app.catalog.snapshot import Snapshot
from app.dialects.dialect import Spoken
from app.dialects.openrouter import speaks_text
from app.dialects.openrouter_values import RefusedError, days, number, texts, whole

MAX_TEXT_CHARS = 200
# What OpenRouter sorts use cases into; the catalog has its own words, which may be among these.
CATEGORIES = (
    "programming",
    "roleplay",
    "marketing",
    "marketing/seo",
    "technology",
    "science",
    "translation",
    "legal",
    "finance",
    "health",
    "trivia",
    "academia",
)
INDICES = ("intelligence", "coding", "agentic")
DESIGN_ARENA = "design-arena-elo"


@dataclass(frozen=True, slots=True)
class Entry:
    """A model with what only its row tells.

    Rates are USD per token, None when there is no number. `tokenizer` is in lower case. `scores` are benchmark
    results by name, the higher the better.
    """

    model: Model
    prompt: Decimal | None
    completion: Decimal | None
    tokenizer: str
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Listing:
    """All models that the mirror lists, whatever they put out, in upstream's order; `at` is the snapshot's moment."""

    entries: tuple[Entry, ...]
    at: datetime


def listing_of(snapshot: Snapshot, spoken: Spoken) -> Listing:
    """Return what a mirror's queries are answered from; some milliseconds for 400 models."""
    by_id = snapshot.by_id
    entries = tuple(entry_of(by_id[model_id], orjson.loads(row)) for model_id, row in spoken.rows.items())
    return Listing(entries, snapshot.updated_at)


def entry_of(model: Model, row: Mapping[str, Any]) -> Entry:
    """Return a model with what its row tells."""
    return Entry(
        model,
        _rate(row["pricing"]["prompt"]),
        _rate(row["pricing"]["completion"]),
        str(row["architecture"].get("tokenizer", "")).lower(),
        _scores(row.get("benchmarks") or {}),
    )


def _rate(text: str) -> Decimal | None:
    """Return a rate; None for what is no number, "-1" among it."""
    try:
        rate = Decimal(text)
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and rate >= 0 else None


def _scores(benchmarks: Mapping[str, Any]) -> Mapping[str, float]:
    analysis = benchmarks.get("artificial_analysis") or {}
    found = {name: analysis.get(f"{name}_index") for name in INDICES}
    found[DESIGN_ARENA] = max((entry["elo"] for entry in benchmarks.get("design_arena", ())), default=None)
    return MappingProxyType({name: score for name, score in found.items() if score is not None})


Filter = Callable[[Entry], bool]
FilterOf = Callable[[str, str, Listing], Filter]
"""Makes a filter of a parameter's name, its value, and what is listed; raises RefusedError."""


def _category(name: str, value: str, listing: Listing) -> Filter:
    known = {entry.model.category for entry in listing.entries}
    if value not in known:
        if value in CATEGORIES:
            raise RefusedError(name, f"no model of this catalog says whether it is used for {value!r}")
        raise RefusedError(name, f"{value[:40]!r} is none of {', '.join(CATEGORIES)}")
    return lambda entry: entry.model.category == value


def _outputs(name: str, value: str, listing: Listing) -> Filter:
    wanted = texts(value)
    if "all" in wanted:
        return lambda _entry: True
    loaded = {word for entry in listing.entries for word in entry.model.output_modalities} | {"text"}
    if not wanted <= loaded:
        missing = ", ".join(sorted(wanted - loaded))[:80]
        raise RefusedError(name, f"no model that puts out {missing} is loaded; loaded are: {', '.join(sorted(loaded))}")
    # As upstream reads "text,image": text models and image models.
    return lambda entry: (
        ("text" in wanted and speaks_text(entry.model)) or not wanted.isdisjoint(entry.model.output_modalities)
    )


def _inputs(name: str, value: str, listing: Listing) -> Filter:
    wanted = texts(value)
    known = {word for entry in listing.entries for word in entry.model.input_modalities}
    if not wanted <= known:
        raise RefusedError(name, f"{value[:80]!r} holds a word that is none of {', '.join(sorted(known))}")
    return lambda entry: wanted.issubset(entry.model.input_modalities)


def _parameters(_name: str, value: str, _listing: Listing) -> Filter:
    wanted = texts(value)
    return lambda entry: wanted.issubset(entry.model.supported_parameters)


def _authors(_name: str, value: str, _listing: Listing) -> Filter:
    wanted = texts(value)
    return lambda entry: entry.model.author in wanted


def _text(name: str, value: str, _listing: Listing) -> Filter:
    if len(value) > MAX_TEXT_CHARS:
        raise RefusedError(name, f"may have at most {MAX_TEXT_CHARS} characters, got {len(value)}")
    words = value.lower().split()

    def matches(entry: Entry) -> bool:
        called = f"{entry.model.name} {entry.model.id} {entry.model.canonical_slug}".lower()
        return all(word in called for word in words)

    return matches


def _tokenizer(_name: str, value: str, _listing: Listing) -> Filter:
    wanted = value.lower()
    # "Llama" means Llama2, Llama3 and Llama4, too.
    return lambda entry: bool(wanted) and wanted in {entry.tokenizer, entry.tokenizer.rstrip("0123456789")}


def _context(name: str, value: str, _listing: Listing) -> Filter:
    least = whole(name, value, least=1)
    return lambda entry: (entry.model.context_tokens or 0) >= least


def _price(rate_of: Callable[[Entry], Decimal | None], *, is_least: bool) -> FilterOf:
    def filter_of(name: str, value: str, _listing: Listing) -> Filter:
        bound = number(name, value).scaleb(-6)

        def within(entry: Entry) -> bool:
            rate = rate_of(entry)
            return rate is not None and (rate >= bound if is_least else rate <= bound)

        return within

    return filter_of


def _age(*, is_least: bool) -> FilterOf:
    def filter_of(name: str, value: str, listing: Listing) -> Filter:
        bound = listing.at - days(name, value)

        def within(entry: Entry) -> bool:
            created = entry.model.created_at
            return created is not None and (created <= bound if is_least else created >= bound)

        return within

    return filter_of


def _score(score: str, *, is_least: bool) -> FilterOf:
    def filter_of(name: str, value: str, listing: Listing) -> Filter:
        bound = number(name, value)
        demand_scores(name, score, listing)

        def within(entry: Entry) -> bool:
            found = entry.scores.get(score)
            return found is not None and (found >= bound if is_least else found <= bound)

        return within

    return filter_of


def demand_scores(name: str, score: str, listing: Listing) -> None:
    """Raise RefusedError when nothing is known of a benchmark."""
    if not any(score in entry.scores for entry in listing.entries):
        raise RefusedError(name, f"no model of this catalog carries a score for {score}")


FILTERS: Mapping[str, FilterOf] = MappingProxyType(
    {
        "category": _category,
        "output_modalities": _outputs,
        "input_modalities": _inputs,
        "supported_parameters": _parameters,
        "model_authors": _authors,
        "q": _text,
        "arch": _tokenizer,
        "context": _context,
        "min_price": _price(lambda entry: entry.prompt, is_least=True),
        "max_price": _price(lambda entry: entry.prompt, is_least=False),
        "min_output_price": _price(lambda entry: entry.completion, is_least=True),
        "max_output_price": _price(lambda entry: entry.completion, is_least=False),
        "min_age_days": _age(is_least=True),
        "max_age_days": _age(is_least=False),
        **{f"min_{name}_index": _score(name, is_least=True) for name in INDICES},
        **{f"max_{name}_index": _score(name, is_least=False) for name in INDICES},
    }
)
