"""What a model is called: the words of its slug and name, and which other models go by nearly the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from types import MappingProxyType

from app.catalog.identity import base_of, slug_of
from app.catalog.model import Model
from app.catalog.words import JOINED_WORDS, texts_of

MAX_DESCRIPTION_WORDS = 60
MIN_DESCRIPTION_LETTERS = 3
MIN_PART_LETTERS = 3
# A longer text before a colon is the beginning of a sentence.
MAX_AUTHOR_CHARS = 40
RELEASED_TOGETHER = timedelta(days=7)
# 2507, 20260420, and the 07-18 of 2024-07-18.
_STAMP = re.compile(r"\d{3,}|\d{2}\.\d{2}")


def called(model: Model) -> tuple[str, ...]:
    """Return what a model is called: its slug, and its name without the author that upstream puts before it."""
    before, colon, after = model.name.partition(": ")
    return (slug_of(model.id), after if colon else before)


def telling_words(model: Model, read: Callable[[str], Iterable[str]] = texts_of) -> int:
    """Return by how many words a base is called; a date or a build number does not make it another model.

    `read` gives the words of a text.
    """
    words = {*read(slug_of(base_of(model.id))), *read(model.name.rpartition(": ")[2])}
    if model.variant:
        words.discard(model.variant)
    return sum(_STAMP.fullmatch(word) is None for word in words)


def author_in_name(model: Model) -> str:
    """Return the author that upstream puts before a name; empty when there is none."""
    before, colon, _ = model.name.partition(": ")
    return before if colon else ""


def names_of_authors(models: Iterable[Model], curated: Mapping[str, str]) -> Mapping[str, str]:
    """Return how providers and authors are called: as curated, or as upstream calls the author of its newest model.

    Upstream writes `SpaceXAI: Grok 4.6` for the author `x-ai`. An author that nobody names is absent.
    """
    newest: dict[str, tuple[float, str]] = {}
    for model in models:
        name = author_in_name(model)
        if name and len(name) <= MAX_AUTHOR_CHARS:
            at = model.created_at.timestamp() if model.created_at else 0.0
            newest[model.author] = max(newest.get(model.author, (0.0, "")), (at, name))
    return MappingProxyType({**{author: name for author, (_, name) in newest.items()}, **curated})


def with_joins(texts: Iterable[Sequence[str]]) -> set[str]:
    """Return the words of several texts, and their neighbours joined."""
    found: set[str] = set()
    for words in texts:
        found.update(words)
        for count in range(2, JOINED_WORDS + 1):
            found.update(["".join(words[first : first + count]) for first in range(len(words) - count + 1)])
    return found


def description_words(description: str) -> set[str]:
    """Return the first words of a description, but for short ones and numbers."""
    words = [word for word in texts_of(description) if len(word) >= MIN_DESCRIPTION_LETTERS and word.isalpha()]
    return set(words[:MAX_DESCRIPTION_WORDS])


def key_of(words: Iterable[str]) -> str:
    """Return the words in a settled order, each once, so that two texts with the same words are the same."""
    return " ".join(sorted(set(words)))


def compounds_of(words: AbstractSet[str]) -> dict[str, list[str]]:
    """Return the parts of words that are glued from two others, each with the words that it is a part of."""
    found: dict[str, list[str]] = {}
    for word in sorted(words):
        for at in range(MIN_PART_LETTERS, len(word) - MIN_PART_LETTERS + 1):
            parts = word[:at], word[at:]
            if word.isalpha() and all(part in words for part in parts):
                for part in set(parts):
                    found.setdefault(part, []).append(word)
    return found


def plainer_siblings(models: Sequence[Model]) -> dict[int, int]:
    """Return, for `x-fast`, the place of `x`: released with it, and neither of them ranked by hand."""
    places = {model.id: place for place, model in enumerate(models)}
    found: dict[int, int] = {}
    for place, model in enumerate(models):
        longer = model.id
        while "-" in (shorter := longer.rpartition("-")[0]) and longer[len(shorter) + 1 :].isalpha():
            longer = shorter
            other = places.get(shorter)
            if other is not None:
                if model.rank is None and models[other].rank is None and _released_together(model, models[other]):
                    found[place] = other
                break
    return found


def _released_together(one: Model, other: Model) -> bool:
    dates = (one.created_at, other.created_at)
    return dates[0] is not None and dates[1] is not None and abs(dates[0] - dates[1]) <= RELEASED_TOGETHER
