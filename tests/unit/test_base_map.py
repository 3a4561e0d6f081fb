"""LiteLLM's base map: read within bounds, refused whole when it would break a client, kept as last good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from app.base_map import BaseMap
from app.sources.litellm_base_map import BaseMapSource, CostMap
from app.sources.openrouter_client import OpenRouterOptions
from app.sources.protocol import Failure, SourceError
from tests.unit.fakes import FakeClock

pytestmark = pytest.mark.anyio
URL = "https://maps.example/map.json"
OPTIONS = OpenRouterOptions(base_url="https://unused.example", max_wire_bytes=10_000, max_decoded_bytes=10_000)
MAP = {"sample_spec": {"mode": "one of"}, "gpt-4o": {"mode": "chat", "input_cost_per_token": 2.5e-06}}


def answering(*answers: httpx.Response | Exception) -> httpx.MockTransport:
    """Return a server that gives these answers, the last one for ever."""
    left = list(answers)

    def answer(_request: httpx.Request) -> httpx.Response:
        now = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(now, Exception):
            raise now
        return httpx.Response(now.status_code, headers=now.headers, stream=httpx.ByteStream(now.content))

    return httpx.MockTransport(answer)


def remote(*answers: httpx.Response | Exception) -> BaseMapSource:
    return BaseMapSource(URL, OPTIONS, transport=answering(*answers))


def good(document: Any = MAP) -> httpx.Response:
    return httpx.Response(200, json=document)


async def test_a_map_comes_from_an_address_or_a_file(tmp_path: Path) -> None:
    assert await remote(good()).fetch() == MAP
    path = tmp_path / "map.json"
    path.write_text(json.dumps(MAP))
    source = BaseMapSource(str(path), OPTIONS)
    assert await source.fetch() == MAP
    assert not source.is_remote


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (httpx.Response(200, text="<html>"), Failure.NOT_JSON, "is not JSON"),
        (good([]), Failure.NOT_A_CATALOG, "expected an object"),
        (good({}), Failure.NOT_A_CATALOG, "expected an object"),
        (good({**MAP, "version": "1"}), Failure.NOT_A_CATALOG, "'version' is no object"),
        (httpx.Response(200, text='{"x":' + "[" * 400 + "]" * 400 + "}"), Failure.NOT_A_CATALOG, "can't be served"),
        (good({"x": "y" * 20_000}), Failure.TOO_LARGE, "raise FETCH_MAX_WIRE_BYTES"),
        (httpx.Response(404), Failure.STATUS, "was 404 Not Found; check LITELLM_BASE_MAP"),
        (httpx.Response(302, headers={"Location": "https://evil.example"}), Failure.REDIRECTED, "check LITELLM_BASE"),
        (httpx.ConnectError("no route"), Failure.UNREACHABLE, "check LITELLM_BASE_MAP"),
        (httpx.ReadTimeout("slow"), Failure.TIMEOUT, "maps.example/map.json did not come"),
    ],
)
async def test_what_is_no_cost_map_is_refused_and_named(
    answer: httpx.Response | Exception, kind: Failure, words: str
) -> None:
    with pytest.raises(SourceError) as caught:
        await remote(answer).fetch()
    assert caught.value.kind is kind
    assert words in str(caught.value)
    assert "OPENROUTER" not in str(caught.value)


@pytest.mark.parametrize("where", ["missing.json", "nul\0.json"])
async def test_a_file_that_can_not_be_read_is_named(where: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"LITELLM_BASE_MAP .*cannot be read") as caught:
        await BaseMapSource(str(tmp_path / where), OPTIONS).fetch()
    # `/status` shows the message to everybody.
    assert str(tmp_path) not in str(caught.value)


async def test_a_file_over_the_bound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text(json.dumps({"x": {"y": "z" * 20_000}}))
    with pytest.raises(SourceError, match="larger than 10000 bytes"):
        await BaseMapSource(str(path), OPTIONS).fetch()


class Slow:
    """A source that never answers in time."""

    is_remote = True

    async def fetch(self) -> CostMap:
        raise SourceError(Failure.TIMEOUT, "too slow")

    async def close(self) -> None:
        """Do nothing."""


async def test_without_a_source_it_is_off_and_looks_at_nothing(tmp_path: Path) -> None:
    base_map = BaseMap(None, FakeClock(), tmp_path / "copy.json")
    await base_map.boot()
    assert not await base_map.look()
    assert not base_map.is_given
    assert base_map.current is None
    assert base_map.document()["state"] == "off"
    await base_map.close()


async def test_a_failure_leaves_the_last_good_map_and_says_since_when(tmp_path: Path) -> None:
    base_map = BaseMap(remote(good(), httpx.Response(500), good()), FakeClock(), tmp_path / "copy.json")
    assert base_map.document()["state"] == "initializing"
    assert await base_map.look()
    assert not await base_map.look()
    assert base_map.current == MAP
    document = base_map.document()
    assert (document["state"], document["rows"], document["last_error"]["kind"]) == ("interrupted", 2, "status")
    assert not await base_map.look()
    assert base_map.document()["state"] == "valid"
    await base_map.close()


async def test_what_is_used_in_place_of_a_map_that_fails_is_told(tmp_path: Path) -> None:
    base_map = BaseMap(remote(httpx.Response(500), good(), httpx.Response(500)), FakeClock(), tmp_path / "copy.json")
    with capture_logs() as logs:
        for _ in range(3):
            await base_map.look()
    told = [entry["used"] for entry in logs if entry["log_level"] == "warning"]
    assert told == ["ours alone, as there is no last good one", "the last good one"]


async def test_another_map_is_told_of_once(tmp_path: Path) -> None:
    other = {**MAP, "gpt-5": {"mode": "chat"}}
    base_map = BaseMap(remote(good(), good(other)), FakeClock(), tmp_path / "copy.json")
    assert [await base_map.look() for _ in range(3)] == [True, True, False]
    assert base_map.current == other


async def test_a_start_uses_the_kept_copy_before_the_network(tmp_path: Path) -> None:
    copy = tmp_path / "data" / "copy.json"
    await BaseMap(remote(good()), FakeClock(), copy).look()
    again = BaseMap(Slow(), FakeClock(), copy)
    await again.boot()
    assert again.current == MAP
    assert not await again.look()
    assert again.current == MAP
    assert [path.name for path in copy.parent.iterdir()] == ["copy.json"]


async def test_a_broken_copy_is_passed_over(tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    copy.write_text("[1")
    base_map = BaseMap(remote(good()), FakeClock(), copy)
    await base_map.boot()
    assert base_map.current is None


async def test_a_copy_that_can_not_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    base_map = BaseMap(remote(good()), FakeClock(), tmp_path / "file" / "copy.json")
    assert await base_map.look()
    assert base_map.current == MAP


async def test_a_file_is_there_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text(json.dumps(MAP))
    base_map = BaseMap(BaseMapSource(str(path), OPTIONS), FakeClock(), tmp_path / "copy.json")
    await base_map.boot()
    assert base_map.current == MAP
    assert not (tmp_path / "copy.json").exists()
