"""The deadline of a store call, against work that does not want to end."""

from __future__ import annotations

import asyncio
import time

import anyio
import pytest

from app.store.deadline import Deadline

pytestmark = pytest.mark.anyio


async def test_work_that_is_done_in_time_returns_its_result() -> None:
    async def work() -> int:
        return 7

    assert await Deadline(1.0).hold(work()) == 7


async def test_an_error_of_the_work_reaches_the_caller() -> None:
    async def work() -> None:
        raise LookupError("not here")

    with pytest.raises(LookupError, match="not here"):
        await Deadline(1.0).hold(work())


async def test_work_that_swallows_its_cancellation_does_not_keep_the_caller() -> None:
    """On Python 3.11 `asyncio.wait_for` does this by accident."""
    deadline = Deadline(0.05)
    ended = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0.5)
            ended.append("late")
            raise LookupError("nobody listens") from None

    started = time.monotonic()
    with pytest.raises(TimeoutError, match=r"within 0\.05 s"):
        await deadline.hold(work())
    assert time.monotonic() - started < 0.4
    assert ended == []
    with anyio.fail_after(5):
        while not ended:
            await deadline.close()
    assert ended == ["late"]


async def test_a_cancelled_caller_takes_the_work_along() -> None:
    deadline = Deadline(60)
    cancelled = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    with anyio.move_on_after(0.02):
        await deadline.hold(work())
    await deadline.close()
    assert cancelled == [True]


async def test_a_caller_cancelled_before_the_work_began_leaves_nothing_behind() -> None:
    """Warnings are errors here: a coroutine that was never awaited would fail this test."""
    deadline = Deadline(60)

    async def work() -> None:
        await asyncio.sleep(60)

    with anyio.CancelScope() as scope:
        scope.cancel()
        await deadline.hold(work())
    await deadline.close()
