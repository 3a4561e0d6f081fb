"""Turns of the event loop: first come, first served, a little in each, and what waits holds nobody up."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from app.web.turns import MAX_WAITING, Turns


class SteppedClock:
    """Goes on by a second for each piece of work, and remembers which were done."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.done: list[int | str] = []

    def work(self, name: int | str, seconds: int = 1) -> int | str:
        """Do a piece of work."""
        self.seconds += seconds
        self.done.append(name)
        return name

    def __call__(self) -> float:
        return self.seconds


def turns(clock: SteppedClock, pieces: int = 3) -> Turns:
    """Return turns with time for so many pieces of a second each."""
    return Turns(turn_seconds=pieces - 0.5, clock=clock)


@pytest.mark.anyio
async def test_a_turn_does_what_it_has_time_for_and_leaves_the_rest_to_the_next_ones_in_order() -> None:
    clock = SteppedClock()
    some = turns(clock)
    for number in range(8):
        some.do(partial(clock.work, number))
    seen = [len(clock.done)]
    for _ in range(2):
        await asyncio.sleep(0)
        seen.append(len(clock.done))
    assert clock.done == list(range(8))
    assert seen == [3, 6, 8]


@pytest.mark.anyio
async def test_who_comes_while_others_wait_waits_behind_them_even_where_there_is_time_again() -> None:
    clock = SteppedClock()
    some = turns(clock, pieces=1)
    for name in ("first", "second"):
        some.do(partial(clock.work, name))
    late = asyncio.create_task(some.result(partial(clock.work, "late")))
    await asyncio.sleep(0)
    some.do(partial(clock.work, "last"))
    await late
    await some.result(lambda: None)
    assert clock.done == ["first", "second", "late", "last"]


@pytest.mark.anyio
async def test_a_piece_that_takes_too_long_is_done_all_the_same_and_the_next_turn_goes_on() -> None:
    clock = SteppedClock()
    some = turns(clock, pieces=1)
    pieces = [some.result(partial(clock.work, number, seconds=60)) for number in range(3)]
    assert await asyncio.gather(*pieces) == [0, 1, 2]
    assert clock.done == [0, 1, 2]


@pytest.mark.anyio
async def test_what_waits_is_bounded_however_fast_it_comes() -> None:
    clock = SteppedClock()
    some = turns(clock, pieces=1)
    for number in range(MAX_WAITING + 500):
        some.do(partial(clock.work, number))
    assert len(clock.done) == 1
    await asyncio.sleep(0)
    assert clock.done == list(range(500))


@pytest.mark.anyio
async def test_a_result_raises_what_the_work_raises_and_others_get_theirs() -> None:
    some = turns(SteppedClock(), pieces=0)

    def fail() -> int:
        raise LookupError("nothing there")

    some.do(lambda: None)
    at_once, failed, good = await asyncio.gather(
        some.result(fail), some.result(fail), some.result(lambda: 7), return_exceptions=True
    )
    assert isinstance(at_once, LookupError)
    assert isinstance(failed, LookupError)
    assert good == 7


@pytest.mark.anyio
async def test_who_went_away_while_waiting_has_nothing_done_for_him() -> None:
    clock = SteppedClock()
    some = turns(clock, pieces=1)
    _, gone, stays = (
        asyncio.create_task(some.result(partial(clock.work, name))) for name in ("first", "gone", "stays")
    )
    await asyncio.sleep(0)
    gone.cancel()
    await stays
    assert clock.done == ["first", "stays"]
