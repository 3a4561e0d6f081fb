"""The storm: real instances on one store, a restless upstream, readers who judge every answer, and blows.

It comes in gusts. After each comes a calm: whatever was broken runs again, and from then on every instance has to
serve the same snapshot within seconds, every store has to be reached, and a refresh by hand has to reach everybody.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

import orjson

from tests.chaos.blows import ALWAYS, Blow, forecast
from tests.chaos.fleet import Member, fleet
from tests.chaos.line import Line
from tests.chaos.reader import PATIENCE_SECONDS, Reader, Tally
from tests.chaos.shared_stores import SharedStore, shared_store
from tests.chaos.upstream import MODELS, lists_asked_for, restless_upstream
from tests.chaos.weather import Weather
from tests.simulator import Simulator

AGREE_SECONDS = 5.0
LEASE_SECONDS = 5.0
FETCH_SECONDS = 3.0
PERIOD_SECONDS = 10.0
# A schedule that rings up to a tenth early still counts as on time.
SHORTEST_PERIOD_SECONDS = 0.9 * PERIOD_SECONDS
# A dead holder's lease, then the back-off of a failure, both at their longest; and a busy machine.
WORKS_AGAIN_SECONDS = LEASE_SECONDS + PERIOD_SECONDS + 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how hard, and drawn from which seed."""

    seed: int
    gusts: int
    gust_seconds: float
    triggers: int
    is_on_redis: bool = True
    members: int = 4
    readers_each: int = 2


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a storm; `calls_allowed` is the most that the promise of one call per period leaves room for."""

    plan: Plan
    store: str
    seconds: float
    tally: Tally
    blows: Counter[str]
    triggers: Counter[str]
    calls: int
    calls_allowed: int
    lives: int
    start_seconds: list[float]
    agree_seconds: list[float]
    works_again_seconds: list[float]
    spread_seconds: list[float]
    troubles: list[str]

    @property
    def broken_promises(self) -> list[str]:
        """Return every promise that did not hold, in words."""
        slow = [f"{seconds:.1f} s until all agreed" for seconds in self.agree_seconds if seconds > AGREE_SECONDS]
        slow += [
            f"{seconds:.1f} s until all had a refresh" for seconds in self.spread_seconds if seconds > AGREE_SECONDS
        ]
        calls = [f"{self.calls} upstream calls of {self.calls_allowed}"] if self.calls > self.calls_allowed else []
        return [*self.tally.failed, *self.tally.regressions, *slow, *calls, *self.troubles]


class Storm:
    """One storm, from the first start to the last calm."""

    def __init__(self, plan: Plan, folder: Path, store: SharedStore, simulator: Simulator) -> None:
        self._plan = plan
        # The storm is drawn from one, so that it is the same again however often a calm asks the other.
        self._random, self._luck = Random(plan.seed), Random(plan.seed)
        self._store = store
        self._simulator = simulator
        settings = {
            "OPENROUTER_BASE_URL": simulator.base_url,
            **store.settings,
            "LEASE_SECONDS": f"{LEASE_SECONDS:g}",
            "FETCH_DEADLINE_SECONDS": f"{FETCH_SECONDS:g}",
            "FETCH_ATTEMPTS": "1",
            "FOLLOW_SECONDS": "2",
        }
        self._members = fleet(folder, plan.members, PERIOD_SECONDS, settings)
        self._weather = Weather(self._members, store, simulator)
        self._tally = Tally(least_models=MODELS)
        self._triggers: Counter[str] = Counter()
        self._agree_seconds: list[float] = []
        self._works_again_seconds: list[float] = []
        self._spread_seconds: list[float] = []
        self._troubles: list[str] = []

    async def run(self) -> Report:
        """Let it rage and return what came of it."""
        started = time.monotonic()
        is_over = asyncio.Event()
        try:
            await asyncio.gather(*(member.start() for member in self._members))
            await self._agree()
            readers = [
                Reader(member, self._tally, Random(self._random.random()))
                for member in self._members
                for _ in range(self._plan.readers_each)
            ]
            async with asyncio.TaskGroup() as tasks:
                for reader in readers:
                    tasks.create_task(reader.read_until(is_over))
                try:
                    for _ in range(self._plan.gusts):
                        await self._gust()
                        await self._calm()
                finally:
                    is_over.set()
        finally:
            for member in self._members:
                await member.process.kill()
        return self._report(time.monotonic() - started)

    async def _gust(self) -> None:
        blows = ALWAYS | self._store.blows
        moments = forecast(self._random, self._plan.gust_seconds, len(self._members), blows)
        share = math.ceil(self._plan.triggers / self._plan.gusts)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._weather.rage(moments))
            for _ in range(share):
                at = self._random.uniform(0, self._plan.gust_seconds)
                tasks.create_task(self._trigger_at(at, self._random.random()))

    async def _trigger_at(self, at_seconds: float, luck: float) -> None:
        await asyncio.sleep(at_seconds)
        alive = [member for member in self._members if member.is_up.is_set()] or self._members
        await self._trigger(alive[int(luck * len(alive))])

    async def _trigger(self, member: Member) -> str:
        """Refresh by hand; returns the outcome, or what came instead of one."""
        outcome = await self._outcome_of(member)
        self._triggers[outcome] += 1
        return outcome

    async def _outcome_of(self, member: Member) -> str:
        upheavals = member.upheavals
        line = Line()
        try:
            answer = await line.ask(member.port, "POST", "/refresh", 2 * PATIENCE_SECONDS)
        except (OSError, EOFError, TimeoutError) as error:
            if member.is_up.is_set() and member.upheavals == upheavals:
                self._troubles.append(f"a refresh by hand got no answer: {type(error).__name__}")
            return "cut by us"
        finally:
            line.close()
        document = orjson.loads(answer.body)
        outcome = str(document.get("outcome") or document["type"].rpartition(":")[2])
        if answer.status not in {200, 502, 503}:
            self._troubles.append(f"a refresh by hand got {answer.status}: {answer.body[:200]!r}")
        if outcome == "updated" and document["generation"] > int(self._tally.told.partition("-")[0]):
            self._tally.told = document["snapshot"]
        return outcome

    async def _calm(self) -> None:
        self._agree_seconds.append(await self._agree())
        started = time.monotonic()
        while (outcome := await self._trigger(self._luck.choice(self._members))) != "updated":
            if time.monotonic() - started > WORKS_AGAIN_SECONDS:
                self._troubles.append(f"no refresh by hand within {WORKS_AGAIN_SECONDS:g} s of calm: {outcome}")
                return
            await asyncio.sleep(0.5)
        self._works_again_seconds.append(time.monotonic() - started)
        self._spread_seconds.append(await self._agree())
        for member in self._members:
            status = await member.process.status()
            self._troubles += [
                f"{member.process.folder.name} has lost its {store['name']} store: {store['last_error']}"
                for store in status["stores"]
                if store["state"] != "valid"
            ]

    async def _agree(self) -> float:
        """Wait until everybody serves the same snapshot of upstream's; return the seconds, or too many."""
        started = time.monotonic()
        while True:
            served = [(await member.process.client.get("/readyz")).json() for member in self._members]
            seconds = time.monotonic() - started
            if len({one["snapshot"] for one in served}) == 1 and served[0]["state"] == "upstream":
                return seconds
            if seconds > 4 * AGREE_SECONDS:
                self._troubles.append(f"after {seconds:.0f} s of calm {[one['snapshot'] for one in served]} are served")
                return seconds
            await asyncio.sleep(0.05)

    def _report(self, seconds: float) -> Report:
        self._troubles += [
            f"{member.process.folder.name} wrote a traceback to its log"
            for member in self._members
            if "Traceback" in member.process.log
        ]
        lives = sum(member.lives for member in self._members)
        triggers = sum(self._triggers.values())
        periods = math.ceil(seconds / SHORTEST_PERIOD_SECONDS)
        # While the store fails they can't see each other, and each may find that a call is due.
        alone = len(self._members) * sum(
            count for blow, count in self._weather.fallen.items() if blow not in ALWAYS | {Blow.REDIS_FLUSH}
        )
        return Report(
            plan=self._plan,
            store=self._store.name,
            seconds=seconds,
            tally=self._tally,
            blows=Counter({blow.value: count for blow, count in self._weather.fallen.items()}),
            triggers=self._triggers,
            calls=lists_asked_for(self._simulator),
            calls_allowed=triggers + periods + alone + lives,
            lives=lives,
            start_seconds=[seconds for member in self._members for seconds in member.start_seconds],
            agree_seconds=self._agree_seconds,
            works_again_seconds=self._works_again_seconds,
            spread_seconds=self._spread_seconds,
            troubles=self._troubles,
        )


async def storm(plan: Plan, folder: Path) -> Report:
    """Run a storm in a folder of its own."""
    async with restless_upstream(plan.seed) as simulator:
        with shared_store(folder / "store", is_redis=plan.is_on_redis) as store:
            return await Storm(plan, folder, store, simulator).run()
