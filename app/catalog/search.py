"""Ranked search over names and ids: the first hit is the model that was meant.

Ranking, strongest first; what is equal in one respect is decided by the next:

1. The words are exactly an id, a slug or a name, or else an alias, in any order of words.
2. How many words matched at all, by name, id or author; models that miss a word are only shown when none has all, and
   then those of the name that was asked for, whatever their version.
3. How many matched there whole; then how many more matched the author whole; the name or id as a prefix; the
   author as a prefix, a synonym, an alias, or a part of a glued word; with a typo, or glued and unfinished; and
   last in the description. A version matches whole or, if it goes on behind a point or a letter, as a prefix:
   asked for `gpt 5`, GPT-5 comes before GPT-5.6, and 4.5 not at all. What is called by exactly the words that were
   meant, typing errors mended, comes before what is called by more.
4. A base before its variants, unless the variant was asked for.
5. With two words and more, the model that goes by the fewest others; dates and build numbers don't count.
6. The catalog's own order: curated rank, newest, id. Of models released together, `x` comes before `x-fast`. So no
   tie is left.

Every respect is a partition of a bit mask, so the cost hardly grows with the number of models.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import lru_cache, reduce
from itertools import chain
from operator import or_
from typing import NamedTuple

from app.catalog.highlights import Highlighter, Range, Shown
from app.catalog.identity import slug_of
from app.catalog.labels import Labels
from app.catalog.matching import of_one_word, of_words
from app.catalog.model import Model
from app.catalog.naming import (
    author_in_name,
    called,
    description_words,
    key_of,
    plainer_siblings,
    telling_words,
    with_joins,
)
from app.catalog.postings import Postings, mask_of, places_in
from app.catalog.ranking import Step, partition
from app.catalog.remembered import Remembered
from app.catalog.terms import MAX_QUERY_CHARS, MAX_QUERY_WORDS, Terms
from app.catalog.vocabulary import Vocabulary
from app.catalog.words import texts_of

# Queries whose words are remembered, and the most that their masks may take together.
MAX_REMEMBERED = 1_024
MAX_REMEMBERED_MASK_BYTES = 8 * 1024**2
SUGGESTIONS = 5
MAX_NAME_WORDS = 10
# Texts whose words are kept while the index is built.
MAX_READ = 2_048
MAX_INEXACT_SCORE = 0.99


class Hit(NamedTuple):
    """One model found: its place, how well it fits (1 is exact, and half of the words is half), and what to show."""

    place: int
    score: float
    shown: Shown

    @property
    def fields(self) -> tuple[str, ...]:
        """Which fields matched."""
        return self.shown.fields

    @property
    def highlights(self) -> Mapping[str, tuple[Range, ...]]:
        """Where in the fields the words stand."""
        return self.shown.highlights


class Found(NamedTuple):
    """The places found, best first, with their scores; `total` counts them before any limit."""

    places: tuple[int, ...]
    scores: tuple[float, ...]
    mask: int
    terms: Terms

    @property
    def total(self) -> int:
        """How many models were found."""
        return self.mask.bit_count()


# Each word has six masks of a bit per model.
_MASK_BYTES_PER_MODEL = MAX_QUERY_WORDS * 6 // 8


class SearchIndex:
    """What queries are matched against; built once per snapshot, immutable."""

    def __init__(self, models: Sequence[Model], labels: Labels | None = None) -> None:
        self._labels = labels = labels or Labels(models)
        self._highlighter = Highlighter(labels)
        size = len(models)
        most = min(MAX_REMEMBERED, MAX_REMEMBERED_MASK_BYTES // (_MASK_BYTES_PER_MODEL * size + 1))
        self._remembered: Remembered[str, Terms] = Remembered(most)
        self._nearest: Remembered[tuple[str, int, int], tuple[str, ...]] = Remembered(most)
        names: dict[str, list[int]] = {}
        authors: dict[str, list[int]] = {}
        aliases: dict[str, list[int]] = {}
        descriptions: dict[str, list[int]] = {}
        exact: dict[str, list[int]] = {}
        exact_aliases: dict[str, list[int]] = {}
        own: set[str] = set()
        lengths: list[list[int]] = [[] for _ in range(MAX_NAME_WORDS + 1)]
        # Makers, variants and whole descriptions come again, most of them in one of the next models.
        read = lru_cache(MAX_READ)(texts_of)
        described = lru_cache(MAX_READ)(description_words)
        written_by = lru_cache(MAX_READ)(lambda *authors: with_joins(map(read, authors)))
        for place, model in enumerate(models):
            author = author_in_name(model)
            slug, name = spelled = [read(text) for text in called(model)]
            aliased = [read(slug_of(alias) or alias) for alias in model.aliases]
            for word in with_joins(spelled):
                names.setdefault(word, []).append(place)
            own.update(slug, name)
            for word in written_by(model.author, author):
                authors.setdefault(word, []).append(place)
            for word in with_joins(aliased):
                aliases.setdefault(word, []).append(place)
            for word in described(model.description or ""):
                descriptions.setdefault(word, []).append(place)
            # As if they were read whole: a word never reaches over a slash, nor over a colon and a blank.
            whole_id, whole_name = read(model.id.partition("/")[0]) + slug, read(author) + name
            for key in {key_of(words) for words in (slug, name, whole_id, whole_name) if words}:
                exact.setdefault(key, []).append(place)
            for key in {key_of(words) for words in aliased if words}:
                exact_aliases.setdefault(key, []).append(place)
            lengths[min(telling_words(model, read), MAX_NAME_WORDS)].append(place)
        self._vocabulary = Vocabulary(names, authors, aliases, descriptions, own, size)
        self._exact = Postings({**exact_aliases, **exact}, size)
        self._steps_by_length = [
            (MAX_NAME_WORDS - length, mask_of(places, size)) for length, places in enumerate(lengths) if places
        ]
        self._variants = _masks_by_variant(models)
        self._step_without_variants: Step = [(1, ~reduce(or_, self._variants.values(), 0))]
        self._plainer = plainer_siblings(models)
        self._have_plainer = mask_of(self._plainer, size)

    def find(self, query: str, among: int, limit: int | None = None) -> Found:
        """Return the best models among a set (a bit mask) for the words of a query."""
        return self.find_terms(self.terms_of(query), among, limit)

    def terms_of(self, query: str) -> Terms:
        """Return the words of a query with what they match; without fillers, unless a model is called all of it.

        The latest queries are remembered: they come again with other filters, facets and pages.
        """
        query = query[:MAX_QUERY_CHARS]
        known = self._remembered.get(query)
        return self._remembered.keep(query, self.look_up(query)) if known is None else known

    def look_up(self, query: str) -> Terms:
        """Return the words of a query with what they match, without remembering them."""
        return self._vocabulary.terms_of(query)

    def called(self, text: str) -> int:
        """Return the models that go by all words of a text, whole; none for a text without words."""
        return self._vocabulary.called(text)

    def says_nothing(self, text: str) -> bool:
        """Return whether what is left of a query beside its filters asks for nothing more, as in `with vision`."""
        return self._vocabulary.says_nothing(text)

    def find_terms(self, terms: Terms, among: int, limit: int | None = None) -> Found:
        """Return the best models among a set for words that were looked up already."""
        if not terms:
            return Found((), (), 0, terms)
        found, steps, share = of_one_word(terms, among) if len(terms) == 1 else of_words(terms, among)
        if not found:
            return Found((), (), 0, terms)
        ties = [self._step_by_variant(terms)]
        if len(terms) > 1:
            ties.append(self._steps_by_length)
        if terms.meant_key != terms.key:
            steps.append([(1, self._exact.of(terms.meant_key))])
        exact = self.exactly_named(terms, found)
        ranked = [(1.0, mask) for _, mask in partition(exact, ties)]
        best = MAX_INEXACT_SCORE * share
        rest = ((best * score, mask) for score, mask in partition(found & ~exact, steps + ties))
        places: list[int] = []
        scores: list[float] = []
        for score, mask in chain(ranked, rest):
            left = None if limit is None else limit - len(places)
            if left is not None and left <= 0:
                break
            some = places_in(mask, left) if len(terms) > 1 else self._plain_first(mask, left)
            places += some
            scores += [score] * len(some)
        return Found(tuple(places), tuple(scores), found, terms)

    def _plain_first(self, mask: int, limit: int | None) -> list[int]:
        """Return the places of a set in order, but `x` right before `x-fast`."""
        if not mask & self._have_plainer:
            return places_in(mask, limit)
        found: dict[int, None] = {}
        for place in places_in(mask, limit):
            chain_up = [place]
            while (plainer := self._plainer.get(chain_up[-1])) is not None and mask >> plainer & 1:
                chain_up.append(plainer)
            found.update(dict.fromkeys(reversed(chain_up)))
        return list(found)[:limit]

    def exactly_named(self, terms: Terms, among: int) -> int:
        """Return the models that are called by these words and no others."""
        return among & self._exact.of(terms.key)

    def hits(self, places: Sequence[int], scores: Mapping[int, float], terms: Terms) -> dict[int, Hit]:
        """Return where in the texts of some models the words of a query stand, by the models' places."""
        shown = self._highlighter.shown(places, terms)
        return {place: Hit(place, scores[place], what) for place, what in zip(places, shown, strict=True)}

    def read_ahead(self) -> Generator[int, None, None]:
        """Prepare what `hits` needs of one more model with each step, and return its place; nothing is done twice."""
        return self._highlighter.read_ahead()

    def nearest(self, text: str, among: int, limit: int = SUGGESTIONS) -> tuple[str, ...]:
        """Return the ids that come nearest to a text which means no model; none when nothing is near."""
        asked = (text[:MAX_QUERY_CHARS], among, limit)
        known = self._nearest.get(asked)
        return self._nearest.keep(asked, self._find_nearest(*asked)) if known is None else known

    def _find_nearest(self, text: str, among: int, limit: int) -> tuple[str, ...]:
        found = self.find(text, among, limit)
        if not found.places:
            found = self.find_terms(self._vocabulary.stems_of(text), among, limit)
        return tuple(self._labels.id_at(place) for place in found.places)

    def _step_by_variant(self, terms: Terms) -> Step:
        """Return what puts bases and asked-for variants before the other variants."""
        if terms.texts.isdisjoint(self._variants):
            return self._step_without_variants
        others = reduce(or_, (mask for variant, mask in self._variants.items() if variant not in terms.texts), 0)
        return [(1, ~others)]


def _masks_by_variant(models: Sequence[Model]) -> dict[str, int]:
    places: dict[str, list[int]] = {}
    for place, model in enumerate(models):
        if model.variant:
            places.setdefault(model.variant, []).append(place)
    return {variant: mask_of(found, len(models)) for variant, found in places.items()}
