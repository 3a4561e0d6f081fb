"""Where in a model's texts the words of a query stand, for people to see why it was found."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from app.catalog.labels import Label, Labels
from app.catalog.postings import goes_on
from app.catalog.terms import DESCRIPTION, TYPO, Term, Terms
from app.catalog.words import joins_of, words_of

Range = tuple[int, int]
SHOWN = ("id", "name", "author")
# Models in which a word was looked for; some 300 bytes each where it stands in one.
MAX_REMEMBERED = 8_192


class Shown:
    """Which fields of a model matched, and where in them; `json` is kept here by whoever writes it as JSON."""

    __slots__ = ("fields", "highlights", "json")

    def __init__(self, fields: tuple[str, ...], highlights: Mapping[str, tuple[Range, ...]]) -> None:
        self.fields = fields
        self.highlights = highlights
        self.json: bytes | None = None


_NOWHERE = Shown((), {})


class Highlighter:
    """Shows where words stand in models, and remembers it word by word: they come again beside others."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._texts: dict[int, _Texts] = {}
        # A word may be taken for a typing error in one query and not in another.
        self._remembered: dict[tuple[str, frozenset[str]], dict[int, Shown]] = {}
        self._room = MAX_REMEMBERED

    def shown(self, places: Sequence[int], terms: Terms) -> list[Shown]:
        """Return where the words of a query stand in the models at some places."""
        if len(terms) == 1:
            return self._of_word(places, terms[0])
        return list(map(_together, *[self._of_word(places, term) for term in terms]))

    def _of_word(self, places: Sequence[int], term: Term) -> list[Shown]:
        word = term.text, term.others
        known = self._remembered.get(word)
        if known is None:
            known = self._remembered[word] = {}
            self._room -= 1
        shown = [known.get(place) or self._keep(known, place, self._find(place, term)) for place in places]
        if self._room < 0:
            self._remembered.clear()
            self._room = MAX_REMEMBERED
        return shown

    def read_ahead(self) -> Generator[int, None, None]:
        """Read the texts of one more model with each step, some 20 microseconds, and return its place."""
        for place in range(len(self._labels)):
            if place not in self._texts:
                self._texts_at(place)
                yield place

    def _keep(self, known: dict[int, Shown], place: int, shown: Shown) -> Shown:
        known[place] = shown
        self._room -= 1
        return shown

    def _find(self, place: int, term: Term) -> Shown:
        found = _highlights(self._texts_at(place), term)
        if term.kinds[DESCRIPTION] >> place & 1 and not term.kinds[TYPO] >> place & 1:
            return Shown((*found, "description"), found)
        return Shown(tuple(found), found) if found else _NOWHERE

    def _texts_at(self, place: int) -> _Texts:
        """Return a model's texts as words; read once, when the model is first found."""
        known = self._texts.get(place)
        if known is None:
            known = self._texts[place] = _texts_of(self._labels[place])
        return known


class _Standing(NamedTuple):
    """Where a word stands: in which text, and from where to where; `is_plain` if it is written as it is compared."""

    field: int
    start: int
    end: int
    is_plain: bool


class _Texts(NamedTuple):
    """The words of a model's texts, to show where a query's words stand; some 600 bytes each.

    `spaced` holds them with a blank before each and one behind the last, `standing` says where the word behind each
    blank stands: what begins with a word of a query is found without a look at the others. `joined` is each text with
    its words written as one, for a rarer way to match.
    """

    spaced: str
    standing: array[int]
    joined: tuple[str, ...]

    def at(self, number: int) -> _Standing:
        """Return where a word stands, counted from the first."""
        packed = self.standing[number]
        return _Standing(packed & 3, packed >> 36, packed >> 4 & 0xFFFFFFFF, bool(packed & 4))


def _texts_of(label: Label) -> _Texts:
    """Return the words of what is shown of a model."""
    known: list[str] = []
    standing = array("Q")
    joined: list[str] = []
    for field, shown in enumerate((label.id, label.name, label.author)):
        first = len(known)
        for text, start, end in words_of(shown):
            known.append(text)
            standing.append(start << 36 | end << 4 | (len(text) == end - start) << 2 | field)
        joined.append("".join(known[first:]))
    return _Texts(f" {' '.join(known)} ", standing, tuple(joined))


def _together(*of_words: Shown) -> Shown:
    """Return where all words of a query stand in a model, from where each of them does."""
    telling = [shown for shown in of_words if shown is not _NOWHERE]
    if len(telling) <= 1:
        return telling[0] if telling else _NOWHERE
    highlights = {}
    for field in SHOWN:
        if ranges := [shown.highlights[field] for shown in telling if field in shown.highlights]:
            highlights[field] = _settled(list(chain(*ranges)))
    is_described = any("description" in shown.fields for shown in telling)
    return Shown((*highlights, "description") if is_described else tuple(highlights), highlights)


def _highlights(texts: _Texts, term: Term) -> dict[str, tuple[Range, ...]]:
    """Return where a word of a query stands, by field; of a word that only begins or ends alike, the part alike."""
    text, others = term.text, term.others
    ranges: dict[int, list[Range]] = {}
    spaced = texts.spaced
    mark = f" {text}"
    at = spaced.find(mark)
    while at >= 0:
        word = spaced[at + 1 : spaced.index(" ", at + 1)]
        if word == text or goes_on(word, text):
            field, start, end, is_plain = texts.at(spaced.count(" ", 0, at))
            ranges.setdefault(field, []).append((start, start + len(text) if is_plain else end))
        at = spaced.find(mark, at + 1)
    if others and not others.isdisjoint(known := spaced.split()):
        for number, other in enumerate(known):
            if other in others:
                standing = texts.at(number)
                ranges.setdefault(standing.field, []).append(_alike(other, standing, text))
    for field, joined in enumerate(texts.joined):
        if text in joined and field not in ranges and (found := _joined(texts, field, text)):
            ranges[field] = found
    return {SHOWN[field]: _settled(ranges[field]) for field in sorted(ranges)}


def _settled(ranges: list[Range]) -> tuple[Range, ...]:
    return tuple(ranges if len(ranges) == 1 else sorted(set(ranges)))


def _alike(word: str, standing: _Standing, text: str) -> Range:
    """Return where a word stands, or the part of it that begins or ends as a text."""
    if standing.is_plain and word.startswith(text):
        return standing.start, standing.start + len(text)
    if standing.is_plain and word.endswith(text):
        return standing.end - len(text), standing.end
    return standing.start, standing.end


def _joined(texts: _Texts, field: int, text: str) -> list[Range]:
    """Return where neighbouring words are a text if they are written as one."""
    all_standing = map(texts.at, range(len(texts.standing)))
    words = [
        (word, standing)
        for word, standing in zip(texts.spaced.split(), all_standing, strict=True)
        if standing.field == field
    ]
    return [
        (words[first][1].start, words[first + count - 1][1].end)
        for joined, first, count in joins_of([word for word, _ in words])
        if joined == text
    ]
