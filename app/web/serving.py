"""What request handlers need, as one object on `app.state`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from app.clock import Clock
from app.live import LivePages
from app.metrics import Metrics
from app.preference_keeper import PreferenceKeeper
from app.refresher import Refresher
from app.registry import Registry
from app.timetable import Timetable
from app.web.auth import Gate
from app.web.user_tokens import UserGate


@dataclass(slots=True)
class Serving:
    """The parts of a running application that handlers may use.

    `is_draining` turns true when the process was told to stop. `manual_refresh_at` holds the monotonic time of the
    last refresh by hand, for dry runs (True) and others (False) apart. `status_document` builds `/status`, `outcomes`
    gives the newest outcomes of refreshing, newest first. `has_upstream` says that OpenRouter is asked at all,
    `body_seconds` how long a request's body may take to come.
    """

    registry: Registry
    refresher: Refresher
    timetable: Timetable
    metrics: Metrics
    clock: Clock
    gate: Gate
    live: LivePages
    preferences: PreferenceKeeper
    user_gate: UserGate
    has_upstream: bool
    status_document: Callable[[], dict[str, Any]]
    outcomes: Callable[[], Sequence[Mapping[str, Any]]]
    cache_max_age_seconds: int
    cooldown_seconds: float
    body_seconds: float = 10.0
    is_draining: bool = False
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    manual_refresh_at: dict[bool, float] = field(default_factory=dict)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background and hold on to it until it is done."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


def serving_of(request: Request) -> Serving:
    """Return the application's one shared object."""
    serving: Serving = request.app.state.serving
    return serving
