"""Texts become words in one way, however they are spelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.words import fold, joins_of, words_of


def _texts(text: str) -> list[str]:
    return [word.text for word in words_of(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gpt4o", "GPT-4o"),
        ("gpt 4o", "gpt-4o"),
        ("qwen3", "qwen 3"),
        ("v3.2", "3.2"),
        ("sonnet 4-5", "sonnet 4.5"),
        ("claude-sonnet-4-5", "Claude Sonnet 4.5"),
        ("command r+", "command r plus"),
        ("Gémini", "gemini"),
        ("llama_3_8b", "llama 3 8b"),
    ],
)
def test_two_spellings_are_the_same_words(one: str, other: str) -> None:
    assert _texts(one) == _texts(other)


@pytest.mark.parametrize("word", ["70b", "a22b", "8x22b", "o3", "k2.5", "4.6v", "4o", "2507"])
def test_a_size_or_short_name_with_a_number_is_one_word(word: str) -> None:
    assert _texts(word) == [word]


def test_a_date_is_not_read_as_versions() -> None:
    assert "4.5" not in _texts("2024-5-13")
    assert _texts("gpt-4o-2024-08-06")[:2] == ["gpt", "4o"]


def test_neighbours_are_joined_in_twos_and_threes() -> None:
    assert list(joins_of(["a", "b", "c"])) == [("ab", 0, 2), ("bc", 1, 2), ("abc", 0, 3)]


@given(st.text(max_size=80))
def test_folding_keeps_every_character_in_its_place(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(st.text(max_size=80))
def test_every_word_says_where_it_stands(text: str) -> None:
    for word in words_of(text):
        assert 0 <= word.start < word.end <= len(text)
        assert word.text in {fold(text)[word.start : word.end].replace("-", "."), "plus"}
