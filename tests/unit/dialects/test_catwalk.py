"""Catwalk's provider list, held to the rules that were read in Catwalk's and Crush's source: Go can't be run here."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.catalog.model import Route
from app.dialects.catwalk import CATWALK, catwalk_document_flaw, catwalk_flaw
from app.dialects.dialect import Context, Spoken, findings, speak
from tests.simulator import make_record
from tests.unit.dialects.given import context_of, priced, snapshot_of

REASONING = {"mandatory": False, "supported_efforts": ["high", "low", "medium"], "default_effort": "low"}


def spoken(*records: dict[str, Any]) -> Spoken:
    return speak(CATWALK, context_of(*records))


def provider(said: Spoken) -> Any:
    assert said.body is not None, said.flaw
    [one] = json.loads(said.body)
    return one


def test_the_list_holds_one_provider_as_crush_would_write_it() -> None:
    record = make_record(
        "acme/one",
        architecture={"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        supported_parameters=["tools", "reasoning"],
        reasoning=REASONING,
        pricing={
            "prompt": "0.000003",
            "completion": "0.000015",
            "input_cache_read": "0.0000003",
            "input_cache_write": "0.00000375",
        },
    )
    assert provider(spoken(record)) == {
        "name": "OpenRouter",
        "id": "openrouter",
        "api_key": "$OPENROUTER_API_KEY",
        "api_endpoint": "https://openrouter.ai/api/v1",
        "type": "openrouter",
        "default_large_model_id": "acme/one",
        "default_small_model_id": "acme/one",
        "models": [
            {
                "id": "acme/one",
                "name": "Acme: One",
                "cost_per_1m_in": 3,
                "cost_per_1m_out": 15,
                "cost_per_1m_in_cached": 3.75,
                "cost_per_1m_out_cached": 0.3,
                "context_window": 131_072,
                "default_max_tokens": 16_384,
                "can_reason": True,
                "supports_attachments": True,
                "options": {},
                "reasoning_levels": ["low", "medium", "high"],
                "default_reasoning_effort": "low",
            }
        ],
        "default_headers": {"HTTP-Referer": "https://charm.land", "X-Title": "Crush"},
    }


def test_a_price_keeps_digits_that_the_generator_would_round() -> None:
    said = spoken(priced(prompt="0.00000000012345678901"))
    assert said.body is not None
    assert b'"cost_per_1m_in":0.00012345678901,' in said.body


def test_the_window_is_what_the_first_provider_takes() -> None:
    narrow = make_record("acme/one", context_length=1_000_000, top_provider={"context_length": 250_000})
    [row] = provider(spoken(narrow))["models"]
    assert (row["context_window"], row["default_max_tokens"]) == (250_000, 25_000)


def test_a_window_that_an_override_set_stands() -> None:
    snapshot = snapshot_of([make_record("acme/one", top_provider={"context_length": 50_000})])
    model = replace(snapshot.models[0], context_tokens=90_000, provenance={"context_tokens": "overrides"})
    contents = replace(snapshot.contents, models=(model,))
    [row] = provider(speak(CATWALK, Context(replace(snapshot, contents=contents))))["models"]
    assert row["context_window"] == 90_000


def test_the_defaults_are_the_first_flagship_and_the_first_fast_model() -> None:
    snapshot = snapshot_of([priced(f"acme/{name}") for name in ("plain", "best", "quick")])
    categories = {"acme/best": "flagship", "acme/quick": "fast"}
    models = tuple(replace(model, category=categories.get(model.id)) for model in snapshot.models)
    one = provider(speak(CATWALK, Context(replace(snapshot, contents=replace(snapshot.contents, models=models)))))
    assert (one["default_large_model_id"], one["default_small_model_id"]) == ("acme/best", "acme/quick")


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (make_record("acme/x", pricing={"prompt": "-1", "completion": "-1"}), "dynamic"),
        (make_record("acme/x", pricing={}), "unknown"),
        (make_record("acme/x", pricing={"prompt": "0", "completion": "0", "request": "0.01"}), "per_unit"),
        (make_record("acme/x", pricing={"prompt": "0.1"}), "not known"),
        (make_record("acme/x:batch"), "batch"),
        (make_record("acme/x", supported_parameters=["max_tokens"]), "tools"),
        (make_record("acme/x", context_length=19_999), "19999 tokens"),
        (make_record("acme/x", context_length=None, top_provider={}), "unknown tokens"),
        (make_record("acme/x", architecture={"modality": "text->image"}), "text"),
    ],
)
def test_a_model_that_crush_could_not_use_is_withheld_with_the_reason(record: dict[str, Any], words: str) -> None:
    said = spoken(priced(), record)
    assert [row["id"] for row in provider(said)["models"]] == ["acme/one"]
    [withheld] = said.withheld
    assert withheld.model_id == record["id"]
    assert words in withheld.reason


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (Route("acme", "overrides", "own", "https://llm.acme.example/v1"), "does not serve it"),
        (Route("openrouter", "overrides", "acme/one"), "knows it as acme/one"),
    ],
)
def test_a_model_that_openrouter_does_not_serve_under_its_id_is_withheld(route: Route, words: str) -> None:
    snapshot = snapshot_of([priced(), priced("acme/own")])
    models = (snapshot.by_id["acme/one"], replace(snapshot.by_id["acme/own"], routes=(route,)))
    said = speak(CATWALK, Context(replace(snapshot, contents=replace(snapshot.contents, models=models))))
    [withheld] = said.withheld
    assert withheld.model_id == "acme/own"
    assert words in withheld.reason


GOOD = {
    "id": "a/b",
    "name": "B",
    "cost_per_1m_in": Decimal("0.1"),
    "cost_per_1m_out": 0,
    "context_window": 1,
    "default_max_tokens": 1,
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": ""}, "id and name"),
        ({"name": None}, "id and name"),
        ({"cost_per_1m_in": "3"}, "cost_per_1m_in must be a number"),
        ({"cost_per_1m_out": None}, "cost_per_1m_out must be a number"),
        ({"cost_per_1m_in_cached": -1}, "cost_per_1m_in_cached must be a number"),
        ({"context_window": 0}, "context_window"),
        ({"context_window": 1.5}, "context_window"),
        ({"default_max_tokens": None}, "default_max_tokens"),
        ({"can_reason": "yes"}, "can_reason"),
        ({"reasoning_levels": "low"}, "reasoning_levels"),
        ({"reasoning_levels": ["low"], "default_reasoning_effort": "high"}, "default_reasoning_effort"),
        ({"options": []}, "options"),
    ],
)
def test_what_go_would_refuse_is_a_flaw(change: dict[str, Any], words: str) -> None:
    assert catwalk_flaw(GOOD) is None
    assert words in (catwalk_flaw({**GOOD, **change}) or "")


def test_a_price_that_is_absent_is_a_flaw() -> None:
    assert "must be there" in (
        catwalk_flaw({key: value for key, value in GOOD.items() if key != "cost_per_1m_out"}) or ""
    )


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "empty"),
        ({}, "array"),
        ([{"name": "X"}], "id and name"),
        ([{"id": "x", "name": "X", "type": "mainframe"}], "type"),
        ([{"id": "x", "name": "X", "api_key": None}], "strings"),
        ([{"id": "x", "name": "X", "models": {}}], "models"),
        (
            [{"id": "x", "name": "X", "models": [{"id": "a/b"}], "default_small_model_id": "a/c"}],
            "default_small_model_id",
        ),
    ],
)
def test_what_crush_would_refuse_whole_is_a_flaw_of_the_document(document: Any, words: str) -> None:
    assert words in (catwalk_document_flaw(document) or "")


def test_a_document_of_another_shape_is_found_out() -> None:
    assert "array" in findings(CATWALK, {"models": []})[1][0].reason
    count, found = findings(CATWALK, [{"id": "x", "name": "X", "models": [{**GOOD, "cost_per_1m_in": "3"}, 7]}])
    assert count == 2
    assert [one.model_id for one in found] == ["a/b", "7"]


def test_without_a_single_model_nothing_is_said() -> None:
    assert spoken(make_record("acme/x:batch")).body is None
