"""Read a local TOML or JSON file into a checked shape; whatever is wrong becomes one DocumentError.

Every message starts with the name of the file, never with its folder, and goes on with the place in it:
`overrides.toml: models."openai/gpt-4o".context_tokens: -5 is not a whole number from 1 to 1000000000`.
"""

from __future__ import annotations

import json
import re
import stat
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from app.catalog.errors import DocumentError
from app.sources.document import excerpt

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_FAULTS_SHOWN = 3
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_EXPECTED = {"model_type": "table", "dict_type": "table", "list_type": "list"}


class FieldError(ValueError):
    """A value that can't stand; `at` is the rest of its path below the field, if any."""

    def __init__(self, message: str, at: str = "") -> None:
        super().__init__(message)
        self.at = at


class Table(BaseModel):
    """One table of a local file; a key that it does not know is refused with the nearest that it does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            allowed = [field.alias or name for name, field in cls.model_fields.items()]
            for key in value:
                if key not in allowed:
                    raise FieldError(f"unknown key{did_you_mean(key, allowed)}", at=key)
        return value


ShapeT = TypeVar("ShapeT", bound=Table)


def body_of(path: Path) -> bytes:
    """Return the bytes of a file; raises DocumentError, nothing else gets out."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DocumentError(f"{path.name}: is not a regular file")
        with path.open("rb") as file:
            body = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise DocumentError(f"{path.name}: cannot be read: {error.strerror}") from None
    if len(body) > MAX_FILE_BYTES:
        raise DocumentError(f"{path.name}: is larger than {MAX_FILE_BYTES} bytes")
    return body


def shaped(body: bytes, shape: type[ShapeT], name: str) -> ShapeT:
    """Return a document in its shape, TOML by the suffix `.toml` of its name, JSON otherwise; raises DocumentError."""
    return check(decode(body, name), shape, name)


def decode(body: bytes, name: str) -> Mapping[str, Any]:
    """Return the document's top table, its numbers with a point as exact decimals; raises DocumentError."""
    try:
        text = body.decode("utf-8-sig")
        if name.lower().endswith(".toml"):
            return tomllib.loads(text, parse_float=Decimal)
        document = json.loads(text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_unique)
    except RecursionError:
        raise DocumentError(f"{name}: is nested too deeply to be read") from None
    except UnicodeDecodeError as error:
        raise DocumentError(f"{name}: is not UTF-8 text (byte {error.start})") from None
    except (ValueError, ArithmeticError) as error:
        reason = "holds a number beyond all bounds" if isinstance(error, ArithmeticError) else excerpt(str(error), 200)
        raise DocumentError(f"{name}: cannot be parsed: {reason}") from None
    if not isinstance(document, dict):
        raise DocumentError(f"{name}: {shown(document)} is not a table; expected an object at the top")
    return document


def check(document: Mapping[str, Any], shape: type[ShapeT], name: str) -> ShapeT:
    """Return the document in its shape; raises DocumentError that names the first places that don't fit."""
    try:
        return shape.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False)
    lines = [_line(fault["type"], fault["loc"], fault, document) for fault in faults[:MAX_FAULTS_SHOWN]]
    more = f"; and {len(faults) - MAX_FAULTS_SHOWN} more" if len(faults) > MAX_FAULTS_SHOWN else ""
    raise DocumentError(f"{name}: {'; '.join(lines)}{more}")


def did_you_mean(word: object, allowed: list[str]) -> str:
    """Return the end of a sentence about an unknown word: the nearest allowed one, else all of them."""
    nearest = get_close_matches(str(word), allowed, n=1)
    return f"; did you mean {nearest[0]}?" if nearest else f"; allowed: {', '.join(allowed)}"


def shown(value: object) -> str:
    """Return a value as a message may show it: short, on one line, printable."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and value.bit_length() > 256:
        # Python refuses to print integers of more than 4300 digits.
        return "a huge number"
    return f"'{excerpt(value)}'" if isinstance(value, str) else excerpt(str(value))


def place(*parts: str) -> str:
    """Return the path of a field; parts that are not bare keys stand in quotes, as in TOML."""
    return ".".join(part if _BARE_KEY.fullmatch(part) else f'"{excerpt(part, 100)}"' for part in parts)


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        again, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {shown(again)} stands twice in one object")
    return table


def _line(kind: str, location: tuple[int | str, ...], fault: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    parts = _named(location, document)
    if kind == "value_error":
        error = fault["ctx"]["error"]
        parts += [error.at] if isinstance(error, FieldError) and error.at else []
        reason = str(error)
    elif kind == "missing":
        reason = "is missing"
    elif kind in _EXPECTED:
        reason = f"{shown(fault['input'])} is not a {_EXPECTED[kind]}"
    else:
        reason = excerpt(str(fault["msg"]), 200)
    return f"{place(*parts)}: {reason}" if parts else reason


def _named(location: tuple[int | str, ...], document: Mapping[str, Any]) -> list[str]:
    """Return the parts of a path; an item of a list is named by its id where it has one, else by its place."""
    parts: list[str] = []
    here: Any = document
    for step in location:
        if step == "[key]":
            break
        take: Callable[[Any], Any] = here.__getitem__ if isinstance(here, list | dict) else lambda _: None
        try:
            here = take(step)
        except (KeyError, IndexError, TypeError):
            here = None
        named = here.get("id") if isinstance(step, int) and isinstance(here, dict) else None
        parts.append(named if isinstance(named, str) else str(step))
    return parts
