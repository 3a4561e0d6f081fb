"""The query grammar of OpenRouter's list: what is kept, in which order, which page, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dialects.dialect import Context, speak
from app.dialects.openrouter import OPENROUTER
from app.dialects.openrouter_feed import feed
from app.dialects.openrouter_filters import Listing, listing_of
from app.dialects.openrouter_query import WORDS, answer, is_feed
from app.dialects.openrouter_values import RefusedError
from tests.simulator import make_record
from tests.unit.test_openrouter_dialect import NOW, snapshot_of

DAY = timedelta(days=1)


def looks(*inputs: str, out: tuple[str, ...] = ("text",), tokenizer: str = "Other") -> dict[str, Any]:
    return {
        "modality": f"{'+'.join(inputs)}->{'+'.join(out)}",
        "input_modalities": list(inputs),
        "output_modalities": list(out),
        "tokenizer": tokenizer,
        "instruct_type": None,
    }


def usd(prompt: str, completion: str) -> dict[str, str]:
    return {"prompt": prompt, "completion": completion}


def scored(index: float | None, *elos: float) -> dict[str, Any]:
    arena = [{"arena": "models", "category": "web", "elo": elo, "win_rate": 50, "rank": 1} for elo in elos]
    analysis = {"intelligence_index": index, "coding_index": None, "agentic_index": None}
    return {"design_arena": arena, "artificial_analysis": analysis}


def days_ago(days: float) -> int:
    return int((NOW - days * DAY).timestamp())


# In an order of upstream's making: neither by age nor by name.
RECORDS = (
    make_record("acme/small", created=days_ago(400), context_length=8_000, pricing=usd("0.0000001", "0.0000004")),
    make_record("zeta/eyes", created=days_ago(3), architecture=looks("text", "image", tokenizer="Llama3")),
    make_record(
        "acme/dear", created=days_ago(40), context_length=1_000_000, pricing=usd("0.000015", "0.000075"),
        benchmarks=scored(61.5, 1200, 1350), supported_parameters=["tools", "reasoning"],
    ),
    make_record("acme/router", created=days_ago(100), pricing=usd("-1", "-1"), context_length=None, top_provider={
        "context_length": None, "max_completion_tokens": None, "is_moderated": False}),
    make_record("zeta/free:free", created=days_ago(30), pricing=usd("0", "0"), benchmarks=scored(40)),
    make_record("zeta/painter", created=days_ago(1), architecture=looks("text", out=("image", "text"))),
    make_record("zeta/embed", created=days_ago(2), architecture=looks("text", out=("embeddings",))),
)  # fmt: skip
TEXT = ["acme/small", "zeta/eyes", "acme/dear", "acme/router", "zeta/free:free", "zeta/painter"]


@pytest.fixture(scope="module")
def listing() -> Listing:
    snapshot = snapshot_of(RECORDS)
    return listing_of(snapshot, speak(OPENROUTER, Context(snapshot)))


def pairs(query: str) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)]


def ids(listing: Listing, query: str) -> list[str]:
    return [entry.model.id for entry in answer(listing, pairs(query)).entries]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", TEXT),
        ("output_modalities=all", [record["id"] for record in RECORDS]),
        ("output_modalities=embeddings", ["zeta/embed"]),
        ("output_modalities=image,embeddings", ["zeta/painter", "zeta/embed"]),
        ("output_modalities=image&output_modalities=embeddings", ["zeta/painter", "zeta/embed"]),
        ("input_modalities=text,image", ["zeta/eyes"]),
        ("supported_parameters=tools", TEXT),
        ("supported_parameters=tools,reasoning", ["acme/dear"]),
        ("supported_parameters=never_heard_of", []),
        ("model_authors=acme", ["acme/small", "acme/dear", "acme/router"]),
        ("model_authors=acme,zeta", TEXT),
        ("q=EYES", ["zeta/eyes"]),
        ("q=zeta fre", ["zeta/free:free"]),
        ("q=nothing like it", []),
        ("arch=llama3", ["zeta/eyes"]),
        ("arch=Llama", ["zeta/eyes"]),
        ("arch=Qwen", []),
        ("context=131072", ["zeta/eyes", "acme/dear", "zeta/free:free", "zeta/painter"]),
        ("max_price=0.1", ["acme/small", "zeta/free:free"]),
        ("max_price=0", ["zeta/free:free"]),
        ("min_price=15", ["acme/dear"]),
        ("min_price=1&max_price=1.0", ["zeta/eyes", "zeta/painter"]),
        ("max_output_price=4e-1", ["acme/small", "zeta/free:free"]),
        ("min_output_price=75", ["acme/dear"]),
        ("min_age_days=100", ["acme/small", "acme/router"]),
        ("max_age_days=3", ["zeta/eyes", "zeta/painter"]),
        ("min_age_days=30&max_age_days=40", ["acme/dear", "zeta/free:free"]),
        ("min_intelligence_index=50", ["acme/dear"]),
        ("max_intelligence_index=50", ["zeta/free:free"]),
        ("max_price=null&min_age_days=&offset=null", TEXT),
    ],
)
def test_a_filter_keeps_what_it_names_in_upstreams_order(listing: Listing, query: str, expected: list[str]) -> None:
    assert ids(listing, query) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("newest", ["zeta/painter", "zeta/eyes", "zeta/free:free", "acme/dear", "acme/router", "acme/small"]),
        ("pricing-low-to-high", ["zeta/free:free", "acme/small", "zeta/eyes", "zeta/painter", "acme/dear"]),
        ("pricing-high-to-low", ["acme/dear", "zeta/eyes", "zeta/painter", "acme/small", "zeta/free:free"]),
        ("context-high-to-low", ["acme/dear", "zeta/eyes", "zeta/free:free", "zeta/painter", "acme/small"]),
        ("intelligence-high-to-low", ["acme/dear", "zeta/free:free", "acme/small", "zeta/eyes"]),
        ("design-arena-elo-high-to-low", ["acme/dear", "acme/small", "zeta/eyes"]),
    ],
)
def test_an_order_puts_models_without_the_value_last(listing: Listing, order: str, expected: list[str]) -> None:
    found = ids(listing, f"sort={order}")
    assert found[: len(expected)] == expected
    assert sorted(found) == sorted(TEXT)


def test_pages_cover_the_list_once_and_lead_to_one_another(listing: Listing) -> None:
    seen, query = [], "limit=2&q=a"
    while True:
        found = answer(listing, pairs(query))
        assert found.total == 6
        seen += [entry.model.id for entry in found.entries]
        if found.following is None:
            break
        path, _, query = found.following.partition("?")
        assert path == "/api/v1/models"
    assert seen == ids(listing, "q=a")


def test_either_of_offset_and_limit_brings_pages(listing: Listing) -> None:
    assert answer(listing, ()).following is None
    assert answer(listing, pairs("limit=6")).following is None
    assert answer(listing, pairs("limit=5")).following == "/api/v1/models?offset=5&limit=5"
    assert ids(listing, "offset=4") == TEXT[4:]
    assert ids(listing, "offset=6") == []
    assert answer(listing, pairs("offset=99")).total == 6


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("providers=OpenAI", "only in its endpoints"),
        ("distillable=true", "distilled"),
        ("zdr=true", "no data"),
        ("region=eu", "regions"),
        ("min_tool_success_rate=0.9", "no measured rates"),
        ("sort=most-popular", "no usage"),
        ("sort=latency-low-to-high", "no speed"),
        ("sort=alphabetical", "must be one of"),
        ("sort=coding-high-to-low", "carries a score"),
        ("min_coding_index=1", "carries a score"),
        ("category=programming", "no model of this catalog"),
        ("category=cooking", "is none of"),
        ("output_modalities=video", "is loaded"),
        ("input_modalities=pictures", "is none of"),
        ("limit=0", "from 1 to 1000"),
        ("limit=1001", "from 1 to 1000"),
        ("limit=", "whole number"),
        ("offset=-1", "whole number"),
        ("offset=٣", "whole number"),
        ("context=0", "whole number"),
        ("max_price=-1", "number from 0"),
        ("max_price=nan", "number from 0"),
        ("max_price=1_0", "number from 0"),
        ("max_age_days=1e9", "whole number"),
        ("max_age_days=99999999", "to 36500"),
        ("q=a&q=b", "twice"),
        ("q=" + "a" * 201, "at most 200"),
    ],
)
def test_what_cannot_be_answered_is_refused_and_named(listing: Listing, query: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason) as refused:
        answer(listing, pairs(query))
    assert str(refused.value).startswith(query.partition("=")[0])


def test_a_category_that_the_catalog_knows_is_answered(listing: Listing) -> None:
    known = [replace(entry, model=replace(entry.model, category="programming")) for entry in listing.entries[:2]]
    assert ids(Listing((*known, *listing.entries[2:]), NOW), "category=programming") == TEXT[:2]


def test_every_parameter_of_openrouter_is_known() -> None:
    assert len(WORDS) == 31
    assert is_feed(pairs("use_rss=true"))
    assert not is_feed(pairs("use_rss=false"))


def test_a_feed_is_xml_whatever_a_name_holds() -> None:
    model = make_record("acme/x", name="<b>&\ufffe\x0b]]>", description='"quoted" <script>', created=days_ago(1))
    root = ET.fromstring(feed(snapshot_of([model]).models, built_at=NOW, links_to_chat=False))  # noqa: S314
    item = root.find("channel/item")
    assert root.attrib == {"version": "2.0"}
    assert item is not None
    assert item.findtext("title") == "<b>&]]>"
    assert item.findtext("description") == '"quoted" <script>'
    assert item.findtext("link") == "https://openrouter.ai/acme/x"
    assert item.findtext("pubDate") == "Wed, 19 Aug 2026 12:00:00 GMT"


def test_a_feed_may_lead_to_chats() -> None:
    body = feed(snapshot_of([make_record("acme/x:free")]).models, built_at=NOW, links_to_chat=True)
    assert b"https://openrouter.ai/chat?models=acme%2Fx%3Afree" in body


WORD = st.sampled_from(sorted(WORDS))
VALUE = st.one_of(
    st.sampled_from(("", "null", "0", "1", "1000", "-1", "1e9", "1e99", "NaN", "all", "text,image", "true", "newest")),
    st.text(max_size=12),
    st.decimals(allow_nan=True).map(str),
)


@given(st.lists(st.tuples(WORD, VALUE), max_size=5))
@settings(max_examples=150, deadline=None)
def test_no_query_breaks_the_list(listing: Listing, pairs: list[tuple[str, str]]) -> None:
    try:
        found = answer(listing, pairs)
    except RefusedError as refused:
        named = str(refused).partition(":")[0]
    else:
        named = "limit"
        assert len(found.entries) <= found.total <= len(listing.entries)
    assert named in WORDS
