"""The front answers as the application would: thousands of generated requests, sent both ways and compared."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from app.main import create_app
from app.prepared import Prepared
from app.published import RenderingBounds, publish_snapshot, with_room
from app.web.application import with_front
from app.web.cors import CorsPolicy
from app.web.front import MAX_HEADER_BYTES, Front
from app.web.read import MAX_COMPRESSIONS
from tests.api.questions import Questions, has_good_id
from tests.api.two_ways import (
    SPECIAL_IDS,
    StoppedClock,
    ask,
    counted,
    held_back,
    one_worker,
    scope_for,
    serving,
    settings_for,
    started,
)

TARGETS_ASKED = 400
GZIP = [(b"accept-encoding", b"gzip")]


def watched(app: FastAPI) -> tuple[Front, list[Scope]]:
    """Return a front before an application, and the requests that it passes on."""
    reached: list[Scope] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope)
        await app(scope, receive, send)

    return Front(application, serving=serving(app), cors=CorsPolicy(("*",)), access_log=None), reached


@pytest.mark.parametrize(
    ("options", "prefix"),
    [
        ({}, ""),
        ({"cors_origins": ("https://one.example", "https://two.example")}, ""),
        ({}, "/registry"),
    ],
    ids=["open", "listed origins", "behind a prefix"],
)
def test_both_ways_give_the_same_answers_counts_and_log_lines(
    tmp_path: Path, options: dict[str, Any], prefix: str
) -> None:
    """Each target is asked for on first use, while its compressed forms are awaited, and when it is hot."""
    asyncio.run(_compare(tmp_path, options, prefix))


async def _compare(folder: Path, options: dict[str, Any], prefix: str) -> None:
    fronted_settings = settings_for(folder, data_dir=folder / "fronted", access_log=True, **options)
    bare_settings = settings_for(folder, data_dir=folder / "bare", access_log=True, **options)
    with one_worker() as executor:
        async with started(fronted_settings) as (fronted, front), started(bare_settings) as (bare, _):
            ids = [model.id for model in serving(bare).registry.published.snapshot.models]
            questions = Questions([*ids, *SPECIAL_IDS * 15], seed=len(prefix) + len(options))
            known = 0
            with capture_logs() as logged:
                for target in [questions.target() for _ in range(TARGETS_ASKED)]:
                    for _ in ("first", "again", "hot"):
                        with held_back(executor):
                            for _ in range(3):
                                known += await _ask_both(front, bare, questions, target, prefix, logged)
                        for app in (fronted, bare):
                            await asyncio.gather(*serving(app).tasks)
            assert known > 2 * TARGETS_ASKED, "too few requests were the front's to answer"
            assert counted(fronted) == counted(bare)
            assert counted(bare)["registry_lookups"].keys() == {("true",), ("false",)}


async def _ask_both(
    front: Front, bare: FastAPI, questions: Questions, target: str, prefix: str, logged: list[Any]
) -> bool:
    """Compare one request sent both ways; returns whether it was the front's to answer."""
    method, headers = questions.method(), questions.headers(target)
    logged.clear()
    is_known = front.prepared_for(scope_for(target, method, prefix=prefix)) is not None
    one, other = [await ask(way, target, method, headers, prefix=prefix) for way in (front, bare)]
    assert one == other, (method, target, headers)
    if has_good_id(headers):
        assert one.request_id == other.request_id
    else:
        assert len(one.request_id) == len(other.request_id) == 16
    lines = [line for line in logged if line["event"] == "request"]
    assert [line.pop("request_id") for line in lines] == [one.request_id.decode(), other.request_id.decode()]
    assert all(line.pop("milliseconds") >= 0 for line in lines)
    assert lines[0] == lines[1]
    questions.saw(target, one.header(b"etag"))
    return is_known


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("header", "is_answered"),
    [
        ((b"accept", b"*/*"), True),
        ((b"range", b"bytes=0-5"), True),
        ((b"origin", b"https://one.example"), True),
        ((b"if-modified-since", b"Sat, 01 Jan 2000 00:00:00 GMT"), True),
        ((b"x-request-id", b"bad id"), True),
        ((b"content-length", b"0"), False),
        ((b"transfer-encoding", b"chunked"), False),
        ((b"expect", b"100-continue"), False),
        ((b"upgrade", b"h2c"), False),
        ((b"cookie", b"x" * MAX_HEADER_BYTES), False),
        ((b"accept-encoding", b"x" * MAX_HEADER_BYTES), False),
        ((b"if-none-match", b"x" * MAX_HEADER_BYTES), False),
        ((b"x-request-id", b"x" * MAX_HEADER_BYTES), False),
    ],
)
async def test_what_is_odd_is_for_the_application(
    tmp_path: Path, header: tuple[bytes, bytes], is_answered: bool
) -> None:
    async with started(settings_for(tmp_path)) as (app, _):
        front, reached = watched(app)
        assert await ask(front, "/models", headers=[header]) == await ask(app, "/models", headers=[header])
        assert bool(reached) != is_answered


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("target", "is_answered"),
    [
        ("/models/acme/refresh", True),
        ("/models/acme/refresh?fields=id,name", True),
        ("/models/acme/refresh?fields=nonsense", False),
        ("/models/ACME/refresh", False),
        ("/models/acme%2Frefresh", False),
        ("/models/acme/refresh/", False),
        ("/models/refresh", False),
        ("/models/acme/nothing", False),
        ("/models/provider/acme/refresh", False),
        ("/models/acme/refresh?min_snapshot=1-abc", False),
    ],
)
async def test_a_model_asked_for_by_its_own_id_is_answered_ahead_of_the_application_the_first_time_too(
    tmp_path: Path, target: str, is_answered: bool
) -> None:
    async with started(settings_for(tmp_path)) as (app, _):
        front, reached = watched(app)
        first = await ask(front, target)
        assert bool(reached) != is_answered
        assert first == await ask(app, target)


