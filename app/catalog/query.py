"""The query words of the native API: which there are, what they take, and how a question is read.

One table drives the parser, the 422 messages, the OpenAPI parameters and the README. Repeated words mean OR
within a word; different words mean AND. In a word about sets (`supports=tools,vision`) a comma asks for all.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from app.catalog.errors import QueryError, QueryFault
from app.catalog.index import FACETS, Index
from app.catalog.search import MAX_QUERY_CHARS

MAX_LIMIT = 1_000
MAX_WORDS = 64
MAX_VALUE_CHARS = 200
MAX_IDS = 500
MAX_ALLOWED_SHOWN = 100
MAX_ALLOWED_SAID = 12
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Kind(StrEnum):
    """What a word takes."""

    TEXT = "text"
    ONE_OF = "one of the catalog's values"
    SET_OF = "values of a set; a comma asks for all of them"
    IDS = "model ids, comma-separated or repeated"
    TOKENS = "a whole number of tokens"
    USD = "USD per million tokens"
    COUNT = "a whole number"
    CHOICES = "names, comma-separated"


@dataclass(frozen=True, slots=True)
class Word:
    """One query word: what it takes, what it means, an example, and its closed set of values if it has one."""

    name: str
    kind: Kind
    meaning: str
    example: str
    choices: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 10**9


SORTS = ("rank", "id", "name", "author", "created", "context", "max_output", "prompt_price", "completion_price")
FORMATS = ("full", "frontend")
SWITCH = ("true", "false")
FIELDS = (
    "name",
    "author",
    "provider",
    "family",
    "description",
    "created",
    "context_tokens",
    "max_output_tokens",
    "input_modalities",
    "output_modalities",
    "supported_parameters",
    "capabilities",
    "category",
    "variant",
    "price",
    "lifecycle",
    "aliases",
    "alias_target",
    "canonical_slug",
    "knowledge_cutoff",
    "hugging_face_id",
    "rank",
    "notes",
    "sources",
    "routes",
    "provenance",
    "is_stale",
    "upstream",
)
_CLOSED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "source": ("core", "openrouter", "overrides"),
        "supports": (
            "tools",
            "vision",
            "reasoning",
            "structured_outputs",
            "audio",
            "files",
            "caching",
            "web_search",
        ),
        "price": ("free", "priced", "dynamic", "per_unit", "unknown"),
        "lifecycle": ("active", "deprecated", "delisted"),
    }
)

WORDS: Mapping[str, Word] = MappingProxyType(
    {
        word.name: word
        for word in (
            Word("q", Kind.TEXT, f"Words to search for, at most {MAX_QUERY_CHARS} characters.", "claude sonnet"),
            Word(
                "interpret",
                Kind.ONE_OF,
                "false searches for words such as free, vision or 128k as they stand, not as filters.",
                "true",
                SWITCH,
            ),
            Word("provider", Kind.ONE_OF, "Who serves the model.", "openrouter"),
            Word("author", Kind.ONE_OF, "Who made the model.", "anthropic"),
            Word("source", Kind.ONE_OF, "Where our knowledge comes from.", "core", _CLOSED["source"]),
            Word("category", Kind.ONE_OF, "Curated category.", "coding"),
            Word("family", Kind.ONE_OF, "Family of models.", "gpt"),
            Word("input_modality", Kind.SET_OF, "What the model reads.", "image"),
            Word("output_modality", Kind.SET_OF, "What the model writes.", "text"),
            Word("supports", Kind.SET_OF, "What the model can do.", "tools,vision", _CLOSED["supports"]),
            Word("supported_parameters", Kind.SET_OF, "Request parameters that it takes.", "temperature"),
            Word("min_context", Kind.TOKENS, "Smallest context, in tokens.", "128000"),
            Word("max_context", Kind.TOKENS, "Largest context, in tokens.", "200000"),
            Word("max_prompt_price", Kind.USD, "Dearest input price, USD per million tokens.", "1.5"),
            Word("max_completion_price", Kind.USD, "Dearest output price, USD per million tokens.", "10"),
            Word("price", Kind.ONE_OF, "In which way it has a price.", "free", _CLOSED["price"]),
            Word("variant", Kind.ONE_OF, "What follows the colon of the id; base means nothing does.", "base"),
            Word(
                "lifecycle",
                Kind.ONE_OF,
                "Where the model stands; without this word delisted models are left out.",
                "active",
                _CLOSED["lifecycle"],
            ),
            Word("ids", Kind.IDS, f"Only these models, in any spelling; at most {MAX_IDS}.", "openai/gpt-4o,o3"),
            Word("sort", Kind.CHOICES, "Order of the models; - reverses.", "-created", SORTS),
            Word("limit", Kind.COUNT, f"How many models, 1 to {MAX_LIMIT}; all without it.", "20", (), 1, MAX_LIMIT),
            Word("offset", Kind.COUNT, "How many models to skip.", "0"),
            Word("fields", Kind.CHOICES, "Which fields of each model; id is always there.", "name,price", FIELDS),
            Word("facets", Kind.CHOICES, "Counts by these properties.", "author,price", tuple(FACETS)),
            Word("format", Kind.ONE_OF, "frontend gives the document for a dropdown.", "frontend", FORMATS),
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question to the catalog; the default asks for every listed model in the default order.

    `one_of` maps a facet to values of which a model must have one. `all_of` maps a facet to sets of values, one of
    which a model must have whole. Prices are USD per million tokens.
    """

    q: str | None = None
    interpret: bool = True
    one_of: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    all_of: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=lambda: MappingProxyType({}))
    min_context_tokens: int | None = None
    max_context_tokens: int | None = None
    max_prompt_usd_per_million: Decimal | None = None
    max_completion_usd_per_million: Decimal | None = None
    ids: tuple[str, ...] | None = None
    sort: tuple[str, ...] = ()
    limit: int | None = None
    offset: int = 0
    fields: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    format: str = "full"


