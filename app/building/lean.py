"""What the service keeps of many models, so that they take a fraction of the memory that they were built in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.building.orders import Built
from app.packed_rows import PackedRows, RowsById
from app.store.envelope import FRAMED_FROM_MODELS, EnvelopeError, seal
from app.store.packed_models import PackedModels


def stand_ins(built: Built) -> Sequence[tuple[Any, Any]]:
    """Return, in pairs, what takes much memory and what stands in for it; nothing for a catalog of few models."""
    published = built.published
    models = published.snapshot.contents.models
    if published.stored is None or len(models) <= FRAMED_FROM_MODELS:
        return ()
    try:
        packed = PackedModels(published.stored, len(models))
    except EnvelopeError:
        # An older version stored them in one piece.
        packed = PackedModels(seal(published.snapshot), len(models))
    spoken = [document.rows for document in published.spoken.made().values() if len(document.rows) > FRAMED_FROM_MODELS]
    return [
        (models, packed),
        (published.rows, PackedRows(published.rows)),
        (published.dropdown_rows, PackedRows(published.dropdown_rows)),
        *((rows, RowsById(rows)) for rows in spoken),
    ]
