"""Many models as the store keeps them, read when somebody looks: 100,000 as objects take ten times the memory."""

from __future__ import annotations

from array import array

from app.catalog.by_place import ByPlace
from app.catalog.model import Model
from app.catalog.remembered import Remembered
from app.store.envelope import MODELS_PER_FRAME, frame_ends, models_in
from app.store.protocol import Stored

# Four megabytes of models.
_FRAMES_REMEMBERED = 64


class PackedModels(ByPlace[Model]):
    """The models of a stored catalog by their places; a model is read in a millisecond, one that was lately at once."""

    def __init__(self, stored: Stored, count: int) -> None:
        """Take a catalog of many models; raises EnvelopeError for one of few."""
        self._payload = stored.payload
        self._ends: array[int] = frame_ends(stored)
        self._count = count
        self._read: Remembered[int, tuple[Model, ...]] = Remembered(_FRAMES_REMEMBERED)

    def __len__(self) -> int:
        return self._count

    def item_at(self, place: int) -> Model:
        """Return the model at a place from 0 on."""
        number, within = divmod(place, MODELS_PER_FRAME)
        frame = self._read.get(number)
        if frame is None:
            payload = memoryview(self._payload)
            frame = self._read.keep(number, models_in(payload[self._ends[number] : self._ends[number + 1]]))
        return frame[within]
