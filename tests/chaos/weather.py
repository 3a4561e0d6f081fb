"""Lets the blows of a storm fall, each at its time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from tests.chaos.blows import Blow, Moment
from tests.chaos.fleet import Member
from tests.chaos.shared_stores import SharedStore
from tests.simulator import Simulator


class Weather:
    """Hurts instances, their store and upstream, and sees to it that all of them work again when it is over."""

    def __init__(self, members: Sequence[Member], store: SharedStore, simulator: Simulator) -> None:
        self._members = members
        self._store = store
        self._simulator = simulator
        self._hurting_store = asyncio.Lock()
        self.fallen: Counter[Blow] = Counter()

    async def rage(self, moments: Sequence[Moment]) -> None:
        """Let all of them fall; done when the last one is over."""
        async with asyncio.TaskGroup() as tasks:
            for moment in moments:
                tasks.create_task(self._fall(moment))
        self._simulator.behave()

    async def _fall(self, moment: Moment) -> None:
        await asyncio.sleep(moment.at_seconds)
        self.fallen[moment.blow] += 1
        member = self._members[moment.target]
        match moment.blow:
            case Blow.KILL:
                await member.die(moment.lasts_seconds)
            case Blow.FREEZE:
                await member.freeze(moment.lasts_seconds)
            case Blow.LIE:
                self._simulator.misbehave(moment.lie, times=1)
            case blow:
                async with self._hurting_store:
                    await self._store.hurt(blow, moment.lasts_seconds)
