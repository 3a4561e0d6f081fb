"""Search, proved piece by piece on a small catalog written by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import answers
from app.catalog.index import Index, build_index
from app.catalog.merge import Ingredients, merge
from app.catalog.model import Model
from app.catalog.parse import parse_records
from app.catalog.postings import MAX_WALKED, mask_of, places_in
from app.catalog.query import Query
from app.catalog.search import MAX_REMEMBERED, SearchIndex
from app.catalog.select import Selection, select
from app.catalog.snapshot import Origin, Snapshot
from app.catalog.terms import MAX_QUERY_CHARS, MAX_QUERY_WORDS, Terms
from app.catalog.words import words_of
from app.published import publish_snapshot
from tests.simulator import generate_catalog, make_record

NOW = datetime(2026, 8, 22, tzinfo=UTC)
DAY_SECONDS = 86_400
NEWEST = 1_787_000_000
# Newest first; a tuple is an id, a name, and what else differs from a plain record.
CATALOG: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("anthropic/claude-opus-5-fast", "Anthropic: Claude Opus 5 (Fast)", {}),
    ("anthropic/claude-opus-5", "Anthropic: Claude Opus 5", {}),
    ("~anthropic/claude-sonnet-latest", "Anthropic: Claude Sonnet Latest", {}),
    ("anthropic/claude-sonnet-4.5", "Anthropic: Claude Sonnet 4.5", {}),
    ("anthropic/claude-sonnet-4.5:batch", "Anthropic: Claude Sonnet 4.5 (batch)", {}),
    ("anthropic/claude-sonnet-4", "Anthropic: Claude Sonnet 4", {}),
    ("openai/gpt-5.6", "OpenAI: GPT-5.6", {}),
    ("openai/gpt-5", "OpenAI: GPT-5", {}),
    ("openai/gpt-5-mini", "OpenAI: GPT-5 Mini", {}),
    ("openai/gpt-4o", "OpenAI: GPT-4o", {}),
    ("openai/gpt-4o-mini", "OpenAI: GPT-4o-mini", {}),
    ("openai/gpt-4o-mini-2024-07-18", "OpenAI: GPT-4o-mini (2024-07-18)", {}),
    ("openai/gpt-3.5-turbo", "OpenAI: GPT-3.5 Turbo", {}),
    ("openai/o3", "OpenAI: o3", {}),
    ("openai/o1", "OpenAI: o1", {}),
    ("deepseek/deepseek-r1", "DeepSeek: R1", {}),
    ("deepseek/deepseek-v3.2", "DeepSeek: DeepSeek V3.2", {"description": "Follows on gemini, says nobody."}),
    ("alibaba/tongyi-deepresearch-30b", "Tongyi DeepResearch 30B", {}),
    ("perplexity/sonar-deep-research", "Perplexity: Sonar Deep Research", {}),
    ("google/gemini-2.5-pro", "Google: Gemini 2.5 Pro", {}),
    ("google/gemini-2.5-flash", "Google: Gemini 2.5 Flash", {}),
    ("qwen/qwen3-coder", "Qwen: Qwen3 Coder 480B A35B", {}),
    ("qwen/qwen3-coder:free", "Qwen: Qwen3 Coder 480B A35B (free)", {"pricing": {"prompt": "0", "completion": "0"}}),
    ("meta-llama/llama-3.3-70b-instruct", "Meta: Llama 3.3 70B Instruct", {}),
    ("x-ai/grok-4.5", "xAI: Grok 4.5", {}),
    ("mistralai/mistral-large-2512", "Mistral: Mistral Large 2512", {}),
    ("mistralai/mistral-large-2407", "Mistral: Mistral Large 2407", {}),
    ("mistralai/mistral-nemo", "Mistral: Mistral Nemo", {}),
    ("cohere/command-r-plus-08-2024", "Cohere: Command R+ (08-2024)", {}),
    ("cafe/crème-1", "Café: Crème 🐬 Brûlée 1", {}),
)
SIBLINGS = frozenset({"anthropic/claude-opus-5-fast", "anthropic/claude-opus-5"})


def _record(place: int, model_id: str, name: str, changes: dict[str, Any]) -> dict[str, Any]:
    days = 1 if model_id in SIBLINGS else 10 * place
    return make_record(model_id.replace("è", "e"), name=name, created=NEWEST - days * DAY_SECONDS - place, **changes)


def _index_of(records: list[dict[str, Any]]) -> Index:
    contents = merge(
        parse_records(records), Ingredients(), origin=Origin.UPSTREAM, last_good=None, last_seen_at=NOW, now=NOW
    )
    return build_index(Snapshot(1, NOW, NOW, contents))


INDEX = _index_of([_record(place, *entry) for place, entry in enumerate(CATALOG)])
ALL = INDEX.listed


def _selected(q: str, **words: Any) -> Selection:
    return select(INDEX, Query(q=q, **words))


def _ids(q: str, **words: Any) -> list[str]:
    return [INDEX.models[place].id for place in _selected(q, **words).places]


FAMILIES = {
    "exact id": ("openai/gpt-4o", "openai/gpt-4o"),
    "exact name": ("GPT-4o-mini", "openai/gpt-4o-mini"),
    "glued": ("gpt4o mini", "openai/gpt-4o-mini"),
    "glued with a version": ("gpt5.6", "openai/gpt-5.6"),
    "split": ("deep seek r1", "deepseek/deepseek-r1"),
    "split number": ("qwen 3 coder", "qwen/qwen3-coder"),
    "swapped": ("claude 4.5 sonnet", "anthropic/claude-sonnet-4.5"),
    "hyphen for a point": ("sonnet 4-5", "anthropic/claude-sonnet-4.5"),
    "hyphens all through": ("claude-sonnet-4-5", "anthropic/claude-sonnet-4.5"),
    "blank for a point": ("grok 4 5", "x-ai/grok-4.5"),
    "no point": ("gpt35 turbo", "openai/gpt-3.5-turbo"),
    "typo": ("mistrl large", "mistralai/mistral-large-2512"),
    "transposition": ("cluade opus", "anthropic/claude-opus-5"),
    "vendor synonym": ("tongyi coder", "qwen/qwen3-coder"),
    "vendor in the name": ("xai grok", "x-ai/grok-4.5"),
    "variant": ("sonnet 4.5 batch", "anthropic/claude-sonnet-4.5:batch"),
    "size": ("llama 70b", "meta-llama/llama-3.3-70b-instruct"),
    "date": ("mistral large 2407", "mistralai/mistral-large-2407"),
    "prefix": ("gem", "google/gemini-2.5-pro"),
    "mixed case": ("SONNET 4.5", "anthropic/claude-sonnet-4.5"),
    "accent": ("Gémini pro", "google/gemini-2.5-pro"),
    "plus": ("command r+", "cohere/command-r-plus-08-2024"),
    "part of a glued word": ("tongyi deep research", "alibaba/tongyi-deepresearch-30b"),
    "filter": ("qwen free", "qwen/qwen3-coder:free"),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_hit_is_the_model_that_was_meant(family: str) -> None:
    query, meant = FAMILIES[family]
    assert _ids(query)[:1] == [meant]


# Ranking, respect by respect.


def test_1_an_exact_id_or_name_comes_first_with_full_score() -> None:
    selection = _selected("gpt 4o mini")
    assert selection.hits[selection.places[0]].score == 1
    assert all(selection.hits[place].score < 1 for place in selection.places[1:])


@pytest.mark.parametrize(("query", "words", "known"), [("blorpt claude", 2, 1), ("zyx yyyz claude opus", 4, 2)])
def test_1_a_score_is_no_higher_than_the_share_of_the_words_that_some_model_has(
    query: str, words: int, known: int
) -> None:
    selection = _selected(query)
    scores = [selection.hits[place].score for place in selection.places]
    assert 0.8 * known / words < scores[0] < known / words
    assert scores == sorted(scores, reverse=True)
    assert _selected("claude opus").hits[selection.places[0]].score > 0.9


def test_2_a_model_with_all_words_beats_one_with_some() -> None:
    assert _ids("sonnet 4.5")[0] == "anthropic/claude-sonnet-4.5"
    assert "anthropic/claude-sonnet-4" not in _ids("sonnet 4.5")


def test_2_models_that_miss_a_word_are_shown_when_none_has_all() -> None:
    found = _ids("sonnet zzzzqq")
    assert found
    assert all("sonnet" in model_id for model_id in found)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("llama 5", ["meta-llama/llama-3.3-70b-instruct"]),
        ("5 llama", ["meta-llama/llama-3.3-70b-instruct"]),
        ("gemini 5", ["google/gemini-2.5-pro", "google/gemini-2.5-flash"]),
        ("grok 70b", ["x-ai/grok-4.5"]),
        ("2512 70b", ["mistralai/mistral-large-2512", "meta-llama/llama-3.3-70b-instruct"]),
    ],
)
def test_2_asked_for_a_version_that_there_is_not_the_others_of_the_name_come_near(query: str, found: list[str]) -> None:
    assert _ids(query) == found


def test_2_a_number_is_looked_for_where_the_name_is_not_known() -> None:
    assert _ids("qqqqzz 5")[0] == "openai/gpt-5"


def test_3_a_whole_word_beats_a_prefix() -> None:
    records = [make_record("a/sonnet-9", created=NEWEST), make_record("a/son-9", created=NEWEST - DAY_SECONDS)]
    assert _first(records, "son") == "a/son-9"


def test_3_a_prefix_beats_a_typo() -> None:
    records = [make_record("a/clade-9", created=NEWEST), make_record("a/cladeone-9", created=NEWEST - DAY_SECONDS)]
    assert _first(records, "clade") == "a/clade-9"
    assert _first([*records[1:], make_record("a/clado-8", created=NEWEST)], "clade") == "a/cladeone-9"


def test_3_a_name_beats_an_author_and_an_author_a_description() -> None:
    records = [
        make_record("a/first-9", created=NEWEST, description="It is no wombat at all."),
        make_record("wombat/second-9", created=NEWEST - DAY_SECONDS),
        make_record("b/wombat-9", created=NEWEST - 2 * DAY_SECONDS),
    ]
    index = _index_of(records)
    found = select(index, Query(q="wombat")).places
    assert [index.models[place].id for place in found] == ["b/wombat-9", "wombat/second-9", "a/first-9"]
    assert _first(records[:2], "wombat") == "wombat/second-9"
    assert _first(records[:1], "wombat") == "a/first-9"


def test_3_a_version_is_met_whole_or_going_on_and_never_from_behind() -> None:
    assert _ids("gpt 5") == ["openai/gpt-5", "openai/gpt-5-mini", "openai/gpt-5.6"]
    (five,) = INDEX.search.terms_of("5")
    assert not five.kinds[-1] >> INDEX.places["x-ai/grok-4.5"] & 1


def test_what_was_meant_whole_comes_before_what_is_called_by_more() -> None:
    records = [
        make_record("acme/anvil-4o-mini", name="Acme: Anvil 4o mini", created=1_700_000_000),
        make_record("acme/anvil-4o-2024-11-20", name="Acme: Anvil 4o (2024-11-20)", created=1_750_000_000),
        make_record("acme/anvil-4o", name="Acme: Anvil 4o", created=1_700_000_000),
    ]
    assert _first(records, "anvil 4oo") == "acme/anvil-4o"
    assert _first(records, "anvl-4o-mni") == "acme/anvil-4o-mini"
    assert _first(records, "4oo anvill") == "acme/anvil-4o"


def test_3_a_synonym_never_hides_the_exact_word() -> None:
    assert _ids("tongyi")[0] == "alibaba/tongyi-deepresearch-30b"


def test_4_a_base_comes_before_its_variant_unless_that_was_asked_for() -> None:
    found = _ids("claude sonnet 4.5")
    assert found == ["anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4.5:batch"]
    assert _ids("claude sonnet 4.5 batch")[0] == "anthropic/claude-sonnet-4.5:batch"


def test_5_of_several_words_the_model_with_the_fewest_others_comes_first() -> None:
    assert _ids("openai 4o")[0] == "openai/gpt-4o"


def test_5_a_date_does_not_count_as_a_word() -> None:
    assert _ids("mistral large")[0] == "mistralai/mistral-large-2512"


def test_6_the_newest_comes_first() -> None:
    assert _ids("sonnet")[:2] == ["~anthropic/claude-sonnet-latest", "anthropic/claude-sonnet-4.5"]


def test_6_a_model_comes_before_the_fast_one_released_with_it() -> None:
    assert _ids("opus") == ["anthropic/claude-opus-5", "anthropic/claude-opus-5-fast"]
    assert _ids("opus", limit=1) == ["anthropic/claude-opus-5"]
    assert _ids("opus", limit=1, offset=1) == ["anthropic/claude-opus-5-fast"]


def _first(records: list[dict[str, Any]], q: str) -> str:
    index = _index_of(records)
    return index.models[select(index, Query(q=q)).places[0]].id


# Typos and growing queries.


@pytest.mark.parametrize("query", ["o2", "gpt 7o", "70c"])
def test_digits_are_never_corrected(query: str) -> None:
    exact = INDEX.search.terms_of(query)[-1]
    assert exact.kinds[4] == 0


@pytest.mark.parametrize("word", ["sonnet", "deepseek", "gemini", "mistral", "coder"])
def test_every_keystroke_keeps_the_models_that_were_meant(word: str) -> None:
    meant = {model.id for model in INDEX.models if word in model.id}
    for end in range(1, len(word) + 1):
        assert meant <= set(_ids(word[:end])), word[:end]


@pytest.mark.parametrize("phrase", ["claude sonnet 4.5", "gpt-4o mini", "qwen3 coder free", "deep research"])
def test_every_keystroke_of_a_phrase_finds_something(phrase: str) -> None:
    assert all(_ids(phrase[:end]) for end in range(1, len(phrase) + 1))


# Highlights.


@pytest.mark.parametrize(
    ("query", "model_id", "field", "shown"),
    [
        ("sonnet 4-5", "anthropic/claude-sonnet-4.5", "name", ["Sonnet", "4.5"]),
        ("son", "anthropic/claude-sonnet-4", "name", ["Son"]),
        ("cluade opus", "anthropic/claude-opus-5", "id", ["claude", "opus"]),
        ("gpt4o", "openai/gpt-4o", "name", ["GPT", "4o"]),
        ("creme brulee", "cafe/creme-1", "name", ["Crème", "Brûlée"]),
        ("deepseek", "deepseek/deepseek-r1", "author", ["deepseek"]),
        ("tongyi research", "alibaba/tongyi-deepresearch-30b", "name", ["Tongyi", "Research"]),
    ],
)
def test_highlights_lie_on_the_words_that_matched(query: str, model_id: str, field: str, shown: list[str]) -> None:
    place = INDEX.places[model_id]
    text = str(getattr(INDEX.models[place], field))
    hit = _selected(query).hits[place]
    assert [text[start:end] for start, end in hit.highlights[field]] == shown
    assert field in hit.fields


def test_what_was_read_ahead_is_what_a_search_would_have_read() -> None:
    ahead, places = SearchIndex(INDEX.models), range(len(INDEX.models))
    assert list(ahead.read_ahead()) == [*places]
    assert list(ahead.read_ahead()) == []
    for query in ("claude sonnet 4.5", "gpt4o", "cluade", "creme", "deepseek"):
        terms, scores = ahead.terms_of(query), dict.fromkeys(places, 0.5)
        late = SearchIndex(INDEX.models).hits(places, scores, terms)
        assert [hit.highlights for hit in ahead.hits(places, scores, terms).values()] == [
            hit.highlights for hit in late.values()
        ]


@pytest.mark.parametrize(
    ("query", "model_id", "fields"),
    [
        ("claude sonnet 4.5", "anthropic/claude-sonnet-4.5", ("id", "name")),
        ("anthropic opus", "anthropic/claude-opus-5", ("id", "name", "author")),
        ("cluade opus", "anthropic/claude-opus-5", ("id", "name")),
        ("deepseek nobody", "deepseek/deepseek-v3.2", ("id", "name", "author", "description")),
        ("nobody gemini", "deepseek/deepseek-v3.2", ("description",)),
        ("sonnet son", "anthropic/claude-sonnet-4", ("id", "name")),
    ],
)
def test_several_words_are_shown_where_each_of_them_is(query: str, model_id: str, fields: tuple[str, ...]) -> None:
    place, search = INDEX.places[model_id], SearchIndex(INDEX.models)
    shown = search.hits([place], {place: 0.5}, search.terms_of(query))[place]
    each = [search.hits([place], {place: 0.5}, search.terms_of(word))[place].highlights for word in query.split()]
    assert shown.fields == fields
    assert dict(shown.highlights) == {
        field: tuple(sorted({at for highlights in each for at in highlights.get(field, ())}))
        for field in fields
        if field != "description"
    }


def test_a_word_that_is_mended_in_one_query_is_shown_as_written_in_a_query_of_too_many_errors() -> None:
    search, place = SearchIndex(INDEX.models), INDEX.places["anthropic/claude-opus-5"]
    one, many = "opus cluade", "opus qqqqq wwwww zzzzz xxxxx cluade"

    def marked(query: str) -> int:
        return len(search.hits([place], {place: 0.5}, search.terms_of(query))[place].highlights["id"])

    assert [marked(query) for query in (one, many, one, many)] == [2, 1, 2, 1]


def test_a_match_in_the_description_is_told() -> None:
    place = INDEX.places["deepseek/deepseek-v3.2"]
    assert INDEX.search.hits([place], {place: 0.1}, INDEX.search.terms_of("nobody"))[place].fields == ("description",)


def test_what_is_remembered_of_queries_is_bounded_and_changes_no_answer() -> None:
    search = SearchIndex(INDEX.models)
    everything = (1 << len(INDEX.models)) - 1
    first = search.find("claude", everything)
    places = range(len(INDEX.models))
    for number in range(3_000):
        terms = search.terms_of(f"claude {number}")
        search.hits(places, dict.fromkeys(places, 0.5), Terms(terms[:1]))
        search.nearest(f"nobody {number}", everything)
    assert search.find("claude", everything) == first
    remembered = [value for value in vars(search).values() if isinstance(value, dict)]
    assert all(len(value) <= MAX_REMEMBERED for value in remembered)


# The list around the search.


def test_facets_count_what_the_query_and_the_other_filters_let_through() -> None:
    selection = _selected("claude", facets=("author", "variant"), one_of={"variant": ("base",)})
    assert selection.facets["author"] == {"anthropic": 5}
    assert selection.facets["variant"] == {"base": 5, "batch": 1}


def test_paging_goes_through_the_whole_ranking() -> None:
    whole = _ids("gpt")
    assert [_ids("gpt", limit=2, offset=offset) for offset in range(0, len(whole), 2)] == [
        whole[offset : offset + 2] for offset in range(0, len(whole), 2)
    ]
    assert _selected("gpt", limit=2).total == len(whole)


def test_sorting_overrules_the_ranking() -> None:
    assert _ids("gpt", sort=("id",)) == sorted(_ids("gpt"))
    assert _ids("gpt", sort=("id",), limit=2) == sorted(_ids("gpt"))[:2]


def test_an_empty_query_lists_by_rank() -> None:
    everything = [model.id for model in INDEX.models]
    assert [INDEX.models[place].id for place in select(INDEX, Query()).places] == everything
    assert _ids("...") == everything


@pytest.mark.parametrize(("query", "near"), [("claudexyzzz", "anthropic/"), ("geminiqqqq", "google/")])
def test_nothing_found_suggests_what_is_near(query: str, near: str) -> None:
    selection = _selected(query)
    assert selection.total == 0
    assert selection.suggestions
    assert selection.suggestions[0].startswith(near)


def test_nothing_near_suggests_nothing() -> None:
    assert _selected("zzzzqqqq").suggestions == ()


def test_the_list_and_the_search_answer_alike() -> None:
    published = publish_snapshot(INDEX.snapshot, is_stale=False, at=INDEX.snapshot.updated_at)
    pairs = [("q", "gpt4o"), ("limit", "3")]
    listed, searched = (json.loads(answer(published, pairs)) for answer in (answers.models_list, answers.search))
    assert [model["id"] for model in listed["models"]] == [model["id"] for model in searched["models"]]
    assert listed["total"] == searched["total"]
    assert searched["models"][0]["match"]["score"] == 1


def test_an_unknown_id_is_answered_with_what_the_search_finds_near() -> None:
    published = publish_snapshot(INDEX.snapshot, is_stale=False, at=INDEX.snapshot.updated_at)
    with pytest.raises(answers.UnknownModelError) as caught:
        answers.resolve(published, "anthropic/cluade-opus-5")
    assert caught.value.suggestions[0] == "anthropic/claude-opus-5"


# Bounded work, measured by what is touched.

HOSTILE = {
    "one letter repeated": "a" * 256,
    "sixty words": " ".join(f"word{chr(97 + at % 26)}{at}" for at in range(60)),
    "one letter words": " ".join("abcdefghijklmnopqrstuvwxyz" * 5)[:256],
    "emoji": "🐬" * 256,
    "combining marks": "e\u0301" * 128,
    "cjk": "模型" * 128,
    "points": "1." * 128,
    "hyphens": "4-" * 128,
    "plus signs": "+" * 256,
    "long known prefix": "claude" * 42,
    "glued numbers": "a1" * 128,
    "price signs": "<$1 " * 64,
    "contexts": "128k context " * 19,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_query_costs_a_bounded_number_of_terms_and_other_words(kind: str) -> None:
    terms = LARGE.terms_of(HOSTILE[kind])
    assert len(terms) <= MAX_QUERY_WORDS
    assert all(len(term.others) <= 2 * MAX_WALKED for term in terms)
    assert LARGE.find_terms(terms, (1 << 2_000) - 1, 20).total >= 0


def test_what_stands_behind_the_last_read_character_is_not_looked_at() -> None:
    longer = "claude" + " " * MAX_QUERY_CHARS + "opus"
    assert INDEX.search.terms_of(longer) == INDEX.search.terms_of("claude")


LARGE = SearchIndex(parse_records(generate_catalog(2_000)).models)

# Properties.

MODELS = st.sampled_from(INDEX.models)
NAME_WORDS = st.sampled_from(
    sorted({word.text for model in INDEX.models for word in words_of(f"{model.id} {model.name}")})
)


@given(MODELS, st.booleans())
def test_an_exact_id_or_name_always_comes_first(model: Model, by_id: bool) -> None:
    wanted = model.id if by_id else model.name.partition(": ")[2] or model.name
    found = INDEX.search.find(wanted, ALL, 20)
    assert found.scores[0] == 1
    first = INDEX.models[found.places[0]]
    assert first.id == model.id or _words(first) & _words(model)


def _words(model: Model) -> set[tuple[str, ...]]:
    texts = (model.id, model.id.partition("/")[2], model.name.partition(": ")[2] or model.name)
    return {tuple(sorted(word.text for word in words_of(text))) for text in texts}


@given(MODELS, st.randoms(use_true_random=False))
def test_adding_a_matching_word_never_loses_the_model(model: Model, random: Any) -> None:
    words = [word.text for word in words_of(model.id.partition("/")[2])]
    random.shuffle(words)
    for count in range(1, len(words) + 1):
        found = INDEX.search.find(" ".join(words[:count]), ALL)
        assert INDEX.places[model.id] in found.places, words[:count]


@given(st.lists(NAME_WORDS.filter(lambda word: not word.isdigit()), min_size=1, max_size=5), st.permutations(range(5)))
def test_the_order_of_words_does_not_matter(words: list[str], order: list[int]) -> None:
    swapped = [words[at] for at in order if at < len(words)]
    assert INDEX.search.find(" ".join(words), ALL).places == INDEX.search.find(" ".join(swapped), ALL).places


@given(MODELS, st.sampled_from([str.upper, str.title, str.lower]), st.sampled_from([" ", "-", "_", "/", ", "]))
def test_case_and_punctuation_do_not_matter(model: Model, change: Any, mark: str) -> None:
    words = [word.text for word in words_of(model.name) if not word.text.isdigit()]
    plain = INDEX.search.find(" ".join(words), ALL).places
    assert INDEX.search.find(change(mark.join(words)), ALL).places == plain


@given(MODELS)
def test_accents_do_not_matter(model: Model) -> None:
    accented = model.name.translate(str.maketrans("aeou", "áéöü"))
    assert INDEX.search.find(accented, ALL).places == INDEX.search.find(model.name, ALL).places


@settings(max_examples=200)
@given(st.text(max_size=MAX_QUERY_CHARS), st.none() | st.integers(1, 30))
def test_no_text_makes_the_search_fail(text: str, limit: int | None) -> None:
    selection = select(INDEX, Query(q=text.strip() or None, limit=limit, facets=("author",)))
    assert len(selection.places) <= (limit or len(INDEX.models))
    for place, hit in selection.hits.items():
        model = INDEX.models[place]
        for field, ranges in hit.highlights.items():
            assert all(0 <= start < end <= len(getattr(model, field)) for start, end in ranges)
    INDEX.search.nearest(text, ALL)


@given(NAME_WORDS, st.integers(1, 30))
def test_a_limit_only_shortens_the_answer(word: str, limit: int) -> None:
    assert INDEX.search.find(word, ALL, limit).places == INDEX.search.find(word, ALL).places[:limit]


@given(NAME_WORDS, st.sets(st.integers(0, len(CATALOG) - 1)))
def test_only_models_that_are_let_through_are_found(word: str, places: set[int]) -> None:
    found = INDEX.search.find(word, mask_of(places, len(CATALOG)))
    assert set(found.places) <= places
    assert places_in(found.mask) == sorted(found.places)
