"""Which known words a mistyped word may mean.

One edit in words of four letters or more, two in eight or more; a transposition is one edit. A word of three letters
may lack one. Words with digits are never corrected, because o3 is not o1, but for a sign that stands twice: 4oo. Built
on deletions (two words within one edit share a form with a letter left out), so a look-up costs some hundred reads,
whatever the size of the vocabulary.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from zlib import crc32

ONE_EDIT_LETTERS = 4
TWO_EDITS_LETTERS = 8
MAX_LETTERS = 24
# The hash of a form is one that every process has alike: Python's own differs from start to start, and catalogs are
# built beside the process that serves them.
_HASH_BITS = 32


def edits_allowed(word: str) -> int:
    """Return how many edits a word of this length may be off; 0 for words that are never corrected."""
    if not word.isalpha() or not ONE_EDIT_LETTERS <= len(word) <= MAX_LETTERS:
        return 0
    return 2 if len(word) >= TWO_EDITS_LETTERS else 1


class Typos:
    """The known words, by the forms that they have with letters left out.

    Forms are kept as hashes, one word's after another's; those of the same leading bits are chained, each to the one
    before it. 0.3 MB for a catalog of 421 models, and 3.4 as strings in a dictionary. Two forms of one hash cost a
    comparison, no more.
    """

    def __init__(self, words: Iterable[str]) -> None:
        # A word one letter shorter than the least can still be one edit from one that is long enough.
        words = tuple(words)
        self._with_digits = frozenset(word for word in words if not word.isalpha())
        fitting = (word for word in words if ONE_EDIT_LETTERS - 1 <= len(word) <= MAX_LETTERS + 2 and word.isalpha())
        self._words = tuple(dict.fromkeys(fitting))
        self._forms, self._ends = array("I"), array("I")
        for word in self._words:
            self._forms.extend(_forms(word, 2 if len(word) >= TWO_EDITS_LETTERS - 1 else 1))
            self._ends.append(len(self._forms))
        # Places are counted from 1; 0 ends a chain.
        bits = len(self._forms).bit_length()
        self._shift = shift = _HASH_BITS - bits
        self._last = last = array("I", bytes(array("I").itemsize << bits))
        self._before = before = array("I", [0])
        for place, form in enumerate(self._forms, 1):
            run = form >> shift
            before.append(last[run])
            last[run] = place

    def near(self, word: str) -> tuple[tuple[str, int], ...]:
        """Return the known words within the allowed edits, each with its distance, nearest first."""
        allowed = edits_allowed(word)
        if not allowed:
            return self._nearly(word)
        known = self._sharing_a_form(word, allowed)
        near = [(other, edits) for other in known if 0 < (edits := distance(word, other)) <= allowed]
        return tuple(sorted(near, key=lambda pair: (pair[1], pair[0])))

    def _nearly(self, word: str) -> tuple[tuple[str, int], ...]:
        """Return what a word means that is too short for an edit, or has digits."""
        if len(word) == ONE_EDIT_LETTERS - 1 and word.isalpha():
            known = {other for other in self._sharing_a_form(word, 0, more=1) if len(other) > len(word)}
        else:
            once = {word[:at] + word[at + 1 :] for at in range(1, len(word)) if word[at] == word[at - 1]}
            known = once & self._with_digits if len(word) <= MAX_LETTERS else set()
        return tuple((other, 1) for other in sorted(known))

    def _sharing_a_form(self, word: str, allowed: int, *, more: int = 0) -> set[str]:
        forms, before, last, shift = self._forms, self._before, self._last, self._shift
        found = set()
        for wanted in _forms(word, allowed):
            place = last[wanted >> shift]
            while place:
                if forms[place - 1] == wanted:
                    found.add(self._words[bisect_left(self._ends, place)])
                place = before[place]
        return {known for known in found if abs(len(known) - len(word)) <= allowed + more}


def _forms(word: str, deletions: int) -> set[int]:
    """Return the hashes of a word and of every form of it with up to so many letters left out, two at most."""
    letters = [letter.encode() for letter in word]
    rests = [word[at:].encode() for at in range(1, len(word) + 1)]
    found = {crc32(word.encode())}
    begun = 0
    for first, letter in enumerate(letters if deletions else (), 1):
        found.add(crc32(rests[first - 1], begun))
        if deletions > 1:
            between = begun
            for other, rest in zip(letters[first:], rests[first:], strict=True):
                found.add(crc32(rest, between))
                between = crc32(other, between)
        begun = crc32(letter, begun)
    return found


def distance(left: str, right: str) -> int:
    """Return how many insertions, deletions, replacements or swaps of neighbours lead from one word to the other."""
    before_last: list[int] = []
    last = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        current = [i]
        for j, b in enumerate(right, 1):
            cost = min(last[j] + 1, current[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before_last[j - 2] + 1)
            current.append(cost)
        before_last, last = last, current
    return last[-1]
