"""Where in a model's texts the words of a query stand, for people to see why it was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from app.catalog.labels import Label, Labels
from app.catalog.postings import goes_on
from app.catalog.terms import Terms
from app.catalog.words import joins_of, words_of

Range = tuple[int, int]
SHOWN = ("id", "name", "author")
# What is remembered of questions of one word; some 300 bytes each.
MAX_REMEMBERED = 8_192


class Shown:
    """Which fields of a model matched, and where in them; `json` is kept here by whoever writes it as JSON."""

    __slots__ = ("fields", "highlights", "json")

    def __init__(self, fields: tuple[str, ...], highlights: Mapping[str, tuple[Range, ...]]) -> None:
        self.fields = fields
        self.highlights = highlights
        self.json: bytes | None = None


class Highlighter:
    """Shows where words stand in models, and remembers it for single words: they come again with other filters."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._texts: dict[int, _Texts] = {}
        self._remembered: dict[str, dict[int, Shown]] = {}
        self._room = MAX_REMEMBERED

    def shown(self, places: Iterable[int], terms: Terms) -> list[Shown]:
        """Return where the words of a query stand in the models at some places."""
        if len(terms) > 1:
            return [self._find(place, terms) for place in places]
        known = self._remembered.get(terms[0].text)
        if known is None:
            known = self._remembered[terms[0].text] = {}
            self._room -= 1
        shown = [known.get(place) or self._keep(known, place, self._find(place, terms)) for place in places]
        if self._room < 0:
            self._remembered.clear()
            self._room = MAX_REMEMBERED
        return shown

    def _keep(self, known: dict[int, Shown], place: int, shown: Shown) -> Shown:
        known[place] = shown
        self._room -= 1
        return shown

    def _find(self, place: int, terms: Terms) -> Shown:
        found = _highlights(self._texts_at(place), terms.shown)
        return Shown((*found, "description") if terms.described >> place & 1 else tuple(found), found)

    def _texts_at(self, place: int) -> _Texts:
        """Return a model's texts as words; read once, when the model is first found."""
        known = self._texts.get(place)
        if known is None:
            known = self._texts[place] = _texts_of(self._labels[place])
        return known


class _Standing(NamedTuple):
    """Where a word stands: in which text, and from where to where; `is_plain` if it is written as it is compared."""

    field: int
    text: str
    start: int
    end: int
    is_plain: bool


class _Texts(NamedTuple):
    """The words of a model's texts, to show where a query's words stand.

    `spaced` holds them with a blank before each, `standing` says which word is behind which blank: what begins with
    a word of a query is found without a look at the others. `known` and `joined` are for the rarer ways to match.
    """

    spaced: str
    standing: dict[int, _Standing]
    known: frozenset[str]
    joined: tuple[str, ...]


def _texts_of(label: Label) -> _Texts:
    """Return the words of what is shown of a model."""
    fields = [words_of(text) for text in (label.id, label.name, label.author)]
    spaced = ""
    standing: dict[int, _Standing] = {}
    for field, words in enumerate(fields):
        for text, start, end in words:
            standing[len(spaced)] = _Standing(field, text, start, end, len(text) == end - start)
            spaced += f" {text}"
    known = frozenset(word.text for word in standing.values())
    return _Texts(spaced, standing, known, tuple("".join(word.text for word in words) for words in fields))


def _highlights(texts: _Texts, words: Sequence[tuple[str, AbstractSet[str]]]) -> dict[str, tuple[Range, ...]]:
    """Return where the words of a query stand, by field; of a word that only begins or ends alike, the part alike.

    Each word comes with the known words that it stands for besides those that it begins.
    """
    ranges: dict[int, list[Range]] = {}
    for text, others in words:
        seen = 0
        mark = f" {text}"
        at = texts.spaced.find(mark)
        while at >= 0:
            field, word, start, end, is_plain = texts.standing[at]
            if word == text or goes_on(word, text):
                seen |= 1 << field
                ranges.setdefault(field, []).append((start, start + len(text) if is_plain else end))
            at = texts.spaced.find(mark, at + 1)
        if others and not others.isdisjoint(texts.known):
            for other in texts.standing.values():
                if other.text in others:
                    seen |= 1 << other.field
                    ranges.setdefault(other.field, []).append(_alike(other, text))
        for field, joined in enumerate(texts.joined):
            if text in joined and not seen >> field & 1:
                ranges.setdefault(field, []).extend(_joined(texts, field, text))
    return {name: tuple(sorted(set(ranges[field]))) for field, name in enumerate(SHOWN) if ranges.get(field)}


def _alike(word: _Standing, text: str) -> Range:
    """Return where a word stands, or the part of it that begins or ends as a text."""
    if word.is_plain and word.text.startswith(text):
        return word.start, word.start + len(text)
    if word.is_plain and word.text.endswith(text):
        return word.end - len(text), word.end
    return word.start, word.end


def _joined(texts: _Texts, field: int, text: str) -> list[Range]:
    """Return where neighbouring words are a text if they are written as one."""
    words = [word for word in texts.standing.values() if word.field == field]
    return [
        (words[first].start, words[first + count - 1].end)
        for joined, first, count in joins_of([word.text for word in words])
        if joined == text
    ]
