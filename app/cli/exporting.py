"""Write the catalog to a file: whole, or not at all."""

from __future__ import annotations

import csv
import io
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

_COLUMNS = ("id", "name", "author", "provider", "context_tokens", "max_output_tokens", "price", "prompt", "completion")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class ExportError(Exception):
    """The file can't be written; the message says why and what to do."""


def exported(models: Sequence[Mapping[str, Any]], form: str) -> bytes:
    """Return the catalog in one of the forms json, jsonl, csv (prices in USD per million tokens) or ids."""
    if form == "json":
        return orjson.dumps({"models": models}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if form == "jsonl":
        return b"".join(orjson.dumps(model, option=orjson.OPT_APPEND_NEWLINE) for model in models)
    if form == "ids":
        return "".join(f"{model['id']}\n" for model in models).encode()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for model in models:
        rates = model["price"]["usd_per_million_tokens"]
        fields = [_cell(model[name]) for name in _COLUMNS[:6]]
        writer.writerow([*fields, model["price"]["state"], rates.get("prompt"), rates.get("completion")])
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: upstream may name a model =HYPERLINK(...)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def write(body: bytes, output: str, *, may_replace: bool) -> None:
    """Write to a file by way of a temporary one beside it, or to standard output for `-`. Raises ExportError."""
    if output == "-":
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    if path.exists() and not may_replace:
        raise ExportError(f"{output} is there already; --force replaces it")
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        raise ExportError(f"{output} can't be written: {error.strerror or error}") from None
