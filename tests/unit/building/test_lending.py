"""The event loop lends its core to a process that would starve, and to no other."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from app.building.lending import (
    CREDIT_SECONDS,
    IDLE_TURN_SECONDS,
    MOST_SECONDS,
    MOST_TURNS,
    REST_SECONDS,
    SHARE,
    TRIES,
    Lender,
    Lull,
    exact_sleep,
    lending,
)

TURN_SECONDS = 0.001


class Core:
    """A core that somebody uses without a pause, and a process that gets a share of what is left, or of everything."""

    def __init__(self, *, of_sleep: float = 0.0, of_all: float = 0.0) -> None:
        self.of_sleep = of_sleep
        self.of_all = of_all
        self.time = 100.0
        self.had = 5.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def cpu_seconds(self) -> float:
        return self.had

    def work(self, seconds: float) -> None:
        self.time += seconds
        self.had += seconds * self.of_all

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.work(seconds)
        self.had += seconds * self.of_sleep


def looks(core: Core, seconds: float, turn_seconds: float = TURN_SECONDS) -> list[bool]:
    """Return what a lender says at each turn of so many seconds."""
    lender = Lender(core.cpu_seconds, core.now, core.sleep)
    said = []
    ends_at = core.time + seconds
    while core.time < ends_at:
        core.work(turn_seconds)
        said.append(lender.look())
    return said


def test_a_process_that_starves_gets_its_share_and_is_said_to_get_on() -> None:
    core = Core(of_sleep=1.0)
    said = looks(core, 1.0)
    assert sum(core.slept) == pytest.approx(SHARE, rel=0.05)
    assert 8 <= sum(said) <= 10


def test_a_process_that_has_a_core_is_lent_none() -> None:
    core = Core(of_all=1.0)
    assert sum(looks(core, 1.0)) >= 8
    assert core.slept == []


def test_a_process_that_had_a_core_until_now_is_lent_none_for_a_moment() -> None:
    core = Core(of_all=1.0, of_sleep=1.0)
    lender = Lender(core.cpu_seconds, core.now, core.sleep)
    core.work(0.5)
    lender.look()
    assert lender.is_at_ease
    core.of_all = 0.0
    core.work(CREDIT_SECONDS / SHARE / 2)
    lender.look()
    assert core.slept == []
    core.work(CREDIT_SECONDS / SHARE)
    lender.look()
    assert core.slept == [MOST_SECONDS]
    assert not lender.is_at_ease


def test_nobody_sleeps_long_after_a_turn_that_took_long() -> None:
    core = Core(of_sleep=1.0)
    looks(core, 1.0, turn_seconds=0.05)
    assert max(core.slept) == MOST_SECONDS


def test_a_core_that_goes_to_somebody_else_is_not_lent_for_a_while() -> None:
    core = Core()
    said = looks(core, 1.0)
    assert not any(said)
    assert len(core.slept) <= TRIES * (1.0 / REST_SECONDS + 1)


def test_a_lull_is_a_turn_that_took_no_time() -> None:
    core = Core()
    lull = Lull(core.now)
    assert not lull.has_come(), "nothing is known of the turn before the first"
    core.work(10 * IDLE_TURN_SECONDS)
    assert not lull.has_come()
    core.work(IDLE_TURN_SECONDS / 2)
    assert lull.has_come()
    assert not Lull(core.now).has_come()


def test_a_lull_that_does_not_come_is_not_waited_for_for_long() -> None:
    core = Core()
    lull = Lull(core.now)
    said = []
    for _ in range(MOST_TURNS + 1):
        said.append(lull.has_come())
        core.work(10 * IDLE_TURN_SECONDS)
    assert said == [False] * MOST_TURNS + [True]


@pytest.mark.skipif(sys.platform != "linux", reason="how long others sleep beyond what they ask for is Linux's own")
def test_nobody_else_sleeps_as_exactly_as_whoever_lends() -> None:
    slack = Path("/proc/self/timerslack_ns")
    before = slack.read_text()
    exact_sleep(0.0001)
    assert slack.read_text() == before != "1\n"


@pytest.mark.anyio
async def test_lending_ends_with_the_process_and_with_the_block() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass")
    told = asyncio.Event()
    try:
        with lending(process.pid, told.set):
            await asyncio.wait_for(told.wait(), 20)
            process.kill()
            await process.wait()
            await asyncio.sleep(0.01)
        told.clear()
        with lending(process.pid, told.set):
            await asyncio.sleep(0.01)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert not told.is_set()
