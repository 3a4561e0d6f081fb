"""An upstream whose catalog is another one at almost every fetch, and honest unless told to lie."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.simulator import Simulator, generate_catalog, make_record

MODELS = 80
MAX_NEW = 8
UNCHANGED_SHARE = 0.2


def restless_upstream(seed: int) -> Simulator:
    """Return an upstream that is not running yet."""
    records = generate_catalog(MODELS, seed)
    return Simulator(records, next_catalog=_restless(records, Random(seed)))


def _restless(records: list[dict[str, Any]], random: Random) -> Callable[[], list[dict[str, Any]] | None]:
    """Return what gives the next catalog: the same, or with another price, and a few models that come and go."""
    records = list(records)
    turn = 0

    def next_catalog() -> list[dict[str, Any]] | None:
        nonlocal turn
        turn += 1
        if random.random() < UNCHANGED_SHARE:
            return None
        priced = random.randrange(len(records))
        price = f"0.{turn:08}"
        records[priced] = {**records[priced], "pricing": {"prompt": price, "completion": price}}
        return [*records, *(make_record(f"new/model-{number}") for number in range(turn % MAX_NEW))]

    return next_catalog


def lists_asked_for(simulator: Simulator) -> int:
    """Return how often the model list was fetched."""
    return sum(request.target.partition("?")[0] == "/api/v1/models" for request in simulator.requests)
