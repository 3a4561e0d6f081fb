"""Many models as the store keeps them, read when somebody looks: 100,000 as objects take ten times the memory."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import overload

from app.catalog.model import Model
from app.catalog.remembered import Remembered
from app.store.envelope import MODELS_PER_FRAME, frame_ends, models_in
from app.store.protocol import Stored

# Four megabytes of models.
_FRAMES_REMEMBERED = 64


class PackedModels(Sequence[Model]):
    """The models of a stored catalog by their places; a model is read in a millisecond, one that was lately at once."""

    def __init__(self, stored: Stored, count: int) -> None:
        """Take a catalog of many models; raises EnvelopeError for one of few."""
        self._payload = stored.payload
        self._ends: array[int] = frame_ends(stored)
        self._count = count
        self._read: Remembered[int, tuple[Model, ...]] = Remembered(_FRAMES_REMEMBERED)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> Model: ...
    @overload
    def __getitem__(self, place: slice) -> list[Model]: ...
    def __getitem__(self, place: int | slice) -> Model | list[Model]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(self._count))]
        at = place + self._count if place < 0 else place
        if not 0 <= at < self._count:
            raise IndexError(f"there is no model {place} among {self._count}")
        number, within = divmod(at, MODELS_PER_FRAME)
        frame = self._read.get(number)
        if frame is None:
            payload = memoryview(self._payload)
            frame = self._read.keep(number, models_in(payload[self._ends[number] : self._ends[number + 1]]))
        return frame[within]
