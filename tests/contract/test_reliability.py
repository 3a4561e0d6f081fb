"""docs/reliability.md names tests that exist, and leaves no promise without one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[a-z0-9_/]+\.py)(?:::(test_[a-z0-9_]+))?`", PAGE)


def test_every_test_that_is_named_exists() -> None:
    for file, name in NAMED:
        text = (ROOT / file).read_text(encoding="utf-8")
        assert "def test_" in text, file
        assert not name or re.search(rf"def {name}\(", text), f"{file}::{name}"
    assert len(NAMED) > 50


def test_every_promise_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| Promise")]
    assert len(rows) > 30
    assert [row for row in rows if "`tests/" not in row] == []
