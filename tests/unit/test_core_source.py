"""The core file: what it must hold, what it refuses, and how it survives a broken replacement."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.catalog.errors import DocumentError
from app.catalog.model import Route
from app.catalog.price import UNKNOWN_PRICE, PriceState
from app.sources.core import BUILT_IN, CORE, Category, CoreSource
from app.sources.local_fields import CAPABILITIES

MINIMAL: dict[str, Any] = {
    "schema": 1,
    "updated": "2026-08-22",
    "providers": {"acme": {"name": "Acme", "base_url": "https://llm.acme.example/v1/"}, "depot": {"name": "Depot"}},
    "models": [
        {
            "id": "acme/large-2",
            "name": "Large 2",
            "provider": "acme",
            "upstream_id": "large-2-0801",
            "rank": 1,
            "category": "flagship",
            "aliases": ["large"],
            "context_tokens": 200_000,
            "created": "2026-08-01",
            "price_usd_per_million_tokens": {"prompt": "2.50", "completion": "10", "input_cache_read": "0"},
        },
        {"id": "acme/open-1", "name": "Open 1", "rank": 2, "category": "open"},
    ],
}


def written(folder: Path, document: object, name: str = "models.json") -> Path:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def changed(at: tuple[str | int, ...], value: object) -> dict[str, Any]:
    document = deepcopy(MINIMAL)
    here: Any = document
    for step in at[:-1]:
        here = here[step]
    here[at[-1]] = value
    return document


def test_the_built_in_file_holds_sixty_models_of_twelve_makers_ranked_without_gaps() -> None:
    core = CoreSource().read()
    assert core.file_name == BUILT_IN
    assert core.updated >= date(2026, 8, 22)
    assert len(core.models) >= 60
    assert len({model.author for model in core.models}) >= 12
    assert [model.rank for model in core.models] == list(range(1, len(core.models) + 1))


def test_every_built_in_model_states_its_facts_and_where_they_come_from() -> None:
    for model in CoreSource().read().models:
        assert model.sources == (CORE,)
        assert model.category in set(Category)
        assert model.context_tokens is not None
        assert model.input_modalities, model.id
        assert model.output_modalities, model.id
        assert set(model.capabilities) <= set(CAPABILITIES)
        assert model.price.state is PriceState.PRICED
        assert model.description is None
        assert set(model.provenance.values()) == {CORE}
        assert {"name", "rank", "category", "price", "context_tokens"} <= set(model.provenance)


def test_every_category_is_used_by_a_built_in_model() -> None:
    assert {model.category for model in CoreSource().read().models} == set(Category)


def test_every_built_in_provider_has_a_name_and_every_route_uses_one() -> None:
    core = CoreSource().read()
    assert {model.provider for model in core.models} <= set(core.provider_names)
    for model in core.models:
        for route in model.routes:
            assert route.provider == model.provider
            assert route.base_url == core.provider_base_urls.get(route.provider)


@pytest.mark.parametrize(
    ("alias", "identifier"),
    [
        ("gpt-4o", "openai/gpt-4o"),
        ("chatgpt-4o-latest", "openai/gpt-4o"),
        ("gpt-4-turbo", "openai/gpt-4-turbo"),
        ("gpt-3.5-turbo", "openai/gpt-3.5-turbo"),
        ("claude-3.5-sonnet", "anthropic/claude-sonnet-4"),
        ("claude-3-5-sonnet-20241022", "anthropic/claude-sonnet-4"),
        ("claude-3-5-sonnet-latest", "anthropic/claude-sonnet-4"),
        ("anthropic/claude-3.5-sonnet", "anthropic/claude-sonnet-4"),
        ("anthropic/claude-3.7-sonnet", "anthropic/claude-sonnet-4"),
        ("claude-3-opus", "anthropic/claude-opus-4"),
        ("gemini-1.5-pro", "google/gemini-2.5-pro"),
        ("gemini-pro", "google/gemini-2.5-pro"),
        ("mistral-large-latest", "mistralai/mistral-large-2512"),
        ("deepseek-chat", "deepseek/deepseek-chat"),
        ("deepseek-reasoner", "deepseek/deepseek-v4-flash-0731"),
        ("grok-2", "x-ai/grok-4.3"),
    ],
)
def test_a_legacy_name_leads_to_a_model_of_today(alias: str, identifier: str) -> None:
    owners = [model.id for model in CoreSource().read().models if alias in model.aliases]
    assert owners == [identifier]


def test_a_file_becomes_models_with_exact_prices_and_routes(tmp_path: Path) -> None:
    core = CoreSource(written(tmp_path, MINIMAL)).read()
    large, small = core.models
    assert core.file_name == "models.json"
    assert large.price.rates == {"prompt": Decimal("0.0000025"), "completion": Decimal("0.00001")}
    assert large.created_at == datetime(2026, 8, 1, tzinfo=UTC)
    assert large.routes == (Route("acme", CORE, "large-2-0801", "https://llm.acme.example/v1"),)
    assert "input_modalities" not in large.provenance
    assert small.provider == "openrouter"
    assert small.routes == ()
    assert small.price == UNKNOWN_PRICE
    assert core.provider_names == {"acme": "Acme", "depot": "Depot"}


def test_a_provider_without_a_native_id_gives_no_route(tmp_path: Path) -> None:
    model = CoreSource(written(tmp_path, changed(("models", 1, "provider"), "depot"))).read().models[1]
    assert (model.provider, model.routes) == ("depot", ())


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (("schema",), 2, "schema: 2 is not 1, the only schema that this version reads"),
        (("updated",), "August", "updated: 'August' is not a date as YYYY-MM-DD, from 2000 on"),
        (("extra",), 1, "extra: unknown key; allowed: schema, updated, providers, models"),
        (("models",), [], "models: holds no model"),
        (("models",), {}, "models: a table is not a list"),
        (("models", 1), 7, "models.1: 7 is not a table"),
        (
            ("models", 1, "contxt_tokens"),
            7,
            'models."acme/open-1".contxt_tokens: unknown key; did you mean context_tokens?',
        ),
        (("models", 1, "category"), "flagshp", "did you mean flagship?"),
        (("models", 1, "rank"), 1, 'models."acme/open-1".rank: 1 is the rank of acme/large-2 already'),
        (("models", 1, "rank"), True, "rank: true is not a whole number from 1 to 100000"),
        (("models", 1, "id"), "acme/large-2", 'models."acme/large-2".id: stands twice'),
        (("models", 1, "id"), "Acme/Open", "'Acme/Open' is not a model id"),
        (("models", 1, "aliases"), ["large"], "aliases: 'large' is an alias of acme/large-2 already"),
        (("models", 1, "aliases"), ["acme/large-2"], "aliases: 'acme/large-2' is the id of a model in this file"),
        (("models", 1, "aliases"), ["a", "a"], "aliases: 'a' stands twice"),
        (("models", 1, "aliases"), ["Large"], "aliases: 'Large' is not an alias"),
        (("models", 1, "capabilities"), ["tool"], "capabilities: 'tool' is not one of audio, caching"),
        (("models", 1, "provider"), "acmee", "provider: 'acmee' is not among the providers; did you mean acme?"),
        (("models", 1, "name"), "  ", "name: '  ' is not a text of 1 to 200 characters"),
        (("models", 1, "description"), None, "description: null is not a text of 1 to 8000 characters"),
        (
            ("models", 0, "price_usd_per_million_tokens", "prompt"),
            "-1",
            "price_usd_per_million_tokens.prompt: '-1' is not a number from 0 to 1000000",
        ),
        (
            ("models", 0, "price_usd_per_million_tokens"),
            {"prompt": "1"},
            'price_usd_per_million_tokens.completion: is missing; write "0" when it is not charged',
        ),
        (("providers", "acme", "base_url"), "ftp://x", "providers.acme.base_url: is not an http(s) URL"),
        (("providers", "ACME"), {"name": "x"}, "providers.ACME: 'ACME' is not a word"),
    ],
)
def test_a_fault_is_refused_with_its_place_and_the_way_out(
    tmp_path: Path, at: tuple[str | int, ...], value: object, message: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        CoreSource(written(tmp_path, changed(at, value))).read()
    assert str(caught.value).startswith("models.json: ")
    assert message in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    document = deepcopy(MINIMAL)
    del document["models"][1]["rank"]
    with pytest.raises(DocumentError, match=r'^models\.json: models\."acme/open-1"\.rank: is missing$'):
        CoreSource(written(tmp_path, document)).read()


def test_many_faults_are_shown_in_part_and_counted(tmp_path: Path) -> None:
    document = deepcopy(MINIMAL)
    document["models"] = [{"id": f"acme/m{n}", "name": "m", "rank": n, "category": "?"} for n in range(1, 7)]
    with pytest.raises(DocumentError, match=r"; and 3 more$"):
        CoreSource(written(tmp_path, document)).read()


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="the key 'schema' stands twice in one object"):
        CoreSource(written(tmp_path, '{"schema": 1, "schema": 1}')).read()


def test_the_built_in_models_stand_in_for_a_file_that_is_broken_at_the_start(tmp_path: Path) -> None:
    since = datetime(2026, 8, 22, 12, tzinfo=UTC)
    path = written(tmp_path, "{")
    kept = CoreSource(path).last_valid(now=lambda: since)
    assert kept.current().file_name == BUILT_IN
    assert str(kept.standing.error).startswith("models.json: cannot be parsed: ")
    assert str(kept.standing.error_since) == str(since)
    written(tmp_path, MINIMAL)
    assert kept.changed()
    assert kept.current().file_name == "models.json"
    assert kept.standing.error is None
    assert kept.standing.error_since is None


def test_the_built_in_file_never_changes() -> None:
    kept = CoreSource().last_valid()
    core = kept.current()
    assert not kept.changed()
    assert kept.current() is core


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)
PLACES: list[tuple[str | int, ...]] = [
    ("schema",),
    ("updated",),
    ("providers",),
    ("providers", "acme"),
    ("providers", "acme", "base_url"),
    ("models",),
    ("models", 0),
    *(("models", 0, key) for key in MINIMAL["models"][0]),
    ("models", 0, "price_usd_per_million_tokens", "prompt"),
    ("models", 0, "input_modalities"),
    ("models", 0, "knowledge_cutoff"),
]


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.sampled_from(PLACES), value=JSON)
def test_garbage_anywhere_is_a_document_error_or_nothing(
    tmp_path: Path, at: tuple[str | int, ...], value: object
) -> None:
    message = ""
    try:
        CoreSource(written(tmp_path, changed(at, value))).read()
    except DocumentError as error:
        message = str(error)
    assert message.isprintable()
