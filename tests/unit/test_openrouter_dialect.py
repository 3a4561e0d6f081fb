"""The mirror's rows: upstream's own record, completed where the answer is certain, overridden where we say so."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from app.catalog.merge import Ingredients, merge
from app.catalog.model import Lifecycle, LifecycleState, Model
from app.catalog.overrides import Overrides
from app.catalog.parse import parse_records
from app.catalog.price import UNKNOWN_PRICE, Price, PriceState
from app.catalog.snapshot import Origin, Snapshot
from app.dialects.dialect import Context, Spoken, findings, speak
from app.dialects.openrouter import OPENROUTER
from app.dialects.openrouter_rules import document_flaw, row_flaw
from tests.simulator import generate_catalog, make_record

NOW = datetime(2026, 8, 20, 12, tzinfo=UTC)
PLAIN = "acme/anvil-1"


def snapshot_of(records: Iterable[Mapping[str, Any]], ingredients: Ingredients | None = None) -> Snapshot:
    contents = merge(
        parse_records(records),
        ingredients or Ingredients(),
        origin=Origin.UPSTREAM,
        last_good=None,
        last_seen_at=NOW,
        now=NOW,
    )
    return Snapshot(1, NOW, NOW, contents)


def spoken(records: Iterable[Mapping[str, Any]], ingredients: Ingredients | None = None) -> Spoken:
    return speak(OPENROUTER, Context(snapshot_of(records, ingredients)))


def row_of(record: Mapping[str, Any], ingredients: Ingredients | None = None) -> Any:
    said = spoken([record], ingredients)
    assert said.withheld == ()
    return orjson.loads(said.rows[record["id"]])


def patched(**fields: Any) -> Ingredients:
    return Ingredients(overrides=Overrides(patches=MappingProxyType({PLAIN: MappingProxyType(fields)})))


def of_another_day(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record as upstream wrote it in 2024."""
    kept = ("id", "name", "created", "description", "context_length", "pricing", "top_provider", "per_request_limits")
    architecture = {"modality": "text+image->text", "tokenizer": "Claude", "instruct_type": None}
    return {**{key: record[key] for key in kept}, "architecture": architecture}


def test_the_document_is_upstreams_own_in_upstreams_order() -> None:
    records = generate_catalog(200, seed=7)
    before = copy.deepcopy(records)
    said = spoken(records)
    assert said.body is not None
    assert orjson.loads(said.body) == {"data": records, "total_count": 200, "links": {"next": None}}
    assert records == before
    assert findings(OPENROUTER, orjson.loads(said.body)) == (200, ())


def test_the_order_is_not_ours() -> None:
    records = [make_record(f"acme/{name}", created=created) for name, created in (("old", 5), ("new", 9), ("mid", 7))]
    assert list(spoken(records).rows) == ["acme/old", "acme/new", "acme/mid"]


def test_a_record_of_an_older_day_is_completed_with_what_is_certain() -> None:
    row = row_of(of_another_day(make_record(f"{PLAIN}:free")))
    assert row["architecture"]["input_modalities"] == ["text", "image"]
    assert row["architecture"]["output_modalities"] == ["text"]
    assert row["canonical_slug"] == PLAIN
    assert row["links"] == {"details": f"/api/v1/models/{PLAIN}/endpoints"}
    assert (row["supported_parameters"], row["default_parameters"], row["supported_voices"]) == ([], None, None)
    assert "knowledge_cutoff" not in row
    assert row_flaw(row) is None


def test_a_null_that_breaks_a_client_is_left_out() -> None:
    record = make_record(PLAIN, description=None, benchmarks=None, pricing={"prompt": "0", "completion": "0"})
    record["pricing"]["image"] = None
    record["architecture"] = {**record["architecture"], "tokenizer": None}
    row = row_of(record)
    assert not {"description", "benchmarks"} & row.keys()
    assert row["pricing"] == {"prompt": "0", "completion": "0"}
    assert "tokenizer" not in row["architecture"]


def test_dynamic_prices_and_aliases_pass_through() -> None:
    alias = make_record(
        "~acme/anvil-latest",
        pricing={"prompt": "-1", "completion": "-1"},
        alias_target={"name": "Acme: Anvil 1", "slug": PLAIN},
    )
    assert row_of(alias) == alias


def test_overridden_facts_win_and_everything_else_stays_upstreams() -> None:
    record = make_record(PLAIN, hugging_face_id="acme/Anvil-1")
    row = row_of(
        record,
        patched(
            name="House Anvil",
            description=None,
            context_tokens=9_000,
            max_output_tokens=4_000,
            output_modalities=("text", "image"),
            supported_parameters=("tools",),
            price=Price(PriceState.PRICED, {"prompt": Decimal("0.0000001"), "completion": Decimal("0.0000002")}),
            lifecycle=Lifecycle(LifecycleState.DEPRECATED, expires_on=date(2027, 1, 1)),
            knowledge_cutoff=date(2026, 1, 1),
            category="flagship",
        ),
    )
    assert row == {
        **record,
        "name": "House Anvil",
        "description": "",
        "context_length": 9_000,
        "architecture": {
            **record["architecture"],
            "modality": "text->text+image",
            "output_modalities": ["text", "image"],
        },
        "top_provider": {"context_length": 9_000, "max_completion_tokens": 4_000, "is_moderated": False},
        "supported_parameters": ["tools"],
        "pricing": {"prompt": "0.0000001", "completion": "0.0000002"},
        "expiration_date": "2027-01-01",
        "knowledge_cutoff": "2026-01-01",
    }


