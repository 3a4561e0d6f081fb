"""JSON in pieces: one call that writes 130 MB would hold the interpreter for a quarter of a second."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

import orjson

from app.catalog.codec import decimal_text

# Members of a long list or object that are written at once; some 200 kB of rows.
MEMBERS_AT_ONCE = 128
# Long lists stand at most so deep: in a list of providers, in one of them, under `models`.
_MOST_DEEP = 3


def to_json(value: Any) -> bytes:
    """Return compact JSON; a Decimal becomes a number with every digit that it has."""
    # Copied once, because orjson leaves its buffer at its full size.
    return bytes(memoryview(orjson.dumps(value, default=_number)))


def json_pieces(value: Any, depth: int = _MOST_DEEP) -> Iterator[bytes]:
    """Return what `to_json` returns, piece by piece."""
    if not _is_long(value, depth):
        yield to_json(value)
        return
    is_object = isinstance(value, dict)
    separator = b"{" if is_object else b"["
    for some in _parts(value, depth):
        if isinstance(some, (dict, list)):
            yield separator + to_json(some)[1:-1]
        else:
            name, member = some
            yield separator + (to_json(name) + b":" if is_object else b"")
            yield from json_pieces(member, depth - 1)
        separator = b","
    yield b"}" if is_object else b"]"


def _parts(value: dict[str, Any] | list[Any], depth: int) -> Iterator[Any]:
    """Return runs of short members as what they stand in, and each long member as a pair of its name and itself."""
    is_object = isinstance(value, dict)
    members = iter(value.items() if isinstance(value, dict) else enumerate(value))
    while some := list(islice(members, MEMBERS_AT_ONCE)):
        run: list[Any] = []
        for name, member in some:
            if _is_long(member, depth - 1):
                if run:
                    yield dict(run) if is_object else [short for _, short in run]
                    run = []
                yield name, member
            else:
                run.append((name, member))
        if run:
            yield dict(run) if is_object else [short for _, short in run]


def _is_long(value: Any, depth: int) -> bool:
    if depth == 0 or not isinstance(value, (dict, list)):
        return False
    if len(value) > MEMBERS_AT_ONCE:
        return True
    return any(_is_long(member, depth - 1) for member in (value.values() if isinstance(value, dict) else value))


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(decimal_text(value).encode())
    raise TypeError(f"{type(value).__name__} has no JSON form here")
