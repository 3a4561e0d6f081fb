"""Whatever the parser accepts, every dialect says it so that its client takes it, or withholds it with a reason."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dialects.dialect import JSON, Dialect, findings, speak
from app.dialects.table import DIALECTS
from tests.simulator import make_record
from tests.unit.dialects.given import context_of

WORDS = st.text(max_size=8) | st.sampled_from(["text", "image", "file", "audio", "video", "embeddings", "decisions"])
TOKENS = st.none() | st.sampled_from([0, 1, 5, 4_096, 19_999, 20_000, 10**9]) | st.integers(0, 10**9)
RATE = st.sampled_from(["0", "-1", "0.000001", "1", "0.00000000000000000000000000000003"])
ODD: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-1, 3) | st.text(max_size=4) | st.just({}) | st.just([])
)
EFFORT = st.sampled_from(["none", "low", "high", "max", "odd"]) | ODD
RECORD = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(max_size=12),
        "created": st.sampled_from([None, 0, 1_700_000_000]),
        "context_length": TOKENS,
        "architecture": st.fixed_dictionaries(
            {}, optional={"input_modalities": st.lists(WORDS), "output_modalities": st.lists(WORDS)}
        ),
        "pricing": st.dictionaries(st.sampled_from(["prompt", "completion", "input_cache_read", "request"]), RATE),
        "top_provider": st.fixed_dictionaries({}, optional={"context_length": TOKENS, "max_completion_tokens": TOKENS}),
        "supported_parameters": st.lists(
            st.sampled_from(["tools", "reasoning", "structured_outputs", "temperature"]) | st.text(max_size=4)
        ),
        "reasoning": st.fixed_dictionaries(
            {},
            optional={
                "mandatory": ODD,
                "supported_efforts": st.lists(EFFORT, max_size=3) | ODD,
                "default_effort": EFFORT,
                "supports_max_tokens": ODD,
            },
        )
        | st.none(),
        "hugging_face_id": st.none() | st.text(max_size=8),
        "knowledge_cutoff": st.sampled_from([None, "2025-01-31", "0001-01-01", "9999-12-31"]),
        "expiration_date": st.sampled_from([None, "2025-01-31", "9999-12-31"]),
    },
)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@settings(deadline=None, max_examples=80)
@given(changes=RECORD, variant=st.sampled_from(["", ":free", ":batch"]))
def test_a_model_is_said_well_or_withheld_with_a_reason(
    dialect: Dialect, changes: dict[str, Any], variant: str
) -> None:
    context = context_of(make_record(f"acme/any{variant}", **changes), make_record("acme/one"))
    said = speak(dialect, context)
    assert said.body is not None
    assert "acme/one" in said.rows
    assert len(said.rows) + len(said.withheld) == len(context.snapshot.models)
    assert all(len(one.reason) > 20 for one in said.withheld)
    if dialect.media_type == JSON:
        count, found = findings(dialect, orjson.loads(said.body))
        assert found == ()
        # Upstream's list leaves out what makes no text.
        assert count == said.count or dialect.name == "openrouter"
