"""Who takes the place of a model that is gone, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.catalog.identity import author_of, family_of, variant_of
from app.catalog.index import Index, build_index
from app.catalog.model import Lifecycle, LifecycleState, Model
from app.catalog.snapshot import Contents, Origin, Snapshot
from app.catalog.successor import Successors, Why

START = datetime(2026, 1, 1, tzinfo=UTC)
GONE = Lifecycle(LifecycleState.DELISTED, None, START)


def model(model_id: str, *, day: int = 0, slug: str | None = None, **more: object) -> Model:
    plain = Model(
        id=model_id,
        name=model_id,
        author=author_of(model_id),
        provider="openrouter",
        family=family_of(model_id),
        variant=variant_of(model_id),
        canonical_slug=slug,
        created_at=START + timedelta(days=day),
        input_modalities=("text",),
        output_modalities=("text",),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def index_of(models: Iterable[Model]) -> Index:
    return build_index(Snapshot(1, START, START, Contents(tuple(models), Origin.UPSTREAM)))


def successor(model_id: str, *models: Model) -> tuple[str, Why] | None:
    found = Successors(index_of(models)).of(model_id)
    return (found.model.id, found.why) if found else None


def test_an_alias_that_vanished_is_followed_by_what_it_pointed_to() -> None:
    gone = model("~acme/anvil-latest", lifecycle=GONE, alias_target="acme/anvil-2")
    others = (model("acme/anvil-2"), model("acme/anvil-3", day=9))
    assert successor(gone.id, gone, *others) == ("acme/anvil-2", Why.ALIAS_TARGET)


def test_the_same_canonical_slug_is_the_same_model() -> None:
    gone = model("acme/anvil", lifecycle=GONE, slug="acme/anvil-2026")
    renamed = model("acme/heavy", slug="acme/anvil-2026")
    assert successor(gone.id, gone, renamed, model("acme/anvil-9", day=9)) == ("acme/heavy", Why.CANONICAL_SLUG)
    assert successor("acme/anvil-2026", renamed) == ("acme/heavy", Why.CANONICAL_SLUG)


def test_a_variant_that_vanished_is_followed_by_the_model_itself() -> None:
    others = (model("acme/anvil-1"), model("acme/anvil-1:thinking"), model("acme/anvil-2:free", day=9))
    assert successor("acme/anvil-1:free", *others) == ("acme/anvil-1", Why.VARIANT)


def test_a_model_that_is_left_in_a_variant_is_followed_by_that_but_never_by_a_batch() -> None:
    assert successor("acme/anvil-1", model("acme/anvil-1:free")) == ("acme/anvil-1:free", Why.VARIANT)
    assert successor("acme/anvil-1", model("acme/anvil-1:batch")) is None


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ("anthropic/claude-3.5-sonnet", "anthropic/claude-sonnet-5"),
        ("anthropic/claude-haiku-3", "anthropic/claude-haiku-4.5"),
        ("openai/gpt-4o-mini", "openai/gpt-5-mini"),
        ("openai/gpt-4-0314", "openai/gpt-5"),
        ("openai/gpt-4o-search-preview", "openai/gpt-5"),
        ("meta-llama/llama-3-8b-instruct", "meta-llama/llama-3.1-8b-instruct"),
        ("meta-llama/llama-3-13b-instruct", "meta-llama/llama-3.3-70b-instruct"),
        ("meta-llama/llama-3-8b-instruct:free", "meta-llama/llama-3.1-8b-instruct"),
        ("google/gemma-2-9b-it:free", "google/gemma-4-31b-it:free"),
    ],
)
def test_of_the_author_s_models_the_one_that_is_called_most_alike_follows(gone: str, expected: str) -> None:
    listed = (
        *(model("anthropic/claude-sonnet-4"), model("anthropic/claude-sonnet-5", day=9)),
        *(model("anthropic/claude-haiku-4.5", day=5), model("anthropic/claude-opus-5", day=10)),
        model("~anthropic/claude-sonnet-latest", day=99),
        *(model("openai/gpt-5", day=1), model("openai/gpt-5-mini", day=2), model("openai/gpt-5-codex", day=9)),
        model("openai/gpt-5:batch", day=10),
        model("meta-llama/llama-3.1-8b-instruct", day=1),
        model("meta-llama/llama-3.3-70b-instruct", day=3),
        *(model("google/gemma-4-31b-it", day=9), model("google/gemma-4-31b-it:free", day=8)),
        model("other/claude-sonnet-9", day=50),
    )
    assert successor(gone, *listed) == (expected, Why.FAMILY)


def test_who_got_text_is_not_sent_to_a_model_that_draws() -> None:
    gone = model("acme/anvil-1", lifecycle=GONE)
    draws = model("acme/anvil-2", day=9, output_modalities=("image",))
    assert successor(gone.id, gone, draws) is None
    assert successor(gone.id, gone, draws, model("acme/anvil-2-big")) == ("acme/anvil-2-big", Why.FAMILY)


def test_who_sent_images_is_sent_to_a_model_that_sees_if_there_is_one() -> None:
    gone = model("acme/anvil-1", lifecycle=GONE, input_modalities=("text", "image"))
    blind = model("acme/anvil-2", day=9)
    seeing = model("acme/anvil-1-big", input_modalities=("image", "text"))
    assert successor(gone.id, gone, blind, seeing) == (seeing.id, Why.FAMILY)
    assert successor(gone.id, gone, blind) == (blind.id, Why.FAMILY)


def test_what_is_delisted_follows_nobody() -> None:
    gone = model("acme/anvil-1", lifecycle=GONE, alias_target="acme/anvil-2")
    assert successor(gone.id, gone, model("acme/anvil-2", lifecycle=GONE)) is None


@pytest.mark.parametrize("odd", ["", "acme", "acme/", "/anvil", "~", "acme/anvil:", "a b/c", "☃"])
def test_what_is_no_id_has_no_successor_and_breaks_nothing(odd: str) -> None:
    assert successor(odd, model("acme/rocket-1")) is None


def test_a_successor_is_found_once_and_however_many_are_asked_for() -> None:
    successors = Successors(index_of([model("acme/anvil-2")]))
    assert successors.of("acme/anvil-1") is successors.of("acme/anvil-1")
    for number in range(10_001):
        assert successors.of(f"other/anvil-{number}") is None
    assert successors.of("acme/anvil-1") is not None
