"""What we remember of an entry that we wrote, inside the entry: a checksum of each value.

An export tells by it what people changed since: a value whose checksum is no longer ours is theirs and stays, one
that still has it may be brought up to date. It moves and is copied with its entry, and lost with nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from zlib import crc32

MEMORY_KEY = "registry_wrote"
NAME_KEY = "model_name"
PARAMS, INFO = "litellm_params", "model_info"
SECTIONS = (PARAMS, INFO)


def memory_of(entry: Mapping[str, Any]) -> str:
    """Return the checksums of everything that an entry says, by place."""
    return " ".join(f"{place}={checksum(value)}" for place, value in values_of(entry).items())


def values_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an entry says by place (see place_of), but for the memory."""
    found = {NAME_KEY: entry.get(NAME_KEY)}
    for section in SECTIONS:
        found.update({place_of(section, key): value for key, value in (entry.get(section) or {}).items()})
    found.pop(MEMORY_KEY, None)
    return found


def place_of(section: str | None, key: str) -> str:
    """Return where a value stands: keys of `litellm_params` are prefixed, because `model_info` may have the same."""
    return f"{PARAMS}.{key}" if section == PARAMS else key


def read_memory(text: object) -> dict[str, str]:
    """Return the checksums by key; what is no memory of ours remembers nothing."""
    if not isinstance(text, str):
        return {}
    pairs = (word.partition("=") for word in text.split())
    return {key: value for key, equals, value in pairs if equals}


def checksum(value: object) -> str:
    """Return the checksum of a value's meaning: 3.0e-06 and 0.000003 are the same."""
    return f"{crc32(_meaning(value).encode('utf-8', 'replace')):08x}"


def _meaning(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ",".join(sorted(f"{key}:{_meaning(entry)}" for key, entry in value.items())) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_meaning(entry) for entry in value) + "]"
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float | Decimal):
        return _number(Decimal(str(value)))
    return f"'{value}'"


def number_or_text(text: str) -> Decimal | str:
    """Return what a plain scalar of YAML means here."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _number(value: Decimal) -> str:
    sign, digits, _ = value.as_tuple()
    if not value:
        return "0"
    # Not normalize(): it would round what has more than 28 digits.
    return f"{'-' if sign else ''}{''.join(map(str, digits)).strip('0')}e{value.adjusted()}"
