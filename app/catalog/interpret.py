"""Words of a query that are filters when they can't be names: free, vision, 128k, cheap, <$1, less than $2.

A word stays a name as long as models are called so together with the other words: `deepseek vision` is a model,
`claude vision` is Claude models that see. What was interpreted is told, and `interpret=false` turns it off. What is
denied (`without reasoning`) and least prices (`over $10`) are no filters: there is none for them. The former is left
out of the words that are searched for, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from app.catalog.amounts import Reading, amounts_for
from app.catalog.query import Query
from app.catalog.words import fold

# Below this input price, a quarter of a real catalog lies.
CHEAP_USD_PER_MILLION = Decimal("0.3")
# Texts whose filters are remembered: the latest come again with other filters and pages.
MAX_REMEMBERED = 1_024


class Interpreted(NamedTuple):
    """One filter read from a query: the words it was read from, the query word that means the same, its value."""

    text: str
    word: str
    value: str


class Read(NamedTuple):
    """A filter and where in the text its words stand; there is none for what is denied, such as an ability."""

    filter: Interpreted
    start: int
    end: int
    is_denied: bool = False


_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "free": ("price", "free"),
        "paid": ("price", "priced"),
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
# What is denied, with the words between; the longest of them, and what is before it, has so many characters.
_DENIED = re.compile(r"(?:^|(?<=\W))(?:no|non|not|without|w/o)(?:[\s-]+(?:an?|any))?[\s-]+$")
_DENIAL_CHARS = 24
_AND = re.compile(r",?\s+(?:and|or|nor)\s+")
_TO = re.compile(r"\s?(?:and|to|-|–)\s?")
_WORD = re.compile(rf"(?<![\w<$.])([a-z]+){_MODELS}")


@lru_cache(MAX_REMEMBERED)
def readings(text: str) -> tuple[Read, ...]:
    """Return every filter that a text may hold, in the order of the text; they don't overlap."""
    folded = fold(text)
    found: list[Read] = []
    taken: list[tuple[int, int]] = []
    for pattern, read in (*amounts_for(folded), *_OF_WORDS):
        for match in pattern.finditer(folded):
            start, end = match.span()
            known = None if any(start < b and a < end for a, b in taken) else read(match)
            if known is not None:
                taken.append((start, end))
                found.append(Read(Interpreted(text[start:end].strip(), *known), start, end))
    return tuple(_connected(text, folded, sorted(found, key=lambda read: read.start))) if found else ()


def _connected(text: str, folded: str, found: Sequence[Read]) -> Iterator[Read]:
    """Return readings together with what leads up to them."""
    last: Read | None = None
    for read in found:
        last = _led_up_to(text, folded, read, last)
        yield last


def _led_up_to(text: str, folded: str, read: Read, last: Read | None) -> Read:
    """Return a reading with what stands before it: a denial, which goes on behind `and`, or the start of a range."""
    (_, word, value), start, end, _ = read
    denial = _DENIED.search(folded, max(0, start - _DENIAL_CHARS), start)
    if denial is not None:
        return _denied(text, word, value, denial.start(), end)
    if last is None:
        return read
    if last.is_denied and _AND.fullmatch(folded, last.end, start):
        return _denied(text, word, value, last.end, end)
    is_range = last.filter.word == word == "min_context" and folded.startswith(("between ", "from "), last.start)
    if is_range and _TO.fullmatch(folded, last.end, start):
        return Read(Interpreted(text[last.end : end].strip(), "max_context", value), last.end, end)
    return read


def _denied(text: str, word: str, value: str, start: int, end: int) -> Read:
    said = text[start:end].strip()
    if word == "price":
        return Read(Interpreted(said, word, "priced" if value == "free" else "free"), start, end)
    return Read(Interpreted(said, word, value), start, end, is_denied=True)


_OF_WORDS: Sequence[Reading] = (
    (_ABILITY, lambda match: ("supports", str(match.lastgroup))),
    (_WORD, lambda match: _WORDS.get(match.group(1))),
)


def with_filters(query: Query, filters: Sequence[Interpreted]) -> Query:
    """Return a query with filters added; what the query says itself about the same word stays.

    Of several bounds of one kind the tightest counts.
    """
    one_of, all_of = dict(query.one_of), dict(query.all_of)
    numbers: dict[str, list[Decimal]] = {}
    for found in filters:
        if found.word == "price":
            if "price" not in query.one_of:
                one_of["price"] = (found.value,)
        elif found.word == "supports":
            groups = all_of.get("supports", ((),))
            all_of["supports"] = tuple((*group, found.value) for group in groups)
        else:
            numbers.setdefault(found.word, []).append(Decimal(found.value))
    changes: dict[str, Any] = {}
    if "min_context" in numbers and query.min_context_tokens is None:
        changes["min_context_tokens"] = int(max(numbers["min_context"]))
    if "max_context" in numbers and query.max_context_tokens is None:
        changes["max_context_tokens"] = int(min(numbers["max_context"]))
    if "max_prompt_price" in numbers and query.max_prompt_usd_per_million is None:
        changes["max_prompt_usd_per_million"] = min(numbers["max_prompt_price"])
    if "max_completion_price" in numbers and query.max_completion_usd_per_million is None:
        changes["max_completion_usd_per_million"] = min(numbers["max_completion_price"])
    return query._replace(one_of=MappingProxyType(one_of), all_of=MappingProxyType(all_of), **changes)
