"""Words of a query that are filters when they can't be names: free, vision, 128k, cheap, <$1, less than $2.

A word stays a name as long as models are called so together with the other words: `deepseek vision` is a model,
`claude vision` is Claude models that see. What was interpreted is told, and `interpret=false` turns it off. What is
denied (`without reasoning`) and least prices (`over $10`) are no filters: there is none for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from app.catalog.query import Query
from app.catalog.words import fold

# Below this input price, a quarter of a real catalog lies.
CHEAP_USD_PER_MILLION = Decimal("0.3")
LONG_CONTEXT_TOKENS = 200_000
# Texts whose filters are remembered: the latest come again with other filters and pages.
MAX_REMEMBERED = 1_024
_UNITS = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000}


@dataclass(frozen=True, slots=True)
class Interpreted:
    """One filter read from a query: the words it was read from, the query word that means the same, its value."""

    text: str
    word: str
    value: str

    @property
    def told(self) -> dict[str, str]:
        """What a search says of it."""
        return {"text": self.text, "word": self.word, "value": self.value}


_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "free": ("price", "free"),
        "vision": ("supports", "vision"),
        "tools": ("supports", "tools"),
        "tool": ("supports", "tools"),
        "functions": ("supports", "tools"),
        "reasoning": ("supports", "reasoning"),
        "thinking": ("supports", "reasoning"),
        "audio": ("supports", "audio"),
        "files": ("supports", "files"),
        "pdf": ("supports", "files"),
        "caching": ("supports", "caching"),
        "json": ("supports", "structured_outputs"),
        "structured": ("supports", "structured_outputs"),
        "cheap": ("max_prompt_price", str(CHEAP_USD_PER_MILLION)),
        "cheapest": ("max_prompt_price", str(CHEAP_USD_PER_MILLION)),
    }
)
_ABILITIES: Mapping[str, str] = MappingProxyType(
    {
        "structured_outputs": r"structured[ _-]outputs?|json[ _-](?:mode|outputs?|schema)",
        "tools": r"(?:tool|function)[ _-](?:calling|calls?|use)",
        "caching": r"prompt[ _-]caching",
        "vision": r"(?:image|vision)[ _-](?:inputs?|understanding)",
        "audio": r"audio[ _-]inputs?",
        "files": r"(?:pdf|file)[ _-](?:inputs?|uploads?)",
        "web_search": r"web[ _-]?search",
    }
)
# "Free models" asks for no model of that name.
_MODELS = r"(?:[ -](?:models?|llms?))?(?![\w.])"
_ABILITY = re.compile(
    rf"(?<!\w)(?:{'|'.join(f'(?P<{value}>{words})' for value, words in _ABILITIES.items())}){_MODELS}"
)
_AT_MOST = r"<=?|(?:under|below|up to|at most|(?:less|cheaper|no more|not more) than)\s"
_AT_LEAST = r">=?|(?:over|above|from|at least|min|minimum|more than|between)\s"
_TOKENS = r"(?:[ -](?:of )?(?:context|ctx|tokens?|window|length))"
_CONTEXT = re.compile(
    rf"(?<![\w.$])(?:(?P<most>{_AT_MOST})|{_AT_LEAST})?\s?"
    rf"(?P<count>\d+(?:\.\d+)?)\s?(?P<unit>[km]|thousand|million)\+?{_TOKENS}*(?![\w.])"
)
_LONG_CONTEXT = re.compile(r"(?<!\w)(?:long|large|big)[ -](?:context|ctx)(?!\w)")
_MILLION = re.compile(rf"(?<![\w.])million{_TOKENS}+(?!\w)")
_PRICE = re.compile(
    rf"(?<![\w$])(?:(?P<most>max\s|{_AT_MOST})|(?P<least>{_AT_LEAST}))?\s?"
    r"(?P<before>\$)?\s?(?P<usd>\d+(?:\.\d+)?)\s?(?P<after>\$|usd|dollars?)?"
    r"(?:\s?(?:/|per )\s?(?:1 ?)?m(?:illion|tok)?(?: tokens?)?)?(?![\w.])"
)
# Most queries tell no number and no price, and need not be looked through for them.
_NUMBER = re.compile(r"\d|million")
_MONEY = re.compile(r"[$<]|usd|dollar")
_DENIED = re.compile(r"(?:^|\W)(?:no|non|not|without)[ -]$")
# The longest with its blank, and what is before it.
_DENIAL_CHARS = 9
_WORD = re.compile(rf"(?<![\w<$.])([a-z]+){_MODELS}")


@lru_cache(MAX_REMEMBERED)
def readings(text: str) -> tuple[tuple[Interpreted, int, int], ...]:
    """Return every filter that a text may hold, and where its words stand; they don't overlap."""
    return tuple(_readings(text))