def private(**changes: Any) -> Model:
    fields: dict[str, Any] = {
        "id": "house/llm",
        "name": "House LLM",
        "author": "house",
        "provider": "house",
        "created_at": NOW,
        "context_tokens": 32_000,
        "input_modalities": ("text",),
        "output_modalities": ("text",),
        "price": Price(PriceState.PRICED, {"prompt": Decimal("0.000001"), "completion": Decimal("0.0000025")}),
        "sources": ("overrides",),
    }
    return Model(**{**fields, **changes})


def added(*models: Model) -> Ingredients:
    return Ingredients(overrides=Overrides(added=models))


def test_models_that_openrouter_does_not_list_come_last_in_the_same_shape() -> None:
    said = spoken([make_record(PLAIN)], added(private()))
    assert list(said.rows) == [PLAIN, "house/llm"]
    row = orjson.loads(said.rows["house/llm"])
    assert row.keys() >= make_record(PLAIN).keys()
    assert row["pricing"] == {"prompt": "0.000001", "completion": "0.0000025"}
    assert row["top_provider"] == {"context_length": 32_000, "max_completion_tokens": None, "is_moderated": False}


def test_an_unknown_price_never_reads_zero() -> None:
    row = orjson.loads(spoken([make_record(PLAIN)], added(private(price=UNKNOWN_PRICE))).rows["house/llm"])
    assert row["pricing"] == {"prompt": "-1", "completion": "-1"}


def test_a_private_model_of_which_little_is_known_is_listed_with_what_is_known() -> None:
    known = private(created_at=None, input_modalities=(), output_modalities=(), context_tokens=None)
    said = spoken([make_record(PLAIN)], added(known))
    row = orjson.loads(said.rows["house/llm"])
    assert (row["created"], row["context_length"]) == (0, None)
    assert row["architecture"] == {"modality": None, "input_modalities": [], "output_modalities": []}
    assert said.body is not None
    assert b"house/llm" in said.body


def test_a_list_without_text_models_is_not_spoken_but_its_rows_are_there() -> None:
    record = make_record(
        "acme/embed-1",
        architecture={
            "modality": "text->embeddings",
            "input_modalities": ["text"],
            "output_modalities": ["embeddings"],
        },
    )
    said = spoken([record])
    assert (said.body, list(said.rows), said.flaw) == (None, ["acme/embed-1"], "no model that puts out text")


def at(path: str, value: Any) -> dict[str, Any]:
    """Return a sound row with one value replaced."""
    row = copy.deepcopy(make_record(PLAIN, benchmarks={"design_arena": []}, reasoning={"mandatory": False}))
    *parents, key = path.split(".")
    where = row
    for parent in parents:
        where = where[parent]
    where[key] = value
    return row


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", None),
        ("created", 1.5),
        ("created", -1),
        ("created", True),
        ("context_length", "8192"),
        ("context_length", 8192.5),
        ("pricing.prompt", 0.1),
        ("pricing.image", None),
        ("pricing.overrides", [{"prompt": 1}]),
        ("architecture.input_modalities", None),
        ("architecture.tokenizer", None),
        ("top_provider.is_moderated", None),
        ("per_request_limits", {}),
        ("default_parameters", {"top_k": 1.5}),
        ("supported_voices", "alloy"),
        ("links", {}),
        ("description", None),
        ("benchmarks", {"artificial_analysis": {}}),
        ("benchmarks.artificial_analysis", {"coding_index": 1}),
        ("reasoning", {}),
        ("alias_target", {"name": "x"}),
    ],
)
def test_what_breaks_an_sdk_is_named_with_its_place(path: str, value: Any) -> None:
    flaw = row_flaw(at(path, value))
    assert flaw is not None
    assert flaw.startswith(path)


def test_every_key_that_the_sdks_demand_is_demanded() -> None:
    sound = make_record(PLAIN)
    demanded = {key for key in sound if row_flaw({name: sound[name] for name in sound if name != key})}
    tolerated = {"hugging_face_id", "description", "knowledge_cutoff", "expiration_date"}
    assert demanded == sound.keys() - tolerated
    assert len(demanded) == 13


def test_what_the_sdks_tolerate_is_no_flaw() -> None:
    for path, value in (
        ("context_length", 8192.0),
        ("context_length", None),
        ("architecture.modality", None),
        ("default_parameters", {"temperature": None, "top_k": 40}),
        ("supported_parameters", ["not_heard_of_yet"]),
        ("unheard_of", {"any": "thing"}),
    ):
        assert row_flaw(at(path, value)) is None
    assert row_flaw([]) == "must be an object, got []"


def test_an_envelope_without_its_keys_or_without_rows_is_flawed() -> None:
    sound = {"data": [make_record(PLAIN)], "total_count": 1, "links": {"next": None}}
    assert document_flaw(sound) is None
    assert document_flaw({"data": []}) == "total_count is missing"
    assert document_flaw({**sound, "links": {}}) == "links.next is missing"
    assert document_flaw({**sound, "data": []}) == "no model that puts out text"
    assert findings(OPENROUTER, [])[1][0].model_id == "openrouter"
