"""What can go wrong in a storm, and when: drawn from a seed, so that the same storm can be had again."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.simulator import Fault

LIES = (
    Fault.SHRUNK,
    Fault.EMPTY_LIST,
    Fault.ALL_ZERO_PRICES,
    Fault.MANY_BAD_RECORDS,
    Fault.TRUNCATED_WITH_LENGTH,
    Fault.UNAVAILABLE,
    Fault.RESET,
    Fault.HANG,
    Fault.HTML,
)


class Blow(StrEnum):
    """One kind of trouble; the words stand in the table."""

    KILL = "kill -9 of an instance"
    FREEZE = "SIGSTOP of an instance"
    LIE = "upstream lies or fails"
    REDIS_PAUSE = "CLIENT PAUSE of Redis"
    REDIS_FREEZE = "SIGSTOP of Redis"
    REDIS_RESTART = "kill -9 of Redis, back empty"
    REDIS_FLUSH = "FLUSHALL of Redis"
    FILE_LOCK = "file locked by another"


ALWAYS = frozenset({Blow.KILL, Blow.FREEZE, Blow.LIE})
PER_MINUTE = {
    Blow.KILL: 10,
    Blow.FREEZE: 10,
    Blow.LIE: 16,
    Blow.REDIS_PAUSE: 3,
    Blow.REDIS_FREEZE: 2,
    Blow.REDIS_RESTART: 3,
    Blow.REDIS_FLUSH: 2,
    Blow.FILE_LOCK: 6,
}
LONGEST_SECONDS = {
    Blow.KILL: 2.0,
    # Longer than the lease, so that a holder may wake up without it.
    Blow.FREEZE: 6.0,
    Blow.REDIS_PAUSE: 2.5,
    Blow.REDIS_FREEZE: 2.5,
    Blow.REDIS_RESTART: 2.0,
    Blow.FILE_LOCK: 2.0,
}


@dataclass(frozen=True, slots=True)
class Moment:
    """A blow that falls so many seconds after the start and lasts a while; `target` counts the instances."""

    at_seconds: float
    blow: Blow
    lasts_seconds: float
    target: int
    lie: Fault


def forecast(random: Random, seconds: float, members: int, blows: AbstractSet[Blow]) -> list[Moment]:
    """Draw a gust of these blows, in the order of time; each kind falls at least once."""
    rates = {blow: rate for blow, rate in PER_MINUTE.items() if blow in blows}
    drawn = [
        Moment(
            random.uniform(0, seconds),
            blow,
            random.uniform(0.2, 1) * LONGEST_SECONDS.get(blow, 0),
            random.randrange(members),
            random.choice(LIES),
        )
        for blow, rate in rates.items()
        for _ in range(max(1, round(rate * seconds / 60)))
    ]
    return sorted(drawn, key=lambda moment: moment.at_seconds)
