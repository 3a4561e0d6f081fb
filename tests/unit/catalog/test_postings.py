"""Sets of models as bit masks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.catalog.postings import MAX_PREFIXED, Postings, mask_of, places_in


@given(st.sets(st.integers(0, 999)), st.none() | st.integers(0, 100))
def test_places_go_in_and_come_out_in_order(places: set[int], limit: int | None) -> None:
    assert places_in(mask_of(places, 1_000), limit) == sorted(places)[:limit]


def test_rare_and_frequent_words_are_answered_alike() -> None:
    postings = Postings({"rare": [7], "frequent": list(range(0, 1_000, 2))}, 1_000)
    assert places_in(postings.of("rare")) == [7]
    assert postings.of("frequent").bit_count() == 500
    assert places_in(postings.of_any(["rare", "frequent", "unknown"]), 5) == [0, 2, 4, 6, 7]
    assert postings.of("unknown") == 0
    assert "rare" in postings
    assert "unknown" not in postings


def test_a_prefix_is_completed_without_the_word_itself() -> None:
    postings = Postings({"son": [0], "sonnet": [1], "sonar": [2], "soup": [3]}, 4)
    assert postings.with_prefix("son") == ["sonar", "sonnet"]


def test_a_number_goes_on_with_anything_but_a_digit() -> None:
    postings = Postings({"4": [0], "4.5": [1], "4o": [2], "45": [3]}, 4)
    assert postings.with_prefix("4") == ["4.5", "4o"]


def test_joined_words_are_completed_apart() -> None:
    postings = Postings({"deep": [0], "deepseek": [0]}, 1, joined=frozenset({"deepseek"}))
    assert postings.with_prefix("deep") == []
    assert postings.joined_with_prefix("deeps") == ["deepseek"]


def test_one_letter_completes_to_a_bounded_number_of_words() -> None:
    postings = Postings({f"a{number:05}": [0] for number in range(3 * MAX_PREFIXED)}, 1)
    assert len(postings.with_prefix("a")) == MAX_PREFIXED
