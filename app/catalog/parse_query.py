"""How a question is read from the words of a query, strictly: every fault is found and named."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from app.catalog.errors import QueryError, QueryFault
from app.catalog.index import Index
from app.catalog.query import MAX_IDS, MIN_SNAPSHOT, WORDS, Kind, Query, Word
from app.catalog.terms import MAX_QUERY_CHARS

MAX_WORDS = 64
MAX_VALUE_CHARS = 200
MAX_ALLOWED_SHOWN = 100
MAX_ALLOWED_SAID = 12
# Longer ones are read each time, so that nobody can fill the memory with them.
MAX_REMEMBERED_CHARS = 32
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ONE_OF, _ALL_OF, _SINGLE = range(3)
Part = tuple[int, str, Any]
"""What a word adds to a query: to `one_of`, to `all_of`, or as a field of its own; under which name; and the value."""


def parse_query(pairs: Sequence[tuple[str, str]], index: Index, *, words: Iterable[str] = frozenset(WORDS)) -> Query:
    """Read decoded name and value pairs into a Query.

    `words` are the words that this endpoint knows. Raises QueryError with every fault found.
    """
    known, remembered = frozenset(words), index.parts_read
    reader = _QueryReader(index)
    if len(pairs) > MAX_WORDS:
        raise QueryError([QueryFault("query", f"{len(pairs)} words are given, at most {MAX_WORDS} are read")])
    if known.issuperset(names := dict(pairs)) and len(names) == len(pairs):
        found = [remembered.get(pair) or reader.part(pair[0], [pair[1]]) for pair in pairs]
    else:
        found = [reader.part(name, values) for name, values in reader.by_word(pairs, known).items()]
    parts: tuple[dict[str, Any], ...] = ({}, {}, {})
    for part in found:
        if part is not None:
            parts[part[0]][part[1]] = part[2]
    if reader.faults:
        raise QueryError(reader.faults)
    one_of, all_of, single = parts
    return Query(one_of=MappingProxyType(one_of), all_of=MappingProxyType(all_of), **single)


class _QueryReader:
    """Reads words one by one and collects what was wrong."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.faults: list[QueryFault] = []

    def by_word(self, pairs: Sequence[tuple[str, str]], known: frozenset[str]) -> dict[str, list[str]]:
        """Return the values of each known word; what is not known is noted."""
        given: dict[str, list[str]] = {}
        for name, value in pairs:
            if name not in known:
                self.unknown_word(name, known)
            else:
                given.setdefault(name, []).append(value)
        return given

    def unknown_word(self, name: str, known: frozenset[str]) -> None:
        taken = sorted({*known, MIN_SNAPSHOT})
        close = difflib.get_close_matches(name[:40], taken, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        if not known:
            hint = f"; this address takes none but {MIN_SNAPSHOT}"
        self.faults.append(QueryFault(name[:80], f"is not a query word{hint}", tuple(taken)))

    def part(self, name: str, values: list[str]) -> Part | None:
        """Return what a word with its values adds to the query; None when it can't be read, which is noted.

        The same few filters come again and again; a text hardly ever does.
        """
        remembered, key = self._index.parts_read, (name, values[0])
        known = remembered.get(key) if len(values) == 1 else None
        if known is not None:
            return known
        word = WORDS[name]
        part = self._read(word, values)
        is_short = len(values) == 1 and len(values[0]) <= MAX_REMEMBERED_CHARS
        if part is not None and is_short and word.kind is not Kind.TEXT:
            remembered.keep(key, part)
        return part

    def _read(self, word: Word, values: list[str]) -> Part | None:
        too_long = MAX_QUERY_CHARS if word.kind is Kind.TEXT else MAX_VALUE_CHARS
        for value in values:
            if len(value) > too_long:
                longest = max(map(len, value.split(",") if word.kind in _LISTS else (value,)))
                if longest > too_long:
                    self.fault(word, f"has {longest} characters, at most {too_long} are read")
                    return None
            if _CONTROL.search(value):
                self.fault(word, "holds a control character")
                return None
        return _READERS[word.kind](self, word, values)

    def fault(self, word: Word, reason: str, allowed: tuple[str, ...] = ()) -> None:
        self.faults.append(QueryFault(word.name, reason, allowed[:MAX_ALLOWED_SHOWN]))

    def one(self, word: Word, values: list[str]) -> str | None:
        if len(values) > 1:
            self.fault(word, f"is given {len(values)} times, but takes one value")
            return None
        return values[0]

    def read_text(self, word: Word, values: list[str]) -> Part | None:
        value = self.one(word, values)
        return None if value is None else (_SINGLE, word.field, value.strip() or None)

    def read_one_of(self, word: Word, values: list[str]) -> Part | None:
        chosen = [part.strip().lower() for value in values for part in value.split(",")]
        if not self.allowed(word, chosen, word.choices or self._index.facets[word.name]):
            return None
        if word.name in {"format", "interpret"}:
            if self.one(word, chosen) is None:
                return None
            return _SINGLE, word.name, chosen[0] if word.name == "format" else chosen[0] == "true"
        return _ONE_OF, word.name, tuple(dict.fromkeys(chosen))

    def read_set_of(self, word: Word, values: list[str]) -> Part | None:
        groups = [tuple(part.strip().lower() for part in value.split(",")) for value in values]
        chosen = [part for group in groups for part in group]
        if not self.allowed(word, chosen, word.choices or self._index.facets[word.name]):
            return None
        return _ALL_OF, word.name, tuple(groups)

    def read_ids(self, word: Word, values: list[str]) -> Part | None:
        ids = tuple(dict.fromkeys(part.strip() for value in values for part in value.split(",") if part.strip()))
        if not ids:
            self.fault(word, "names no id")
            return None
        if len(ids) > MAX_IDS:
            self.fault(word, f"names {len(ids)} ids, at most {MAX_IDS} are read")
            return None
        return _SINGLE, "ids", ids

    def read_number(self, word: Word, values: list[str]) -> Part | None:
        value = self.one(word, values)
        if value is None:
            return None
        if not (value.isascii() and value.isdigit() and len(value) <= 12):
            self.fault(word, f"must be a whole number from {word.minimum} to {word.maximum}, got {value[:40]!r}")
            return None
        if not word.minimum <= int(value) <= word.maximum:
            self.fault(word, f"must be from {word.minimum} to {word.maximum}, got {value}")
            return None
        return _SINGLE, word.field, int(value)

    def read_usd(self, word: Word, values: list[str]) -> Part | None:
        value = self.one(word, values)
        if value is None:
            return None
        try:
            usd = Decimal(value) if value.isascii() and len(value) <= 32 else Decimal("NaN")
        except InvalidOperation:
            usd = Decimal("NaN")
        if not usd.is_finite() or not 0 <= usd <= 10**9:
            self.fault(word, f"must be a price in USD per million tokens, 0 or more, got {value[:40]!r}")
            return None
        return _SINGLE, word.field, usd

    def read_choices(self, word: Word, values: list[str]) -> Part | None:
        chosen = [part.strip().lower() for value in values for part in value.split(",")]
        plain = [name.removeprefix("-") for name in chosen] if word.name == "sort" else chosen
        if word.name == "fields":
            plain = [name for name in plain if name != "id"]
            chosen = ["id", *plain]
        return (_SINGLE, word.name, tuple(dict.fromkeys(chosen))) if self.allowed(word, plain, word.choices) else None

    def allowed(self, word: Word, chosen: Iterable[str], choices: Collection[str]) -> bool:
        unknown = next((value for value in chosen if value not in choices), None)
        if unknown is None:
            return True
        close = difflib.get_close_matches(unknown[:40], choices, 1)
        if len(choices) <= MAX_ALLOWED_SAID:
            hint = f"; allowed: {', '.join(choices)}" if choices else "; the catalog has no value for it now"
        else:
            hint = f"; did you mean {close[0]}?" if close else ""
        self.fault(word, f"{unknown[:40]!r} is not known here{hint}", tuple(choices))
        return False


# Their values are lists; each of its parts may be as long as a value.
_LISTS = frozenset({Kind.ONE_OF, Kind.SET_OF, Kind.IDS, Kind.CHOICES})
_READERS = MappingProxyType(
    {
        Kind.TEXT: _QueryReader.read_text,
        Kind.ONE_OF: _QueryReader.read_one_of,
        Kind.SET_OF: _QueryReader.read_set_of,
        Kind.IDS: _QueryReader.read_ids,
        Kind.TOKENS: _QueryReader.read_number,
        Kind.COUNT: _QueryReader.read_number,
        Kind.USD: _QueryReader.read_usd,
        Kind.CHOICES: _QueryReader.read_choices,
    }
)
