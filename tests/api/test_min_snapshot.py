"""`min_snapshot=`: reads that wait for a snapshot which another instance told of."""

from __future__ import annotations

import asyncio
import time

import pytest

from app.web.at_least import WAIT_SECONDS
from tests.api.catalog import PLAIN
from tests.api.service import Service, assert_problem
from tests.simulator import make_record

pytestmark = pytest.mark.anyio
TARGETS = (
    "/models",
    "/models/search?q=anvil",
    f"/models/{PLAIN}",
    "/models/categories",
    "/v1/models",
    "/api/v1/models",
)


def with_word(target: str, snapshot: str) -> str:
    return f"{target}{'&' if '?' in target else '?'}min_snapshot={snapshot}"


@pytest.mark.parametrize("target", TARGETS)
async def test_a_snapshot_that_is_served_makes_no_difference(service: Service, target: str) -> None:
    plain = await service.get(target)
    current = plain.headers["X-Catalog-Snapshot"]
    for named in (current, current.split("-")[0], "0"):
        answer = await service.get(with_word(target, named))
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (
            200,
            plain.content,
            plain.headers["ETag"],
        )
        assert (await service.get(with_word(target, named), If_None_Match=plain.headers["ETag"])).status_code == 304


async def test_a_read_waits_for_the_refresh_that_it_was_told_of(fresh: Service) -> None:
    generation = int((await fresh.get("/models")).headers["X-Catalog-Snapshot"].split("-")[0])
    waiting = asyncio.create_task(fresh.get(f"/models/acme/newest?min_snapshot={generation + 1}"))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    fresh.simulator.catalog = [*fresh.simulator.catalog, make_record("acme/newest")]
    await fresh.refresh()
    answer = await waiting
    assert answer.status_code == 200
    assert answer.json()["id"] == "acme/newest"


async def test_a_snapshot_that_does_not_come_is_a_412_after_two_seconds(service: Service) -> None:
    current = (await service.get("/models")).headers["X-Catalog-Snapshot"]
    generation = current.split("-")[0]
    started = time.monotonic()
    answers = await asyncio.gather(
        service.get("/models?min_snapshot=999"), service.get(f"/models?min_snapshot={generation}-000000000000")
    )
    assert WAIT_SECONDS <= time.monotonic() - started < WAIT_SECONDS + 2
    for answer in answers:
        problem = assert_problem(answer, 412, "snapshot-not-here")
        assert current in problem["detail"]
        assert answer.headers["Retry-After"] == "2"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_dialect_refuses_in_its_own_words(service: Service) -> None:
    answer = await service.get("/api/v1/models?min_snapshot=999")
    assert (answer.status_code, answer.json()["error"]["code"]) == (412, 412)


@pytest.mark.parametrize("text", ["", "newest", "1-xyz", "-1", "9" * 40, "1-0a1b2c3d4e5f6"])
async def test_what_is_no_snapshot_is_a_422_at_once(service: Service, text: str) -> None:
    problem = assert_problem(await service.get(f"/models?min_snapshot={text}"), 422, "query")
    assert problem["faults"][0]["word"] == "min_snapshot"


@pytest.mark.parametrize("target", ["/models", "/models/search", f"/models/{PLAIN}", "/models/statistics", "/compat"])
async def test_the_word_is_among_those_that_an_unknown_one_is_answered_with(service: Service, target: str) -> None:
    problem = assert_problem(await service.get(f"{target}?min_snapsot=1"), 422, "query")
    assert "min_snapshot" in problem["faults"][0]["allowed"]


async def test_the_word_without_a_value_is_told_what_it_takes(service: Service) -> None:
    problem = assert_problem(await service.get("/models?min_snapshot"), 422, "query")
    assert "X-Catalog-Snapshot" in problem["detail"]
