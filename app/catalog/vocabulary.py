"""What each word of a query may stand for: names and ids, authors, aliases, synonyms, descriptions; whole, as a prefix,
glued, split, or mistyped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import reduce
from operator import and_

from app.catalog.naming import compounds_of
from app.catalog.postings import Postings
from app.catalog.synonyms import SYNONYMS
from app.catalog.terms import MAX_QUERY_CHARS, MAX_QUERY_WORDS, Term, Terms
from app.catalog.typos import Typos
from app.catalog.words import JOINED_WORDS, texts_of, words_of

MAX_TYPOS = 4
MIN_STEM_LETTERS = 3
FILLERS = frozenset(
    (
        *("a", "all", "an", "and", "any", "are", "at", "best", "but", "by", "can", "find", "for", "from", "get"),
        *("give", "good", "has", "have", "having", "i", "in", "is", "list", "llm", "llms", "me", "model"),
        *("models", "need", "of", "on", "only", "or", "please", "show", "some", "support", "supporting"),
        *("supports", "that", "the", "to", "top", "version", "versions", "want", "what", "which", "with"),
    )
)
# Beside an amount, these say what it is an amount of, and `or less` that it is one at most.
_MEASURES = frozenset(
    (
        *("completion", "completions", "context", "cost", "costing", "costs", "input", "inputs", "length", "less"),
        *("output", "outputs", "price", "priced", "prices", "pricing", "prompt", "prompts", "size", "token", "tokens"),
        "window",
    )
)
_TWO_NUMBERS = re.compile(r"\d{1,2}\.\d{1,2}")
PlacesByWord = dict[str, list[int]]


class Vocabulary:
    """Every word that models are called or described by, with the models; built once per snapshot, immutable."""

    def __init__(
        self,
        names: PlacesByWord,
        authors: PlacesByWord,
        aliases: PlacesByWord,
        descriptions: PlacesByWord,
        own: AbstractSet[str],
        size: int,
    ) -> None:
        """Take the places of the models by word, to keep, and the words of `names` that stand there by themselves."""
        self._compounds = compounds_of(own)
        for part, compounds in self._compounds.items():
            there = aliases.setdefault(part, [])
            there += sorted({place for compound in compounds for place in names[compound]}.difference(there))
        self._names = Postings(names, size, joined=frozenset(names.keys() - own), is_completed=True)
        self._authors = Postings(authors, size, is_completed=True)
        self._aliases = Postings(aliases, size)
        self._descriptions = Postings(descriptions, size)
        self._typos = Typos({*names, *authors, *aliases})

    def terms_of(self, query: str) -> Terms:
        """Return the words of a query with what they match; without fillers, unless a model is called all of it."""
        words = [word.text for word in words_of(query)][:MAX_QUERY_WORDS]
        words = list(dict.fromkeys(self._segmented(words)))
        telling = [word for word in words if word not in FILLERS]
        if not telling or (len(telling) < len(words) and self._called(words)):
            telling = words
        # Whoever mistypes more words than this is not corrected but heard: each costs some hundred look-ups.
        unknown = [word for word in telling if not self._is_known(word)][:MAX_TYPOS]
        return Terms(self._term(word, may_be_typo=word in unknown) for word in telling)

    def says_nothing(self, text: str) -> bool:
        """Return whether what is left of a query beside its filters asks for nothing more, as in `with vision`."""
        words = texts_of(text)
        return bool(words) and all(word in FILLERS or (word in _MEASURES and word not in self._names) for word in words)

    def stems_of(self, text: str) -> Terms:
        """Return the words that a text begins with: `claudexyz` goes on too long, and still begins with one."""
        words = [self._stem(word.text) for word in words_of(text[:MAX_QUERY_CHARS])][:MAX_QUERY_WORDS]
        return Terms(self._term(word) for word in words if word)

    def _stem(self, word: str) -> str:
        for end in range(len(word), MIN_STEM_LETTERS - 1, -1):
            if word[:end] in self._names or word[:end] in self._authors or self._names.has_prefix(word[:end]):
                return word[:end]
        return ""

    def called(self, text: str) -> int:
        """Return the models that go by all words of a text, whole; none for a text without words."""
        return self._called([word.text for word in words_of(text)][:MAX_QUERY_WORDS])

    def _called(self, words: Sequence[str]) -> int:
        named = [self._names.of(word) | self._authors.of(word) for word in words]
        return reduce(and_, named) if named else 0

    def _is_known(self, word: str) -> bool:
        return word in self._names or word in self._authors or word in self._aliases

    def _segmented(self, words: list[str]) -> list[str]:
        """Return the words, joined where only the joined word is known (`deep seek`), or a known version (`4 5`)."""
        segmented: list[str] = []
        at = 0
        while at < len(words):
            version = ".".join(words[at : at + 2])
            if _TWO_NUMBERS.fullmatch(version) and version in self._names:
                segmented.append(version)
                at += 2
                continue
            for count in range(JOINED_WORDS, 1, -1):
                parts = words[at : at + count]
                joined = "".join(parts)
                if len(parts) == count and self._is_known(joined) and not all(map(self._is_known, parts)):
                    segmented.append(joined)
                    at += count
                    break
            else:
                segmented.append(words[at])
                at += 1
        return segmented

    def _term(self, word: str, *, may_be_typo: bool = True) -> Term:
        synonyms = [other for other in _synonyms_of(word) if self._is_known(other)]
        mask = self._names.of(word)
        kinds = [mask]
        kinds.append(mask := mask | self._authors.of(word))
        kinds.append(mask := mask | self._names.going_on(word))
        mask |= self._authors.going_on(word) | self._authors.of_any(synonyms)
        mask |= self._names.of_any(synonyms) | self._aliases.of(word)
        kinds.append(mask)
        near = [] if mask else self._names.joined_with_prefix(word)
        mended = self._nearest_words(word) if may_be_typo and not mask else []
        near = [*mended, *near]
        mask |= self._names.of_any(near) | self._authors.of_any(near) | self._aliases.of_any(near)
        kinds.append(mask)
        kinds.append(mask | self._descriptions.of(word))
        compounds = self._compounds.get(word, ())
        meant = mended[0] if len(mended) == 1 else word
        return Term(word, tuple(kinds), frozenset((*synonyms, *near, *compounds)), meant)

    def _nearest_words(self, word: str) -> list[str]:
        """Return the known words at the least distance that a typo may have."""
        near = self._typos.near(word)
        return [known for known, edits in near if edits == near[0][1]]


def _synonyms_of(word: str) -> tuple[str, ...]:
    """Return what else a word may mean: by the table, or, of two digits, the version without its point."""
    if len(word) == 2 and word.isdigit():
        return (f"{word[0]}.{word[1]}",)
    return SYNONYMS.get(word, ())
