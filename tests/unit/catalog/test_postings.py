"""Sets of models as bit masks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.catalog.postings import MAX_WALKED, Postings, goes_on, mask_of, places_in


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
    postings = Postings({"son": [0], "sonnet": [1], "sonar": [2], "soup": [3]}, 4, is_completed=True)
    assert places_in(postings.going_on("son")) == [1, 2]
    assert postings.has_prefix("son")
    assert not postings.has_prefix("sonnet")


def test_a_number_goes_on_with_anything_but_a_digit() -> None:
    postings = Postings({"4": [0], "4.5": [1], "4o": [2], "45": [3]}, 4, is_completed=True)
    assert places_in(postings.going_on("4")) == [1, 2]


def test_joined_words_are_completed_apart() -> None:
    postings = Postings({"deep": [0], "deepseek": [0]}, 1, joined=frozenset({"deepseek"}), is_completed=True)
    assert postings.going_on("deep") == 0
    assert postings.joined_with_prefix("deeps") == ["deepseek"]


def test_a_frequent_prefix_has_all_its_models_and_no_query_walks_through_its_words() -> None:
    many = 3 * MAX_WALKED
    words = {f"a{chr(97 + at // 26)}{chr(97 + at % 26)}": [at] for at in range(many)}
    postings = Postings(words, many, is_completed=True)
    assert postings.going_on("a").bit_count() == many
    assert "a" in postings._many
    assert len(Postings(words, many, joined=frozenset(words)).joined_with_prefix("a")) == MAX_WALKED


@given(st.sets(st.text("ab1.", min_size=1, max_size=5), min_size=1), st.text("ab1.", min_size=1, max_size=3))
def test_the_models_of_a_prefix_are_those_of_its_words(words: set[str], prefix: str) -> None:
    places = {word: [place] for place, word in enumerate(sorted(words))}
    expected = [place for word, [place] in places.items() if goes_on(word, prefix)]
    assert places_in(Postings(places, len(words), is_completed=True).going_on(prefix)) == expected[:MAX_WALKED]
