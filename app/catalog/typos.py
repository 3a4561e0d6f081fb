"""Which known words a mistyped word may mean.

One edit in words of four letters or more, two in eight or more; a transposition is one edit. A word of three letters
may lack one. Words with digits are never corrected, because o3 is not o1, but for a sign that stands twice: 4oo. Built
on deletions (two words within one edit share a form with a letter left out), so a look-up costs some hundred reads,
whatever the size of the vocabulary.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import accumulate
from zlib import crc32

ONE_EDIT_LETTERS = 4
TWO_EDITS_LETTERS = 8
MAX_LETTERS = 24
# A form is known by as many bits of its hash, above the number of its word. The hash is one that every process has
# alike: Python's own differs from start to start, and catalogs are built beside the process that serves them.
_HASH_BITS, _WORD_BITS = 32, 32
_WORD_MASK = (1 << _WORD_BITS) - 1


def edits_allowed(word: str) -> int:
    """Return how many edits a word of this length may be off; 0 for words that are never corrected."""
    if not word.isalpha() or not ONE_EDIT_LETTERS <= len(word) <= MAX_LETTERS:
        return 0
    return 2 if len(word) >= TWO_EDITS_LETTERS else 1


class Typos:
    """The known words, by the forms that they have with letters left out.

    Forms are kept as hashes, in runs of the same leading bits, and it is known where each run begins: 0.8 MB for a
    catalog of 421 models, and 3.4 as strings in a dictionary. Two forms of one hash cost a comparison, no more.
    """

    def __init__(self, words: Iterable[str]) -> None:
        # A word one letter shorter than the least can still be one edit from one that is long enough.
        words = tuple(words)
        self._with_digits = frozenset(word for word in words if not word.isalpha())
        fitting = (word for word in words if ONE_EDIT_LETTERS - 1 <= len(word) <= MAX_LETTERS + 2 and word.isalpha())
        self._words = tuple(dict.fromkeys(fitting))
        entries = array("Q")
        for number, word in enumerate(self._words):
            for form in _forms(word, 2 if len(word) >= TWO_EDITS_LETTERS - 1 else 1):
                entries.append(crc32(form.encode()) << _WORD_BITS | number)
        bits = max(len(entries).bit_length(), 1)
        self._shift = _HASH_BITS - bits
        sizes = array("L", bytes(array("L").itemsize << bits))
        for entry in entries:
            sizes[entry >> _WORD_BITS + self._shift] += 1
        # Where each run ends, counted down to where it begins as its entries are put in.
        self._begins = array("L", accumulate(sizes))
        self._begins.append(len(entries))
        self._entries = array("Q", bytes(len(entries) * entries.itemsize))
        for entry in entries:
            run = entry >> _WORD_BITS + self._shift
            self._begins[run] -= 1
            self._entries[self._begins[run]] = entry

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
        begins, entries, shift = self._begins, self._entries, self._shift
        found = set()
        for form in _forms(word, allowed):
            wanted = crc32(form.encode())
            run = wanted >> shift
            for entry in entries[begins[run] : begins[run + 1]]:
                if entry >> _WORD_BITS == wanted:
                    found.add(self._words[entry & _WORD_MASK])
        return {known for known in found if abs(len(known) - len(word)) <= allowed + more}


def _forms(word: str, deletions: int) -> Iterator[str]:
    """Return the word and every form of it with up to so many letters left out, each once."""
    seen = {word}
    edge = [word]
    yield word
    for _ in range(deletions):
        shorter = []
        for form in edge:
            for at in range(len(form)):
                cut = form[:at] + form[at + 1 :]
                if cut not in seen:
                    seen.add(cut)
                    shorter.append(cut)
                    yield cut
        edge = shorter


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
