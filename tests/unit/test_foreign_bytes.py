"""Whatever comes from outside, each reader gives its documented answer or its documented error, and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import orjson
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.candidate import Rules, from_records
from app.catalog.errors import QueryError
from app.catalog.index import build_index
from app.catalog.parse import parse_records
from app.catalog.parse_query import parse_query
from app.catalog.query import WORDS
from app.catalog.snapshot import Origin, Snapshot
from app.catalog.text import clean_description, one_line
from app.period import Period, unpack_period
from app.published import publish_snapshot
from app.sources.document import records_of
from app.sources.patience import RETRY_AFTER_MAX_SECONDS, retry_after_seconds
from app.sources.protocol import SourceError
from app.store.envelope import EnvelopeError, seal, unseal
from app.store.protocol import Stored
from app.web.attempts import client_of
from app.web.middleware import clean_request_id
from app.web.problems import Problem
from app.web.target import read_pairs
from tests.simulator import make_record
from tests.unit.fakes import LIMITS, START, local_files

T = TypeVar("T")
E = TypeVar("E", bound=Exception)
QUICK = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
NASTY = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "\x1b[31m",
        "a\r\nb",
        "\u202egnp",
        "\ufeff",
        "\u2028",
        "-1",
        "1e400",
        "NaN",
        "9" * 5_000,
        "../..",
        "~a/b",
    ]
)
TEXTS = st.text(max_size=40) | NASTY
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=8
)
BASE = make_record(
    "acme/anvil-1:free",
    description="A *plain* description.",
    pricing={"prompt": "0.000001", "completion": "0.000002", "overrides": [{"min_prompt_tokens": 9, "prompt": "0.1"}]},
    expiration_date="2027-01-01",
    knowledge_cutoff="2026-01-01",
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to every value inside a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in inside for found in [(*path, key), *places(inner, (*path, key))]]


PLACES = places(BASE)


def tried(call: Callable[[], T], documented: type[E]) -> T | E:
    """Return what a reader returns, or its documented error; any other error is the test's failure."""
    try:
        return call()
    except documented as error:
        return error


def spoiled(changes: list[tuple[tuple[Any, ...], Any]]) -> dict[str, Any]:
    """Return the base record with other values in some places."""
    record: dict[str, Any] = copy.deepcopy(BASE)
    for path, value in changes:
        inner: Any = record
        try:
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = value
        except (TypeError, KeyError, IndexError):
            # An earlier change took the place away.
            continue
    return record


CHANGES = st.lists(st.tuples(st.sampled_from(PLACES), JSON), min_size=1, max_size=4)


@QUICK
@given(st.lists(CHANGES, min_size=1, max_size=3))
def test_a_spoiled_record_is_read_or_quarantined_and_what_is_read_can_be_published(
    records: list[list[tuple[tuple[Any, ...], Any]]],
) -> None:
    """All the way to the bytes of every dialect, and through the store and back."""
    given_records = [*(spoiled(changes) for changes in records), make_record("acme/fine")]
    parsed = parse_records(given_records)
    # Two records of one id are one model.
    assert len(parsed.models) + len(parsed.quarantined) <= len(given_records)
    for model in parsed.models:
        assert model.name == one_line(model.name)
        assert model.description is None or model.description == clean_description(model.description)
        assert all(rate >= 0 for rate in model.price.rates.values())
    candidate = from_records(
        given_records,
        local_files().read(),
        Rules(LIMITS, None),
        origin=Origin.UPSTREAM,
        last_good=None,
        last_seen_at=START,
        now=START,
    )
    snapshot = Snapshot(1, START, START, candidate.contents)
    published = publish_snapshot(snapshot, is_stale=False, at=START)
    assert all(orjson.loads(row) for row in published.rows)
    assert unseal(seal(snapshot)) == snapshot


@QUICK
@given(
    st.binary(max_size=80)
    | JSON.map(orjson.dumps)
    | st.dictionaries(st.sampled_from(["data", "links", "x"]), JSON).map(orjson.dumps)
    | st.integers(1, 60).map(lambda end: orjson.dumps({"data": [BASE]})[:end])
)
def test_any_body_is_records_or_a_source_error(body: bytes) -> None:
    found = tried(lambda: records_of(body), SourceError)
    if isinstance(found, SourceError):
        assert str(found).isprintable()
    else:
        records, following = found
        assert records
        assert all(isinstance(record, Mapping) for record in records)
        assert following is None or following


@QUICK
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_query_string_is_pairs_or_a_400(raw: bytes) -> None:
    found = tried(lambda: read_pairs(raw), Problem)
    if isinstance(found, Problem):
        assert found.status in {400, 414}
        assert len(found.detail) < 200
    else:
        assert all(isinstance(part, str) for pair in found for part in pair)