def parse_query(pairs: Sequence[tuple[str, str]], index: Index, *, words: Iterable[str] = frozenset(WORDS)) -> Query:
    """Read decoded name and value pairs into a Query.

    `words` are the words that this endpoint knows. Raises QueryError with every fault found.
    """
    known = frozenset(words)
    reader = _QueryReader(index)
    if len(pairs) > MAX_WORDS:
        raise QueryError([QueryFault("query", f"{len(pairs)} words are given, at most {MAX_WORDS} are read")])
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in known:
            reader.unknown_word(name, known)
        else:
            given.setdefault(name, []).append(value)
    for name, values in given.items():
        reader.read(WORDS[name], values)
    if reader.faults:
        raise QueryError(reader.faults)
    return Query(one_of=MappingProxyType(reader.one_of), all_of=MappingProxyType(reader.all_of), **reader.single)


class _QueryReader:
    """Collects what was read and what was wrong."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.faults: list[QueryFault] = []
        self.one_of: dict[str, tuple[str, ...]] = {}
        self.all_of: dict[str, tuple[tuple[str, ...], ...]] = {}
        self.single: dict[str, Any] = {}

    def unknown_word(self, name: str, known: frozenset[str]) -> None:
        close = difflib.get_close_matches(name[:40], known, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        if not known:
            hint = "; this address takes none"
        self.faults.append(QueryFault(name[:80], f"is not a query word{hint}", tuple(sorted(known))))

    def read(self, word: Word, values: list[str]) -> None:
        too_long = MAX_QUERY_CHARS if word.kind is Kind.TEXT else MAX_VALUE_CHARS
        for value in values:
            if len(value) > too_long:
                longest = max(map(len, value.split(",") if word.kind in _LISTS else (value,)))
                if longest > too_long:
                    self.fault(word, f"has {longest} characters, at most {too_long} are read")
                    return
            if _CONTROL.search(value):
                self.fault(word, "holds a control character")
                return
        _READERS[word.kind](self, word, values)

    def fault(self, word: Word, reason: str, allowed: tuple[str, ...] = ()) -> None:
        self.faults.append(QueryFault(word.name, reason, allowed[:MAX_ALLOWED_SHOWN]))

    def one(self, word: Word, values: list[str]) -> str | None:
        if len(values) > 1:
            self.fault(word, f"is given {len(values)} times, but takes one value")
            return None
        return values[0]

    def read_text(self, word: Word, values: list[str]) -> None:
        value = self.one(word, values)
        if value is not None:
            self.single["q"] = value.strip() or None

    def read_one_of(self, word: Word, values: list[str]) -> None:
        chosen = [part.strip().lower() for value in values for part in value.split(",")]
        if word.name in {"format", "interpret"}:
            if self.allowed(word, chosen, word.choices) and self.one(word, chosen) is not None:
                self.single[word.name] = chosen[0] if word.name == "format" else chosen[0] == "true"
        elif self.allowed(word, chosen, word.choices or self._index.facets[word.name]):
            self.one_of[word.name] = tuple(dict.fromkeys(chosen))

    def read_set_of(self, word: Word, values: list[str]) -> None:
        groups = [tuple(part.strip().lower() for part in value.split(",")) for value in values]
        chosen = [part for group in groups for part in group]
        if self.allowed(word, chosen, word.choices or self._index.facets[word.name]):
            self.all_of[word.name] = tuple(groups)

    def read_ids(self, word: Word, values: list[str]) -> None:
        ids = tuple(dict.fromkeys(part.strip() for value in values for part in value.split(",") if part.strip()))
        if not ids:
            self.fault(word, "names no id")
        elif len(ids) > MAX_IDS:
            self.fault(word, f"names {len(ids)} ids, at most {MAX_IDS} are read")
        else:
            self.single["ids"] = ids

    def read_number(self, word: Word, values: list[str]) -> None:
        value = self.one(word, values)
        if value is None:
            return
        if not (value.isascii() and value.isdigit() and len(value) <= 12):
            self.fault(word, f"must be a whole number, got {value[:40]!r}")
        elif not word.minimum <= int(value) <= word.maximum:
            self.fault(word, f"must be from {word.minimum} to {word.maximum}, got {value}")
        else:
            name = f"{word.name}_tokens" if word.kind is Kind.TOKENS else word.name
            self.single[name] = int(value)

    def read_usd(self, word: Word, values: list[str]) -> None:
        value = self.one(word, values)
        if value is None:
            return
        try:
            usd = Decimal(value) if value.isascii() and len(value) <= 32 else Decimal("NaN")
        except InvalidOperation:
            usd = Decimal("NaN")
        if not usd.is_finite() or not 0 <= usd <= 10**9:
            self.fault(word, f"must be a price in USD per million tokens, 0 or more, got {value[:40]!r}")
        else:
            self.single[word.name.replace("_price", "_usd_per_million")] = usd

    def read_choices(self, word: Word, values: list[str]) -> None:
        chosen = [part.strip().lower() for value in values for part in value.split(",")]
        plain = [name.removeprefix("-") for name in chosen] if word.name == "sort" else chosen
        if word.name == "fields":
            plain = [name for name in plain if name != "id"]
            chosen = ["id", *plain]
        if self.allowed(word, plain, word.choices):
            self.single[word.name] = tuple(dict.fromkeys(chosen))

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
