"""Which mistyped words are forgiven, and which are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.typos import Typos, distance, edits_allowed

WORDS = ("claude", "sonnet", "opus", "gpt", "anthropic", "deepseek", "nemotron", "o1", "o3")
TYPOS = Typos(WORDS)


def _near(word: str) -> list[str]:
    return [known for known, _ in TYPOS.near(word)]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("claud", "claude"),  # a letter missing
        ("cllaude", "claude"),  # a letter too many
        ("clavde", "claude"),  # another letter
        ("cluade", "claude"),  # two letters swapped
        ("antrhopci", "anthropic"),  # two swaps
        ("demtrom", None),  # two edits in seven letters
        ("nemtrom", None),
        ("nemotrom", "nemotron"),
        ("deapseak", "deepseek"),  # two edits in eight letters
        ("opis", "opus"),  # four letters bear one edit
        ("gpd", None),  # three bear none
        ("ops", "opus"),  # but they may lack one
        ("ous", "opus"),
        ("o3", None),
        ("o33", "o3"),  # a sign that stands twice
        ("oo1", "o1"),
        ("o13", None),
        ("o3o", None),
        ("o2", None),
    ],
)
def test_a_mistyped_word_means(typed: str, meant: str | None) -> None:
    assert _near(typed) == ([meant] if meant else [])


@pytest.mark.parametrize(("word", "edits"), [("abc", 0), ("abcd", 1), ("abcdefg", 1), ("abcdefgh", 2), ("abc4", 0)])
def test_longer_words_bear_more_edits_and_digits_none(word: str, edits: int) -> None:
    assert edits_allowed(word) == edits


def test_a_transposition_is_one_edit() -> None:
    assert distance("sonnet", "sonent") == 1
    assert distance("sonnet", "sonnet") == 0
    assert distance("kitten", "sitting") == 3


def test_the_nearest_word_comes_first() -> None:
    assert Typos(["deepseak", "deepseee"]).near("deepseek")[0][1] == 1
    assert Typos(["anthropics", "anthropicxx"]).near("anthropic") == (("anthropics", 1), ("anthropicxx", 2))


@given(st.text("abcde", min_size=4, max_size=9), st.text("abcde", min_size=4, max_size=9))
def test_a_word_is_near_exactly_when_its_distance_is_allowed(typed: str, known: str) -> None:
    expected = 0 < distance(typed, known) <= edits_allowed(typed)
    assert bool(Typos([known]).near(typed)) == expected
