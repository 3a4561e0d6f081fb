"""Amounts in the words of a query: at most $2, $1 to $2, 128k, at least 1 million tokens, from 32k to 128k.

Each pattern stands beside what reads it: a query word and its value, or nothing where the words mean something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

LONG_CONTEXT_TOKENS = 200_000
_UNITS = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000}
_AT_MOST = r"<=?|≤|(?:under|below|up to|at most|(?:less|fewer|lower|smaller|cheaper|no more|not more) than)\s"
_AT_LEAST = (
    r">=?|≥|(?:over|above|beyond|from|between|at least|starting at|min(?:imum)?(?: of)?"
    r"|(?:more|greater|higher|larger|bigger|more expensive) than)\s"
)
# Nothing is glued to an amount but a sign.
_START = r"(?:(?<![\w.$])|(?=[<>≤≥]))"
_TOKENS = r"(?:[ -](?:of )?(?:context|ctx|tokens?|window|length))"
_CONTEXT = re.compile(
    rf"{_START}(?:(?P<most>{_AT_MOST})|{_AT_LEAST})?\s?"
    rf"(?:(?P<count>\d+(?:\.\d+)?)\s?(?P<unit>[km]|thousand|million)\+?{_TOKENS}*"
    rf"|(?P<plain>\d{{4,8}}|\d{{1,3}}(?:,\d{{3}})+)\+?{_TOKENS}+)(?![\w.])"
)
_LONG_CONTEXT = re.compile(r"(?<!\w)(?:long|large|big)[ -](?:context|ctx)(?!\w)")
_MILLION = re.compile(rf"(?<![\w.])(?:(?:an?|one) )?million{_TOKENS}+(?!\w)")
_OF_OUTPUT = r"(?:outputs?|completions?)(?: (?:price|cost|tokens?))?"
_USD = r"\d+(?:\.\d+)?"
_PRICE = re.compile(
    rf"(?:\b(?P<output>{_OF_OUTPUT})\s)?{_START}(?:(?P<most>max\s|{_AT_MOST})|(?P<least>{_AT_LEAST}))?\s?"
    rf"(?P<before>\$)?\s?(?P<usd>{_USD})\s?(?P<after>\$(?!\s?\d)|usd|dollars?)?"
    r"(?:\s?(?:/|per )\s?(?:1 ?)?m(?:illion|tok)?(?: tokens?)?)?(?![\w.])"
    r"(?P<more>\+|\s(?:or|and) (?:more|up|above|over)\b)?"
    rf"(?P<behind>\s(?:(?:or less|for|of)\s)?{_OF_OUTPUT}\b)?"
)
# From one price to another; `and` stands between them only where `between` or `from` does before them.
_RANGE_BEFORE = re.compile(rf"(?:\$\s?{_USD}\s?(?:[-–]|to)|\b(?:between|from)\s\$\s?{_USD}\s?and)\s?$")
_RANGE_BEHIND = re.compile(rf"\s?(?:[-–]|to|and)\s?\$?\s?{_USD}(?![\w.])(?P<output>\s(?:(?:for|of)\s)?{_OF_OUTPUT}\b)?")
# Of a price alone, at most that much is meant, unless something before or behind it says otherwise.
_OTHERWISE_BEFORE = re.compile(
    r"\b(?:over|above|beyond|more|greater|higher|larger|expensive|from|between|least|min|minimum|starting)\b"
    r"|\b(?:bigger than|to)\s{1,2}$|[-–/>≥+=]\s?$"
)
_OTHERWISE_BEHIND = re.compile(r"\s?/\s?\$?\d")
# Most queries tell no number and no price, and need not be looked through for them.
_NUMBER = re.compile(r"\d|million")
_MONEY = re.compile(r"[$<≤]|usd|dollar")

Reading = tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[str, str] | None]]
"""What finds something, and what returns the query word and the value that mean the same; None for another meaning."""


def amounts_for(folded: str) -> Sequence[Reading]:
    """Return what may find an amount in a folded text."""
    if not _NUMBER.search(folded):
        return _WITHOUT_NUMBER
    return _WITH_PRICES if _MONEY.search(folded) else _WITH_TOKENS


def _read_price(match: re.Match[str]) -> tuple[str, str] | None:
    text, most, least = match.string, match["most"], match["least"] or match["more"]
    if _OTHERWISE_BEHIND.match(text, match.end()):
        return None
    has_currency = match["before"] or match["after"]
    begins_range = None if most else _RANGE_BEHIND.match(text, match.end())
    ends_range = not most and not least and _RANGE_BEFORE.search(text, 0, match.start())
    if most:
        # "max 5" may be a name; a price needs its currency, or a sign before it.
        is_price = has_currency or most.startswith(("<", "≤"))
    elif least:
        is_price = has_currency
    else:
        # Models have numbers in their names, but no dollar before them.
        is_price = ends_range or (match["before"] and not _OTHERWISE_BEFORE.search(text, 0, match.start()))
    if not is_price:
        return None
    is_least = least or (begins_range and not ends_range)
    is_of_output = match["output"] or match["behind"] or (begins_range and begins_range["output"])
    return f"{'min' if is_least else 'max'}_{'completion' if is_of_output else 'prompt'}_price", match["usd"]


def _read_context(match: re.Match[str]) -> tuple[str, str]:
    plain = match["plain"]
    tokens = int(plain.replace(",", "")) if plain else int(Decimal(match["count"]) * _UNITS[match["unit"]])
    return "max_context" if match["most"] else "min_context", str(tokens)


_WITHOUT_NUMBER: Sequence[Reading] = ((_LONG_CONTEXT, lambda _: ("min_context", str(LONG_CONTEXT_TOKENS))),)
_WITH_TOKENS: Sequence[Reading] = (
    (_CONTEXT, _read_context),
    (_MILLION, lambda _: ("min_context", str(_UNITS["million"]))),
    *_WITHOUT_NUMBER,
)
_WITH_PRICES: Sequence[Reading] = ((_PRICE, _read_price), *_WITH_TOKENS)
