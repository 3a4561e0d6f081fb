"""The words of a query with the models that match them, as the ranking compares them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from itertools import groupby
from operator import and_
from typing import NamedTuple, Self

from app.catalog.naming import key_of

MAX_QUERY_CHARS = 256
MAX_QUERY_WORDS = 12
# The cost grows with the square of the words; no real question has more, and an exact name is compared whole.
MAX_SCORED_WORDS = 8
NAME_WHOLE, AUTHOR_WHOLE, NAME_PREFIX, AUTHOR_PREFIX, TYPO, DESCRIPTION = range(6)
"""How a word may match a model, strongest first."""


class Term(NamedTuple):
    """One word of a query with the models that match it, strongest kind of match first, each kind including the last.

    `others` are the known words that it stands for besides those that it begins, to show where it matched. `meant` is
    the word itself, or the only one that it may be mistyped for.
    """

    text: str
    kinds: tuple[int, ...]
    others: frozenset[str]
    meant: str


class Terms(tuple[Term, ...]):
    """The words of a query, with what follows from them alone worked out once: they come again with other filters.

    `levels` are, for each kind of match, the models of each word that counts; `telling_levels` leave out kinds that add
    no model to the one before, as they set none apart. `texts` are the words, `key` stands for them in any order.
    """

    levels: list[list[int]]
    telling_levels: list[list[int]]
    texts: frozenset[str]
    key: str
    meant_key: str

    def __new__(cls, given: Iterable[Term] = ()) -> Self:
        """Take the words in the order of the query."""
        terms = super().__new__(cls, given)
        kinds = [term.kinds for term in terms[:MAX_SCORED_WORDS]]
        terms.levels = levels = [list(level) for level in zip(*kinds, strict=True)]
        terms.telling_levels = [level for level, _ in groupby(levels[:TYPO]) if level != levels[TYPO]]
        terms.texts = frozenset([term.text for term in terms])
        terms.key = key_of(terms.texts)
        terms.meant_key = key_of([term.meant for term in terms])
        return terms

    def all_named(self, among: int) -> int:
        """Return the models of a set that are called by all words, whole."""
        return reduce(and_, (term.kinds[AUTHOR_WHOLE] for term in self), among)

    def all_matched(self, among: int) -> int:
        """Return the models of a set that all words match which are ranked by, in any way but by description."""
        return reduce(and_, self.levels[TYPO], among)

    def all_found(self, among: int) -> int:
        """Return the models of a set that all words match, by name where there are such, else by description, too."""
        return self.all_matched(among) or reduce(and_, self.levels[DESCRIPTION], among)
