"""Short steps on the event loop: others run in between, and the result is the generator's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator

import pytest

from app.gradual import BETWEEN_PAUSES_SECONDS, at_once, gradually

pytestmark = pytest.mark.anyio


def counted(steps: int, seconds: float = 0.0) -> Generator[int, None, str]:
    """Take so many steps of so many seconds each."""
    for step in range(steps):
        time.sleep(seconds)
        yield step
    return f"{steps} steps"


def broken() -> Generator[None, None, str]:
    yield
    raise ValueError("the second step")


async def test_others_run_between_two_steps_when_a_pause_is_due() -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(count_turns())
    assert await gradually(counted(10, 2 * BETWEEN_PAUSES_SECONDS)) == "10 steps"
    others.cancel()
    assert turns >= 9


async def test_what_goes_wrong_in_a_step_gets_out() -> None:
    with pytest.raises(ValueError, match="second step"):
        await gradually(broken())


def test_whoever_has_a_thread_gets_the_result_at_once() -> None:
    assert at_once(counted(3)) == "3 steps"
    with pytest.raises(ValueError, match="second step"):
        at_once(broken())
