"""LiteLLM's cost map: our rows, the map below them, and what would break a client."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from app.dialects.dialect import Spoken, findings, speak
from app.dialects.litellm_cost_map import LITELLM_COST_MAP, cost_map_flaw, sha256_of
from tests.simulator import generate_catalog, make_record
from tests.unit.dialects.given import context_of, priced

DYNAMIC = make_record("acme/router", pricing={"prompt": "-1", "completion": "-1"})
UNKNOWN = make_record("acme/blank", pricing={})


def spoken(*records: dict[str, Any], base_map: dict[str, Any] | None = None) -> Spoken:
    return speak(LITELLM_COST_MAP, context_of(*records, base_map=base_map))


def read(*records: dict[str, Any], base_map: dict[str, Any] | None = None) -> Any:
    said = spoken(*records, base_map=base_map)
    assert said.body is not None, said.flaw
    return json.loads(said.body)


def test_a_row_holds_what_litellms_own_script_would_write() -> None:
    record = make_record(
        "acme/one",
        architecture={"input_modalities": ["text", "image", "file", "audio", "video"], "output_modalities": ["text"]},
        supported_parameters=["tools", "tool_choice", "parallel_tool_calls", "structured_outputs", "reasoning"],
        pricing={"prompt": "0.000001", "completion": "0.000002", "input_cache_read": "0.0000001", "web_search": "0.01"},
        expiration_date="2027-01-31",
        reasoning={"supported_efforts": ["high", "low", "minimal"]},
    )
    assert read(record) == {
        "openrouter/acme/one": {
            "litellm_provider": "openrouter",
            "mode": "chat",
            "source": "https://openrouter.ai/acme/one",
            "max_input_tokens": 131_072,
            "max_output_tokens": 32_768,
            "max_tokens": 32_768,
            "input_cost_per_token": 1e-06,
            "output_cost_per_token": 2e-06,
            "cache_read_input_token_cost": 1e-07,
            "search_context_cost_per_query": {
                "search_context_size_low": 0.01,
                "search_context_size_medium": 0.01,
                "search_context_size_high": 0.01,
            },
            "deprecation_date": "2027-01-31",
            "supports_audio_input": True,
            "supports_function_calling": True,
            "supports_low_reasoning_effort": True,
            "supports_minimal_reasoning_effort": True,
            "supports_parallel_function_calling": True,
            "supports_pdf_input": True,
            "supports_prompt_caching": True,
            "supports_reasoning": True,
            "supports_response_schema": True,
            "supports_tool_choice": True,
            "supports_video_input": True,
            "supports_vision": True,
            "supports_web_search": True,
        }
    }


def test_without_a_limit_on_the_output_max_tokens_is_the_context() -> None:
    row = read(make_record("acme/one", top_provider={}))["openrouter/acme/one"]
    assert row["max_tokens"] == row["max_input_tokens"] == 131_072
    assert "max_output_tokens" not in row


def test_a_model_that_litellm_would_bill_at_zero_is_withheld_with_the_reason() -> None:
    said = spoken(priced(), DYNAMIC, UNKNOWN)
    assert list(said.rows) == ["acme/one"]
    assert {one.model_id: one.reason.split(",")[0] for one in said.withheld} == {
        "acme/router": "the price is dynamic",
        "acme/blank": "the price is unknown",
    }


@pytest.mark.parametrize(
    ("outputs", "mode"),
    [
        (["text", "image"], "chat"),
        (["image"], "image_generation"),
        (["embeddings"], "embedding"),
        (["rerank"], "rerank"),
    ],
)
def test_the_mode_follows_from_what_comes_out(outputs: list[str], mode: str) -> None:
    record = priced() | {"architecture": {"input_modalities": ["text"], "output_modalities": outputs}}
    assert read(record)["openrouter/acme/one"]["mode"] == mode


def test_an_output_that_litellm_has_no_mode_for_is_withheld() -> None:
    record = priced() | {"architecture": {"input_modalities": ["text"], "output_modalities": ["scent"]}}
    [withheld] = spoken(record).withheld
    assert withheld.reason == "LiteLLM has no mode for the outputs scent"


def test_a_given_map_keeps_its_rows_its_order_and_its_reserved_keys() -> None:
    base = {
        "sample_spec": {"mode": "one of: chat"},
        "gpt-4o": {"input_cost_per_token": 2.5e-06, "mode": "chat"},
        "fallback_generalizations": {"rules": []},
    }
    document = read(priced(), base_map=base)
    assert list(document) == [*base, "openrouter/acme/one"]
    assert {key: document[key] for key in base} == base


def test_in_a_row_of_both_ours_wins_for_what_we_know_and_the_rest_stays() -> None:
    given = {
        "input_cost_per_token": 9,
        "input_cost_per_token_above_128k_tokens": 9,
        "input_cost_per_token_batches": 0.5,
        "tiered_pricing": [{}],
        "max_output_tokens": 1,
        "supports_function_calling": False,
        "supports_assistant_prefill": True,
        "tpm": 7,
        "litellm_provider": "openrouter",
        "mode": "chat",
    }
    row = read(priced(), base_map={"openrouter/acme/one": given})["openrouter/acme/one"]
    assert row["input_cost_per_token"] == 1e-06
    assert row["max_output_tokens"] == 32_768
    assert row["supports_function_calling"] is True
    assert {"input_cost_per_token_above_128k_tokens", "tiered_pricing"}.isdisjoint(row)
    assert (row["input_cost_per_token_batches"], row["supports_assistant_prefill"], row["tpm"]) == (0.5, True, 7)


def test_what_a_given_row_has_wrong_does_not_cost_us_ours() -> None:
    row = read(priced(), base_map={"openrouter/acme/one": {"output_cost_per_second": "a lot", "tpm": 7}})
    assert row == read(priced())


def test_a_limit_that_only_the_given_map_knows_stays() -> None:
    given = {"max_output_tokens": 4_096, "max_tokens": 4_096}
    row = read(priced() | {"top_provider": {}}, base_map={"openrouter/acme/one": given})["openrouter/acme/one"]
    assert (row["max_input_tokens"], row["max_output_tokens"], row["max_tokens"]) == (131_072, 4_096, 4_096)


def test_a_given_row_that_bills_what_has_no_number_is_taken_out() -> None:
    base = {
        "openrouter/acme/router": {"input_cost_per_token": 0, "mode": "chat"},
        "openrouter/acme/blank": {"input_cost_per_token": 0, "mode": "chat"},
    }
    assert list(read(priced(), DYNAMIC, UNKNOWN, base_map=base)) == ["openrouter/acme/one"]


def test_a_price_that_only_the_given_map_knows_stays() -> None:
    base = {"openrouter/acme/blank": {"input_cost_per_token": 3e-06, "mode": "chat"}}
    assert read(priced(), UNKNOWN, base_map=base)["openrouter/acme/blank"] == base["openrouter/acme/blank"]


def test_an_alias_of_a_given_row_does_not_name_one_of_ours() -> None:
    base = {"other": {"mode": "chat", "aliases": ["openrouter/acme/one", "another"]}, "odd": {"aliases": "no list"}}
    document = read(priced(), base_map=base)
    assert document["other"]["aliases"] == ["another"]
    assert document["odd"] == {"aliases": "no list"}


def test_a_given_map_with_a_value_that_is_no_object_is_not_spoken() -> None:
    said = spoken(priced(), base_map={"version": "1"})
    assert said.body is None
    assert said.flaw == "'version' must be an object; LiteLLM calls .get on every value at the top"


def test_the_checksum_is_of_the_very_bytes() -> None:
    body = spoken(priced()).body
    assert body is not None
    assert sha256_of(body).decode() == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ({"input_cost_per_token": "0.1"}, "must be a number"),
        ({"input_cost_per_token": -1}, "must be a price"),
        ({"max_tokens": 0}, "must be a whole number"),
        ({"max_tokens": 1.5}, "must be a whole number"),
        ({"max_tokens": "1"}, "must be a whole number"),
        ({"max_tokens": True}, "must be a whole number"),
        ({"mode": "talk"}, "mode must be one"),
        ({"supports_vision": 1}, "must be true or false"),
        ({"deprecation_date": "soon"}, "must be YYYY-MM-DD"),
        ({"search_context_cost_per_query": 0.01}, "must be an object"),
        ({"litellm_provider": None}, "litellm_provider and mode"),
    ],
)
def test_the_checker_names_what_litellm_would_misread(change: dict[str, Any], flaw: str) -> None:
    row = read(priced())["openrouter/acme/one"]
    assert cost_map_flaw(row) is None
    assert flaw in str(cost_map_flaw({**row, **change}))


def test_the_checker_sees_a_row_without_a_price() -> None:
    row = read(priced())["openrouter/acme/one"]
    del row["output_cost_per_token"]
    assert "bills 0 without a word" in str(cost_map_flaw(row))
    assert cost_map_flaw("text") == "a row must be an object; LiteLLM calls .get on it"


def test_a_text_at_the_top_is_found_in_a_document_from_the_network() -> None:
    count, found = findings(LITELLM_COST_MAP, {**read(priced()), "version": "1"})
    assert count == 1
    assert [one.reason for one in found] == [
        "'version' must be an object; LiteLLM calls .get on every value at the top"
    ]
    assert findings(LITELLM_COST_MAP, [])[1][0].reason == "the document must be an object"


def test_a_generated_catalog_is_spoken_without_a_finding() -> None:
    catalog = generate_catalog(200, seed=7)
    said = spoken(*catalog)
    assert said.body is not None
    assert findings(LITELLM_COST_MAP, json.loads(said.body)) == (len(said.rows), ())
    assert len(said.rows) + len(said.withheld) == 200
    assert {one.reason.split(",")[0] for one in said.withheld} <= {"the price is dynamic", "the price is per_unit"}
