"""The table of all dialects."""

from __future__ import annotations

from app.dialects.clients import CLIENTS
from app.dialects.table import DIALECTS, DOCUMENTS, LISTS, SpokenTable
from tests.simulator import generate_catalog
from tests.unit.dialects.given import context_of


def test_every_dialect_has_a_name_and_a_path_of_its_own_and_a_client_that_reads_it() -> None:
    assert len({dialect.name for dialect in DIALECTS}) == len({dialect.path for dialect in DIALECTS}) == len(DIALECTS)
    assert {client.dialect for client in CLIENTS} <= {dialect.name for dialect in DIALECTS}


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
