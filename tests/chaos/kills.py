"""kill -9 at random points of a save, again and again: what was acknowledged is never lost, what is found is whole.

Run as a program, because it forks: importing everything anew for each life would take most of the time.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from app.store.protocol import Store, Stored
from app.store.redis import RedisStore
from app.store.sqlite import SqliteStore

DEADLINE_SECONDS = 10.0
PAYLOAD_BYTES = 200_000
"""As large as a real catalog's payload: many pages, so that a kill often falls between two of them."""
LONGEST_LIFE_SECONDS = 0.03
PATIENCE_SECONDS = 20.0


@dataclass(slots=True)
class Kills:
    """What came of it; `unacknowledged` counts snapshots that were saved though nobody was told any more."""

    lives: int = 0
    saves: int = 0
    unacknowledged: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def snapshot(generation: int) -> Stored:
    """Return what is saved as a generation; each byte of it depends on the generation."""
    return Stored(generation, f"snapshot-{generation}", Random(generation).randbytes(PAYLOAD_BYTES))


def kill_savers(opened: Callable[[], Store], lives: int, seed: int) -> Kills:
    """Let one process after the other save without end, kill each, and look at what it left."""
    random, kills, known, started = Random(seed), Kills(), 0, time.monotonic()
    for _ in range(lives):
        acknowledged = _one_life(opened, known, random.uniform(0, LONGEST_LIFE_SECONDS))
        found = asyncio.run(_found(opened))
        generation = found.generation if found else 0
        last = max(acknowledged, default=known)
        kills.lives += 1
        kills.saves += len(acknowledged)
        kills.unacknowledged += generation == last + 1
        if found is None or found != snapshot(generation):
            kills.wrong.append(f"life {kills.lives}: generation {generation} is torn or gone")
        if generation not in {last, last + 1}:
            kills.wrong.append(f"life {kills.lives}: generation {generation} is there, {last} was acknowledged")
        known = generation
    kills.seconds = time.monotonic() - started
    return kills


def _one_life(opened: Callable[[], Store], known: int, seconds: float) -> list[int]:
    """Return the generations that one process was told it had saved before it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with suppress(BaseException):
            os.close(reading)
            asyncio.run(_save_without_end(opened, known, writing))
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as acknowledged:
        first = acknowledged.readline()
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return [int(line) for line in (first + acknowledged.read()).split()]


async def _save_without_end(opened: Callable[[], Store], known: int, told: int) -> None:
    store = opened()
    for generation in itertools.count(known + 1):
        if await store.save(snapshot(generation)):
            os.write(told, b"%d\n" % generation)


async def _found(opened: Callable[[], Store]) -> Stored | None:
    store = opened()
    found = await store.load()
    await store.close()
    return found


async def killed_savers(kind: str, where: str, lives: int, seed: int) -> Kills:
    """Do it in a process of its own, with a file's path or a Redis' URL."""
    arguments = ("-m", "tests.chaos.kills", kind, where, str(lives), str(seed))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    return Kills(**json.loads(told))


def main() -> None:
    """Print what came of it as JSON."""
    kind, where, lives, seed = sys.argv[1:]

    def opened() -> Store:
        if kind == "redis":
            return RedisStore(where, "kills", DEADLINE_SECONDS)
        return SqliteStore(Path(where), DEADLINE_SECONDS)

    print(json.dumps(asdict(kill_savers(opened, int(lives), int(seed)))))


if __name__ == "__main__":
    main()
