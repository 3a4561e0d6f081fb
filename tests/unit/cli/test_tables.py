"""What the command line prints for people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.cli.tables import when

NOW = datetime(2026, 8, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-08-20T11:59:30Z", "2026-08-20 11:59:30 UTC, just now"),
        ("2026-08-20T11:18:00.250000Z", "2026-08-20 11:18:00 UTC, 41 min ago"),
        ("2026-08-20T04:00:00+02:00", "2026-08-20 02:00:00 UTC, 10 h ago"),
        ("2026-08-20T12:00:00Z", "2026-08-20 12:00:00 UTC, just now"),
        ("2026-08-20T12:00:01Z", "2026-08-20 12:00:01 UTC, in 1 min"),
        ("2026-08-20T13:02:30Z", "2026-08-20 13:02:30 UTC, in 63 min"),
        (None, "never"),
    ],
)
def test_a_moment_is_told_in_one_form_and_with_its_distance(moment: str | None, said: str) -> None:
    assert when(moment, NOW) == said
