"""The built-in core file says what OpenRouter's catalog of 2026-08-22 says."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from app.catalog.identity import slug_of
from app.catalog.model import Model
from app.catalog.parse import parse_records
from app.catalog.price import UNIT_OF_RATE, same_rates
from app.sources.core import CoreSource

CATALOG = Path(__file__).parents[3] / "shared" / "catalogs" / "openrouter-2026-08-22-421models.json.gz"
# Rates that the core file can't say, for they are not per million tokens.
NOT_PER_TOKEN = frozenset(UNIT_OF_RATE)
# Where the core file differs on purpose: (id, field) and why. Nothing does today.
EXCEPTIONS: dict[tuple[str, str], str] = {}

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not CATALOG.exists(), reason=f"{CATALOG.name} is not beside the checkout"),
]


@pytest.fixture(scope="module")
def listed() -> dict[str, Model]:
    records = json.loads(gzip.decompress(CATALOG.read_bytes()))["data"]
    return {model.id: model for model in parse_records(records).models}


@pytest.fixture(scope="module")
def core() -> tuple[Model, ...]:
    return CoreSource().read().models


def test_every_core_model_is_listed(core: tuple[Model, ...], listed: dict[str, Model]) -> None:
    assert [model.id for model in core if model.id not in listed] == []
    assert len(core) >= 40
    assert len({model.author for model in core}) >= 8


@pytest.mark.parametrize(
    "field",
    [
        "context_tokens",
        "max_output_tokens",
        "input_modalities",
        "output_modalities",
        "supported_parameters",
        "knowledge_cutoff",
        "capabilities",
    ],
)
def test_a_fact_agrees_with_the_catalog(field: str, core: tuple[Model, ...], listed: dict[str, Model]) -> None:
    different = {
        model.id: (getattr(model, field), getattr(listed[model.id], field))
        for model in core
        if getattr(model, field) != getattr(listed[model.id], field) and (model.id, field) not in EXCEPTIONS
    }
    assert different == {}


def test_every_price_agrees_with_the_catalog(core: tuple[Model, ...], listed: dict[str, Model]) -> None:
    different: dict[str, dict[str, Decimal]] = {}
    for model in core:
        price = listed[model.id].price
        rates = {name: rate for name, rate in price.rates.items() if name not in NOT_PER_TOKEN}
        agrees = model.price.state is price.state and same_rates(model.price.rates, rates)
        if not agrees and (model.id, "price") not in EXCEPTIONS:
            different[model.id] = rates
    assert different == {}


def test_every_model_was_made_on_the_day_the_catalog_says(core: tuple[Model, ...], listed: dict[str, Model]) -> None:
    for model in core:
        there = listed[model.id].created_at
        assert model.created_at is not None
        assert there is not None
        assert model.created_at.date() == there.date(), model.id


def test_no_alias_is_a_listed_id(core: tuple[Model, ...], listed: dict[str, Model]) -> None:
    assert [alias for model in core for alias in model.aliases if alias in listed] == []


def test_an_alias_that_is_the_bare_slug_of_listed_models_leads_to_one_of_them(
    core: tuple[Model, ...], listed: dict[str, Model]
) -> None:
    by_slug: defaultdict[str, set[str]] = defaultdict(set)
    for identifier in listed:
        by_slug[slug_of(identifier)].add(identifier)
    astray = {
        alias: model.id
        for model in core
        for alias in model.aliases
        if alias in by_slug and model.id not in by_slug[alias]
    }
    assert astray == {}


def test_no_name_repeats_its_author_as_a_prefix(core: tuple[Model, ...]) -> None:
    assert [model.name for model in core if ": " in model.name or model.name != model.name.strip()] == []


@pytest.mark.parametrize("alias", ["gpt-4o", "claude-3.5-sonnet", "gpt-4-turbo"])
def test_a_well_known_name_leads_to_a_listed_model(
    alias: str, core: tuple[Model, ...], listed: dict[str, Model]
) -> None:
    (owner,) = (model.id for model in core if alias in model.aliases)
    assert owner in listed
