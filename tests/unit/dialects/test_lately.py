"""What the landing page says of the last days: every name a link, every text escaped, nothing that is no news."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.catalog.diff import Diff
from app.catalog.index import Index, build_index
from app.dialects.lately import Change, ago, changes_list, changes_of, leaving_table, newest_table
from app.outcome import Outcome, Result, Trigger
from tests.simulator import make_record
from tests.unit.dialects.given import snapshot_of

NOW = datetime(2026, 8, 20, 12, tzinfo=UTC)


def index_of(records: list[dict[str, Any]]) -> Index:
    """Return the look-up tables of a catalog."""
    return build_index(snapshot_of(records))


def outcome(result: Result, diff: Diff | None = None) -> Outcome:
    return Outcome(result, Trigger.SCHEDULE, NOW, 0.2, 2, "2-abc", "one", diff=diff)


def test_only_outcomes_that_changed_something_are_told() -> None:
    diff = Diff(added=tuple(f"acme/{number}" for number in range(30)))
    told = [outcome(Result.UPDATED, diff), outcome(Result.UNCHANGED), outcome(Result.REFUSED, diff)]
    [change] = changes_of(entry.document(with_diff=False) for entry in told)
    assert change.at == NOW
    assert change.counts == {"added": 30, "removed": 0, "repriced": 0, "changed": 0}
    assert change.ids["added"] == tuple(f"acme/{number}" for number in range(8))


def test_the_first_catalog_is_told_by_its_number_of_models() -> None:
    first = Outcome(Result.UPDATED, Trigger.SCHEDULE, NOW, 0.2, 2, "2-abc", "one", first_models=1_302)
    changes = changes_of([first.document(with_diff=False)])
    assert changes == [Change(NOW, first_models=1_302)]
    html = changes_list(index_of([]), changes, NOW, root_path="")
    assert "<b>First catalog</b> 1,302 models" in html
    assert "New" not in html


def test_an_outcome_of_an_older_version_tells_nothing() -> None:
    entry = outcome(Result.UPDATED, Diff(added=("a/b",))).document(with_diff=False)
    del entry["changes"]
    assert changes_of([entry]) == []


def test_a_change_names_the_first_models_and_counts_the_rest() -> None:
    index = index_of([make_record("acme/one", name="Acme: <One>"), make_record("acme/two")])
    change = Change(
        NOW - timedelta(hours=3),
        {"added": 30, "removed": 1, "repriced": 0, "changed": 2},
        {"added": ["acme/one", "acme/two"], "removed": ["gone/<b>"]},
    )
    html = changes_list(index, [change], NOW, root_path="/here")
    assert '<a href="/here/models/acme/one">&lt;One&gt;</a>, ' in html
    assert "and 28 more" in html
    assert "<b>Gone</b> gone/&lt;b&gt;</p>" in html
    assert "<b>Other facts</b> 2 models" in html
    assert "Other price" not in html
    assert ">3 h ago</time>" in html


def test_without_a_change_the_page_says_so() -> None:
    assert "Nothing has changed" in changes_list(index_of([make_record("acme/one")]), [], NOW, root_path="")


def test_leaving_soon_are_listed_models_with_a_near_last_day_in_its_order() -> None:
    index = index_of(
        [
            make_record("acme/late", expiration_date="2026-11-01"),
            make_record("acme/soon", expiration_date="2026-08-21"),
            make_record("acme/past", expiration_date="2026-08-01"),
            make_record("acme/never", expiration_date="2098-12-31"),
            make_record("acme/stays"),
        ]
    )
    html = leaving_table(index, NOW, root_path="")
    assert re.findall(r'href="/models/([^"]+)"', html) == ["acme/soon", "acme/late"]
    assert "21 August 2026" in html


def test_a_table_without_models_is_left_out() -> None:
    index = index_of([make_record("acme/stays", created=None)])
    assert leaving_table(index, NOW, root_path="") == ""
    assert newest_table(index, root_path="") == ""


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(-5, "just now"), (0.5, "just now"), (119, "119 min ago"), (120, "2 h ago"), (60 * 48, "2 days ago")],
)
def test_ages_are_told_as_people_say_them(minutes: float, words: str) -> None:
    assert ago(NOW, NOW - timedelta(minutes=minutes)) == words
