"""Words of a query that are filters: recognised, reported, removable, and never in the way of a name."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.index import build_index
from app.catalog.interpret import Interpreted, readings, with_filters
from app.catalog.merge import Ingredients, merge
from app.catalog.parse import parse_records
from app.catalog.query import WORDS, Query
from app.catalog.select import MAX_TRIED, Selection, select
from app.catalog.snapshot import Origin, Snapshot
from tests.simulator import make_record

NOW = datetime(2026, 8, 22, tzinfo=UTC)
SEES = {
    "architecture": {
        "modality": "text+image->text",
        "input_modalities": ["text", "image"],
        "output_modalities": ["text"],
        "tokenizer": "Other",
        "instruct_type": None,
    }
}
RECORDS = [
    make_record("anthropic/claude-opus-5", context_length=1_000_000, **SEES),
    make_record("anthropic/claude-haiku-4", context_length=200_000, supported_parameters=["reasoning"]),
    make_record("anthropic/claude-mini-4", context_length=32_000, pricing={"prompt": "0.0000001", "completion": "0"}),
    make_record("nvidia/nemotron-3:free", pricing={"prompt": "0", "completion": "0"}),
    make_record("nvidia/nemotron-3"),
    make_record("openrouter/free", name="Free Models Router", pricing={"prompt": "0", "completion": "0"}),
    make_record("deepseek/deepseek-vision"),
    make_record("perplexity/sonar-reasoning"),
    make_record("perplexity/sonar", supported_parameters=["reasoning"]),
    make_record("zeta/agentic-1"),
    make_record("zeta/plain:free", description="For agentic work.", pricing={"prompt": "0", "completion": "0"}),
]

LIKENED = make_record("zeta/like-1", description="Better than Claude.", pricing={"prompt": "0", "completion": "0"})


def _snapshot_of(records: list[dict[str, Any]]) -> Snapshot:
    parsed = parse_records(records)
    merged = merge(parsed, Ingredients(), origin=Origin.UPSTREAM, last_good=None, last_seen_at=NOW, now=NOW)
    return Snapshot(1, NOW, NOW, merged)


INDEX = build_index(_snapshot_of(RECORDS))


def _selected(q: str, **words: Any) -> Selection:
    return select(INDEX, Query(q=q, **words))


def _ids(q: str, **words: Any) -> list[str]:
    return [INDEX.models[place].id for place in _selected(q, **words).places]


@pytest.mark.parametrize(
    ("text", "word", "value"),
    [
        ("free", "price", "free"),
        ("vision", "supports", "vision"),
        ("tools", "supports", "tools"),
        ("reasoning", "supports", "reasoning"),
        ("json", "supports", "structured_outputs"),
        ("json mode", "supports", "structured_outputs"),
        ("structured outputs", "supports", "structured_outputs"),
        ("tool calling", "supports", "tools"),
        ("function calls", "supports", "tools"),
        ("tool use", "supports", "tools"),
        ("prompt caching", "supports", "caching"),
        ("image input", "supports", "vision"),
        ("audio input", "supports", "audio"),
        ("web search", "supports", "web_search"),
        ("web_search", "supports", "web_search"),
        ("websearch", "supports", "web_search"),
        ("vision models", "supports", "vision"),
        ("free llms", "price", "free"),
        ("image generation", "output_modality", "image"),
        ("image generation models", "output_modality", "image"),
        ("text-to-image", "output_modality", "image"),
        ("generates images", "output_modality", "image"),
        ("open source", "weights", "open"),
        ("open-weight models", "weights", "open"),
        ("openweights", "weights", "open"),
        ("128k", "min_context", "128000"),
        ("1m context", "min_context", "1000000"),
        ("1.5m tokens", "min_context", "1500000"),
        ("long context", "min_context", "200000"),
        ("cheap", "max_prompt_price", "0.3"),
        ("<$1", "max_prompt_price", "1"),
        ("< 0.5$", "max_prompt_price", "0.5"),
        ("under $2", "max_prompt_price", "2"),
        ("below 3 usd", "max_prompt_price", "3"),
        ("less than $2", "max_prompt_price", "2"),
        ("cheaper than 0.5 dollars", "max_prompt_price", "0.5"),
        ("no more than $2", "max_prompt_price", "2"),
        ("at most $5 per million tokens", "max_prompt_price", "5"),
        ("up to $5/m", "max_prompt_price", "5"),
        ("<= 3", "max_prompt_price", "3"),
        ("$1", "max_prompt_price", "1"),
        ("$2 output", "max_completion_price", "2"),
        ("output price under $2", "max_completion_price", "2"),
        ("completions up to $5/m", "max_completion_price", "5"),
        ("over $10", "min_prompt_price", "10"),
        ("more than 5 usd", "min_prompt_price", "5"),
        ("from $1", "min_prompt_price", "1"),
        ("> $3", "min_prompt_price", "3"),
        ("≥$10", "min_prompt_price", "10"),
        ("$10+", "min_prompt_price", "10"),
        ("$10 or more", "min_prompt_price", "10"),
        ("$10 and up", "min_prompt_price", "10"),
        ("$10 or higher", "min_prompt_price", "10"),
        ("$10+/m", "min_prompt_price", "10"),
        ("from $1 up", "min_prompt_price", "1"),
        ("starting from $5", "min_prompt_price", "5"),
        ("dearer than $10", "min_prompt_price", "10"),
        ("no less than $5", "min_prompt_price", "5"),
        ("not under $2", "min_prompt_price", "2"),
        ("not over $10", "max_prompt_price", "10"),
        ("not over 128k", "max_context", "128000"),
        ("more expensive than $10", "min_prompt_price", "10"),
        ("starting at $3", "min_prompt_price", "3"),
        ("minimum of $2", "min_prompt_price", "2"),
        ("output over $10", "min_completion_price", "10"),
        ("over $10 output", "min_completion_price", "10"),
        ("fewer than 300k", "max_context", "300000"),
        ("a million tokens", "min_context", "1000000"),
        ("128,000 tokens", "min_context", "128000"),
        ("under 32000 tokens", "max_context", "32000"),
        ("paid", "price", "priced"),
        ("1 million context", "min_context", "1000000"),
        ("1 million token context window", "min_context", "1000000"),
        ("million tokens", "min_context", "1000000"),
        ("200 thousand tokens", "min_context", "200000"),
        ("at least 200k context", "min_context", "200000"),
        ("over 128k", "min_context", "128000"),
        (">= 1m", "min_context", "1000000"),
        ("under 32k tokens", "max_context", "32000"),
        ("<128k", "max_context", "128000"),
    ],
)
def test_a_word_is_read_as_a_filter(text: str, word: str, value: str) -> None:
    for typed in (text, f"claude {text.upper()}"):
        (read,) = readings(typed)
        found = read.filter
        assert (found.word, found.value, read.is_denied) == (word, value, False)
        assert found.text.lower() == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("cheapest", "prompt_price"),
        ("cheapest input tokens", "prompt_price"),
        ("cheapest output price", "completion_price"),
        ("lowest output price", "completion_price"),
        ("most expensive output", "-completion_price"),
        ("top 5 cheapest", "prompt_price"),
        ("least expensive models", "prompt_price"),
        ("lowest price", "prompt_price"),
        ("most expensive", "-prompt_price"),
        ("newest", "-created"),
        ("most recent models", "-created"),
        ("latest", "-created"),
        ("largest context", "-context"),
        ("longest context window", "-context"),
        ("biggest-ctx", "-context"),
    ],
)
def test_a_superlative_is_read_as_an_order(text: str, value: str) -> None:
    for typed in (text, f"{text.upper()} claude"):
        (read,) = readings(typed)
        assert (read.filter.word, read.filter.value, read.is_denied) == ("sort", value, False)
        assert read.filter.text.lower() == text


@pytest.mark.parametrize(
    "text",
    ["most", "largest", "context", "cheapesty", "the most reliable", "x-latest", "gpt:latest", "latest-1", "a/newest"],
)
def test_what_is_no_whole_superlative_is_not_read_as_an_order(text: str) -> None:
    assert readings(text) == ()


def test_an_order_read_from_words_sorts_what_is_called_so() -> None:
    """What only its description likens to Claude is not the cheapest one, nor among those that are counted."""
    index = build_index(_snapshot_of([*RECORDS, LIKENED]))
    selection = select(index, Query(q="cheapest claude", facets=("author",)))
    assert [index.models[place].id for place in selection.places] == [
        "anthropic/claude-mini-4",
        "anthropic/claude-haiku-4",
        "anthropic/claude-opus-5",
    ]
    assert selection.interpreted == (Interpreted("cheapest", "sort", "prompt_price"),)
    assert (selection.total, selection.facets) == (3, {"author": {"anthropic": 3}})
    assert sorted(selection.hits) == sorted(selection.places)


def test_an_order_of_what_passes_is_not_spoiled_by_names_that_do_not() -> None:
    other = make_record("zeta/like-2", description="Better than Claude.", pricing={"prompt": "0", "completion": "0"})
    index = build_index(_snapshot_of([*RECORDS, LIKENED, other]))
    selection = select(index, Query(q="newest free claude", facets=("author",)))
    assert {index.models[place].id for place in selection.places} == {LIKENED["id"], "zeta/like-2"}
    assert (selection.total, selection.facets) == (2, {"author": {"zeta": 2}})


def test_an_order_goes_with_filters_and_alone() -> None:
    assert _ids("largest context claude under 300k") == ["anthropic/claude-haiku-4", "anthropic/claude-mini-4"]
    everything = _ids("largest context models")
    assert everything[0] == "anthropic/claude-opus-5"
    assert len(everything) == len(RECORDS)


def test_an_order_that_the_query_asks_for_itself_stays() -> None:
    assert with_filters(Query(sort=("id",)), [Interpreted("newest", "sort", "-created")]).sort == ("id",)
    both = [Interpreted("newest", "sort", "-created"), Interpreted("cheapest", "sort", "prompt_price")]
    assert with_filters(Query(), both).sort == ("-created", "prompt_price")


def test_an_order_finds_what_only_descriptions_tell_of_where_nothing_is_called_so() -> None:
    index = build_index(_snapshot_of([*RECORDS, LIKENED]))
    selection = select(index, Query(q="newest that is better"))
    assert [index.models[place].id for place in selection.places] == [LIKENED["id"]]


@pytest.mark.parametrize("query", ["claude latest", "latest gpt", "latest chatgpt", "latest version of claude"])
def test_what_is_called_latest_is_no_order(query: str) -> None:
    latest = [make_record("anthropic/claude-latest"), make_record("openai/gpt-latest"), make_record("openai/gpt-9")]
    index = build_index(_snapshot_of([*RECORDS, *latest]))
    selection = select(index, Query(q=query))
    assert index.models[selection.places[0]].id.endswith("-latest")
    assert selection.interpreted == ()


def test_an_order_of_what_no_model_is_called_is_unmet_and_the_best_fit_comes_first() -> None:
    selection = _selected("cheapest claude opus 9")
    assert INDEX.models[selection.places[0]].id == "anthropic/claude-opus-5"
    assert (selection.interpreted, [read.text for read in selection.unmet]) == ((), ["cheapest"])


@pytest.mark.parametrize(
    "text",
    [
        *("max 5", "v128k", "toolsmith", "3.5", "70b", "freedom", "k2", "vision.7", "under 5", "million"),
        *("over about $10", "$3/$15", "over 10", "> 3", "10+", "between 1 and 2", "1-2"),
        *("opus 4.5 usd", "gpt-4.1 $", "claude 4.5 dollars", "5 $"),
    ],
)
def test_what_may_be_a_name_or_means_something_else_is_not_read_as_a_filter(text: str) -> None:
    assert readings(text) == ()


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("claude without reasoning", ["without reasoning"]),
        ("no tools", ["no tools"]),
        ("non-reasoning gpt", ["non-reasoning"]),
        ("no prompt caching", ["no prompt caching"]),
        ("claude w/o reasoning", ["w/o reasoning"]),
        ("without any  vision", ["without any  vision"]),
        ("without vision and reasoning", ["without vision", "and reasoning"]),
        ("not a vision model", ["not a vision model"]),
        ("without vision, or tools", ["without vision", ", or tools"]),
        ("no reasoning but vision", ["no reasoning"]),
        ("no reasoning vision", ["no reasoning"]),
        ("no reasoning, vision", ["no reasoning"]),
        ("knowing vision", []),
        ("piano vision", []),
        ("freewithout reasoning", []),
    ],
)
def test_what_is_denied_is_told_apart(text: str, denied: list[str]) -> None:
    assert [read.filter.text for read in readings(text) if read.is_denied] == denied


@pytest.mark.parametrize("text", ["not free", "non-free", "without free models"])
def test_what_is_not_free_is_priced(text: str) -> None:
    (read,) = readings(text)
    assert (read.filter, read.is_denied) == (Interpreted(text, "price", "priced"), False)


def test_what_is_not_paid_is_free() -> None:
    assert [read.filter for read in readings("not paid")] == [Interpreted("not paid", "price", "free")]


@pytest.mark.parametrize("text", ["from 32k to 128k", "between 32k and 128k tokens", "from 32k-128k"])
def test_a_range_has_a_least_and_a_most(text: str) -> None:
    least, most = [read.filter for read in readings(text)]
    assert (least.word, least.value, most.word, most.value) == ("min_context", "32000", "max_context", "128000")
    assert text.startswith(least.text)
    assert text.endswith(most.text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("$1 to $2", "prompt"),
        ("$1-$2", "prompt"),
        ("$1-2", "prompt"),
        ("$1/M to $2/M", "prompt"),
        ("between $1/m and $2/m", "prompt"),
        ("$1 per million to $2 per million", "prompt"),
        ("1$ to 2$", "prompt"),
        ("from 1$ to 2$", "prompt"),
        ("between 1 and 2 dollars", "prompt"),
        ("$1 \u2013 $2", "prompt"),
        ("between $1 and $2", "prompt"),
        ("from $1 to $2 per million tokens", "prompt"),
        ("output between $1 and $2", "completion"),
        ("between $1 and $2 for output", "completion"),
    ],
)
def test_a_range_of_prices_has_a_least_and_a_most(text: str, kind: str) -> None:
    for typed in (text, f"claude {text}"):
        least, most = [read.filter for read in readings(typed)]
        assert (least.word, least.value) == (f"min_{kind}_price", "1")
        assert (most.word, most.value) == (f"max_{kind}_price", "2")
        assert typed.removeprefix("claude ") == f"{least.text} {most.text}" or least.text + most.text == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("over $1 and under $5", ["min_prompt_price=1", "max_prompt_price=5"]),
        ("under $2 and over 128k context", ["max_prompt_price=2", "min_context=128000"]),
        ("less than $1 and over 200k", ["max_prompt_price=1", "min_context=200000"]),
        ("$5 and over 128k", ["max_prompt_price=5", "min_context=128000"]),
        ("$2 and up to 1m context", ["max_prompt_price=2", "max_context=1000000"]),
        ("over $1 and over 128k", ["min_prompt_price=1", "min_context=128000"]),
        ("$1 and $5 output", ["max_prompt_price=1", "max_completion_price=5"]),
        ("$1 and 128,000 tokens", ["max_prompt_price=1", "min_context=128000"]),
        (
            "input $1-$2 output $5-$10",
            ["min_prompt_price=1", "max_prompt_price=2", "min_completion_price=5", "max_completion_price=10"],
        ),
        ("without reasoning and cheapest", ["supports=reasoning", "sort=prompt_price"]),
    ],
)
def test_what_stands_side_by_side_is_read_each_for_itself(text: str, said: list[str]) -> None:
    assert [f"{read.filter.word}={read.filter.value}" for read in readings(text)] == said


@pytest.mark.parametrize(
    ("query", "first", "words"),
    [
        ("nemotron free", "nvidia/nemotron-3:free", []),
        ("claude vision", "anthropic/claude-opus-5", ["supports"]),
        ("claude 1m context", "anthropic/claude-opus-5", ["min_context"]),
        ("claude reasoning", "anthropic/claude-haiku-4", ["supports"]),
        ("cheap claude", "anthropic/claude-mini-4", ["max_prompt_price"]),
        ("claude <$0.5", "anthropic/claude-mini-4", ["max_prompt_price"]),
        ("claude over $0.5", "anthropic/claude-haiku-4", ["min_prompt_price"]),
        ("claude between $0.05 and $0.2", "anthropic/claude-mini-4", ["min_prompt_price", "max_prompt_price"]),
        ("free models", "nvidia/nemotron-3:free", ["price"]),
        ("free models router", "openrouter/free", []),
        ("claude image input", "anthropic/claude-opus-5", ["supports"]),
    ],
)
def test_a_filter_word_narrows_and_is_reported(query: str, first: str, words: list[str]) -> None:
    selection = _selected(query)
    assert INDEX.models[selection.places[0]].id == first
    assert [reading.word for reading in selection.interpreted] == words


def test_open_weights_are_what_upstream_names_a_repository_of() -> None:
    published = make_record("zeta/open-1", hugging_face_id="zeta/open-1")
    alias = make_record("~zeta/open-latest", alias_target={"slug": "zeta/open-1"})
    index = build_index(_snapshot_of([*RECORDS, published, alias]))
    for query in ("open weights", "zeta open source", "best open source model"):
        selection = select(index, Query(q=query, facets=("weights",)))
        assert {index.models[place].id for place in selection.places} == {"zeta/open-1", "~zeta/open-latest"}
        assert selection.facets == {"weights": {"open": 2}}
    assert select(index, Query(q="open")).interpreted == ()


def test_an_interpreted_filter_can_be_removed() -> None:
    assert len(_ids("claude vision")) == 1
    selection = _selected("claude vision", interpret=False)
    assert selection.interpreted == ()
    assert {"anthropic/claude-haiku-4", "anthropic/claude-mini-4"} < set(_ids("claude vision", interpret=False))


def test_a_filter_alone_lists_what_passes_it() -> None:
    assert _ids("vision") == ["anthropic/claude-opus-5"]
    assert _selected("vision").hits == {}


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("deepseek vision", "deepseek/deepseek-vision"),
        ("sonar reasoning", "perplexity/sonar-reasoning"),
        ("openrouter free", "openrouter/free"),
        ("free router", "openrouter/free"),
    ],
)
def test_a_filter_word_never_hides_a_name(query: str, meant: str) -> None:
    assert _ids(query)[0] == meant
    assert _selected(query).interpreted == ()


def test_a_filter_that_nothing_passes_is_left_out_with_its_words_and_told() -> None:
    selection = _selected("deepseek 1m context")
    assert selection.interpreted == ()
    assert selection.unmet == (Interpreted("1m context", "min_context", "1000000"),)
    assert [INDEX.models[place].id for place in selection.places] == ["deepseek/deepseek-vision"]


@pytest.mark.parametrize(
    ("query", "found", "met", "unmet"),
    [
        ("free claude vision", ["anthropic/claude-opus-5"], ["vision"], ["free"]),
        ("claude vision free", ["anthropic/claude-opus-5"], ["vision"], ["free"]),
        ("claude reasoning 1m context", ["anthropic/claude-haiku-4"], ["reasoning"], ["1m context"]),
        ("claude opus free", ["anthropic/claude-opus-5"], [], ["free"]),
        ("claude opus under $0.2", ["anthropic/claude-opus-5"], [], ["under $0.2"]),
    ],
)
def test_filters_that_can_be_met_stay_where_another_can_not(
    query: str, found: list[str], met: list[str], unmet: list[str]
) -> None:
    selection = _selected(query)
    assert [INDEX.models[place].id for place in selection.places] == found
    assert [reading.text for reading in selection.interpreted] == met
    assert [reading.text for reading in selection.unmet] == unmet


def test_of_very_many_filters_only_the_first_are_tried_and_none_twice() -> None:
    sizes = [f"{number}k" for number in range(1, MAX_TRIED + 2)]
    selection = _selected(f"free claude free {' '.join(sizes)}")
    assert [reading.text for reading in selection.interpreted] == sizes[: MAX_TRIED - 1]
    assert [reading.text for reading in selection.unmet] == ["free", *sizes[MAX_TRIED - 1 :]]


def test_of_several_bounds_the_tightest_counts() -> None:
    bounds = [name for name in WORDS if name.startswith(("min_", "max_"))]
    read = [Interpreted("", word, value) for word in bounds for value in "273"]
    narrowed = with_filters(Query(), read)
    assert (narrowed.min_context_tokens, narrowed.max_context_tokens) == (7, 2)
    for least, most in (
        (narrowed.min_prompt_usd_per_million, narrowed.max_prompt_usd_per_million),
        (narrowed.min_completion_usd_per_million, narrowed.max_completion_usd_per_million),
    ):
        assert (least, most) == (Decimal(7), Decimal(2))


def test_what_is_denied_is_neither_searched_for_nor_filtered_by() -> None:
    assert set(_ids("perplexity without reasoning")) == {"perplexity/sonar", "perplexity/sonar-reasoning"}
    selection = _selected("perplexity without reasoning")
    assert (selection.interpreted, [reading.text for reading in selection.unmet]) == ((), ["without reasoning"])
    assert _ids("without vision") == _ids("")


@pytest.mark.parametrize(
    ("query", "left", "told"),
    [
        ("claude not opus", ["anthropic/claude-haiku-4", "anthropic/claude-mini-4"], "not opus"),
        ("claude without opus", ["anthropic/claude-haiku-4", "anthropic/claude-mini-4"], "without opus"),
        ("claude except for haiku 4", ["anthropic/claude-opus-5", "anthropic/claude-mini-4"], "except for haiku 4"),
        ("free not from nvidia", ["openrouter/free", "zeta/plain:free"], "not from nvidia"),
    ],
)
def test_a_name_that_is_denied_is_left_out(query: str, left: list[str], told: str) -> None:
    selection = _selected(query)
    assert {INDEX.models[place].id for place in selection.places} == set(left)
    assert selection.unmet == ()
    assert told in [reading.text for reading in selection.interpreted if reading.word == "without"]


def test_names_that_are_denied_say_what_the_query_word_says() -> None:
    (read,) = [read.filter for read in readings("claude not haiku 4")]
    assert (read.word, read.value) == ("without", "haiku 4")
    assert _ids("claude not haiku 4") == _ids("claude", without="haiku 4")
    both = [Interpreted("", "without", value) for value in ("haiku 4", "opus")]
    assert with_filters(Query(), both).without == "haiku 4,opus"
    assert with_filters(Query(without="mini"), both).without == "mini"


def test_all_words_of_what_is_left_out_must_be_there() -> None:
    everything = _ids("")
    left = [one for one in everything if not one.startswith("anthropic") or "opus" in one]
    assert _ids("", without="claude 4") == left
    assert _ids("", without="claude 4,nvidia") == [one for one in left if "nvidia" not in one]
    assert _ids("", without="qqqq, ,") == everything


def test_what_is_denied_and_no_name_is_searched_for() -> None:
    assert _selected("not diamond").interpreted == ()
    assert _ids("not diamond") == []


def test_a_denied_name_that_leaves_nothing_is_unmet() -> None:
    selection = _selected("claude not anthropic")
    assert [reading.text for reading in selection.unmet] == ["not anthropic"]
    assert len(selection.places) == 3


def test_filters_with_nothing_but_commas_between_them_list_what_passes() -> None:
    assert _ids("vision, 1m context") == _ids("vision & 1m") == ["anthropic/claude-opus-5"]


def test_filters_are_not_to_blame_where_nothing_is_found_without_them() -> None:
    for selection in (_selected("vision", one_of={"author": ("nobody",)}), _selected("qqqq vision")):
        assert (selection.places, selection.unmet) == ((), ())
        assert [reading.text for reading in selection.interpreted] == ["vision"]


def test_a_free_model_of_another_name_does_not_stand_for_the_one_that_was_named() -> None:
    assert _ids("nemotron 3 free") == ["nvidia/nemotron-3:free"]
    selection = _selected("deepseek vision free")
    assert [INDEX.models[place].id for place in selection.places] == ["deepseek/deepseek-vision"]


def test_a_single_word_may_be_found_in_the_description_of_what_passes() -> None:
    assert _ids("agentic free") == ["zeta/plain:free"]


def test_where_words_are_read_as_they_stand_nothing_is_unmet() -> None:
    assert _selected("deepseek 1m context", interpret=False).unmet == ()


def test_facets_respect_the_interpreted_filters() -> None:
    assert _selected("claude vision", facets=("author",)).facets == {"author": {"anthropic": 1}}


def test_what_the_query_says_itself_stays() -> None:
    query = Query(
        min_context_tokens=5,
        max_context_tokens=6,
        min_prompt_usd_per_million=Decimal(8),
        max_prompt_usd_per_million=Decimal(9),
        one_of={"price": ("priced",)},
    )
    words = ("min_context", "max_context", "min_prompt_price", "max_prompt_price")
    read = [Interpreted("", word, "7") for word in words]
    assert with_filters(query, [*read, Interpreted("", "price", "free")]) == query


def test_a_capability_is_asked_for_in_every_alternative() -> None:
    query = Query(all_of={"supports": (("tools",), ("audio",))})
    narrowed = with_filters(query, [Interpreted("vision", "supports", "vision")])
    assert narrowed.all_of["supports"] == (("tools", "vision"), ("audio", "vision"))


PARTS = [
    *("free", "128k", "<$1", "cheap", "claude", "🐬", "é", "long context", "-", "no", "under", "$2", "1 million"),
    *("over", "to", "+", "newest", "largest context", "not"),
]


@given(st.lists(st.sampled_from(PARTS), max_size=8))
def test_readings_lie_on_their_text_and_never_overlap(parts: list[str]) -> None:
    text = " ".join(parts)
    end_before = 0
    for reading, start, end, _ in readings(text):
        assert end_before <= start < end <= len(text)
        assert text[start:end].strip() == reading.text
        end_before = end


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("models with vision", "vision"),
        ("cheapest model with a long context", "cheapest long context"),
        ("tools and vision", "tools vision"),
        ("which models are free", "free models"),
        ("price < 1", "< 1"),
        ("context > 100k", "> 100k"),
        ("models less than $2", "less than $2"),
        ("show me claude models that support vision", "claude vision"),
    ],
)
def test_what_only_joins_filters_is_not_searched_for(text: str, plain: str) -> None:
    assert _ids(text) == _ids(plain) != []


def test_a_price_of_output_bounds_that_alone() -> None:
    assert _ids("output under $2") == _ids("", max_completion_usd_per_million=Decimal(2)) != []


def test_a_question_for_free_models_lists_those_of_another_name_too() -> None:
    index = build_index(_snapshot_of([*RECORDS, make_record("zeta/gift", pricing={"prompt": "0", "completion": "0"})]))
    found = select(index, Query(q="free models"))
    assert {index.models[place].id for place in found.places} >= {"zeta/gift", "openrouter/free"}
    assert index.models[select(index, Query(q="free")).places[0]].id == "openrouter/free"


def test_fillers_count_where_a_model_is_called_so() -> None:
    assert _ids("free models router") == ["openrouter/free"]
    assert _ids("models by perplexity") == _ids("perplexity")
