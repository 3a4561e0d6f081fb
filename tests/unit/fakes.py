"""Stand-ins that the tests pass instead of patching anything: a clock, a source, a store, and one whole instance."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from app.adoption import Adoption
from app.building.in_thread import ThreadBuilder
from app.building.orders import Builder
from app.candidate import Rules
from app.catalog.door import OPEN_DOOR
from app.catalog.guard import GuardLimits
from app.catalog.model import Model, Record, Route
from app.catalog.overrides import Overrides
from app.catalog.snapshot import Snapshot
from app.clock import Clock
from app.follower import Follower
from app.intake import Intake
from app.journal import Journal
from app.lease import Lease
from app.local_files import LocalFiles
from app.metrics import Metrics
from app.outcome import Outcome, Trigger
from app.published import Published, RenderingBounds
from app.readings import Readings
from app.refresher import Refresher
from app.registry import Registry
from app.sources.core import CoreModels
from app.sources.last_valid import LastValid
from app.sources.protocol import Fetched, SourceError, UnmodifiedError
from app.store.protocol import OUTCOMES_KEPT, Head, Store, Stored, StoreError, StoreHealth
from app.targets import list_digest
from app.timetable import Timetable
from tests.simulator import make_record

START = datetime(2026, 8, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class FakeClock:
    """A clock that moves only when it is told to; `jump` moves the wall alone, as somebody who sets it does."""

    def __init__(self) -> None:
        self._now = START
        self._monotonic = 1_000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, passed: timedelta) -> None:
        """Let time pass."""
        self._now += passed
        self._monotonic += passed.total_seconds()

    def jump(self, by: timedelta) -> None:
        """Set the wall clock."""
        self._now += by


class FakeSource:
    """A source that gives `records`, or raises `error`; `hold` keeps every fetch waiting until `release`.

    `validator` is what it calls its records; `asked_with` holds the validators that it was given.
    """

    def __init__(self, records: Sequence[Record] = (), *, error: Exception | None = None, name: str = "fake") -> None:
        self.records = tuple(records)
        self.error = error
        self.calls = 0
        self.validator: str | None = None
        self.asked_with: list[str | None] = []
        self.is_closed = False
        self._name = name
        self._open = asyncio.Event()
        self._open.set()

    @property
    def name(self) -> str:
        return self._name

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    async def fetch(self, validator: str | None = None, /) -> Fetched:
        self.calls += 1
        self.asked_with.append(validator)
        await self._open.wait()
        if self.error is not None:
            raise self.error
        if validator is not None and validator == self.validator:
            raise UnmodifiedError
        return Fetched(self.records, wire_bytes=1, validator=self.validator)

    async def close(self) -> None:
        self.is_closed = True


@dataclass
class Shelf:
    """What several MemoryStores share, as several processes share one server."""

    stored: Stored | None = None
    state: bytes | None = None
    lease: tuple[str, float] | None = None
    outcomes: deque[bytes] = field(default_factory=lambda: deque(maxlen=OUTCOMES_KEPT))


class MemoryStore:
    """A Store in memory.

    `fails` holds the operations that fail now, `{"*"}` for all of them; `is_busy` says that they do for want of time.
    `before` is called with each operation's name before it is done, so that a test can act as a sibling who is faster.
    """

    def __init__(self, shelf: Shelf | None = None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.shelf = Shelf() if shelf is None else shelf
        self.fails: set[str] = set()
        self.is_busy = False
        self.calls: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.before: Callable[[str], None] = lambda _: None
        self._monotonic = monotonic
        self._last_error: str | None = None

    @property
    def name(self) -> str:
        return "memory"

    async def load(self) -> Stored | None:
        await self._reach("load")
        return self.shelf.stored

    async def head(self) -> Head | None:
        await self._reach("head")
        stored = self.shelf.stored
        return Head(stored.generation, stored.snapshot_id) if stored else None

    async def save(self, stored: Stored) -> bool:
        await self._reach("save")
        if self.shelf.stored is not None and self.shelf.stored.generation >= stored.generation:
            return False
        self.shelf.stored = stored
        return True

    async def acquire_lease(self, owner: str, ttl_seconds: float) -> bool:
        await self._reach("acquire_lease")
        if self._owner() not in {None, owner}:
            return False
        self.shelf.lease = (owner, self._monotonic() + ttl_seconds)
        return True

    async def release_lease(self, owner: str) -> None:
        await self._reach("release_lease")
        if self._owner() == owner:
            self.shelf.lease = None

    async def lease_owner(self) -> str | None:
        await self._reach("lease_owner")
        return self._owner()

    async def lease_seconds_left(self) -> float:
        await self._reach("lease_seconds_left")
        return self.shelf.lease[1] - self._monotonic() if self._owner() and self.shelf.lease else 0.0

    async def load_state(self) -> bytes | None:
        await self._reach("load_state")
        return self.shelf.state

    async def save_state(self, state: bytes) -> None:
        await self._reach("save_state")
        self.shelf.state = state

    async def append_outcome(self, outcome: bytes) -> None:
        await self._reach("append_outcome")
        self.shelf.outcomes.appendleft(outcome)

    async def outcomes(self) -> Sequence[bytes]:
        await self._reach("outcomes")
        return tuple(self.shelf.outcomes)

    def health(self) -> Sequence[StoreHealth]:
        return (
            StoreHealth(self.name, not self.fails, "2026-01-01T00:00:00Z", self._last_error, errors=dict(self.errors)),
        )

    async def close(self) -> None:
        self.fails = {"*"}

    async def _reach(self, operation: str) -> None:
        # A real store is awaited: others get their turn.
        await asyncio.sleep(0)
        self.before(operation)
        self.calls[operation] += 1
        if self.fails & {operation, "*"}:
            error = StoreError(self.name, operation, "it is switched off", is_busy=self.is_busy)
            self._last_error = str(error)
            self.errors[operation] += 1
            raise error

    def _owner(self) -> str | None:
        if self.shelf.lease is None or self._monotonic() >= self.shelf.lease[1]:
            return None
        return self.shelf.lease[0]


def core_model(model_id: str = "openai/gpt-core", **fields: Any) -> Model:
    """Return a core model that its maker serves."""
    author, _, slug = model_id.partition("/")
    route = Route(author, "core", slug, f"https://{author}.example/v1")
    return Model(id=model_id, name=slug, author=author, provider=author, routes=(route,), sources=("core",), **fields)


def core_models(*models: Model) -> CoreModels:
    """Return the contents of a core file."""
    return CoreModels(models, MappingProxyType({"openai": "OpenAI"}), MappingProxyType({}), date(2026, 8, 1), "core")


def local_files(
    *, core: Sequence[Model] | None = None, overrides: LastValid[Overrides] | None = None, delisted_days: int = 90
) -> LocalFiles:
    """Return local files whose core models never change."""
    written = core_models(*(core if core is not None else (core_model(), core_model("anthropic/claude-core"))))
    return LocalFiles(LastValid(lambda: written, written), overrides, door=OPEN_DOOR, delisted_days=delisted_days)


def catalog(count: int = 12, **changes: Any) -> tuple[dict[str, Any], ...]:
    """Return `count` plain records; `changes` replace keys in each of them."""
    return tuple(make_record(f"maker-{number % 3}/model-{number}", **changes) for number in range(count))


LIMITS = GuardLimits(min_models=5)


class Instance:
    """Everything that one process has between its sources and its readers, over fakes.

    `real_clock` ticks in place of the fake one where a test needs the scheduler, which reads the machine's.
    """

    def __init__(
        self,
        *,
        store: Store | None = None,
        upstream: FakeSource | None = None,
        bootstrap: FakeSource | None = None,
        files: LocalFiles | None = None,
        clock: FakeClock | None = None,
        real_clock: Clock | None = None,
        name: str = "one",
        interval: timedelta = HOUR,
        lease_seconds: float = 120,
        has_upstream: bool = True,
        seed: int = 1,
        place: float = 0.0,
        bounds: RenderingBounds | None = None,
        builder: Builder | None = None,
        litellm_base_map: Callable[[], Mapping[str, Any] | None] = lambda: None,
    ) -> None:
        self.clock = clock or FakeClock()
        ticking = real_clock or self.clock
        self.memory = store if isinstance(store, MemoryStore) else MemoryStore(monotonic=ticking.monotonic)
        self.store: Store = store or self.memory
        self.upstream = upstream or FakeSource(catalog())
        self.files = files or local_files()
        self.metrics = Metrics()
        self.registry = Registry()
        self.builder = builder or ThreadBuilder()
        self.adoption = Adoption(
            registry=self.registry,
            store=self.store,
            builder=self.builder,
            clock=ticking,
            metrics=self.metrics,
            bounds=bounds or RenderingBounds(),
            litellm_base_map=litellm_base_map,
        )
        self.journal = Journal(self.store, self.metrics)
        self.timetable = Timetable(self.store, ticking, interval, place=place, draw=random.Random(seed))
        self.lease = Lease(self.store, ticking, lease_seconds)
        self.refresher = Refresher(
            name,
            adoption=self.adoption,
            intake=Intake(
                Rules(LIMITS, "https://openrouter.example/api/v1"),
                adoption=self.adoption,
                builder=self.builder,
                files=self.files,
                timetable=self.timetable,
                clock=ticking,
            ),
            timetable=self.timetable,
            lease=self.lease,
            journal=self.journal,
            upstream=self.upstream if has_upstream else None,
            bootstrap=bootstrap,
            clock=ticking,
        )
        self.follower = Follower(
            adoption=self.adoption,
            refresher=self.refresher,
            timetable=self.timetable,
            lease=self.lease,
            files=self.files,
            clock=ticking,
            interval=interval,
            has_upstream=has_upstream,
        )

        self.metrics.add(
            Readings(
                registry=self.registry,
                clock=ticking,
                period=lambda: self.timetable.period,
                stores=self.store.health,
            )
        )

    @property
    def published(self) -> Published:
        return self.registry.published

    @property
    def snapshot(self) -> Snapshot:
        return self.registry.published.snapshot

    @property
    def etag(self) -> str:
        """The ETag of the whole list, as `/models` answers it."""
        digest = list_digest(self.published, b"/models")
        prepared = self.published.targets.get(b"/models")
        # One that booted in a hurry has none prepared yet, and will give the same.
        assert prepared is None or prepared.rendering.digest == digest
        return f'"{digest}"'

    @property
    def ids(self) -> set[str]:
        """The ids that are listed now."""
        return {model.id for model in self.snapshot.models if model.is_listed}

    async def ring(self) -> Outcome:
        """Refresh as the schedule does."""
        return await self.refresher.refresh(Trigger.SCHEDULE)

    async def ask(self, *, is_dry_run: bool = False, is_forced: bool = False) -> Outcome:
        """Refresh as an operator does."""
        return await self.refresher.refresh(Trigger.OPERATOR, is_dry_run=is_dry_run, is_forced=is_forced)

    async def look(self) -> None:
        """Let the follower look once, and finish what it started."""
        await self.follower.look()
        if self.follower._merging is not None:
            await self.follower._merging

    def count(self, metric: str, **labels: str) -> float:
        """Return the value of a metric."""
        return self.metrics.registry.get_sample_value(metric, labels) or 0.0


def failing(kind: Any, message: str = "it went wrong", **about: Any) -> SourceError:
    """Return the error of a source."""
    return SourceError(kind, message, **about)


def prices(records: Sequence[Mapping[str, Any]], prompt: str) -> tuple[dict[str, Any], ...]:
    """Return the records with another input price."""
    return tuple({**record, "pricing": {**record["pricing"], "prompt": prompt}} for record in records)
