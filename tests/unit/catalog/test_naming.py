"""How authors are called."""

from __future__ import annotations

from app.catalog.naming import MAX_AUTHOR_CHARS, names_of_authors
from tests.simulator import make_record
from tests.unit.dialects.given import snapshot_of

RECORDS = (
    make_record("x-ai/grok-9", name="NewAI: Grok 9", created=1_800_000_000),
    make_record("x-ai/grok-1", name="OldAI: Grok 1", created=1_700_000_000),
    make_record("z-ai/glm", name="Z.ai: GLM", created=1_700_000_000),
    make_record("plain/one", name="One of no author", created=1_700_000_000),
    make_record("wordy/one", name=f"{'x' * (MAX_AUTHOR_CHARS + 1)}: One", created=1_700_000_000),
)
MODELS = snapshot_of(RECORDS).models


def test_an_author_is_called_as_upstream_calls_it_in_its_newest_model() -> None:
    assert names_of_authors(MODELS, {}) == {"x-ai": "NewAI", "z-ai": "Z.ai"}


def test_a_curated_name_stands() -> None:
    assert names_of_authors(MODELS, {"x-ai": "xAI", "depot": "Depot"}) == {
        "x-ai": "xAI",
        "z-ai": "Z.ai",
        "depot": "Depot",
    }
