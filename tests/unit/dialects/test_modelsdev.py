"""models.dev's catalog, held to the rules of its schema and of opencode's as read in their source.

opencode itself reads it in tests/heavy/test_opencode.py.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from app.dialects.dialect import Context, Spoken, findings, speak
from app.dialects.modelsdev import MODELSDEV
from app.dialects.modelsdev_rules import modelsdev_document_flaw, modelsdev_flaw
from tests.simulator import make_record
from tests.unit.dialects.given import context_of, priced, snapshot_of


def spoken(*records: dict[str, Any]) -> Spoken:
    return speak(MODELSDEV, context_of(*records))


def models(*records: dict[str, Any]) -> Any:
    body = spoken(*records).body
    assert body is not None
    return json.loads(body)["openrouter"]["models"]


def one(**changes: Any) -> Any:
    return models(make_record("acme/one", **changes))["acme/one"]


def test_the_catalog_names_openrouter_and_what_is_known_of_a_model() -> None:
    record = make_record(
        "acme/one",
        created=1_771_286_400,
        hugging_face_id="acme/one-weights",
        knowledge_cutoff="2025-07-31",
        architecture={"input_modalities": ["text", "image", "file"], "output_modalities": ["text"]},
        supported_parameters=["tools", "reasoning", "structured_outputs", "temperature"],
        reasoning={"mandatory": False, "supported_efforts": ["max", "high", "low", "odd"], "supports_max_tokens": True},
        pricing={
            "prompt": "0.000003",
            "completion": "0.000015",
            "internal_reasoning": "0.000016",
            "input_cache_read": "0.0000003",
            "input_cache_write": "0.00000375",
            "audio": "0.000004",
            "audio_output": "0.000005",
            "overrides": [{"min_prompt_tokens": 200_000, "prompt": "0.000006", "completion": "0.0000225"}],
        },
    )
    body = spoken(record).body
    assert body is not None
    above = {"input": 6, "output": 22.5, "cache_read": 0.3, "cache_write": 3.75}
    assert json.loads(body) == {
        "openrouter": {
            "id": "openrouter",
            "env": ["OPENROUTER_API_KEY"],
            "npm": "@openrouter/ai-sdk-provider",
            "api": "https://openrouter.ai/api/v1",
            "name": "OpenRouter",
            "doc": "https://openrouter.ai/models",
            "models": {
                "acme/one": {
                    "id": "acme/one",
                    "name": "One",
                    "attachment": True,
                    "reasoning": True,
                    "tool_call": True,
                    "temperature": True,
                    "release_date": "2026-02-17",
                    "last_updated": "2026-02-17",
                    "modalities": {"input": ["text", "image", "pdf"], "output": ["text"]},
                    "open_weights": True,
                    "limit": {"context": 131_072, "output": 32_768},
                    "reasoning_options": [
                        {"type": "toggle"},
                        {"type": "effort", "values": ["low", "high", "max"]},
                        {"type": "budget_tokens"},
                    ],
                    "structured_output": True,
                    "knowledge": "2025-07-31",
                    "cost": {
                        "input": 3,
                        "output": 15,
                        "reasoning": 16,
                        "cache_read": 0.3,
                        "cache_write": 3.75,
                        "input_audio": 4,
                        "output_audio": 5,
                        "tiers": [{**above, "tier": {"type": "context", "size": 200_000}}],
                        "context_over_200k": above,
                    },
                }
            },
        }
    }


def test_what_is_not_known_is_not_said() -> None:
    row = one(top_provider={}, supported_parameters=["tools"])
    assert row.keys().isdisjoint({"knowledge", "structured_output", "reasoning_options", "status", "family"})
    assert row["limit"] == {"context": 131_072, "output": 131_072}
    assert (row["open_weights"], row["temperature"]) == (False, False)


def test_a_model_that_reasons_without_a_word_on_how_has_no_options() -> None:
    assert one(supported_parameters=["reasoning"])["reasoning_options"] == []


@pytest.mark.parametrize(
    "pricing",
    [
        {"prompt": "-1", "completion": "-1"},
        {},
        {"prompt": "0", "completion": "0", "request": "0.01"},
        {"prompt": "0.000001"},
    ],
)
def test_a_price_that_is_no_number_has_no_cost(pricing: dict[str, str]) -> None:
    assert "cost" not in one(pricing=pricing)


def test_free_costs_nothing_and_says_so() -> None:
    assert one(pricing={"prompt": "0", "completion": "0"})["cost"] == {"input": 0, "output": 0}


def test_a_price_for_reasoning_stands_only_where_it_reasons() -> None:
    pricing = {"prompt": "0.1", "completion": "0.2", "internal_reasoning": "0.3"}
    assert "reasoning" not in one(pricing=pricing)["cost"]


def test_a_model_that_will_end_is_not_hidden_yet() -> None:
    assert "status" not in one(expiration_date="2030-01-01")


def test_an_alias_has_the_open_weights_of_its_target() -> None:
    target = make_record("acme/one", hugging_face_id="acme/one")
    alias = make_record("~acme/latest", alias_target={"name": "One", "slug": "acme/one"})
    assert models(target, alias)["~acme/latest"]["open_weights"] is True


def test_the_curated_category_of_open_models_counts() -> None:
    snapshot = snapshot_of([priced()])
    contents = replace(snapshot.contents, models=(replace(snapshot.models[0], category="open"),))
    body = speak(MODELSDEV, Context(replace(snapshot, contents=contents))).body
    assert body is not None
    assert json.loads(body)["openrouter"]["models"]["acme/one"]["open_weights"] is True


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"context_length": None, "top_provider": {}}, "context"),
        ({"created": None}, "release_date"),
        ({"architecture": {"modality": "text->embeddings"}}, "embeddings"),
        ({"architecture": {}}, "modality"),
    ],
)
def test_a_model_that_lacks_what_is_required_is_withheld(changes: dict[str, Any], words: str) -> None:
    said = spoken(priced(), make_record("acme/x", **changes))
    [withheld] = said.withheld
    assert withheld.model_id == "acme/x"
    assert words in withheld.reason


GOOD = {
    "id": "a/b",
    "name": "B",
    "attachment": False,
    "reasoning": False,
    "tool_call": True,
    "temperature": True,
    "release_date": "2026-01",
    "last_updated": "2026-01-02",
    "modalities": {"input": ["text"], "output": ["text"]},
    "open_weights": False,
    "limit": {"context": 1, "output": 0},
    "cost": {"input": 1, "output": 0.5},
}
TIER = {"input": 1, "output": 1, "tier": {"type": "context", "size": 5}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "id and name"),
        ({"colour": "red"}, "colour is not known"),
        ({"attachment": None}, "attachment"),
        ({"temperature": None}, "temperature"),
        ({"release_date": "2026"}, "release_date"),
        ({"knowledge": "soon"}, "knowledge"),
        ({"modalities": {"input": ["file"], "output": ["text"]}}, "modalities.input"),
        ({"modalities": {"input": ["text"]}}, "modalities.output"),
        ({"modalities": None}, "modalities.input"),
        ({"limit": {"context": 1}}, "limit.output"),
        ({"limit": {"context": "1", "output": 1}}, "limit.context"),
        ({"status": "old"}, "status"),
        ({"reasoning": True}, "reasoning_options"),
        ({"reasoning_options": []}, "reasoning_options"),
        ({"reasoning": True, "reasoning_options": [{"type": "dial"}]}, "reasoning option"),
        ({"reasoning": True, "reasoning_options": [{"type": "toggle", "min": 1}]}, "reasoning option"),
        ({"reasoning": True, "reasoning_options": [{"type": "effort", "values": ["odd"]}]}, "effort"),
        ({"cost": None}, "cost must be an object"),
        ({"cost": {"input": 1}}, "input and output"),
        ({"cost": {"input": -1, "output": 1}}, "number from 0"),
        ({"cost": {"input": "1", "output": 1}}, "number from 0"),
        ({"cost": {"input": 1, "output": 1, "image": 1}}, "number from 0"),
        ({"cost": {"input": 1, "output": 1, "reasoning": 1}}, "cost.reasoning"),
        ({"cost": {"input": 1, "output": 1, "context_over_200k": {}}}, "input and output"),
        ({"cost": {"input": 1, "output": 1, "tiers": [TIER, TIER]}}, "same size"),
        ({"cost": {"input": 1, "output": 1, "tiers": [{"input": 1, "output": 1}]}}, "size"),
    ],
)
def test_what_the_strict_schema_refuses_is_a_flaw(change: dict[str, Any], words: str) -> None:
    assert modelsdev_flaw(GOOD) is None
    assert words in (modelsdev_flaw({**GOOD, **change}) or "")


PROVIDER = {"id": "x", "env": ["X_KEY"], "npm": "@ai-sdk/openai", "name": "X", "doc": "https://x.example", "models": {}}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "providers"),
        ([], "providers"),
        ({"y": PROVIDER}, "same id"),
        ({"x": {**PROVIDER, "env": []}}, "env"),
        ({"x": {**PROVIDER, "doc": None}}, "doc"),
        ({"x": {**PROVIDER, "colour": "red"}}, "colour"),
        ({"x": {**PROVIDER, "npm": "@ai-sdk/openai-compatible"}}, "api"),
        ({"x": {**PROVIDER, "models": []}}, "models"),
        ({"x": {**PROVIDER, "models": {"a/c": GOOD}}}, "same id"),
    ],
)
def test_a_broken_provider_is_a_flaw_of_the_document(document: Any, words: str) -> None:
    assert modelsdev_document_flaw({"x": PROVIDER}) is None
    assert words in (modelsdev_document_flaw(document) or "")


def test_a_document_of_another_shape_is_found_out() -> None:
    assert "providers" in findings(MODELSDEV, [])[1][0].reason
    count, found = findings(MODELSDEV, {"x": {**PROVIDER, "models": {"a/b": {**GOOD, "temperature": None}}}})
    assert (count, [one.model_id for one in found]) == (1, ["a/b"])


def test_the_date_is_the_day_of_arrival() -> None:
    assert one(created=86_400 * 365)["release_date"] == "1971-01-01"
