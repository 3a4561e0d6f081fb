"""Words of a query that are filters when they can't be names: free, vision, 128k, cheap, <$1.

A word stays a name as long as models are called so together with the other words: `deepseek vision` is a model,
`claude vision` is Claude models that see. What was interpreted is told, and `interpret=false` turns it off.
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
_UNITS = {"k": 1_000, "m": 1_000_000}


@dataclass(frozen=True, slots=True)
class Interpreted:
    """One filter read from a query: the words it was read from, the query word that means the same, its value."""

    text: str
    word: str
    value: str


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
_CONTEXT = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s?([km])\+?(?:[ -](?:context|ctx|tokens?))?(?![\w.])")
_LONG_CONTEXT = re.compile(r"(?<!\w)(?:long|large|big)[ -](?:context|ctx)(?!\w)")
_PRICE = re.compile(r"(?:<|under|below|max)\s?\$?\s?(\d+(?:\.\d+)?)\s?(?:\$|usd|dollars?)?(?![\w.])")
_WORD = re.compile(rf"(?<![\w<$.])([a-z]+){_MODELS}")


@lru_cache(MAX_REMEMBERED)
def readings(text: str) -> tuple[tuple[Interpreted, int, int], ...]:
    """Return every filter that a text may hold, and where its words stand; they don't overlap."""
    return tuple(_readings(text))


def _readings(text: str) -> Iterator[tuple[Interpreted, int, int]]:
    folded = fold(text)
    taken: list[tuple[int, int]] = []
    for pattern, read in _PATTERNS:
        for match in pattern.finditer(folded):
            start, end = match.span()
            found = None if any(start < b and a < end for a, b in taken) else read(match)
            if found is not None:
                taken.append((start, end))
                yield Interpreted(text[start:end].strip(), *found), start, end


def _read_price(match: re.Match[str]) -> tuple[str, str] | None:
    # "max 5" may be a name; a price needs its sign or its currency.
    if "$" not in match.group() and "<" not in match.group() and not match.group().endswith(("d", "s", "r")):
        return None
    return "max_prompt_price", match.group(1)


def _read_context(match: re.Match[str]) -> tuple[str, str]:
    return "min_context", str(int(Decimal(match.group(1)) * _UNITS[match.group(2)]))


_PATTERNS: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[str, str] | None]]] = (
    (_PRICE, _read_price),
    (_CONTEXT, _read_context),
    (_LONG_CONTEXT, lambda _: ("min_context", str(LONG_CONTEXT_TOKENS))),
    (_ABILITY, lambda match: ("supports", str(match.lastgroup))),
    (_WORD, lambda match: _WORDS.get(match.group(1))),
)


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
        elif found.word == "max_prompt_price" and query.max_prompt_usd_per_million is None:
            changes["max_prompt_usd_per_million"] = Decimal(found.value)
    return query._replace(one_of=MappingProxyType(one_of), all_of=MappingProxyType(all_of), **changes)
