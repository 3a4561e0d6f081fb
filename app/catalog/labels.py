"""What models are called, in one run of bytes: 100,000 models as objects take 230 MB, their labels ten."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from app.catalog.model import Model


class Label(NamedTuple):
    """What a model is called; `canonical_slug` is empty where upstream has none."""

    id: str
    name: str
    author: str
    canonical_slug: str


class Labels:
    """The labels of models by their places; immutable once built."""

    def __init__(self, models: Iterable[Model]) -> None:
        written = bytearray()
        self._ends = array("Q", [0])
        for model in models:
            for text in (model.id, model.name, model.author, model.canonical_slug or ""):
                written += text.encode()
                self._ends.append(len(written))
        self._written = bytes(written)

    def __len__(self) -> int:
        return len(self._ends) // len(Label._fields)

    def __getitem__(self, place: int) -> Label:
        at = place * len(Label._fields)
        ends, written = self._ends[at : at + len(Label._fields) + 1], self._written
        if len(ends) <= len(Label._fields):
            raise IndexError(f"no model stands at place {place} of {len(self)}")
        return Label(*[written[start:end].decode() for start, end in pairwise(ends)])

    def __iter__(self) -> Iterator[Label]:
        return map(self.__getitem__, range(len(self)))

    def id_at(self, place: int) -> str:
        """Return the id of the model at a place."""
        at = place * len(Label._fields)
        return self._written[self._ends[at] : self._ends[at + 1]].decode()
