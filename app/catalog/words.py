"""How model names are read as words: letters and numbers apart, versions whole, spelling and case without weight.

`gpt4o`, `gpt-4o` and `GPT 4o` are the same two words, gpt and 4o. `4.5` and `4-5` are one word, a version; so are
sizes and short names that carry a number: `70b`, `a22b`, `8x22b`, `o3`, `k2.5`. A `v` before a version says nothing.
Neighbouring words are also known joined (`deepseek` for deep seek), so that glued and split spellings meet.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple


def _pattern(letter: str) -> re.Pattern[str]:
    """Return what finds the words of a folded text, given what a letter is in it."""
    return re.compile(
        rf"{letter}{{3,}}"
        rf"|{letter}(?<!v(?=\d))(?:"  # but for the v of v3.2
        r"(?<=[a-z])[a-z]?\d+(?:\.\d+)*[a-z]?(?![a-z])"  # o3, k2.5, a22b
        rf"|{letter}?)"
        r"|\d(?:\d*(?:\.\d+)*(?:x\d+)?[a-z]{1,2}(?![a-z])"  # 4o, 70b, 8x22b, 4.6v
        r"|\d?-\d{1,2}(?!\d)(?!-\d{1,3}(?!\d))"  # 4-5
        r"|\d*(?:\.\d+)*)"  # 4.5, 2507
    )


_ASCII_WORD = _pattern("[a-z]")
_WORD = _pattern(r"[^\W\d_]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_PLUS = re.compile(r"(?<=[^\W_])\+")
JOINED_WORDS = 3


class Word(NamedTuple):
    """One word of a text: how it is compared, and where it stands."""

    text: str
    start: int
    end: int


def fold(text: str) -> str:
    """Return a text in lower case and without accents, of the same length, so that places in it stay true."""
    if text.isascii():
        return text.lower()
    return _BEYOND_ASCII.sub(_plain_letter, text).lower()


def _plain_letter(match: re.Match[str]) -> str:
    letter = match.group()
    plain = unicodedata.normalize("NFKD", letter)[:1].lower()
    return plain if len(plain) == 1 else letter


def words_of(text: str) -> list[Word]:
    """Return the words of a text in their order; a `+` behind a word is the word plus."""
    folded = fold(text)
    words = [Word(match.group().replace("-", "."), *match.span()) for match in _word_in(folded).finditer(folded)]
    if "+" in folded:
        words += [Word("plus", plus.start(), plus.end()) for plus in _PLUS.finditer(folded)]
        words.sort(key=lambda word: word.start)
    return words


def texts_of(text: str) -> list[str]:
    """Return the words of a text as they are compared."""
    folded = fold(text)
    if "+" in folded:
        return [word.text for word in words_of(text)]
    return [found.replace("-", ".") for found in _word_in(folded).findall(folded)]


def _word_in(folded: str) -> re.Pattern[str]:
    return _ASCII_WORD if folded.isascii() else _WORD


def joins_of(words: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Return two and three neighbouring words written as one: the text, the first word's place, how many words."""
    for count in range(2, JOINED_WORDS + 1):
        for first in range(len(words) - count + 1):
            yield "".join(words[first : first + count]), first, count
