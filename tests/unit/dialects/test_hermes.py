"""Hermes Agent's manifest, held to the rules of hermes_cli/model_catalog.py as read in its source."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.dialects.dialect import findings, speak
from app.dialects.hermes import HERMES, hermes_document_flaw, hermes_flaw
from tests.simulator import make_record
from tests.unit.dialects.given import context_of, priced

FREE = make_record("acme/two:free", pricing={"prompt": "0", "completion": "0"})


def test_the_manifest_offers_openrouters_models_and_marks_the_free_ones() -> None:
    context = context_of(priced(), FREE)
    body = speak(HERMES, context).body
    assert body is not None
    assert json.loads(body) == {
        "version": 1,
        "updated_at": "2026-11-21T00:00:00Z",
        "metadata": {"snapshot": context.snapshot.id},
        "providers": {
            "openrouter": {
                "metadata": {},
                "models": [{"id": "acme/one", "description": ""}, {"id": "acme/two:free", "description": "free"}],
            }
        },
    }


def test_no_model_is_marked_as_the_default() -> None:
    body = speak(HERMES, context_of(priced(), FREE)).body
    assert body is not None
    assert b"default" not in body


@pytest.mark.parametrize("pricing", [{}, {"prompt": "0"}, {"prompt": "-1", "completion": "-1"}])
def test_a_price_that_nobody_knows_is_not_called_free(pricing: dict[str, str]) -> None:
    body = speak(HERMES, context_of(make_record("acme/one", pricing=pricing))).body
    assert body is not None
    assert json.loads(body)["providers"]["openrouter"]["models"] == [{"id": "acme/one", "description": ""}]


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (make_record("acme/x:batch"), "batch"),
        (make_record("acme/x", supported_parameters=[]), "tools"),
        (make_record("acme/x", architecture={"modality": "text->image"}), "text"),
    ],
)
def test_a_model_that_an_agent_cannot_work_with_is_withheld(record: dict[str, Any], words: str) -> None:
    said = speak(HERMES, context_of(priced(), record))
    assert list(said.rows) == ["acme/one"]
    assert words in said.withheld[0].reason


@pytest.mark.parametrize("entry", [None, "acme/one", {}, {"id": " "}, {"id": 1}, {"id": "a/b", "description": None}])
def test_one_bad_entry_is_a_flaw(entry: Any) -> None:
    assert hermes_flaw({"id": "a/b"}) is None
    assert hermes_flaw(entry) is not None


BLOCK = {"models": [{"id": "a/b"}]}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"version": 2, "providers": {"openrouter": BLOCK}},
        {"version": "1", "providers": {"openrouter": BLOCK}},
        {"version": 1, "providers": []},
        {"version": 1, "providers": {"nous": BLOCK}},
        {"version": 1, "providers": {"openrouter": {"models": {}}}},
    ],
)
def test_what_hermes_refuses_whole_is_a_flaw_of_the_document(document: Any) -> None:
    assert hermes_document_flaw({"version": 1, "providers": {"openrouter": BLOCK}}) is None
    assert hermes_document_flaw(document) is not None


def test_a_document_of_another_shape_is_found_out() -> None:
    assert "providers" in findings(HERMES, [])[1][0].reason
    document = {"version": 1, "providers": {"openrouter": {"models": [{"id": "a/b"}, {}]}}}
    count, found = findings(HERMES, document)
    assert (count, len(found)) == (2, 1)
