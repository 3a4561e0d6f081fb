"""Rows of JSON, some compressed together: 100,000 of them take 220 MB plain and a tenth of it so.

A row is unfolded each time that somebody asks for it, which takes 30 microseconds.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

import zstandard

from app.catalog.by_place import ByPlace
from app.catalog.steps import runs_of

# More are smaller together, and take longer to find one in.
ROWS_AT_ONCE = 8
_LEVEL = 3


class PackedRows(ByPlace[bytes]):
    """Rows by their places; immutable once built."""

    def __init__(self, rows: Iterable[bytes]) -> None:
        compressor = zstandard.ZstdCompressor(level=_LEVEL)
        # Where each row ends among all of them, with a zero before the first.
        self._ends = array("Q", [0])
        blocks: list[bytes] = []
        for some in runs_of(rows, ROWS_AT_ONCE):
            self._ends.extend(accumulate(map(len, some), initial=self._ends.pop()))
            # Copied, because python-zstandard leaves its buffer at the size of the plain rows.
            blocks.append(bytes(memoryview(compressor.compress(b"".join(some)))))
        self._blocks = tuple(blocks)
        self._latest: tuple[int, bytes] = (-1, b"")

    def __len__(self) -> int:
        return len(self._ends) - 1

    def item_at(self, place: int) -> bytes:
        """Return the row at a place from 0 on."""
        number = place // ROWS_AT_ONCE
        before = self._ends[number * ROWS_AT_ONCE]
        return self._block(number)[self._ends[place] - before : self._ends[place + 1] - before]

    def _block(self, number: int) -> bytes:
        known, block = self._latest
        if known != number:
            block = zstandard.ZstdDecompressor().decompress(self._blocks[number])
            # One assignment, so that no thread sees one block under the number of another.
            self._latest = (number, block)
        return block


class RowsById(Mapping[str, bytes]):
    """Packed rows by the ids of their models, in their own order."""

    def __init__(self, rows: Mapping[str, bytes]) -> None:
        self._places = {model_id: place for place, model_id in enumerate(rows)}
        self._rows = PackedRows(rows.values())

    def __getitem__(self, model_id: str) -> bytes:
        return self._rows[self._places[model_id]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