def _readings(text: str) -> Iterator[tuple[Interpreted, int, int]]:
    folded = fold(text)
    taken: list[tuple[int, int]] = []
    for pattern, read in _patterns_for(folded):
        for match in pattern.finditer(folded):
            start, end = match.span()
            found = None if any(start < b and a < end for a, b in taken) else read(match)
            if found is None:
                continue
            taken.append((start, end))
            if not _DENIED.search(folded, max(0, start - _DENIAL_CHARS), start):
                yield Interpreted(text[start:end].strip(), *found), start, end


def _read_price(match: re.Match[str]) -> tuple[str, str] | None:
    # "max 5" may be a name; a price needs its currency, or a sign before it.
    is_price = match["before"] or match["after"] or (match["most"] or "").startswith("<")
    return ("max_prompt_price", match["usd"]) if is_price and not match["least"] else None


def _read_context(match: re.Match[str]) -> tuple[str, str]:
    tokens = int(Decimal(match["count"]) * _UNITS[match["unit"]])
    return "max_context" if match["most"] else "min_context", str(tokens)


_Reading = tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[str, str] | None]]
_OF_WORDS: Sequence[_Reading] = (
    (_LONG_CONTEXT, lambda _: ("min_context", str(LONG_CONTEXT_TOKENS))),
    (_ABILITY, lambda match: ("supports", str(match.lastgroup))),
    (_WORD, lambda match: _WORDS.get(match.group(1))),
)
_AND_TOKENS: Sequence[_Reading] = (
    (_CONTEXT, _read_context),
    (_MILLION, lambda _: ("min_context", str(_UNITS["million"]))),
    *_OF_WORDS,
)
_AND_PRICES: Sequence[_Reading] = ((_PRICE, _read_price), *_AND_TOKENS)


def _patterns_for(folded: str) -> Sequence[_Reading]:
    if not _NUMBER.search(folded):
        return _OF_WORDS
    return _AND_PRICES if _MONEY.search(folded) else _AND_TOKENS


def with_filters(query: Query, filters: Sequence[Interpreted]) -> Query:
    """Return a query with filters added; what the query says itself about the same word stays."""
    one_of, all_of = dict(query.one_of), dict(query.all_of)
    changes: dict[str, Any] = {}
    for found in filters:
        if found.word == "price" and "price" not in one_of:
            one_of["price"] = (found.value,)
        elif found.word == "supports":
            groups = all_of.get("supports", ((),))
            all_of["supports"] = tuple((*group, found.value) for group in groups)
        elif found.word == "min_context" and query.min_context_tokens is None:
            changes["min_context_tokens"] = int(found.value)
        elif found.word == "max_context" and query.max_context_tokens is None:
            changes["max_context_tokens"] = int(found.value)
        elif found.word == "max_prompt_price" and query.max_prompt_usd_per_million is None:
            changes["max_prompt_usd_per_million"] = Decimal(found.value)
    return query._replace(one_of=MappingProxyType(one_of), all_of=MappingProxyType(all_of), **changes)
