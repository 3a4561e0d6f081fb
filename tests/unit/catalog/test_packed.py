"""A packed record reads like the dictionary that it was, and takes the memory of its JSON."""

from __future__ import annotations

import copy
import threading

import orjson
import pytest

from app.catalog.diff import diff
from app.catalog.packed import Packed, opened, packed
from app.catalog.parse import parse_record
from app.dialects.dialect import Context, speak
from app.dialects.openrouter import OPENROUTER
from app.sources.document import records_of
from app.store.envelope import seal, unseal
from tests.simulator import generate_catalog, make_record
from tests.unit.dialects.given import snapshot_of

RECORD = {"id": "a/b", "pricing": {"prompt": "0.1"}, "created": 17, "share": 0.1, "name": "Größe", "none": None}


def test_a_packed_record_reads_like_the_dictionary_that_it_was() -> None:
    record = packed(RECORD)
    assert dict(record) == RECORD == record
    assert [*record] == [*RECORD]
    assert record["pricing"] == {"prompt": "0.1"}
    assert record.get("missing", 5) == 5
    assert len(record) == len(RECORD)
    assert "name" in record
    assert "missing" not in record
    with pytest.raises(KeyError):
        record["missing"]


def test_packing_twice_changes_nothing() -> None:
    record = packed(RECORD)
    assert packed(record) is record


def test_records_are_the_same_when_they_say_the_same() -> None:
    record = packed(RECORD)
    assert record == Packed(orjson.dumps(RECORD, option=orjson.OPT_INDENT_2), orjson.loads)
    assert record != packed({**RECORD, "created": 18})
    assert record != {}
    assert record != "a text"
    assert copy.deepcopy(record) == record


def test_an_empty_record_is_false_and_one_with_keys_is_true() -> None:
    assert not packed({})
    assert packed(RECORD)


def test_no_record_opens_to_nothing() -> None:
    assert opened(None) == {}
    assert opened(RECORD) is RECORD
    assert opened(packed(RECORD)) == RECORD


def test_a_record_that_was_just_looked_at_is_not_decoded_again() -> None:
    decoded = []

    def decode(raw: bytes) -> dict[str, object]:
        decoded.append(raw)
        return dict(orjson.loads(raw))

    one, two = (Packed(orjson.dumps({"id": name}), decode) for name in ("a/b", "c/d"))
    assert (one["id"], one.get("name"), len(one)) == ("a/b", None, 1)
    assert len(decoded) == 1
    assert (two["id"], one["id"]) == ("c/d", "a/b")
    assert len(decoded) == 3


def test_threads_that_read_different_records_each_get_their_own() -> None:
    records = [packed({"id": number}) for number in range(4)]
    wrong: list[object] = []

    def read(number: int) -> None:
        wrong.extend(found for _ in range(5_000) if (found := records[number]["id"]) != number)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_upstream_sent_is_kept_word_by_word() -> None:
    records = generate_catalog(40)
    for body in (orjson.dumps({"data": records}), b'{"data":[' + b",".join(map(orjson.dumps, records * 40)) + b"]}"):
        found, _ = records_of(body)
        assert found[:40] == tuple(records)
        assert all(isinstance(record, Packed) for record in found)
        assert [record.raw for record in found[:40] if isinstance(record, Packed)] == [*map(orjson.dumps, records)]


def test_a_record_that_is_nested_too_deep_is_quarantined_alone() -> None:
    deep = b'{"id":"a/deep","x":' + b"[" * 600 + b"]" * 600 + b"}"
    records, _ = records_of(b'{"data":[' + orjson.dumps(make_record("a/b")) + b"," + deep + b"]}")
    assert records[0]["id"] == "a/b"
    assert records[1] == {"unreadable": "lists or objects within one another, too deep"}


def test_a_stored_snapshot_comes_back_with_its_records_packed() -> None:
    snapshot = snapshot_of(generate_catalog(20))
    again = unseal(seal(snapshot))
    assert again.models == snapshot.models
    assert again.id == snapshot.id
    for before, after in zip(snapshot.models, again.models, strict=True):
        assert isinstance(after.upstream, Packed)
        assert before.upstream is not None
        assert after.upstream.raw == orjson.dumps(before.upstream.opened())


def test_the_mirror_serves_the_very_bytes_that_upstream_sent() -> None:
    records, _ = records_of(orjson.dumps({"data": generate_catalog(20)}))
    snapshot = snapshot_of(records)
    rows = speak(OPENROUTER, Context(snapshot)).rows
    shared = [model for model in snapshot.models if model.upstream and rows.get(model.id) is model.upstream.raw]
    assert len(shared) > 15


def test_a_change_of_a_detail_is_seen_in_packed_records() -> None:
    record = make_record("a/b")
    changed = {**record, "architecture": {**record["architecture"], "tokenizer": "Another"}}
    before, same, after = (parse_record(one) for one in (record, copy.deepcopy(record), changed))
    assert diff([before], [same]).is_empty
    assert diff([before], [after]).changed[0].fields == ("upstream.architecture",)
