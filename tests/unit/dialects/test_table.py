"""The table of all dialects."""

from __future__ import annotations

from dataclasses import replace

from app.catalog.model import Model
from app.dialects.clients import CLIENTS
from app.dialects.dialect import Context, speak
from app.dialects.table import DIALECTS, DOCUMENTS, LISTS, SpokenTable
from tests.simulator import generate_catalog
from tests.unit.dialects.given import context_of


def test_every_dialect_has_a_name_and_a_path_of_its_own_and_a_client_that_reads_it() -> None:
    assert len({dialect.name for dialect in DIALECTS}) == len({dialect.path for dialect in DIALECTS}) == len(DIALECTS)
    assert {client.dialect for client in CLIENTS} <= {dialect.name for dialect in DIALECTS}


def test_dialects_that_are_spoken_together_say_what_they_say_alone() -> None:
    context = context_of(*generate_catalog(60))
    table = SpokenTable(context)
    with table.together():
        together = {dialect.name: table[dialect.name] for dialect in DIALECTS}
    for dialect in DIALECTS:
        alone = speak(dialect, context)
        said = together[dialect.name]
        assert (said.body, said.count, said.withheld, said.flaw) == (
            alone.body,
            alone.count,
            alone.withheld,
            alone.flaw,
        )


def test_what_dialects_share_is_made_once_while_they_are_spoken_together() -> None:
    context = context_of(*generate_catalog(2))
    [model, other] = context.snapshot.models
    made: list[str] = []

    def make(of: Model, _context: Context) -> str:
        made.append(of.id)
        return of.id

    together = replace(context, said={})
    assert [together.once(make, one) for one in (model, other, model)] == [model.id, other.id, model.id]
    assert made == [model.id, other.id]
    assert [context.once(make, one) for one in (model, model)] == [model.id] * 2
    assert made == [model.id, other.id, model.id, model.id]


def test_a_document_is_made_once_when_it_is_asked_for() -> None:
    table = SpokenTable(context_of(*generate_catalog(10)))
    assert list(table) == [dialect.name for dialect in DIALECTS]
    assert len(table) == len(DIALECTS)
    assert all(table[name] is table[name] for name in table)


def test_only_lists_keep_their_rows_and_every_dialect_counts_them() -> None:
    table = SpokenTable(context_of(*generate_catalog(10)))
    for dialect in LISTS:
        assert len(table[dialect.name].rows) == table[dialect.name].count > 0
    for dialect in DOCUMENTS:
        assert not table[dialect.name].rows
    assert sum(table[dialect.name].count > 0 for dialect in DOCUMENTS) >= 6
