"""The real catalogs beside the checkout, and what skips visibly where they are not."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "catalogs"
ABSENT = pytest.mark.skipif(not FOLDER.is_dir(), reason="the real catalogs are not beside this checkout")


def days() -> list[Path]:
    """Return the single days, oldest first."""
    return sorted(FOLDER.glob("openrouter-*.json.gz"))


def series() -> list[Path]:
    """Return the forty days in a row."""
    return sorted((FOLDER / "series").glob("*.json.gz"))


def read(path: Path) -> list[dict[str, Any]]:
    """Return the records of a catalog."""
    records: list[dict[str, Any]] = orjson.loads(gzip.decompress(path.read_bytes()))["data"]
    return records
