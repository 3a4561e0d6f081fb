"""Every quirk that was measured on OpenRouter's real snapshots, on records written here; numbered as in the study."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.catalog.diff import Diff, diff
from app.catalog.guard import GuardLimits, judge
from app.catalog.merge import Ingredients, merge
from app.catalog.model import LifecycleState, Model
from app.catalog.parse import Parsed, parse_record, parse_records
from app.catalog.price import PriceState
from app.catalog.snapshot import Origin, Snapshot
from tests.simulator import make_record

NOW = datetime(2026, 8, 22, 8, tzinfo=UTC)
Record = dict[str, Any]


def adopted(records: list[Record], last_good: Snapshot | None = None, *, hours: float = 0) -> Snapshot:
    """Return the snapshot that these records make, some hours after NOW."""
    now = NOW + timedelta(hours=hours)
    generation = last_good.generation + 1 if last_good else 1
    contents = merge(
        parse_records(records),
        Ingredients(),
        origin=Origin.UPSTREAM,
        last_good=last_good,
        last_seen_at=last_good.updated_at if last_good else now,
        now=now,
    )
    return Snapshot(generation, now, now, contents)


def change(before: list[Record], after: list[Record]) -> Diff:
    first = adopted(before)
    return diff(first.models, adopted(after, first, hours=1).models)


def priced(model_id: str = "acme/rocket", **pricing: Any) -> Record:
    return make_record(model_id, pricing={"prompt": "0.000001", "completion": "0.000002", **pricing})


def price_of(record: Record) -> Any:
    return parse_record(record).price


def many(count: int = 60) -> list[Record]:
    return [priced(f"acme/rocket-{number}") for number in range(count)]


def test_quirk_1_order_does_not_count() -> None:
    shuffled = many()
    random.Random(1).shuffle(shuffled)
    assert change(many(), shuffled).is_empty
    assert adopted(many()).content_hash == adopted(shuffled).content_hash


def test_quirk_2_benchmarks_do_not_count() -> None:
    churned = [{**record, "benchmarks": {"design_arena": [], "artificial_analysis": None}} for record in many()]
    assert change(many(), churned).is_empty


def test_quirk_4_minus_one_is_dynamic_and_never_cheap() -> None:
    price = price_of(make_record("openrouter/auto", pricing={"prompt": "-1", "completion": "-1"}))
    assert (price.state, dict(price.rates)) == (PriceState.DYNAMIC, {})


def test_quirk_5_an_absent_price_is_zero() -> None:
    zeros = [{**record, "pricing": {**record["pricing"], "image": "0", "request": "0"}} for record in many()]
    assert change(zeros, many()).is_empty
    assert adopted(zeros).content_hash == adopted(many()).content_hash


def test_quirk_6_tiers_and_a_numeric_discount_among_the_strings() -> None:
    tier = {"min_prompt_tokens": 200000, "prompt": "0.000006", "completion": "0.00002"}
    price = price_of(priced(overrides=[tier], discount=0.5))
    assert [(t.min_prompt_tokens, t.rates["prompt"]) for t in price.tiers] == [(200_000, Decimal("0.000006"))]
    assert "discount" not in price.rates


WINDOWS = [
    {"utc_start": 1000, "utc_end": 100, "prompt": "0.00000022", "completion": "0.00000066"},
    {"utc_start": 100, "utc_end": 1000, "prompt": "0.00000044", "completion": "0.00000132"},
]


def test_quirk_7_the_window_of_the_moment_is_no_change_and_the_base_is_the_dearest() -> None:
    peak = priced(prompt="0.00000044", completion="0.00000132", overrides=WINDOWS)
    quiet = priced(prompt="0.00000022", completion="0.00000066", overrides=WINDOWS)
    assert change([peak], [quiet]).is_empty
    [model] = adopted([quiet]).models
    assert model.price.prompt_usd_per_token == Decimal("0.00000044")
    assert [(w.utc_start_minute, w.utc_end_minute) for w in model.price.windows] == [(600, 60), (60, 600)]


def test_quirk_7_with_gaps_between_the_windows_the_base_outside_them_is_kept() -> None:
    night = [{"utc_start": 2200, "utc_end": 400, "prompt": "0.0000005", "completion": "0.000001"}]
    outside = adopted([priced(overrides=night)])
    inside = adopted([priced(prompt="0.0000005", completion="0.000001", overrides=night)], outside, hours=1)
    assert diff(outside.models, inside.models).is_empty
    assert inside.by_id["acme/rocket"].price.prompt_usd_per_token == Decimal("0.000001")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("0.00000008333333333333334", "0.00000008333333333333333"),
        ("0.0000006000000000000001", "0.0000006"),
        ("0.00000100000000000000015", "0.000001"),
    ],
)
def test_quirk_8_float_noise_is_no_change_and_the_exact_string_survives(before: str, after: str) -> None:
    assert change([priced(prompt=before)], [priced(prompt=after)]).is_empty
    assert price_of(priced(prompt=before)).prompt_usd_per_token == Decimal(before)


def test_quirk_9_other_modalities_have_no_context_and_zero_is_not_free_there() -> None:
    record = make_record(
        "acme/painter",
        context_length=0,
        architecture={"modality": "text->image", "input_modalities": ["text"], "output_modalities": ["image"]},
        top_provider={"context_length": 0, "max_completion_tokens": 0, "is_moderated": False},
        supported_parameters=[],
        pricing={"prompt": "0", "completion": "0"},
    )
    model = parse_record(record)
    assert (model.context_tokens, model.max_output_tokens) == (None, None)
    assert model.price.state is PriceState.PER_UNIT


def test_quirk_11_what_vanishes_is_findable_for_ninety_days_and_may_return() -> None:
    first = adopted(many())
    gone = adopted(many(59), first, hours=1)
    lost = gone.by_id["acme/rocket-59"]
    assert (lost.lifecycle.state, lost.lifecycle.last_seen_at) == (LifecycleState.DELISTED, NOW)
    back = adopted(many(), gone, hours=16)
    assert back.by_id["acme/rocket-59"].is_listed
    assert diff(gone.models, back.models).returned == ("acme/rocket-59",)
    assert "acme/rocket-59" in adopted(many(59), gone, hours=90 * 24).by_id
    assert "acme/rocket-59" not in adopted(many(59), gone, hours=90 * 24 + 1).by_id


@pytest.mark.parametrize(("left", "is_refused"), [(48, False), (47, True), (10, True)])
def test_quirk_11_a_mass_removal_is_braked(left: int, is_refused: bool) -> None:
    verdict = judge(parse_records(many(left)), adopted(many()).models, GuardLimits(min_models=1))
    assert verdict.is_refused is is_refused
    assert verdict.refusals or verdict.warnings


def test_quirk_12_a_priced_model_that_reads_zero_is_not_free_for_three_days() -> None:
    zero = priced(prompt="0", completion="0")
    first = adopted([priced()])
    doubted = adopted([zero], first, hours=1)
    price = doubted.by_id["acme/rocket"].price
    assert (price.state, price.zero_since) == (PriceState.UNKNOWN, NOW + timedelta(hours=1))
    still = adopted([zero], doubted, hours=72)
    assert still.by_id["acme/rocket"].price.state is PriceState.UNKNOWN
    believed = adopted([zero], still, hours=74)
    assert believed.by_id["acme/rocket"].price.state is PriceState.FREE
    assert adopted([priced()], doubted, hours=24).by_id["acme/rocket"].price.state is PriceState.PRICED


def test_quirk_12_a_free_variant_above_zero_is_priced() -> None:
    assert price_of(priced("acme/rocket:free")).state is PriceState.PRICED
    assert price_of(priced("acme/rocket:free", prompt="0", completion="0")).state is PriceState.FREE


def test_quirk_12_a_catalog_whose_prices_turn_zero_is_refused() -> None:
    zeros = [priced(f"acme/rocket-{number}", prompt="0", completion="0") for number in range(60)]
    assert judge(parse_records(zeros), adopted(many()).models, GuardLimits()).is_refused


def test_quirk_14_aliases_keep_their_tilde_and_tell_their_target() -> None:
    record = make_record("~acme/rocket-latest", alias_target={"name": "Rocket 2", "slug": "acme/rocket-2"})
    model = parse_record(record)
    assert (model.id, model.author, model.alias_target) == ("~acme/rocket-latest", "acme", "acme/rocket-2")


def test_quirk_15_and_16_variants_share_a_slug_and_need_no_base() -> None:
    twins = [make_record(f"acme/rocket:{word}", canonical_slug="acme/rocket-20260101") for word in ("free", "batch")]
    models = parse_records(twins).models
    assert [(model.id, model.variant) for model in models] == [
        ("acme/rocket:free", "free"),
        ("acme/rocket:batch", "batch"),
    ]


def test_quirk_17_and_18_limits_are_taken_as_they_are() -> None:
    record = make_record(
        "acme/rocket",
        context_length=8192,
        top_provider={"context_length": None, "max_completion_tokens": 16384, "is_moderated": False},
    )
    model = parse_record(record)
    assert (model.context_tokens, model.max_output_tokens) == (8192, 16384)


@pytest.mark.parametrize("nothing", [None, "", "absent"])
def test_quirk_19_nothing_has_three_spellings(nothing: str | None) -> None:
    record = make_record("acme/rocket", hugging_face_id=nothing)
    if nothing == "absent":
        del record["hugging_face_id"]
    assert parse_record(record).hugging_face_id is None
    assert change([make_record("acme/rocket", hugging_face_id="")], [record]).is_empty


@pytest.mark.parametrize(
    ("written", "state", "expires_on"),
    [
        (None, LifecycleState.ACTIVE, None),
        ("2098-12-31", LifecycleState.ACTIVE, None),
        ("9999-01-01", LifecycleState.ACTIVE, None),
        ("2026-12-31", LifecycleState.DEPRECATED, date(2026, 12, 31)),
        ("2020-01-01", LifecycleState.DEPRECATED, date(2020, 1, 1)),
    ],
)
def test_quirk_20_sentinels_are_no_end_and_past_ends_are_told(
    written: str | None, state: LifecycleState, expires_on: date | None
) -> None:
    lifecycle = parse_record(make_record("acme/rocket", expiration_date=written)).lifecycle
    assert (lifecycle.state, lifecycle.expires_on) == (state, expires_on)


def test_quirk_21_the_arrays_count_not_the_display_string() -> None:
    architecture = {"modality": "text->text", "input_modalities": ["image", "text"], "output_modalities": ["text"]}
    model = parse_record(make_record("acme/rocket", architecture=architecture))
    assert model.input_modalities == ("text", "image")
    assert "vision" in model.capabilities


def test_quirk_22_and_23_text_is_trimmed_and_made_harmless() -> None:
    model = parse_record(
        make_record("acme/rocket", name="Acme:  Rocket \u202e2 ", description=" [Two](/acme/two)\n<think>\x07 ")
    )
    assert model.name == "Acme: Rocket 2"
    assert model.description == "[Two](/acme/two)\n<think>"


def test_quirk_24_the_order_of_parameters_does_not_count() -> None:
    forth = make_record("acme/rocket", supported_parameters=["tools", "seed"])
    back = make_record("acme/rocket", supported_parameters=["seed", "tools"])
    assert change([forth], [back]).is_empty


def test_the_shape_of_2024_is_read() -> None:
    record = {
        "id": "acme/rocket",
        "name": "Rocket",
        "created": 1700000000,
        "description": "",
        "context_length": 4095,
        "architecture": {"modality": "text+image->text", "tokenizer": "GPT", "instruct_type": "none"},
        "pricing": {"prompt": "0.000001", "completion": "0.000002", "image": "0", "request": "0"},
        "top_provider": {"context_length": 4095, "max_completion_tokens": 4096, "is_moderated": False},
        "per_request_limits": None,
    }
    model = parse_record(record)
    assert (model.input_modalities, model.output_modalities) == (("text", "image"), ("text",))
    assert (model.context_tokens, model.description) == (4095, None)


def test_a_key_that_is_new_on_every_record_is_one_change_of_the_shape() -> None:
    grown = [{**record, "novelty": {"level": 3}} for record in many()]
    found = change(many(), grown)
    assert found.everywhere == ("upstream.novelty",)
    assert found.changed == ()
    assert not found.is_empty


def test_a_bad_record_is_named_its_last_good_version_stays_and_the_rest_is_read() -> None:
    first = adopted(many())
    broken = many()
    broken[7] = {**broken[7], "context_length": "lots"}
    broken[8] = {"name": "nobody"}
    second = adopted(broken, first, hours=1)
    assert [(entry.record_id, entry.position) for entry in second.contents.quarantined] == [
        ("acme/rocket-7", 7),
        (None, 8),
    ]
    stale: Model = second.by_id["acme/rocket-7"]
    assert stale.is_stale
    assert stale.context_tokens == first.by_id["acme/rocket-7"].context_tokens
    assert second.by_id["acme/rocket-8"].lifecycle.state is LifecycleState.DELISTED


@pytest.mark.parametrize("price", ["1e400", "NaN", "-2", "2", "cheap", "1" * 80])
def test_a_price_beyond_sense_fails_its_record_alone(price: str) -> None:
    parsed: Parsed = parse_records([priced(prompt=price), priced("acme/other")])
    assert [model.id for model in parsed.models] == ["acme/other"]
    assert "pricing.prompt" in parsed.quarantined[0].reason


def test_a_repeated_id_is_quarantined() -> None:
    parsed = parse_records([priced(), priced()])
    assert len(parsed.models) == 1
    assert parsed.quarantined[0].reason == "the same id stands in an earlier record"
