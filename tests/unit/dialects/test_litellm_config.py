"""LiteLLM's model_list in YAML and JSON, and what a proxy says of its models."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from app.dialects.dialect import Spoken, findings, speak
from app.dialects.litellm_config import (
    LITELLM_CONFIG_JSON,
    LITELLM_CONFIG_YAML,
    LITELLM_MODEL_GROUPS,
    LITELLM_MODEL_INFO,
    config_flaw,
)
from tests.simulator import generate_catalog, make_record
from tests.unit.dialects.given import context_of, priced

FREE = {"prompt": "0", "completion": "0"}


def in_json(*records: dict[str, Any]) -> Any:
    body = speak(LITELLM_CONFIG_JSON, context_of(*records)).body
    assert body is not None
    return json.loads(body)


def in_yaml(*records: dict[str, Any]) -> Spoken:
    return speak(LITELLM_CONFIG_YAML, context_of(*records))


def names(document: Any) -> list[str]:
    return [entry["model_name"] for entry in document["model_list"]]


def test_an_entry_names_the_model_the_key_and_everything_that_is_known() -> None:
    [entry] = in_json(priced(input_cache_read="0.0000001"))["model_list"]
    assert entry == {
        "model_name": "openrouter/acme-one",
        "litellm_params": {"model": "openrouter/acme/one", "api_key": "os.environ/OPENROUTER_API_KEY"},
        "model_info": {
            "id": "model-registry/acme/one@openrouter",
            "mode": "chat",
            "max_input_tokens": 131_072,
            "max_tokens": 32_768,
            "max_output_tokens": 32_768,
            "input_cost_per_token": 1e-06,
            "output_cost_per_token": 2e-06,
            "cache_read_input_token_cost": 1e-07,
            "supports_function_calling": True,
            "supports_prompt_caching": True,
            "supports_tool_choice": True,
        },
    }


def test_yaml_says_the_same_as_json() -> None:
    catalog = generate_catalog(150, seed=5)
    body = in_yaml(*catalog).body
    assert body is not None
    assert yaml.safe_load(body) == in_json(*catalog)
    assert body.isascii()


def test_a_float_in_yaml_has_a_dot_and_a_signed_exponent() -> None:
    body = in_yaml(priced()).body
    assert body is not None
    assert b"input_cost_per_token: 1.0e-06\n" in body


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("acme/one:free", "openrouter/acme-one:free"),
        ("~acme/one-latest", "openrouter/~acme-one-latest"),
        ("acme/a.b_c", "openrouter/acme-a.b_c"),
        ("0/1:30", "openrouter/0-1:30"),
    ],
)
def test_a_name_keeps_what_tells_models_apart(model_id: str, name: str) -> None:
    assert names(in_json(priced(model_id))) == [name]
    body = in_yaml(priced(model_id)).body
    assert body is not None
    assert names(yaml.safe_load(body)) == [name]


def test_models_that_would_share_a_name_keep_their_slash() -> None:
    # An equal name would be a group, and requests for the one would go to the other.
    records = [priced("acme-x/one"), priced("acme/x-one"), priced("acme/y-one")]
    assert names(in_json(*records)) == ["openrouter/acme-x/one", "openrouter/acme/x-one", "openrouter/acme-y-one"]


def test_a_price_that_is_no_number_leaves_the_entry_without_cost_keys() -> None:
    [entry] = in_json(make_record("acme/router", pricing={"prompt": "-1", "completion": "-1"}))["model_list"]
    assert not [key for key in entry["model_info"] if "cost" in key]
    [free] = in_json(make_record("acme/one", pricing=FREE))["model_list"]
    assert (free["model_info"]["input_cost_per_token"], free["model_info"]["output_cost_per_token"]) == (0, 0)


def test_fallbacks_follow_aliases_and_variants_and_nothing_else() -> None:
    document = in_json(
        priced("acme/one"),
        priced("acme/one:batch"),
        priced("acme/two:thinking"),
        make_record("~acme/one-latest", alias_target={"slug": "acme/one"}),
        make_record("~acme/gone-latest", alias_target={"slug": "acme/gone"}),
    )
    assert document["router_settings"]["fallbacks"] == [
        {"openrouter/acme-one:batch": ["openrouter/acme-one"]},
        {"openrouter/~acme-one-latest": ["openrouter/acme-one"]},
    ]


def test_a_free_model_never_falls_back_to_one_that_costs() -> None:
    free, paid = make_record("acme/one:free", pricing=FREE), priced("acme/one")
    assert "router_settings" not in in_json(free, paid)
    assert in_json(free, make_record("acme/one", pricing=FREE))["router_settings"]["fallbacks"]


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ({"model_name": ""}, "model_name"),
        ({"litellm_params": {"model": "gpt-4o"}}, "litellm_params.model must start"),
        ({"litellm_params": {"model": "openrouter/a/b", "api_key": "sk-secret"}}, "must name an environment variable"),
        ({"model_info": {}}, "model_info.id must be there"),
        ({"model_info": {"id": "x", "input_cost_per_token": 1e-6}}, "go together"),
        ({"model_info": {"id": "x", "max_tokens": -1}}, "must be a whole number"),
    ],
)
def test_the_checker_names_what_litellm_would_misread(change: dict[str, Any], flaw: str) -> None:
    [entry] = in_json(priced())["model_list"]
    assert config_flaw(entry) is None
    assert flaw in str(config_flaw({**entry, **change}))
    assert "sk-secret" not in str(config_flaw({**entry, **change}))


@pytest.mark.parametrize("dialect", [LITELLM_CONFIG_JSON, LITELLM_MODEL_INFO, LITELLM_MODEL_GROUPS])
def test_a_generated_catalog_is_spoken_without_a_finding(dialect: Any) -> None:
    said = speak(dialect, context_of(*generate_catalog(200, seed=7)))
    assert said.body is not None
    assert findings(dialect, json.loads(said.body)) == (200, ())
    assert findings(dialect, {"data": None})[1]


def test_names_and_ids_are_each_models_own() -> None:
    document = in_json(*generate_catalog(400, seed=11))
    assert len(set(names(document))) == len(document["model_list"]) == 400
    assert len({entry["model_info"]["id"] for entry in document["model_list"]}) == 400


def test_model_info_tells_what_pickers_read_and_no_key() -> None:
    body = speak(LITELLM_MODEL_INFO, context_of(priced())).body
    assert body is not None
    [row] = json.loads(body)["data"]
    assert row["litellm_params"] == {"model": "openrouter/acme/one"}
    assert row["model_info"]["key"] == "openrouter/acme/one"
    assert row["model_info"]["input_cost_per_token"] == 1e-06


def test_a_group_answers_yes_or_no_where_litellm_does() -> None:
    body = speak(LITELLM_MODEL_GROUPS, context_of(priced())).body
    assert body is not None
    [row] = json.loads(body)["data"]
    assert row["model_group"] == "openrouter/acme-one"
    assert (row["supports_function_calling"], row["supports_vision"]) == (True, False)