INDEX = build_index(
    Snapshot(
        1,
        START,
        START,
        from_records(
            [BASE],
            local_files().read(),
            Rules(LIMITS, None),
            origin=Origin.UPSTREAM,
            last_good=None,
            last_seen_at=START,
            now=START,
        ).contents,
    )
)


@QUICK
@given(st.lists(st.tuples(st.sampled_from(sorted(WORDS)) | TEXTS, TEXTS | NUMBERS.map(str)), max_size=5))
def test_any_words_are_a_query_or_a_query_error(pairs: list[tuple[str, str]]) -> None:
    found = tried(lambda: parse_query(pairs, INDEX), QueryError)
    if isinstance(found, QueryError):
        assert found.faults
        assert all(fault.reason for fault in found.faults)


@QUICK
@given(
    st.none()
    | st.binary(max_size=40)
    | JSON.map(orjson.dumps)
    | st.fixed_dictionaries(
        {
            "checked_at": st.none() | TEXTS | st.datetimes().map(datetime.isoformat),
            "due_at": st.none() | TEXTS | st.datetimes().map(datetime.isoformat),
            "failures": SCALARS,
        }
    ).map(orjson.dumps)
)
def test_any_stored_state_is_a_period_that_can_be_reckoned_with(packed: bytes | None) -> None:
    period = unpack_period(packed)
    hour = timedelta(hours=1)
    assert isinstance(period.is_due(START, hour), bool)
    assert isinstance(period.is_ahead_of(Period(checked_at=START), START), bool)
    assert isinstance(Period(checked_at=START).is_ahead_of(period, START), bool)
    assert 0 <= period.failures <= 1_000
    assert period.succeeded(START, hour).failures >= 0


SEALED = seal(
    Snapshot(
        7,
        START,
        START,
        from_records(
            [BASE, make_record("acme/other")],
            local_files().read(),
            Rules(LIMITS, None),
            origin=Origin.UPSTREAM,
            last_good=None,
            last_seen_at=START,
            now=START,
        ).contents,
    )
)
LINES = [orjson.loads(line) for line in zstandard.ZstdDecompressor().stream_reader(SEALED.payload).read().splitlines()]
LINE_PLACES = places(LINES)


@QUICK
@given(st.sampled_from(LINE_PLACES), JSON, st.integers(0, len(SEALED.payload)), st.booleans())
def test_any_stored_catalog_can_be_published_or_is_an_envelope_error(
    path: tuple[Any, ...], value: Any, end: int, is_cut: bool
) -> None:
    lines = copy.deepcopy(LINES)
    inner: Any = lines
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    payload = zstandard.ZstdCompressor().compress(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    stored = Stored(7, "7-x", payload[:end] if is_cut else payload)
    found = tried(lambda: unseal(stored), EnvelopeError)
    if isinstance(found, Snapshot):
        published = publish_snapshot(found, is_stale=False, at=START)
        assert all(orjson.loads(row) for row in published.rows)
        assert unseal(seal(found)) == found
    else:
        assert "generation 7" in str(found)


OTHER_VALUES: tuple[Any, ...] = (None, True, 7, -1, 0.5, "x", [], ["x"], [7], {}, {"x": 7}, [["x"]])
# The records of upstream are kept as they came.
FREE = {"upstream", "withheld"}


def test_no_value_of_another_type_passes() -> None:
    """At every place of a stored catalog: a name that is a number, a rate that is a float, a list that is a word."""
    passed = []
    for path in LINE_PLACES:
        for value in OTHER_VALUES:
            lines = copy.deepcopy(LINES)
            inner: Any = lines
            for key in path[:-1]:
                inner = inner[key]
            before, inner[path[-1]] = inner[path[-1]], value
            payload = zstandard.ZstdCompressor().compress(b"".join(orjson.dumps(line) + b"\n" for line in lines))
            found = tried(lambda: unseal(Stored(7, "7-x", payload)), EnvelopeError)  # noqa: B023 - called at once
            is_other = None not in (before, value) and type(value) is not type(before)
            if isinstance(found, Snapshot) and is_other and not FREE & set(path):
                passed.append((path, value))
    assert len(LINE_PLACES) > 100
    assert passed == []


@QUICK
@given(st.none() | TEXTS | st.integers(-(10**30), 10**30).map(str) | st.datetimes().map(str))
def test_any_retry_after_is_a_wait_within_bounds_or_none(header: str | None) -> None:
    seconds = retry_after_seconds(header, datetime(2026, 8, 20, tzinfo=UTC))
    assert seconds is None or 0 < seconds <= RETRY_AFTER_MAX_SECONDS


@QUICK
@given(TEXTS | st.ip_addresses().map(str))
def test_any_request_id_and_any_client_is_short_and_harmless(text: str) -> None:
    kept = clean_request_id(text)
    assert kept is None or (kept == text and kept.isascii() and kept.isprintable() and len(kept) <= 64)
    assert len(client_of(text)) <= 64
