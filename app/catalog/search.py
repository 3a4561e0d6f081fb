"""Ranked search over names and ids.

Ranking, strongest first: the exact id, alias or name; all words matched whole; all words matched as prefixes;
all words matched as substrings. Within a rank: base before variant, then the catalog's default order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.catalog.identity import slug_of
from app.catalog.model import Model

_WORD = re.compile(r"[a-z]+|\d+")
MAX_QUERY_CHARS = 256
MAX_QUERY_WORDS = 32
SUGGESTIONS = 5
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Hit:
    """One model found: its place, how well it fits (1 is exact), which fields matched, and where in the text."""

    place: int
    score: float
    fields: tuple[str, ...]
    highlights: Mapping[str, tuple[Range, ...]]


@dataclass(frozen=True, slots=True)
class _Entry:
    place: int
    exact: frozenset[str]
    words: frozenset[str]
    haystack: str
    texts: tuple[tuple[str, str], ...]
    is_variant: bool


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """What a query is matched against; immutable."""

    entries: tuple[_Entry, ...]
    trigrams: Mapping[str, tuple[int, ...]]
    ids: tuple[str, ...]

    @classmethod
    def build(cls, models: Iterable[Model]) -> SearchIndex:
        """Read the models once."""
        entries: list[_Entry] = []
        postings: dict[str, list[int]] = {}
        ids: list[str] = []
        for place, model in enumerate(models):
            texts = (("id", model.id), ("name", model.name), ("author", model.author))
            entries.append(
                _Entry(
                    place=place,
                    exact=frozenset(map(_folded, _whole_names(model))),
                    words=frozenset(word for _, text in texts for word in words_of(text)),
                    haystack=" ".join(_folded(text) for _, text in texts),
                    texts=texts,
                    is_variant=model.variant is not None,
                )
            )
            ids.append(model.id)
            for trigram in _trigrams(model.id):
                postings.setdefault(trigram, []).append(place)
        frozen = MappingProxyType({trigram: tuple(places) for trigram, places in postings.items()})
        return cls(tuple(entries), frozen, tuple(ids))

    def find(self, query: str, among: int) -> list[Hit]:
        """Return the hits among a set of models (a bit mask), best first."""
        words = words_of(query)[:MAX_QUERY_WORDS]
        folded = _folded(query)
        hits = [
            (rank, entry)
            for entry in self.entries
            if among >> entry.place & 1 and (rank := _rank(entry, folded, words)) is not None
        ]
        hits.sort(key=lambda hit: (hit[0], hit[1].is_variant, hit[1].place))
        return [_hit(entry, rank, words) for rank, entry in hits]

    def nearest(self, text: str, among: int, limit: int = SUGGESTIONS) -> tuple[str, ...]:
        """Return the ids that share the most letter triples with a text; none when nothing is close."""
        wanted = _trigrams(text)
        if not wanted:
            return ()
        counts: dict[int, int] = {}
        for trigram in wanted:
            for place in self.trigrams.get(trigram, ()):
                counts[place] = counts.get(place, 0) + 1
        scored = [
            (-count / (len(wanted) + len(_trigrams(self.ids[place])) - count), place)
            for place, count in counts.items()
            if among >> place & 1 and 3 * count >= len(wanted)
        ]
        return tuple(self.ids[place] for _, place in sorted(scored)[:limit])


def _whole_names(model: Model) -> tuple[str, ...]:
    """Return what people type when they mean exactly this model; upstream puts the author before the name."""
    return (model.id, slug_of(model.id), model.name, model.name.partition(": ")[2], *model.aliases)


def words_of(text: str) -> list[str]:
    """Return the words of a text: runs of letters and runs of digits, in lower case."""
    return _WORD.findall(text.lower())


def _folded(text: str) -> str:
    return " ".join(words_of(text))


def _rank(entry: _Entry, folded: str, words: list[str]) -> int | None:
    if not words:
        return None
    if folded in entry.exact:
        return 0
    if all(word in entry.words for word in words):
        return 1
    if all(any(known.startswith(word) for known in entry.words) for word in words):
        return 2
    if all(word in entry.haystack for word in words):
        return 3
    return None


_SCORES = (1.0, 0.75, 0.5, 0.25)


def _hit(entry: _Entry, rank: int, words: list[str]) -> Hit:
    highlights: dict[str, tuple[Range, ...]] = {}
    for field, text in entry.texts:
        lowered = text.lower()
        ranges = {(at, at + len(word)) for word in words if (at := lowered.find(word)) >= 0}
        if ranges:
            highlights[field] = tuple(sorted(ranges))
    return Hit(entry.place, _SCORES[rank], tuple(highlights), MappingProxyType(highlights))


def _trigrams(text: str) -> frozenset[str]:
    squashed = "".join(words_of(text))
    return frozenset(squashed[at : at + 3] for at in range(len(squashed) - 2))
