"""YAML for the few shapes that we write: mappings, lists and scalars, read the same by YAML 1.1 and 1.2.

Danger, all of it seen in the wild: YAML 1.1 reads `3e-06` as a string (a float needs a dot and a signed exponent),
`no` as false, `1:30` as 90 and `2026-08-22` as a date. So every text is quoted but for paths like
`openrouter/acme-one`, and everything that is not plain ASCII is escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

# A slash makes it neither a number, a date nor a word that means something; a colon is none before a letter or digit.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_.~@-]+(?::[A-Za-z0-9_.@-]+)*)+")
_KEY = re.compile(r"(?!(?:on|no|yes|off|true|false|null)$)[a-z][a-z0-9_]+")
# The same names stand in each entry.
_NAMES_KEPT = 1_024
_ASTRAL = re.compile(r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")


def scalar(value: object) -> str:
    """Return a text, a number, true, false or null in YAML; raises TypeError for anything else."""
    if value is True:
        return "true"
    if value is None or value is False:
        return "null" if value is None else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(Decimal(repr(value)))
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else quoted(value)
    raise TypeError(f"{type(value).__name__} is no scalar of YAML here")


def quoted(text: str) -> str:
    """Return a text in double quotes, in ASCII; a pair of surrogates becomes the one character that it means."""
    escaped = json.dumps(text).replace("\x7f", "\\x7f")
    return _ASTRAL.sub(_one_character, escaped)


def _one_character(pair: re.Match[str]) -> str:
    letter: str = json.loads(f'"{pair[0]}"')
    return f"\\U{ord(letter):08x}"


def _number(value: Decimal) -> str:
    """Return a float with every digit that it has: 3.0e-06, 0.0."""
    if not value:
        return "0.0"
    sign, digits, _ = value.as_tuple()
    significant = "".join(map(str, digits)).strip("0")
    first, rest = significant[0], significant[1:] or "0"
    power = value.adjusted()
    mantissa = f"{'-' if sign else ''}{first}.{rest}"
    return mantissa if power == 0 else f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


def lines(value: Mapping[str, Any], indent: int = 0) -> Iterator[str]:
    """Return a mapping in block style, a line each; a list of mappings has its dashes two spaces in."""
    pad = " " * indent
    for key, entry in value.items():
        name = _name(key)
        if not isinstance(entry, (dict, list)):
            yield f"{pad}{name}: {scalar(entry)}"
        elif isinstance(entry, dict) and entry:
            yield f"{pad}{name}:"
            yield from lines(entry, indent + 2)
        elif isinstance(entry, list) and entry and all(isinstance(item, dict) and item for item in entry):
            yield f"{pad}{name}:"
            for item in entry:
                yield from item_lines(item, indent + 2)
        else:
            yield f"{pad}{name}: {flow(entry)}"


@lru_cache(_NAMES_KEPT)
def _name(key: str) -> str:
    return key if _KEY.fullmatch(key) else quoted(key)


def item_lines(item: Mapping[str, Any], indent: int) -> Iterator[str]:
    """Return a mapping as an item of a list, its dash `indent` spaces in."""
    for number, line in enumerate(lines(item, indent + 2)):
        yield line if number else f"{' ' * indent}- {line[indent + 2 :]}"


def flow(value: Any) -> str:
    """Return a value in one line; lists and mappings in brackets."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)}: {flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(quoted(entry) if isinstance(entry, str) else flow(entry) for entry in value) + "]"
    return scalar(value)
