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
    r">=?|≥|(?:over|above|beyond|from|between|at least|starting (?:at|from)|min(?:imum)?(?: of)?"
    r"|(?:more|greater|higher|larger|bigger|dearer|pricier|more expensive|no less|not less) than)\s"
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
# Not of a price that follows, as in `input $1 output $5`.
OF_OUTPUT = r"(?:outputs?|completions?)(?: (?:price|cost|tokens?))?"
_BEHIND = rf"(?:\s(?:(?:or less|for|of)\s)?(?P<behind>{OF_OUTPUT})\b(?!\s\$?\s?\d))?"
_USD = r"\d+(?:\.\d+)?"
_PER = r"(?:\s?(?:/|per )\s?(?:1 ?)?m(?:illion|tok)?(?: tokens?)?)?"
_CURRENCY = r"\$(?!\s?\d)|usd|dollars?"


def _amount(which: str = "") -> str:
    """Return what finds a price with its currency and its unit; its groups are called after which it is."""
    return rf"(?P<{which}before>\$)?\s?(?P<{which}usd>{_USD})\s?(?P<{which}after>{_CURRENCY})?{_PER}"


_PRICE = re.compile(
    rf"(?:\b(?P<output>{OF_OUTPUT})\s)?{_START}(?:(?P<most>max\s|{_AT_MOST})|(?P<least>{_AT_LEAST}))?\s?"
    rf"{_amount()}(?![\w.])"
    # Where an amount follows, as in `$2 and over 128k`, it is that which is meant.
    r"(?(most)|(?P<more>\+|\s(?:(?:or|and) )?(?:more|up|above|over|higher|greater)\b"
    rf"(?!\s(?:to|than)\b|\s?[$\d]|\s(?:an?|one)\s))?){_PER}{_BEHIND}"
)
_PRICE_RANGE = re.compile(
    rf"(?:\b(?P<output>{OF_OUTPUT})\s)?{_START}(?P<lead>between\s|from\s)?"
    rf"{_amount('least_')}(?P<end>\s?(?P<to>[-–]|\bto\b|\band\b)\s?{_amount('most_')}"
    rf"(?![\w.]|,\d)(?!\s(?:tokens?|context|ctx)\b){_BEHIND})"
)
# Of a price alone, at most that much is meant, unless something before or behind it says otherwise.
_OTHERWISE_BEFORE = re.compile(
    r"\b(?:over|above|beyond|more|greater|higher|larger|expensive|from|between|least|min|minimum|starting)\b"
    r"|\b(?:bigger than|to)\s{1,2}$|[-–/>≥+=]\s?$"
)
_OTHERWISE_BEHIND = re.compile(r"\s?/\s?\$?\d")
# Most queries tell no number and no price, and need not be looked through for them.
_NUMBER = re.compile(r"\d|million")
_MONEY = re.compile(r"[$<≤]|usd|dollar")

Said = tuple[str, str, int, int]
"""A query word, the value that means the same, and where in the text it is said."""
Reading = tuple[re.Pattern[str], Callable[[re.Match[str]], Sequence[Said]]]
"""What finds something, and what returns what it says; nothing for another meaning."""


def whole(match: re.Match[str], word: str, value: str) -> Sequence[Said]:
    """Return that all of a match says one thing."""
    return ((word, value, *match.span()),)


def amounts_for(folded: str) -> Sequence[Reading]:
    """Return what may find an amount in a folded text."""
    if not _NUMBER.search(folded):
        return _WITHOUT_NUMBER
    return _WITH_PRICES if _MONEY.search(folded) else _WITH_TOKENS


def _read_price(match: re.Match[str]) -> Sequence[Said]:
    text, most, least = match.string, match["most"], match["least"] or match["more"]
    if _OTHERWISE_BEHIND.match(text, match.end()):
        return ()
    if most:
        # "max 5" may be a name; a price needs its currency, or a sign before it.
        is_price = match["before"] or match["after"] or most.startswith(("<", "≤"))
    elif least:
        is_price = match["before"] or match["after"]
    else:
        # Models have numbers in their names, but no dollar before them.
        is_price = match["before"] and not _OTHERWISE_BEFORE.search(text, 0, match.start())
    if not is_price:
        return ()
    kind = "completion" if match["output"] or match["behind"] else "prompt"
    return whole(match, f"{'min' if least else 'max'}_{kind}_price", match["usd"])


def _read_price_range(match: re.Match[str]) -> Sequence[Said]:
    lead, is_least_priced = match["lead"], match["least_before"] or match["least_after"]
    # Numbers of models stand side by side, too, and `and` joins two prices that are none.
    if not (is_least_priced or (lead and (match["most_before"] or match["most_after"]))):
        return ()
    if match["to"] == "and" and not lead:
        return ()
    kind = "completion" if match["output"] or match["behind"] else "prompt"
    least = (f"min_{kind}_price", match["least_usd"], match.start(), match.start("end"))
    return least, (f"max_{kind}_price", match["most_usd"], *match.span("end"))


def _read_context(match: re.Match[str]) -> Sequence[Said]:
    plain = match["plain"]
    tokens = int(plain.replace(",", "")) if plain else int(Decimal(match["count"]) * _UNITS[match["unit"]])
    return whole(match, "max_context" if match["most"] else "min_context", str(tokens))


_WITHOUT_NUMBER: Sequence[Reading] = (
    (_LONG_CONTEXT, lambda match: whole(match, "min_context", str(LONG_CONTEXT_TOKENS))),
)
_WITH_TOKENS: Sequence[Reading] = (
    (_CONTEXT, _read_context),
    (_MILLION, lambda match: whole(match, "min_context", str(_UNITS["million"]))),
    *_WITHOUT_NUMBER,
)
_WITH_PRICES: Sequence[Reading] = ((_PRICE_RANGE, _read_price_range), (_PRICE, _read_price), *_WITH_TOKENS)
