"""Somebody who reads from one instance without end and judges every answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from time import monotonic

import orjson

from tests.chaos.fleet import Member
from tests.chaos.line import Answer, Line

# Nobody promises how fast a machine is that others use, too; a read fails when it is refused, cut or never answered.
PATIENCE_SECONDS = 15.0
PAUSE_SECONDS = 0.01
MIN_SNAPSHOT_SHARE = 0.05
PATHS = (
    "/models",
    "/models?limit=5",
    "/models?format=frontend",
    "/models/search?q=gpt",
    "/models/categories",
    "/api/v1/models",
    "/v1/models",
)


@dataclass(slots=True)
class Tally:
    """What all readers saw together.

    `cut` counts reads that ended because we killed or froze whoever was answering. `told` is the newest snapshot that
    anybody was told of. `least_models` is how many models every honest catalog holds.
    """

    least_models: int
    reads: int = 0
    cut: int = 0
    not_here_yet: int = 0
    failed: list[str] = field(default_factory=list)
    regressions: list[str] = field(default_factory=list)
    told: str = "0-000000000000"


def generation_of(snapshot_id: str) -> int:
    """Return the number in front of a snapshot's hash."""
    return int(snapshot_id.partition("-")[0])


class Reader:
    """Reads from one member while it is up."""

    def __init__(self, member: Member, tally: Tally, random: Random) -> None:
        self._member = member
        self._tally = tally
        self._random = random
        self._line = Line()

    async def read_until(self, is_over: asyncio.Event) -> None:
        """Read, with a breath after each, until it is over."""
        try:
            while not is_over.is_set():
                if self._member.is_up.is_set():
                    await self._read()
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._line.close()

    async def _read(self) -> None:
        member, tally = self._member, self._tally
        upheavals, floor, started = member.upheavals, member.generation, monotonic()
        target, wanted = self._random.choice(PATHS), ""
        if self._random.random() < MIN_SNAPSHOT_SHARE:
            wanted = tally.told
            target += f"{'&' if '?' in target else '?'}min_snapshot={wanted}"
        try:
            answer = await self._line.ask(member.port, "GET", target, PATIENCE_SECONDS)
        except (OSError, EOFError, TimeoutError) as error:
            if member.upheavals == upheavals:
                self._fail(target, f"{type(error).__name__} after {monotonic() - started:.1f} s")
            else:
                tally.cut += 1
            return
        tally.reads += 1
        if answer.status == 412 and wanted:
            tally.not_here_yet += 1
        elif answer.status != 200:
            self._fail(target, f"{answer.status} {answer.body[:200]!r}")
        else:
            self._judge(target, answer, floor, wanted)

    def _judge(self, target: str, answer: Answer, floor: int, wanted: str) -> None:
        member, tally = self._member, self._tally
        served = answer.headers["x-catalog-snapshot"]
        generation = generation_of(served)
        if generation < floor:
            self._regress(target, f"{served} after generation {floor}")
        if wanted and served != wanted and generation <= generation_of(wanted):
            self._regress(target, f"{served} to who asked for {wanted}")
        document = orjson.loads(answer.body)
        if target.startswith("/models?limit"):
            if document["snapshot"] != served:
                self._fail(target, f"the head says {served}, the body {document['snapshot']}")
            if document["total"] < tally.least_models:
                self._fail(target, f"a lie of upstream's is served: {document['total']} models in {served}")
        member.generation = max(member.generation, generation)
        if generation > generation_of(tally.told):
            tally.told = served

    def _fail(self, target: str, why: str) -> None:
        self._tally.failed.append(f"{self._member.process.folder.name} {target}: {why}")

    def _regress(self, target: str, why: str) -> None:
        self._tally.regressions.append(f"{self._member.process.folder.name} {target}: {why}")
