"""Which known words a mistyped word may mean.

One edit in words of four letters or more, two in eight or more; a transposition is one edit. Words with digits are
never corrected: o3 is not o1. Built on deletions (two words within one edit share a form with a letter left out),
so a look-up costs some hundred dictionary reads, whatever the size of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

ONE_EDIT_LETTERS = 4
TWO_EDITS_LETTERS = 8
MAX_LETTERS = 24


def edits_allowed(word: str) -> int:
    """Return how many edits a word of this length may be off; 0 for words that are never corrected."""
    if not word.isalpha() or not ONE_EDIT_LETTERS <= len(word) <= MAX_LETTERS:
        return 0
    return 2 if len(word) >= TWO_EDITS_LETTERS else 1


class Typos:
    """The known words, by the forms that they have with letters left out."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_form: dict[str, list[str]] = {}
        for word in words:
            # A word one letter shorter than the least can still be one edit from one that is long enough.
            if word.isalpha() and ONE_EDIT_LETTERS - 1 <= len(word) <= MAX_LETTERS + 2:
                for form in _forms(word, 2 if len(word) >= TWO_EDITS_LETTERS - 1 else 1):
                    self._by_form.setdefault(form, []).append(word)

    def near(self, word: str) -> tuple[tuple[str, int], ...]:
        """Return the known words within the allowed edits, each with its distance, nearest first."""
        allowed = edits_allowed(word)
        if not allowed:
            return ()
        found: dict[str, int] = {}
        for form in _forms(word, allowed):
            for known in self._by_form.get(form, ()):
                if known not in found and abs(len(known) - len(word)) <= allowed:
                    found[known] = distance(word, known)
        near = [(known, edits) for known, edits in found.items() if 0 < edits <= allowed]
        return tuple(sorted(near, key=lambda pair: (pair[1], pair[0])))


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
