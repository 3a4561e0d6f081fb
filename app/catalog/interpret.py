"""Words of a query that are filters, or an order, when they can't be names: free, vision, 128k, <$1, cheapest, newest.

A word stays a name as long as models are called so together with the other words: `deepseek vision` is a model,
`claude vision` is Claude models that see. What was interpreted is told, and `interpret=false` turns it off. What is
denied is left out where it is a name (`claude not opus`); where it is an ability (`without reasoning`) it is no filter,
as there is none for it, and not searched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from app.catalog.amounts import OF_OUTPUT, Reading, Said, amounts_for, whole
from app.catalog.query import WORDS, Kind, Query
from app.catalog.words import fold

# Below this input price, a quarter of a real catalog lies.
CHEAP_USD_PER_MILLION = Decimal("0.3")
# Texts whose filters are remembered: the latest come again with other filters and pages.
MAX_REMEMBERED = 1_024


class Interpreted(NamedTuple):
    """A filter or order read from a query: the words it was read from, the query word that means the same, a value."""

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
_OF_INPUT = r"(?:[ -](?:inputs?|prompts?)(?: (?:price|cost|tokens?))?)?"
_ORDERS: Mapping[str, str] = MappingProxyType(
    {
        "completion_price": rf"(?:cheapest|least expensive|lowest)[ -]{OF_OUTPUT}",
        "-completion_price": rf"(?:most expensive|dearest|priciest|highest)[ -]{OF_OUTPUT}",
        "prompt_price": (
            rf"(?:cheapest|least expensive|most affordable){_OF_INPUT}|lowest(?:[ -]input)?[ -](?:price|cost)"
        ),
        "-prompt_price": rf"(?:most expensive|dearest|priciest){_OF_INPUT}",
        "-created": r"newest|latest|most recent",
        "-context": r"(?:largest|longest|biggest)[ -](?:context|ctx)(?:[ -](?:windows?|lengths?))?",
    }
)
# "Free models" asks for no model of that name.
_MODELS = r"(?:[ -](?:models?|llms?))?(?![\w.])"
_ABILITY = re.compile(
    rf"(?<!\w)(?:{'|'.join(f'(?P<{value}>{words})' for value, words in _ABILITIES.items())}){_MODELS}"
)
_OPEN_WEIGHTS = re.compile(rf"(?<!\w)open[ -]?(?:sourced?|weights?){_MODELS}")
_IMAGES_OUT = re.compile(
    r"(?<!\w)(?:images?[ -](?:generation|generator|outputs?)|(?:generates?|generating) images?|text[ -]to[ -]image)"
    rf"{_MODELS}"
)
# Ids hold such words, too: claude-3-5-sonnet-latest.
_ORDER = re.compile(
    rf"(?<![\w.:/-])(?:top \d{{1,2}} )?(?:{'|'.join(f'({words})' for words in _ORDERS.values())}){_MODELS}(?!-)"
)
_SORTS = tuple(_ORDERS)
# What is denied, with the words between; the longest of them, and what is before it, has so many characters.
_DENIED = re.compile(r"(?:^|(?<=\W))(?:no|non|not|without|w/o)(?:[\s-]+(?:an?|any))?[\s-]+$")
_DENIAL_CHARS = 24
_DENIED_NAME = re.compile(
    r"(?:^|(?<=\s))(?:no|not|without|w/o|except(?: for)?|excluding|other than)\s+(?:(?:an?|any|by|from)\s+)?"
    r"(?P<name>[a-z][\w.-]*(?:\s\d[\w.-]*)?)"
)
_AND = re.compile(r",?\s+(?:and|or|nor)\s+")
_TO = re.compile(r"\s?(?:and|to|-|–)\s?")
_BOUNDS = tuple(word for word in WORDS.values() if word.name.startswith(("min_", "max_")))
PRICE_BOUNDS = frozenset(word.name for word in _BOUNDS if word.kind is Kind.USD)
_OPPOSITES = {word.name: {"min": "max", "max": "min"}[word.name[:3]] + word.name[3:] for word in _BOUNDS}
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
            if any(start < b and a < end for a, b in taken):
                continue
            for word, value, begin, stop in read(match):
                taken.append((begin, stop))
                found.append(Read(Interpreted(text[begin:stop].strip(), word, value), begin, stop))
    filters = list(_connected(text, folded, sorted(found, key=_start)))
    names = [name for name in _denied_names(text, folded) if not any(_overlap(name, filter_) for filter_ in filters)]
    return tuple(sorted(filters + names, key=_start))


_start = attrgetter("start")


def _denied_names(text: str, folded: str) -> Iterator[Read]:
    """Return what is denied and no filter, as in `not openai`; whether it is a name is for others to say."""
    for match in _DENIED_NAME.finditer(folded):
        yield Read(Interpreted(text[slice(*match.span())], "without", match["name"]), *match.span())


def _overlap(one: Read, other: Read) -> bool:
    return one.start < other.end and other.start < one.end


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
    if last.is_denied and word != "sort" and _AND.fullmatch(folded, last.end, start):
        return _denied(text, word, value, last.end, end)
    is_range = last.filter.word == word == "min_context" and folded.startswith(("between ", "from "), last.start)
    if is_range and _TO.fullmatch(folded, last.end, start):
        return Read(Interpreted(text[last.end : end].strip(), "max_context", value), last.end, end)
    return read


def _denied(text: str, word: str, value: str, start: int, end: int) -> Read:
    said = text[start:end].strip()
    if word == "price":
        return Read(Interpreted(said, word, "priced" if value == "free" else "free"), start, end)
    if (opposite := _OPPOSITES.get(word)) is not None:
        return Read(Interpreted(said, opposite, value), start, end)
    return Read(Interpreted(said, word, value), start, end, is_denied=True)


def _read_word(match: re.Match[str]) -> Sequence[Said]:
    known = _WORDS.get(match.group(1))
    return whole(match, *known) if known else ()


_OF_WORDS: Sequence[Reading] = (
    (_ORDER, lambda match: whole(match, "sort", _SORTS[(match.lastindex or 1) - 1])),
    (_OPEN_WEIGHTS, lambda match: whole(match, "weights", "open")),
    (_IMAGES_OUT, lambda match: whole(match, "output_modality", "image")),
    (_ABILITY, lambda match: whole(match, "supports", str(match.lastgroup))),
    (_WORD, _read_word),
)


def with_filters(query: Query, filters: Sequence[Interpreted]) -> Query:
    """Return a query with filters and order added; what the query says itself about the same word stays.

    Of several bounds of one kind the tightest counts.
    """
    one_of, all_of = dict(query.one_of), dict(query.all_of)
    texts: dict[str, list[str]] = {"sort": [], "without": []}
    numbers: dict[str, list[Decimal]] = {}
    for found in filters:
        kind = WORDS[found.word].kind
        if kind is Kind.ONE_OF:
            if found.word not in query.one_of:
                one_of[found.word] = (found.value,)
        elif kind is Kind.SET_OF:
            groups = all_of.get(found.word, ((),))
            all_of[found.word] = tuple((*group, found.value) for group in groups)
        elif found.word in texts:
            texts[found.word].append(found.value)
        else:
            numbers.setdefault(found.word, []).append(Decimal(found.value))
    changes: dict[str, Any] = {
        "sort": query.sort or tuple(texts["sort"]),
        "without": query.without or ",".join(texts["without"]) or None,
    }
    for word in _BOUNDS:
        if word.name in numbers and getattr(query, word.field) is None:
            tightest = (max if word.name.startswith("min_") else min)(numbers[word.name])
            changes[word.field] = int(tightest) if word.kind is Kind.TOKENS else tightest
    return query._replace(one_of=MappingProxyType(one_of), all_of=MappingProxyType(all_of), **changes)
