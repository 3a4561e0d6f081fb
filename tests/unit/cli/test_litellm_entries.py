"""Our entries in somebody's LiteLLM config: up to date, and everything else byte for byte as it was."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cli.litellm_entries import Changes, edited
from app.cli.litellm_proof import UneditableError
from tests.unit.cli.configs import FOREIGN, entries_of
from tests.unit.dialects.given import priced

ONE, TWO = "openrouter/acme-one", "openrouter/acme-two"
OLD = entries_of(priced("acme/one"), priced("acme/two"))
DEARER = {"prompt": "0.000003", "input_cache_read": "0.0000001"}
NEW = entries_of(priced("acme/one", **DEARER), priced("acme/two"))


def first(text: str = FOREIGN) -> str:
    return edited(text, OLD)[0]


def changed_lines(before: str, after: str) -> list[str]:
    """Return the lines that came and went, by + and -."""
    found = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line[0] + line[2:].strip() for line in found if line[0] in "+-" and "registry_wrote" not in line]


def entry(text: str, name: str) -> Any:
    [found] = [entry for entry in yaml.safe_load(text)["model_list"] if entry["model_name"] == name]
    return found


def test_entries_are_added_behind_the_last_one_and_nothing_else_moves() -> None:
    text, changes = edited(FOREIGN, OLD)
    assert changes == Changes(added=[ONE, TWO])
    start = text.index("  - model_name: openrouter/")
    end = text.index("\n  # behind the last entry")
    assert text[:start] + text[end:] == FOREIGN
    assert entry(text, ONE)["litellm_params"] == {
        "model": "openrouter/acme/one",
        "api_key": "os.environ/OPENROUTER_API_KEY",
    }


def test_the_same_again_changes_nothing() -> None:
    assert edited(first(), OLD) == (first(), Changes())


def test_an_update_touches_only_the_values_that_differ() -> None:
    text, changes = edited(first(), NEW)
    assert changes.updated == {
        ONE: ["input_cost_per_token", "cache_read_input_token_cost", "supports_prompt_caching"],
    }
    assert changed_lines(first(), text) == [
        "-input_cost_per_token: 1.0e-06",
        "+input_cost_per_token: 3.0e-06",
        "+cache_read_input_token_cost: 1.0e-07",
        "+supports_prompt_caching: true",
    ]
    back, changes = edited(text, OLD)
    assert changes.updated[ONE] == ["input_cost_per_token", "cache_read_input_token_cost", "supports_prompt_caching"]
    assert back == first()


def test_what_people_added_to_our_entry_stays_with_its_comments() -> None:
    theirs = first().replace(
        "      model: openrouter/acme/one\n",
        "      model: openrouter/acme/one  # the good one\n      max_tokens: 32768\n      temperature: 0.1   # calm\n",
    )
    text, changes = edited(theirs, NEW)
    assert changes.kept == {}
    assert (
        "model: openrouter/acme/one  # the good one\n      max_tokens: 32768\n      temperature: 0.1   # calm\n" in text
    )
    # The same key and value stand in model_info, which is ours.
    text, _ = edited(theirs, entries_of(priced("acme/one") | {"top_provider": {}}, priced("acme/two")))
    assert entry(text, ONE)["litellm_params"]["max_tokens"] == 32_768
    assert entry(text, ONE)["model_info"]["max_tokens"] == 131_072
    assert "max_output_tokens" not in entry(text, ONE)["model_info"]


def test_a_value_of_ours_that_people_changed_stays_until_the_line_is_deleted() -> None:
    theirs = first().replace("input_cost_per_token: 1.0e-06", "input_cost_per_token: 9.0e-06", 1)
    theirs = theirs.replace(f"model_name: {ONE}", "model_name: fast")
    for entries in (OLD, NEW, OLD):
        theirs, changes = edited(theirs, entries)
        assert changes.kept == {"fast": ["model_name", "input_cost_per_token"]}
        assert entry(theirs, "fast")["model_info"]["input_cost_per_token"] == 9e-06
    text, changes = edited(theirs.replace("      input_cost_per_token: 9.0e-06\n", "", 1), NEW)
    assert entry(text, "fast")["model_info"]["input_cost_per_token"] == 3e-06
    assert changes.kept == {"fast": ["model_name"]}


def test_another_spelling_of_the_same_number_is_no_edit() -> None:
    theirs = first().replace("1.0e-06", "0.000001")
    assert edited(theirs, OLD) == (theirs, Changes())
    assert edited(theirs, NEW)[1].kept == {}


def test_a_changed_value_that_we_no_longer_say_stays() -> None:
    text, _ = edited(first(), NEW)
    theirs = text.replace("cache_read_input_token_cost: 1.0e-07", "cache_read_input_token_cost: 5.0e-07")
    text, changes = edited(theirs, OLD)
    assert changes.kept == {ONE: ["cache_read_input_token_cost"]}
    assert entry(text, ONE)["model_info"]["cache_read_input_token_cost"] == 5e-07


def test_a_model_that_is_gone_goes_unless_people_had_a_hand_in_it() -> None:
    text, changes = edited(first(), OLD[:1])
    assert (changes.removed, changes.gone_but_kept) == ([TWO], [])
    assert TWO not in text
    assert edited(text, OLD)[0] == first()
    for before, after in (
        ("model: openrouter/acme/two\n", "model: openrouter/acme/two\n      rpm: 6\n"),
        ("model: openrouter/acme/two\n", "model: openrouter/acme/two  # for Ann\n"),
        (f"model_name: {TWO}", "model_name: two"),
    ):
        theirs = first().replace(before, after)
        text, changes = edited(theirs, OLD[:1])
        assert text == theirs
        assert len(changes.gone_but_kept) == 1


def test_a_name_that_is_taken_is_left_to_its_owner() -> None:
    theirs = f"model_list:\n- model_name: {ONE}\n  litellm_params: {{model: mine}}\n"
    text, changes = edited(theirs, OLD)
    assert (changes.taken, changes.added) == ([ONE], [TWO])
    assert text.startswith(theirs)
    # The dash of the first entry is the measure for ours.
    assert f"\n- model_name: {TWO}\n" in text


def test_an_entry_with_another_id_is_nobodys_but_theirs() -> None:
    theirs = first().replace("id: model-registry/acme/one@openrouter", "id: mine")
    text, changes = edited(theirs, NEW)
    assert text == theirs
    assert changes.taken == [ONE]


def test_what_can_not_be_edited_line_by_line_is_left_alone_and_named() -> None:
    info = "    model_info:{}\n      id: model-registry/acme/one"
    anchored = first().replace(info.format(""), info.format(" &a"))
    assert anchored != first()
    text, changes = edited(anchored, NEW)
    assert text == anchored
    assert changes.left == [f"{ONE} (model-registry/acme/one@openrouter)"]
    copied = first() + "# end\n"
    block = copied[copied.index(f"  - model_name: {ONE}") : copied.index(f"  - model_name: {TWO}")]
    copied = copied.replace(block, block + block.replace(ONE, "copy"))
    text, changes = edited(copied, OLD)
    assert (text, changes.left) == (copied, ["copy (model-registry/acme/one@openrouter)"])
    info = "model_info: {id: model-registry/acme/one@openrouter}"
    flow = f"model_list:\n  - {{model_name: x, litellm_params: {{model: y}}, {info}}}\n"
    assert edited(flow, OLD)[1].left == ["x (model-registry/acme/one@openrouter)"]


def test_an_entry_without_memory_is_brought_up_to_date() -> None:
    # As it comes from /litellm/config.yaml.
    theirs = "\n".join(line for line in first().split("\n") if "registry_wrote" not in line)
    text, changes = edited(theirs, NEW)
    assert changes.kept == {}
    assert changes.updated[ONE][0] == "input_cost_per_token"
    assert yaml.safe_load(text) == yaml.safe_load(edited(first(), NEW)[0])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        "general_settings: {}",
        "model_list:\n",
        "model_list: []   # none\n",
        "model_list: null\nrest: 1\n",
        "model_list:\nrest: 1\n",
        "model_list: # ours\n\n# more\nrest: 1",
        "---\nrest: 1\n",
        "\ufeffrest: é 😀\r\nmodel_list:\r\n  - model_name: x\r\n    litellm_params: {model: y}\r\n",
        "a: &a {model: z}\nmodel_list:\n- model_name: x\n  litellm_params: *a\n# end\nrest: 1\n",
        "a: &a {model: z}\nmodel_list:\n- model_name: x\n  litellm_params:\n    <<: *a\n    rpm: 1\n",
        "model_list:\n    - model_name: >\n        folded\n      litellm_params: {model: y}\n",
    ],
)
def test_every_layout_takes_our_entries_and_gives_them_back(text: str) -> None:
    added, changes = edited(text, OLD)
    assert changes.added == [ONE, TWO]
    names = [entry["model_name"] for entry in yaml.safe_load(added.removeprefix("\ufeff"))["model_list"]]
    assert names[-2:] == [ONE, TWO]
    assert edited(added, OLD) == (added, Changes())
    updated, _ = edited(added, NEW)
    back, _ = edited(updated, OLD)
    assert back == added
    assert ("\r\n" in text) == ("\r\n" in added)
    if "\r\n" in text:
        assert added.count("\r\n") == added.count("\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1, 2]", "not a mapping"),
        ("{model_list: []}", "not a mapping"),
        ("model_list: [{model_name: x}]", "stands in brackets"),
        ("model_list: text", "is no list"),
        ("model_list: {a: b}", "is no list"),
        ("a: 1\n---\nb: 2\n", "not one YAML document"),
        ("a: [1\n", "not one YAML document"),
        ("a: 1\n...\n", "not one YAML document"),
        ("model_list:\n  -\n    model_name: x\n", "behind its dash"),
        ("a: \x00", "not one YAML document"),
        ("a: *nobody\n", "not one YAML document"),
    ],
)
def test_what_can_not_be_edited_at_all_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(UneditableError, match=reason):
        edited(text, OLD)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
VALUES = st.recursive(
    WORDS | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
FOREIGN_ENTRY = st.fixed_dictionaries(
    {"model_name": WORDS, "litellm_params": st.dictionaries(WORDS, VALUES, max_size=3)},
    optional={"model_info": st.dictionaries(WORDS, VALUES, max_size=2)},
)
CONFIGS = st.builds(
    lambda before, entries, after, **style: yaml.dump(
        {**before, "model_list": entries, **after}, sort_keys=False, allow_unicode=True, **style
    ),
    st.dictionaries(WORDS.filter(lambda word: word != "model_list"), VALUES, max_size=2),
    st.lists(FOREIGN_ENTRY, min_size=1, max_size=3),
    st.dictionaries(WORDS.filter(lambda word: word != "model_list").map(lambda word: f"z{word}"), VALUES, max_size=2),
    indent=st.sampled_from([2, 4]),
    width=st.sampled_from([20, 80, 10_000]),
)


@settings(deadline=None)
@given(CONFIGS, st.randoms(use_true_random=False))
def test_whatever_people_wrote_stays_byte_for_byte(text: str, random: Any) -> None:
    lines = text.splitlines(keepends=True)
    for at, line in list(enumerate(lines))[::-1]:
        # A comment or an empty line before a key of the first column means nothing anywhere.
        if line[:1].isalpha() and random.random() < 0.3:
            lines.insert(at, random.choice(["# a comment\n", "\n", "   # - model_name: x\n"]))
    theirs = "".join(lines)
    added, changes = edited(theirs, OLD)
    assert changes.added == [ONE, TWO]
    at = next(at for at in range(len(added)) if not theirs.startswith(added[: at + 1]))
    inserted = len(added) - len(theirs)
    assert any(added[:cut] + added[cut + inserted :] == theirs for cut in range(max(0, at - inserted), at + 1))
    updated, _ = edited(added, NEW)
    assert edited(updated, OLD)[0] == added
    assert yaml.safe_load(updated)["model_list"][:-2] == yaml.safe_load(theirs)["model_list"]
