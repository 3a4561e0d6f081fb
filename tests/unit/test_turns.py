"""Turns of the event loop: first come, first served, a little in each, and what waits holds nobody up."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from app.web.turns import MAX_WAITING, Turns


class SteppedClock:
    """Tells a later time each time that it is asked: a second for each piece of work."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def turns(clock: SteppedClock, pieces: int = 3) -> Turns:
    """Return turns with time for so many pieces of a second each."""
    return Turns(turn_seconds=pieces - 0.5, clock=clock)


@pytest.mark.anyio
async def test_a_turn_does_what_it_has_time_for_and_leaves_the_rest_to_the_next_ones_in_order() -> None:
    clock, done = SteppedClock(), list[int]()
    some = turns(clock)

    def work(number: int) -> None:
        clock.seconds += 1
        done.append(number)

    for number in range(8):
        some.do(partial(work, number))
    seen = [len(done)]
    for _ in range(2):
        await asyncio.sleep(0)
        seen.append(len(done))
    assert done == list(range(8))
    assert seen == [3, 6, 8]


@pytest.mark.anyio
async def test_who_comes_while_others_wait_waits_behind_them_even_where_there_is_time_again() -> None:
    clock, done = SteppedClock(), list[str]()
    some = turns(clock, pieces=1)

    def work(name: str) -> None:
        clock.seconds += 1
        done.append(name)

    for name in ("first", "second"):
        some.do(partial(work, name))
    late = asyncio.create_task(some.result(lambda: work("late")))
    await asyncio.sleep(0)
    some.do(lambda: work("last"))
    await late
    await some.result(lambda: None)
    assert done == ["first", "second", "late", "last"]


@pytest.mark.anyio
async def test_a_piece_that_takes_too_long_is_done_all_the_same_and_the_next_turn_goes_on() -> None:
    clock, done = SteppedClock(), list[int]()
    some = turns(clock, pieces=1)

    def long(number: int) -> int:
        clock.seconds += 60
        done.append(number)
        return number

    assert await asyncio.gather(*(some.result(partial(long, number)) for number in range(3))) == [0, 1, 2]
    assert done == [0, 1, 2]


@pytest.mark.anyio
async def test_what_waits_is_bounded_however_fast_it_comes() -> None:
    clock, done = SteppedClock(), list[int]()
    some = turns(clock, pieces=1)

    def work(number: int) -> None:
        clock.seconds += 1
        done.append(number)

    for number in range(MAX_WAITING + 500):
        some.do(partial(work, number))
    assert len(done) == 1
    await asyncio.sleep(0)
    assert done == list(range(500))


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
    clock, done = SteppedClock(), list[str]()
    some = turns(clock, pieces=1)

    def work(name: str) -> None:
        clock.seconds += 1
        done.append(name)

    _, gone, stays = (asyncio.create_task(some.result(partial(work, name))) for name in ("first", "gone", "stays"))
    await asyncio.sleep(0)
    gone.cancel()
    await stays
    assert done == ["first", "stays"]
