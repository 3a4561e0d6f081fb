"""Texts become words in one way, however they are spelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.words import fold, joins_of, texts_of, words_of


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
    assert texts_of(one) == texts_of(other)


@pytest.mark.parametrize("word", ["70b", "a22b", "8x22b", "o3", "k2.5", "4.6v", "4o", "2507"])
def test_a_size_or_short_name_with_a_number_is_one_word(word: str) -> None:
    assert texts_of(word) == [word]


def test_a_date_is_not_read_as_versions() -> None:
    assert "4.5" not in texts_of("2024-5-13")
    assert texts_of("gpt-4o-2024-08-06")[:2] == ["gpt", "4o"]


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


@given(st.text(max_size=80) | st.text("abvxok.-+ 0123456789é中", max_size=40))
def test_words_read_without_their_places_are_the_same(text: str) -> None:
    assert texts_of(text) == [word.text for word in words_of(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("v3.2", ["3.2"]),
        ("o3v2 vv2", ["o3v", "2", "vv2"]),
        ("4abv2", ["4", "abv", "2"]),
        ("Qwen2中VL-7B", ["qwen", "2", "中vl", "7b"]),
        ("Σοφός v²", ["σοφος", "2"]),
    ],
)
def test_letters_of_any_script_are_parted_from_numbers(text: str, words: list[str]) -> None:
    assert texts_of(text) == words


@given(st.text("abc-/.: v12+é"), st.text("abc-/.: v12+é"))
def test_an_id_or_a_name_has_the_words_of_its_parts(author: str, rest: str) -> None:
    for mark in ("/", ": "):
        assert texts_of(f"{author}{mark}{rest}") == texts_of(author) + texts_of(rest)