@pytest.mark.anyio
async def test_a_model_that_went_while_its_answer_waited_for_a_turn_is_for_the_application(tmp_path: Path) -> None:
    async with started(settings_for(tmp_path)) as (app, front):
        registry, scope = serving(app).registry, scope_for("/models/acme/refresh")
        assert front.question(scope, b"/models/acme/refresh") is not None
        contents = registry.published.snapshot.contents
        others = tuple(model for model in contents.models if model.id != "acme/refresh")
        snapshot = replace(registry.published.snapshot, contents=replace(contents, models=others))
        assert registry.publish(
            with_room(publish_snapshot(snapshot, is_stale=False, at=StoppedClock().now()), RenderingBounds())
        )
        assert front.made(scope, b"/models/acme/refresh") is None
        assert (await ask(front, "/models/acme/refresh")).status == 404


@pytest.mark.anyio
async def test_of_two_request_ids_the_first_counts_both_ways(tmp_path: Path) -> None:
    async with started(settings_for(tmp_path)) as (app, front):
        for lines in ((b"one", b"two"), (b"not good", b"two"), (b"", b"two"), (b"one", b"not good")):
            headers = [(b"x-request-id", line) for line in lines]
            ids = [(await ask(way, "/models", headers=headers)).request_id for way in (front, app)]
            assert all(len(each) == 16 for each in ids) if lines[0] != b"one" else ids == [b"one", b"one"]


@pytest.mark.anyio
async def test_a_reader_sees_the_next_snapshot_with_the_next_request(tmp_path: Path) -> None:
    async with started(settings_for(tmp_path)) as (app, front):
        registry = serving(app).registry
        hot = [await ask(front, "/models/acme/refresh") for _ in range(3)][-1]
        stale = with_room(replace(registry.published, is_stale=True), RenderingBounds())
        assert registry.publish(stale)
        told = await ask(front, "/models/acme/refresh")
        assert (hot.status, told.status) == (200, 200)
        assert b"max-age=30" in (told.header(b"cache-control") or b"")
        assert b"max-age=60" in (hot.header(b"cache-control") or b"")


@pytest.mark.anyio
async def test_before_the_first_snapshot_the_front_says_what_the_application_says(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    app = create_app(settings, clock=StoppedClock())
    one, other = [await ask(way, "/models") for way in (with_front(app, settings), app)]
    assert one == other
    assert one.status == 503


@pytest.mark.anyio
async def test_an_attacker_who_varies_the_query_neither_grows_the_memory_nor_evicts_the_hot(tmp_path: Path) -> None:
    """Each question of the attack is asked twice; even so, what others keep asking for stays."""
    settings = settings_for(tmp_path, renderings_max_count=100, renderings_max_bytes=2**20)
    async with started(settings) as (app, front):
        targets = serving(app).registry.published.targets
        pinned = len(targets)
        hot = ["/models/acme/refresh", "/models?author=acme", "/models/search?q=widget"]
        before: dict[str, Prepared | None] = {}
        for number in range(1_000):
            for target in hot:
                await ask(front, target)
                before.setdefault(target, targets.get(target.encode()))
            for _ in range(2):
                await ask(front, f"/models?limit=1&offset={number}")
            assert len(targets) <= pinned + 100
            assert targets.kept_bytes <= 2**20
        for target in hot:
            assert targets.get(target.encode()) is before[target] is not None


def test_only_so_many_answers_wait_for_their_compression(tmp_path: Path) -> None:
    """What waits is held in memory beside the bounds; the rest is served plain and compressed another time."""
    asyncio.run(_flood(tmp_path))


async def _flood(folder: Path) -> None:
    with one_worker() as executor:
        async with started(settings_for(folder)) as (app, front):
            targets = [f"/models?limit=20&offset={number}" for number in range(60)]
            with held_back(executor):
                for target in targets * 3:
                    answer = await ask(front, target, headers=GZIP)
                    assert (answer.status, answer.header(b"content-encoding")) == (200, None)
                    assert len(serving(app).tasks) <= MAX_COMPRESSIONS
            await asyncio.gather(*serving(app).tasks)
            packed = 0
            for target in targets:
                await ask(front, target, headers=GZIP)
                await asyncio.gather(*serving(app).tasks)
                packed += (await ask(front, target, headers=GZIP)).header(b"content-encoding") == b"gzip"
            assert packed == len(targets)


@pytest.mark.anyio
async def test_other_spellings_of_a_whole_list_take_no_room_for_its_body(tmp_path: Path) -> None:
    async with started(settings_for(tmp_path)) as (app, front):
        targets = serving(app).registry.published.targets
        whole = await ask(front, "/models")
        for number in range(50):
            assert (await ask(front, f"/models?{'&' * number}")).body == whole.body
        assert targets.kept_bytes < len(whole.body)
