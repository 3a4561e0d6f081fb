"""The bootstrap file, and the envelope of every list document."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from app.sources.bootstrap import BootstrapSource
from app.sources.document import excerpt, records_of
from app.sources.protocol import Failure, RecordSource, SourceError
from tests.simulator import generate_catalog

pytestmark = pytest.mark.anyio

CATALOG = {"data": generate_catalog(60)}
LIMIT_BYTES = 4 << 20


def source(path: Path, max_decoded_bytes: int = LIMIT_BYTES) -> BootstrapSource:
    return BootstrapSource(path, max_decoded_bytes=max_decoded_bytes)


async def failure_of(path: Path, max_decoded_bytes: int = LIMIT_BYTES) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await source(path, max_decoded_bytes).fetch()
    assert str(path) in str(caught.value)
    return caught.value


async def test_a_plain_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(CATALOG))
    fetched = await source(path).fetch()
    assert list(fetched.records) == CATALOG["data"]
    assert fetched.wire_bytes == path.stat().st_size


@pytest.mark.parametrize("name", ["catalog.json.gz", "catalog.json"])
async def test_gzip_is_known_by_its_bytes_not_by_its_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(json.dumps(CATALOG).encode()))
    bootstrap: RecordSource = source(path)
    assert len((await bootstrap.fetch()).records) == 60
    await bootstrap.close()
    assert bootstrap.name == "bootstrap"


async def test_a_missing_file_names_its_setting(tmp_path: Path) -> None:
    error = await failure_of(tmp_path / "absent.json")
    assert error.kind is Failure.UNREACHABLE
    assert "BOOTSTRAP_FILE" in str(error)
    assert "No such file" in str(error)


async def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert (await failure_of(tmp_path)).kind is Failure.UNREACHABLE


async def test_a_path_that_no_system_knows_is_a_source_error() -> None:
    with pytest.raises(SourceError):
        await source(Path("nul\0byte")).fetch()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", Failure.NOT_JSON),
        (gzip.compress(b"", mtime=0), Failure.NOT_JSON),
        (gzip.compress(b'{"data":[{}]}', mtime=0)[:-9], Failure.TRUNCATED),
        (b"\x1f\x8bnot really", Failure.TRUNCATED),
        (gzip.compress(b'{"data":[{}]}', mtime=0) + b"tail", Failure.NOT_JSON),
        (gzip.compress(b" " * (LIMIT_BYTES + 1), mtime=0), Failure.TOO_LARGE),
        (b" " * (LIMIT_BYTES + 1), Failure.TOO_LARGE),
    ],
    ids=["empty", "empty gzip", "cut gzip", "false magic", "tail", "bomb", "large"],
)
async def test_a_file_that_is_no_catalog_is_refused(content: bytes, kind: Failure, tmp_path: Path) -> None:
    path = tmp_path / "catalog"
    path.write_bytes(content)
    assert (await failure_of(path)).kind is kind


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"", Failure.NOT_JSON, "is empty"),
        (b" \r\n\t", Failure.NOT_JSON, "is empty"),
        (b"<html><p>Sorry</p>", Failure.NOT_JSON, "starts with: <html><p>Sorry</p>"),
        (b"\x1b[31mred\x00", Failure.NOT_JSON, "starts with:  [31mred"),
        (b'{"data":[{"id":"\xff"}]}', Failure.NOT_JSON, "UTF-8"),
        (b'\xef\xbb\xbf{"data":[{}]}', Failure.NOT_JSON, "BOM"),
        (b'{"data":[{"price":NaN}]}', Failure.NOT_JSON, "is not JSON"),
        (b'{"data":[{"price":Infinity}]}', Failure.NOT_JSON, "is not JSON"),
        (b'{"data":[{"price":1e999}]}', Failure.NOT_JSON, "infinity"),
        (b'{"data":[{}]} trailing', Failure.NOT_JSON, "is not JSON"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, Failure.NOT_JSON, "depth", id="deep lists"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, Failure.NOT_JSON, "depth", id="deep objects"),
        (b'{"data":[{"id":"a/b', Failure.TRUNCATED, "ends too early"),
        (b'{"data":[{"id":"a/b"}', Failure.TRUNCATED, "ends too early"),
        (b"{}", Failure.NOT_A_CATALOG, "an empty object"),
        (b'{"error":{"code":500}}', Failure.NOT_A_CATALOG, "an object with the keys: error"),
        (b'{"data":null}', Failure.NOT_A_CATALOG, "'data' is null"),
        (b'{"data":{"id":1}}', Failure.NOT_A_CATALOG, "'data' is an object"),
        (b'{"data":"x"}', Failure.NOT_A_CATALOG, "'data' is a text"),
        (b'{"data":[]}', Failure.NOT_A_CATALOG, "no models"),
        (b'[{"id":"a/b"}]', Failure.NOT_A_CATALOG, "got a list"),
        (b"true", Failure.NOT_A_CATALOG, "true or false"),
        (b"7", Failure.NOT_A_CATALOG, "a number"),
        (b'{"data":[{}],"links":{"next":7}}', Failure.NOT_A_CATALOG, "links.next"),
        (b'{"data":[{}],"links":["x"]}', Failure.NOT_A_CATALOG, "links.next"),
    ],
)
async def test_a_document_that_is_no_list_is_refused_with_what_came(body: bytes, kind: Failure, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        records_of(body, "the answer")
    message = str(caught.value)
    assert caught.value.kind is kind
    assert words in message
    assert message.startswith("the answer ")
    assert message.isprintable()
    assert len(message) < 300


@pytest.mark.parametrize(
    ("tail", "link"),
    [
        ("", None),
        (',"links":null', None),
        (',"links":{}', None),
        (',"links":{"next":null}', None),
        (',"links":{"next":""}', None),
        (',"links":{"next":"/api/v1/models?offset=500"}', "/api/v1/models?offset=500"),
    ],
)
async def test_the_link_to_the_next_page_is_found(tail: str, link: str | None) -> None:
    assert records_of(f'{{"data":[{{"id":"a/b"}}]{tail}}}'.encode()) == (({"id": "a/b"},), link)


async def test_an_item_that_is_no_object_becomes_a_record_without_an_id() -> None:
    items: list[Any] = [{"id": "a/b"}, None, "text" * 100, [1], 5]
    records, _ = records_of(json.dumps({"data": items}).encode())
    assert records[0] == {"id": "a/b"}
    assert [set(record) for record in records[1:]] == [{"unreadable"}] * 4
    assert max(len(record["unreadable"]) for record in records[1:]) < 70


async def test_of_duplicate_keys_the_last_one_counts() -> None:
    records, _ = records_of(b'{"data":[{"id":"a/b","name":"first","name":"last"}]}')
    assert records == ({"id": "a/b", "name": "last"},)


async def test_an_excerpt_shows_nothing_invisible() -> None:
    assert excerpt("a\r\nb\x1b[31m\u202ec\0") == "a  b [31m c "
    assert excerpt("x" * 61) == "x" * 60 + "..."
