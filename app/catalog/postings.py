"""Which models have which word, as bit masks; rare words are kept as short lists of places."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from itertools import compress, count, islice

# A mask costs a bit per model and is ready; a place costs four bytes and 0.1 microseconds each time it is asked for.
MODELS_PER_PLACE = 512
# Of the places of one word that is not kept as a mask; there are fewer than models per place.
_COUNT_BITS = 24
# A prefix that more words go on from has its models ready, so that no query walks through more.
MAX_WALKED = 64
# Places that are taken from a mask one by one; for more it is quicker to look at each bit.
MAX_PICKED = 48
_TRUTH_OF_DIGIT = bytes.maketrans(b"01", b"\0\1")


class Postings:
    """The models of each word of one field; immutable once built. Prefixes are looked up where `is_completed`.

    `joined` are words that only exist as two or three others written as one. They are completed apart, for prefixes
    that nothing else goes on from: whoever has `qwen2vl` has `qwen`, too, and there are hundreds of them.
    """

    def __init__(
        self,
        places_by_word: dict[str, list[int]],
        size: int,
        *,
        joined: frozenset[str] = frozenset(),
        is_completed: bool = False,
    ) -> None:
        self._size = size
        self._masks: dict[str, int] = {}
        # Where the places of a word begin, and how many they are, in one number: an array of its own for each of
        # 60,000 words takes as much memory as the words themselves.
        self._runs: dict[str, int] = {}
        self._places = array("I")
        for word, places in places_by_word.items():
            if len(places) * MODELS_PER_PLACE < size:
                self._runs[word] = len(self._places) << _COUNT_BITS | len(places)
                self._places.extend(places)
            else:
                self._masks[word] = mask_of(places, size) if len(places) > 1 else 1 << places[0]
        self._sorted = sorted(word for word in places_by_word if word not in joined) if is_completed else []
        self._joined = sorted(joined)
        self._many = {prefix: self.of_any(words) for prefix, words in _frequent_prefixes(self._sorted).items()}

    def __contains__(self, word: str) -> bool:
        return word in self._masks or word in self._runs

    def of(self, word: str) -> int:
        """Return the models that have a word."""
        mask = self._masks.get(word)
        if mask is not None:
            return mask
        return mask_of(self._places_of(word), self._size) if word in self._runs else 0

    def of_any(self, words: Iterable[str]) -> int:
        """Return the models that have one of the words."""
        found = 0
        sparse = array("I")
        for word in words:
            mask = self._masks.get(word)
            if mask is not None:
                found |= mask
            elif word in self._runs:
                sparse.extend(self._places_of(word))
        return found | mask_of(sparse, self._size) if sparse else found

    def _places_of(self, word: str) -> array[int]:
        begin, count = divmod(self._runs[word], 1 << _COUNT_BITS)
        return self._places[begin : begin + count]

    def has_prefix(self, prefix: str) -> bool:
        """Whether a known word begins with a prefix and goes on."""
        return prefix in self._many or bool(_going_on(self._sorted, prefix, 1))

    def going_on(self, prefix: str) -> int:
        """Return the models with a word that begins with a prefix and goes on; a number with anything but a digit."""
        mask = self._many.get(prefix)
        return self.of_any(_going_on(self._sorted, prefix, MAX_WALKED)) if mask is None else mask

    def joined_with_prefix(self, prefix: str) -> list[str]:
        """Return the joined words that begin with a prefix and go on; not all when there are very many."""
        return _going_on(self._joined, prefix, MAX_WALKED)


def goes_on(word: str, prefix: str) -> bool:
    """Whether a word begins with a prefix and goes on; a number goes on with anything but a digit."""
    if len(word) <= len(prefix) or not word.startswith(prefix):
        return False
    return not (prefix[-1:].isdigit() and word[len(prefix)].isdigit())


def _going_on(words: list[str], prefix: str, most: int) -> list[str]:
    found: list[str] = []
    for at in range(bisect_left(words, prefix), len(words)):
        word = words[at]
        if not word.startswith(prefix) or len(found) >= most:
            break
        if goes_on(word, prefix):
            found.append(word)
    return found


def _frequent_prefixes(words: Iterable[str]) -> dict[str, list[str]]:
    """Return the prefixes that more words go on from than a query may walk through, each with its words."""
    found: dict[str, list[str]] = {}
    for word in words:
        for end in range(1, len(word)):
            if goes_on(word, word[:end]):
                found.setdefault(word[:end], []).append(word)
    return {prefix: begun for prefix, begun in found.items() if len(begun) > MAX_WALKED}


def mask_of(places: Iterable[int], size: int) -> int:
    """Return a set of models from their places; `size` is how many models there are."""
    bits = bytearray(size // 8 + 1)
    for place in places:
        bits[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")


def places_in(mask: int, limit: int | None = None) -> list[int]:
    """Return the places of a set in ascending order, at most `limit`."""
    wanted = mask.bit_count() if limit is None else min(limit, mask.bit_count())
    if wanted > MAX_PICKED:
        are_in = bin(mask)[:1:-1].encode().translate(_TRUTH_OF_DIGIT)
        return list(islice(compress(count(), are_in), wanted))
    found: list[int] = []
    for _ in range(wanted):
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found
