"""Real catalogs: who follows the models that OpenRouter dropped between two of them."""

from __future__ import annotations

import pytest

from app.catalog.index import build_index
from app.catalog.snapshot import Snapshot
from app.catalog.successor import Successor, Successors, Why
from tests.real_data.catalogs import ABSENT, days, read
from tests.real_data.test_series import snapshot_of

pytestmark = [pytest.mark.real_data, ABSENT]
KNOWN = {
    "anthropic/claude-3.5-sonnet": "anthropic/claude-sonnet-5",
    "anthropic/claude-3.5-haiku": "anthropic/claude-haiku-4.5",
    "anthropic/claude-3-opus:beta": "anthropic/claude-opus-5",
    "x-ai/grok-2-1212": "x-ai/grok-4.6",
    "openai/gpt-5-codex": "openai/gpt-5.3-codex",
    "openai/o4-mini-deep-research": "openai/o4-mini",
    "google/gemma-2-9b-it:free": "google/gemma-4-26b-a4b-it:free",
    "qwen/qwen3-coder:free": "qwen/qwen3-coder",
    "openai/gpt-5-chat": "openai/gpt-chat-latest",
}


@pytest.fixture(scope="module")
def catalogs() -> list[Snapshot]:
    """The whole days, oldest first."""
    paths = [path for path in days() if "output_modalities" not in path.name]
    return [snapshot_of(read(path), None, number) for number, path in enumerate(paths)]


def followers(old: Snapshot, new: Snapshot) -> dict[str, Successor | None]:
    successors = Successors(build_index(new))
    return {model.id: successors.of(model.id) for model in old.models if model.id not in new.by_id}


def test_who_follows_is_listed_and_of_the_same_house(catalogs: list[Snapshot]) -> None:
    *older, newest = catalogs
    for old in older:
        found = followers(old, newest)
        assert found
        for gone, successor in found.items():
            if successor is not None and successor.why in {Why.VARIANT, Why.FAMILY}:
                assert successor.model.is_listed, gone
                assert successor.model.id.partition("/")[0] == gone.partition("/")[0]
                assert successor.model.variant != "batch"
        named = sum(successor is not None for successor in found.values())
        assert named / len(found) > 0.5, f"{named} of {len(found)}"


def test_models_that_many_people_chose_are_followed_by_whom_a_person_would_name(catalogs: list[Snapshot]) -> None:
    newest = catalogs[-1]
    found = {gone: successor for old in catalogs[:-1] for gone, successor in followers(old, newest).items()}
    named = {gone: follower.model.id if (follower := found[gone]) else None for gone in KNOWN}
    assert named == KNOWN
