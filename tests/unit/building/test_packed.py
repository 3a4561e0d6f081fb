"""Rows and models of a large catalog, kept small: the same as before, whichever is asked for."""

from __future__ import annotations

import pytest

from app.catalog.labels import Label, Labels
from app.catalog.parse import parse_records
from app.packed_rows import ROWS_AT_ONCE, PackedRows, RowsById
from app.store.envelope import FRAMED_FROM_MODELS, MODELS_PER_FRAME, EnvelopeError, seal, unseal
from app.store.packed_models import PackedModels
from tests.simulator import generate_catalog, make_record
from tests.unit.dialects.given import snapshot_of

ROWS = [b'{"n":%d,"text":"%b"}' % (number, b"x" * (number % 40)) for number in range(5 * ROWS_AT_ONCE + 3)]
LARGE = snapshot_of(generate_catalog(FRAMED_FROM_MODELS + MODELS_PER_FRAME + 5))


def test_packed_rows_are_the_rows() -> None:
    packed = PackedRows(ROWS)
    assert list(packed) == ROWS
    assert [packed[place] for place in reversed(range(len(ROWS)))] == ROWS[::-1]
    assert packed[-1] == ROWS[-1]
    assert packed[3:20:4] == ROWS[3:20:4]
    assert len(packed) == len(ROWS)


@pytest.mark.parametrize("place", [len(ROWS), -len(ROWS) - 1])
def test_a_row_that_is_not_there_is_an_error(place: int) -> None:
    with pytest.raises(IndexError, match=f"PackedRows has nothing at place {place} of {len(ROWS)}"):
        PackedRows(ROWS)[place]


def test_no_rows_are_no_rows() -> None:
    assert list(PackedRows([])) == []


def test_rows_by_id_are_the_rows_in_their_order() -> None:
    rows = {f"acme/{number}": row for number, row in enumerate(ROWS)}
    packed = RowsById(rows)
    assert dict(packed) == rows
    assert list(packed) == list(rows)
    assert packed.get("acme/none") is None


def test_packed_models_are_the_models() -> None:
    packed = PackedModels(seal(LARGE), len(LARGE.models))
    assert list(packed) == list(LARGE.models)
    assert packed[-1] == LARGE.models[-1]
    assert packed[17:40:5] == list(LARGE.models[17:40:5])
    with pytest.raises(IndexError, match="PackedModels has nothing at place 99999 of"):
        packed[99_999]


def test_many_models_that_are_stored_in_frames_are_read_whole() -> None:
    stored = seal(LARGE)
    assert unseal(stored) == LARGE
    assert stored.snapshot_id == LARGE.id


def test_a_catalog_of_few_models_has_no_frames() -> None:
    few = snapshot_of([make_record("acme/one")])
    with pytest.raises(EnvelopeError, match="has no frames"):
        PackedModels(seal(few), 1)


def test_labels_say_what_models_are_called_whatever_it_is() -> None:
    records = [
        make_record("acme/one", name="Acme: Ünë ☃"),
        make_record("acme/two", name="", canonical_slug="acme/two-2026"),
    ]
    models = parse_records(records).models
    labels = Labels(models)
    assert list(labels) == [Label(m.id, m.name, m.author, m.canonical_slug or "") for m in models]
    assert [labels.id_at(place) for place in range(len(models))] == [model.id for model in models]
    with pytest.raises(IndexError, match="no model stands at place 2 of 2"):
        labels[2]
