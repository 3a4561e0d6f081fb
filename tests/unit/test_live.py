"""What is asked of upstream on demand: once for everybody, kept for a while, and as last good for longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.live import MAX_CALLS_AT_ONCE, PAUSE_SECONDS, LiveOptions, LivePages, NotLiveError
from app.sources.protocol import Failure, SourceError
from tests.unit.fakes import FakeClock

pytestmark = pytest.mark.anyio
OPTIONS = LiveOptions(fresh_seconds=300, deadline_seconds=5, max_bytes=10_000)
AWAY = SourceError(Failure.STATUS, "the answer of a server was 503", status=503)
BROKEN = SourceError(Failure.NOT_JSON, "the answer of a server is not JSON")


class FakePages:
    """Documents by id; `error` fails every call, `hold` keeps them waiting."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes | None] = {}
        self.error: SourceError | None = None
        self.calls: list[str] = []
        self.at_once = self.most_at_once = 0
        self.is_closed = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def endpoints(self, model_id: str) -> bytes | None:
        self.calls.append(model_id)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
        finally:
            self.at_once -= 1
        if self.error is not None:
            raise self.error
        return self.documents.get(model_id, b'{"data":{"endpoints":[]}}')

    async def providers(self) -> bytes | None:
        return await self.endpoints("/providers")

    async def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def pages() -> FakePages:
    return FakePages()


@pytest.fixture
async def live(pages: FakePages, clock: FakeClock) -> AsyncIterator[LivePages]:
    made = LivePages(pages, clock, OPTIONS)
    yield made
    await made.close()
    assert pages.is_closed


def pass_seconds(clock: FakeClock, seconds: float) -> None:
    clock.advance(timedelta(seconds=seconds))


async def test_an_answer_is_kept_while_it_is_fresh(live: LivePages, pages: FakePages, clock: FakeClock) -> None:
    first = await live.endpoints("a/b")
    pass_seconds(clock, 299)
    second = await live.endpoints("a/b")
    assert (first.age_seconds, second.age_seconds) == (0, 299)
    assert second.rendering is first.rendering
    assert pages.calls == ["a/b"]
    pass_seconds(clock, 1)
    third = await live.endpoints("a/b")
    assert (third.age_seconds, third.is_stale) == (0, False)
    assert len(pages.calls) == 2


async def test_everybody_who_waits_gets_the_one_answer(live: LivePages, pages: FakePages) -> None:
    pages.gate.clear()
    asking = [asyncio.create_task(live.endpoints("a/b")) for _ in range(20)]
    await asyncio.sleep(0)
    pages.gate.set()
    found = await asyncio.gather(*asking)
    assert len({id(answer.rendering) for answer in found}) == 1
    assert pages.calls == ["a/b"]


async def test_a_caller_who_leaves_stops_nothing(live: LivePages, pages: FakePages) -> None:
    pages.gate.clear()
    leaving = asyncio.create_task(live.endpoints("a/b"))
    await asyncio.sleep(0.01)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    pages.gate.set()
    assert (await live.endpoints("a/b")).rendering is not None
    assert pages.calls == ["a/b"]


async def test_few_calls_go_out_at_once(live: LivePages, pages: FakePages) -> None:
    pages.gate.clear()
    asking = [asyncio.create_task(live.endpoints(f"a/{number}")) for number in range(30)]
    await asyncio.sleep(0.05)
    assert pages.at_once == MAX_CALLS_AT_ONCE
    pages.gate.set()
    await asyncio.gather(*asking)
    assert pages.most_at_once == MAX_CALLS_AT_ONCE


@pytest.mark.parametrize("error", [AWAY, BROKEN])
async def test_the_last_good_answer_outlives_a_failure(
    live: LivePages, pages: FakePages, clock: FakeClock, error: SourceError
) -> None:
    good = await live.endpoints("a/b")
    pages.error = error
    pass_seconds(clock, 4_000)
    old = await live.endpoints("a/b")
    assert old.rendering is good.rendering
    assert (old.age_seconds, old.is_stale) == (4_000, True)
    pages.error = None
    pass_seconds(clock, PAUSE_SECONDS)
    assert not (await live.endpoints("a/b")).is_stale


async def test_what_failed_is_not_asked_again_at_once(live: LivePages, pages: FakePages, clock: FakeClock) -> None:
    pages.error = BROKEN
    for _ in range(5):
        with pytest.raises(NotLiveError, match="not_json") as refused:
            await live.endpoints("a/b")
    assert refused.value.retry_after_seconds == PAUSE_SECONDS
    assert pages.calls == ["a/b"]
    # One broken document says nothing about another.
    with pytest.raises(NotLiveError):
        await live.endpoints("a/c")
    assert pages.calls == ["a/b", "a/c"]
    pass_seconds(clock, PAUSE_SECONDS)
    pages.error = None
    assert (await live.endpoints("a/b")).rendering is not None


async def test_an_upstream_that_is_away_is_left_alone_for_every_document(
    live: LivePages, pages: FakePages, clock: FakeClock
) -> None:
    pages.error = SourceError(Failure.STATUS, "too many requests", status=429, retry_after_seconds=60)
    for number in range(50):
        with pytest.raises(NotLiveError, match="status 429"):
            await live.endpoints(f"a/{number}")
    assert len(pages.calls) == 1
    pass_seconds(clock, 59)
    with pytest.raises(NotLiveError):
        await live.providers()
    pass_seconds(clock, 1)
    pages.error = None
    assert (await live.providers()).rendering is not None


async def test_that_there_is_no_such_thing_is_kept_too(live: LivePages, pages: FakePages, clock: FakeClock) -> None:
    pages.documents["a/b"] = None
    for _ in range(5):
        assert (await live.endpoints("a/b")).rendering is None
    assert len(pages.calls) == 1
    pass_seconds(clock, 300)
    pages.documents["a/b"] = b"{}"
    assert (await live.endpoints("a/b")).rendering is not None


async def test_nobody_waits_past_the_deadline(pages: FakePages, clock: FakeClock) -> None:
    live = LivePages(pages, clock, LiveOptions(deadline_seconds=0.05))
    pages.gate.clear()
    # More than may ask at once: those who wait for their turn are let go, too.
    asked = [live.endpoints(f"a/{number}") for number in range(MAX_CALLS_AT_ONCE * 3)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert {str(error)[:44] for error in found} == {"OpenRouter could not be asked (timeout), and"}
    await live.close()


async def test_what_is_kept_is_bounded_and_the_least_wanted_goes_first(live: LivePages, pages: FakePages) -> None:
    for number in range(30):
        pages.documents[f"a/{number}"] = bytes(1_000)
        await live.endpoints(f"a/{number}")
        await live.endpoints("a/0")
        assert live.kept_bytes <= OPTIONS.max_bytes
    asked = len(pages.calls)
    await live.endpoints("a/0")
    assert len(pages.calls) == asked
    await live.endpoints("a/1")
    assert len(pages.calls) == asked + 1


async def test_without_upstream_there_is_an_answer_at_once(clock: FakeClock) -> None:
    live = LivePages(None, clock)
    with pytest.raises(NotLiveError, match="OPENROUTER_ENABLED"):
        await live.providers()
    await live.close()


async def test_closing_stops_what_is_under_way(pages: FakePages, clock: FakeClock) -> None:
    live = LivePages(pages, clock, OPTIONS)
    pages.gate.clear()
    asking = asyncio.create_task(live.endpoints("a/b"))
    await asyncio.sleep(0.01)
    await live.close()
    assert isinstance((await asyncio.gather(asking, return_exceptions=True))[0], asyncio.CancelledError)
    assert pages.at_once == 0
