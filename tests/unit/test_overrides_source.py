"""The overrides file: what it may decide, what it refuses, and how the last valid version stays in force."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.catalog.errors import DocumentError
from app.catalog.model import Lifecycle, LifecycleState, Route
from app.catalog.overrides import NO_OVERRIDES, Overrides
from app.catalog.price import UNKNOWN_PRICE, Price, PriceState
from app.sources.last_valid import LastValid
from app.sources.local_file import MAX_FILE_BYTES
from app.sources.overrides import OverridesSource

EXAMPLE = Path(__file__).parents[2] / "docs" / "overrides.example.toml"


def read(folder: Path, text: str | bytes, name: str = "overrides.toml") -> Overrides:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return OverridesSource(path).read()


def refusal(folder: Path, text: str | bytes, name: str = "overrides.toml") -> str:
    with pytest.raises(DocumentError) as caught:
        read(folder, text, name)
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    assert str(folder) not in message
    return message.removeprefix(f"{name}: ")


def patch(folder: Path, body: str) -> dict[str, Any]:
    return dict(read(folder, f'schema = 1\n[models."acme/large"]\n{body}\n').patches["acme/large"])


def patch_refusal(folder: Path, body: str) -> str:
    return refusal(folder, f'schema = 1\n[models."acme/large"]\n{body}\n')


def test_the_example_in_the_documentation_is_valid_and_shows_every_feature() -> None:
    overrides = OverridesSource(EXAMPLE).read()
    assert overrides.hidden
    written = {field for fields in overrides.patches.values() for field in fields}
    assert written == {
        "name",
        "notes",
        "rank",
        "category",
        "family",
        "description",
        "aliases",
        "context_tokens",
        "max_output_tokens",
        "capabilities",
        "supported_parameters",
        "input_modalities",
        "output_modalities",
        "lifecycle",
        "knowledge_cutoff",
        "price",
    }
    assert [model.id for model in overrides.added] == ["acme/support-70b", "acme/embedder"]


def test_a_file_with_only_its_schema_decides_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "schema = 1") == NO_OVERRIDES


def test_an_empty_file_is_refused_because_it_may_be_half_written(tmp_path: Path) -> None:
    assert refusal(tmp_path, "") == "schema: is missing"


def test_a_patch_holds_only_what_was_written(tmp_path: Path) -> None:
    assert patch(tmp_path, "rank = 3\nnotes = ' house choice '") == {"rank": 3, "notes": "house choice"}
    assert patch(tmp_path, "") == {}


def test_an_end_makes_a_model_deprecated_whether_it_is_a_date_or_a_text(tmp_path: Path) -> None:
    expected = Lifecycle(LifecycleState.DEPRECATED, expires_on=date(2026, 12, 31))
    assert patch(tmp_path, "expires_on = 2026-12-31") == {"lifecycle": expected}
    assert patch(tmp_path, 'expires_on = "2026-12-31"') == {"lifecycle": expected}
    assert "is not a date" in patch_refusal(tmp_path, "expires_on = 2026-12-31T10:00:00Z")
    assert "is not a date" in patch_refusal(tmp_path, 'expires_on = "2026-02-30"')


@pytest.mark.parametrize(
    ("amount", "usd_per_token"),
    [
        ('"2.50"', "0.0000025"),
        ("2.50", "0.0000025"),
        ("2", "0.000002"),
        ("0.1", "0.0000001"),
        ("1e-3", "0.000000001"),
        ("1_000_000", "1"),
        ('"0.123456789012345678"', "0.000000123456789012345678"),
    ],
)
def test_a_price_per_million_is_kept_exactly_per_token(tmp_path: Path, amount: str, usd_per_token: str) -> None:
    price = patch(tmp_path, f"price_usd_per_million_tokens = {{prompt = {amount}, completion = 0}}")["price"]
    assert price == Price(PriceState.PRICED, {"prompt": Decimal(usd_per_token), "completion": Decimal(0)})


@pytest.mark.parametrize(
    "amount",
    [
        "nan",
        "inf",
        "-1",
        "-0.0",
        "1_000_000.01",
        "true",
        '"1e3"',
        '"free"',
        "1e-19",
        "1e999999",
        "[]",
        "0x" + "f" * 5000,
    ],
)
def test_a_price_beyond_sense_is_refused(tmp_path: Path, amount: str) -> None:
    message = patch_refusal(tmp_path, f"price_usd_per_million_tokens = {{prompt = {amount}, completion = 0}}")
    assert message.startswith('models."acme/large".price_usd_per_million_tokens.prompt: ')
    assert message.endswith("is not a number from 0 to 1000000 with at most 18 decimals")


def test_a_written_zero_is_free(tmp_path: Path) -> None:
    price = patch(tmp_path, "price_usd_per_million_tokens = {prompt = 0, completion = 0}")["price"]
    assert price.state is PriceState.FREE


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("free", PriceState.FREE),
        ("unknown", PriceState.UNKNOWN),
        ("dynamic", PriceState.DYNAMIC),
        ("per_unit", PriceState.PER_UNIT),
    ],
)
def test_a_price_may_be_stated_in_a_word(tmp_path: Path, word: str, state: PriceState) -> None:
    assert patch(tmp_path, f'price = "{word}"')["price"].state is state


def test_a_word_and_a_rate_card_together_are_refused(tmp_path: Path) -> None:
    body = 'price = "free"\nprice_usd_per_million_tokens = {prompt = 1, completion = 1}'
    assert patch_refusal(tmp_path, body) == (
        'models."acme/large".price: stands beside price_usd_per_million_tokens; keep one of them'
    )


def test_modalities_and_capabilities_get_the_order_of_the_catalog(tmp_path: Path) -> None:
    fields = patch(tmp_path, 'input_modalities = ["image", "text"]\ncapabilities = ["vision", "tools"]')
    assert fields == {"input_modalities": ("text", "image"), "capabilities": ("tools", "vision")}


def test_an_added_model_is_whole_and_says_where_it_is_served(tmp_path: Path) -> None:
    added = read(
        tmp_path,
        """
        schema = 1
        [[add]]
        id = "acme/large:free"
        name = "Large"
        provider = "depot"
        base_url = "https://depot.example:8443/v1/"
        upstream_id = "Large-2"
        """,
    ).added
    (model,) = added
    assert (model.author, model.variant, model.family, model.sources) == ("acme", "free", "large", ("overrides",))
    assert model.routes == (Route("depot", "overrides", "Large-2", "https://depot.example:8443/v1"),)
    assert model.price == UNKNOWN_PRICE
    assert model.provenance == {"name": "overrides", "family": "overrides"}


def test_an_added_model_is_served_by_its_author_under_its_slug_unless_told_otherwise(tmp_path: Path) -> None:
    (model,) = read(tmp_path, 'schema = 1\n[[add]]\nid = "acme/large"\nname = "Large"').added
    assert model.routes == (Route("acme", "overrides", "large", None),)


def test_json_says_the_same_as_toml(tmp_path: Path) -> None:
    document = {
        "schema": 1,
        "hide": ["openai/*"],
        "models": {"acme/large": {"price_usd_per_million_tokens": {"prompt": 0.1, "completion": "0.2"}}},
    }
    overrides = read(tmp_path, json.dumps(document), "overrides.json")
    rates = {"prompt": Decimal("0.0000001"), "completion": Decimal("0.0000002")}
    assert overrides == Overrides(("openai/*",), {"acme/large": {"price": Price(PriceState.PRICED, rates)}})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("context_tokens = -5", ".context_tokens: -5 is not a whole number from 1 to 1000000000"),
        ("context_tokens = 1e5", ".context_tokens: 1E+5 is not a whole number from 1 to 1000000000"),
        ("contex_tokens = 5", ".contex_tokens: unknown key; did you mean context_tokens?"),
        ('capabilities = ["tool"]', "vision, web_search; did you mean tools?"),
        ('price = "gratis"', ".price: 'gratis' is not one of free, unknown, dynamic, per_unit"),
        ('category = "House Choice"', ".category: 'House Choice' is not a word of a-z"),
        ("price_usd_per_million_tokens = {promt = 1}", ".promt: unknown key; did you mean prompt?"),
        ("price_usd_per_million_tokens = 3", ": 3 is not a table of prices"),
        ("aliases = 'x'", ".aliases: 'x' is not a list of at most 100 words"),
        ('aliases = ["acme/large"]', ".aliases: 'acme/large' is the id of a model in this file"),
    ],
)
def test_a_fault_in_a_patch_is_refused_with_its_place(tmp_path: Path, body: str, message: str) -> None:
    refused = patch_refusal(tmp_path, body)
    assert refused.startswith('models."acme/large"')
    assert message in refused


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema = true", "schema: true is not 1"),
        ("schema = 1\nhidden = []", "hidden: unknown key; did you mean hide?"),
        ('schema = 1\nhide = ["OpenAI/*"]', "hide: 'OpenAI/*' is not a glob over ids in lower case"),
        ("schema = 1\nmodels = 3", "models: 3 is not a table"),
        ('schema = 1\n[models."GPT"]', "models.GPT: 'GPT' is not a model id"),
        ('schema = 1\n[[add]]\nname = "x"', "add.0.id: is missing"),
        ('schema = 1\n[[add]]\nid = "acme/x"', 'add."acme/x".name: is missing'),
        (
            'schema = 1\n[models."acme/x"]\n[[add]]\nid = "acme/x"\nname = "x"',
            'add."acme/x": stands under models too; write its fields here',
        ),
        (
            'schema = 1\n[[add]]\nid = "acme/x"\nname = "x"\n[[add]]\nid = "acme/x"\nname = "x"',
            'add."acme/x": stands twice',
        ),
        (
            'schema = 1\n[[add]]\nid = "acme/x"\nname = "x"\naliases = ["a"]\n[models."acme/y"]\naliases = ["a"]',
            "add.\"acme/x\".aliases: 'a' is an alias of acme/y already",
        ),
        ("schema = ", "cannot be parsed: Invalid value (at end of document)"),
        ("schema = 1\nx = " + "[" * 5000, "is nested too deeply to be read"),
        ("schema = 1e99999999999999999999", "cannot be parsed: holds a number beyond all bounds"),
        (b"schema = 1 # \xff", "is not UTF-8 text (byte 13)"),
    ],
)
def test_a_fault_in_the_file_is_refused_with_its_place(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert message in refusal(tmp_path, text)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:geheim@llm.example/v1",
        "https://llm.example/v1?key=geheim",
        "https://llm.example/#geheim",
        "file:///geheim",
        "https://geheim:99999/",
        "https://[geheim/",
        "//geheim",
        "https://geheim /",
    ],
)
def test_a_base_url_with_more_than_an_address_is_refused_without_repeating_it(tmp_path: Path, url: str) -> None:
    message = refusal(tmp_path, f'schema = 1\n[[add]]\nid = "acme/x"\nname = "x"\nbase_url = "{url}"')
    assert message.startswith('add."acme/x".base_url: is not an http(s) URL without user')
    assert "geheim" not in message


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfschema = 1") == NO_OVERRIDES


def test_json_that_is_no_object_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "[]", "o.json") == "a list is not a table; expected an object at the top"
    assert refusal(tmp_path, '{"schema": NaN}', "o.json") == "cannot be parsed: NaN is not JSON"


def test_a_file_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "#" * (MAX_FILE_BYTES + 1)) == f"is larger than {MAX_FILE_BYTES} bytes"


def test_what_is_not_a_regular_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(DocumentError, match="is not a regular file"):
            OverridesSource(path).read()


def test_overrides_start_empty_and_keep_the_last_valid_version_through_every_mishap(tmp_path: Path) -> None:
    now = [datetime(2026, 8, 22, tzinfo=UTC)]
    path = tmp_path / "overrides.toml"
    kept = OverridesSource(path).last_valid(now=lambda: now[0])
    assert kept.changed()
    assert kept.current() == NO_OVERRIDES
    assert str(kept.standing.error) == "overrides.toml: cannot be read: No such file or directory"

    path.write_text('schema = 1\nhide = ["a/*"]')
    assert kept.changed()
    assert kept.current().hidden == ("a/*",)
    assert not kept.changed()
    assert kept.standing.error is None
    assert kept.standing.error_since is None

    broken_at = now[0] + timedelta(hours=1)
    for mishap in (lambda: path.write_text('schema = 1\nhide = ["b'), lambda: path.write_text(""), path.unlink):
        now[0] += timedelta(hours=1)
        mishap()
        assert kept.changed()
        assert kept.current().hidden == ("a/*",)
        assert kept.standing.error is not None
        assert kept.standing.error_since == broken_at
        assert not kept.changed()

    path.write_text('schema = 1\nhide = ["c/*"]')
    assert kept.current().hidden == ("c/*",)
    assert kept.standing.error is None


def test_an_unchanged_file_is_read_once() -> None:
    reads: list[int] = []

    def count() -> int:
        reads.append(1)
        return len(reads)

    kept = LastValid(count)
    assert (kept.current(), kept.current()) == (1, 1)


def test_a_failed_read_is_tried_again_even_when_the_file_looks_the_same() -> None:
    answers = iter(["", "whole"])

    def read_next() -> str:
        answer = next(answers)
        if not answer:
            raise DocumentError("half-written")
        return answer

    kept = LastValid(read_next, "initial")
    assert (kept.current(), kept.standing.error) == ("initial", "half-written")
    assert (kept.current(), kept.standing.error) == ("whole", None)


def test_with_nothing_to_stand_in_a_broken_first_read_raises() -> None:
    def fail() -> str:
        raise DocumentError("broken")

    with pytest.raises(DocumentError, match="broken"):
        LastValid(fail).current()


TOML_LINES = st.lists(
    st.sampled_from(
        [
            "schema = 1",
            'hide = ["a/*"]',
            'hide = [1, "\\u0000"]',
            '[models."a/b"]',
            '[models."A"]',
            "[[add]]",
            "[add]",
            'id = "a/b"',
            'id = "~a/b:c"',
            'name = "n"',
            'name = "\\u202e"',
            "rank = 99999999999999999999",
            "expires_on = 0001-01-01",
            "expires_on = 10:00:00",
            "price_usd_per_million_tokens = {prompt = 1e-999999, completion = 0e99999}",
            "price_usd_per_million_tokens = {prompt = -nan, completion = +inf}",
            'aliases = ["a", "b"]',
            "aliases = [[], {}]",
            'base_url = "http://[::1]:0/"',
            "input_modalities = {}",
        ]
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | TOML_LINES.map("\n".join).map(str.encode))
@example(body=b"schema = 1\nx = 0x" + b"f" * 5000)
@example(body=b"schema = 1\nx = " + b"9" * 5000)
@example(body=b'{"schema": 1, "\\ud800": 1}')
@example(body=b'{"schema": 1, "models": {"\\ud800": {}}}')
@example(body=b'{"schema": 1, "hide": ["\\ud800"]}')
@example(body=b"[" * 100_000)
@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_garbage_is_a_document_error_or_nothing(tmp_path: Path, suffix: str, body: bytes) -> None:
    message = ""
    try:
        read(tmp_path, body, f"garbage.{suffix}")
    except DocumentError as error:
        message = str(error)
    assert message.isprintable()
