"""Turns the crank: lease, fetch, judge, adopt, record.

Promises:

* Whatever goes wrong, what is published stays; a refusal is a normal outcome.
* One attempt at a time in this process; whoever asks meanwhile gets the same outcome.
* One upstream call per period across processes: the lease and the shared due time see to it.
* What is right is decided by the store's compare-and-set on the generation, not by the lease.
* Parsing, merging, indexing, compressing are the builder's; the event loop is not held.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from app.adoption import Adoption
from app.building.orders import Builder, Proposal, Proposing
from app.candidate import Rules
from app.catalog.diff import Diff
from app.catalog.snapshot import Origin
from app.clock import Clock
from app.dialects.native import timestamp
from app.journal import Journal
from app.last_read import LastRead
from app.local_files import LocalFiles
from app.memory import MANY_MODELS, let_go, settle, without_collections
from app.outcome import Outcome, Result, Trigger, first_catalog
from app.period import Period, unpack_period
from app.sources.protocol import Fetched, RecordSource, SourceError, UnmodifiedError
from app.store.protocol import Store, Stored, StoreError

log = structlog.get_logger("refresher")
# Over this share of the interval the rings of many instances are spread.
SPREAD_SHARE = 0.05
# How often a store that is busy is asked at the start, each time for as long as a call may take.
BOOT_TRIES = 5


def place_of(instance: str) -> float:
    """Return an instance's place among all, from 0 to 1; the same for the same name."""
    return zlib.crc32(instance.encode()) / 2**32


@dataclass(frozen=True, slots=True)
class RefreshOptions:
    """Who refreshes, how often, and by which rules.

    `place` from 0 to 1 is the instance's own; instances that lost sight of each other ring that much apart.
    """

    instance: str
    interval: timedelta
    lease_seconds: float
    rules: Rules
    place: float = 0.0


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One run of the crank."""

    trigger: Trigger
    started_at: datetime
    started: float
    is_dry_run: bool
    is_forced: bool


class Refresher:
    """Owns the way from the sources to the published snapshot."""

    def __init__(
        self,
        options: RefreshOptions,
        *,
        adoption: Adoption,
        builder: Builder,
        journal: Journal,
        store: Store,
        upstream: RecordSource | None,
        bootstrap: RecordSource | None,
        files: LocalFiles,
        clock: Clock,
        draw: random.Random | None = None,
    ) -> None:
        self._options = options
        self._adoption = adoption
        self._builder = builder
        self._journal = journal
        self._store = store
        self._upstream = upstream
        self._bootstrap = bootstrap
        self._files = files
        self._clock = clock
        self._draw = draw or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._running: asyncio.Task[Outcome] | None = None
        self._running_kind = (False, False, False)
        self._is_closed = False
        self._lease_holder: str | None = None
        self._lease_since = clock.now()
        self._last_read = LastRead()
        self.period = Period()

    @property
    def is_refreshing(self) -> bool:
        """Whether an attempt is under way in this process."""
        return self._running is not None and not self._running.done()

    @property
    def next_due_at(self) -> datetime:
        """When the schedule should ring next: within one interval, whatever the clock did meanwhile."""
        now, interval, period = self._clock.now(), self._options.interval, self.period
        due_at, latest = period.due_at or now + interval, now + interval
        # Only an ordinary period is spread: a back-off has a jitter, and a lease that may be a dead one's has no time.
        if period.checked_at is not None and due_at == period.checked_at + interval:
            spread = self._options.place * SPREAD_SHARE * interval
            due_at, latest = due_at + spread, latest + spread
        return min(max(due_at, now + timedelta(seconds=1)), latest)

    @property
    def seconds_until_probe(self) -> float:
        """How long to leave upstream to the schedule, because it failed too often in a row; 0 when it did not."""
        if not self.period.is_circuit_open:
            return 0.0
        return (self.next_due_at - self._clock.now()).total_seconds()

    def lease_document(self) -> dict[str, Any]:
        """Return what this instance knows of the lease, as JSON values."""
        return {
            "state": "held" if self._lease_holder else "free",
            "since": timestamp(self._lease_since),
            "holder": self._lease_holder,
            "seconds": self._options.lease_seconds,
        }

    async def look_at_lease(self) -> None:
        """Remember who refreshes now; raises StoreError."""
        owner = await self._store.lease_owner()
        holder = owner.rpartition(":")[0] if owner else None
        if holder != self._lease_holder:
            self._lease_holder, self._lease_since = holder, self._clock.now()

    async def boot(self) -> None:
        """Publish the best that is at hand without upstream: stored snapshot, bootstrap file, core models.

        Never raises for what is outside: a store or a file that fails is logged and passed over. What answers fast is
        left for `prerender_current`, so that the first answer does not wait for it.
        """
        # Who served a catalog before must not start with less because a sibling is writing just now.
        stored = await self._adoption.load(tries=BOOT_TRIES)
        if stored is not None and await self._adoption.publish_readable(stored, is_hurried=True):
            log.info("serving the stored catalog", models=self._adoption.listed_count, snapshot=stored.snapshot_id)
        elif not await self._boot_from_file():
            await self._adoption.adopt_unsaved(await self._local_proposal(None), is_hurried=True)
            self._files.merged()
            log.info("serving the core models until OpenRouter answers")
        await self.load_period()

    async def _boot_from_file(self) -> bool:
        if self._bootstrap is None:
            return False
        attempt = self._attempt(Trigger.BOOTSTRAP)
        try:
            fetched = await self._bootstrap.fetch()
        except SourceError as error:
            await self._journal.record(self._outcome(attempt, Result.FAILED, reason=str(error), kind=error.kind.value))
            return False
        proposal = await self._proposal(fetched, Origin.BOOTSTRAP)
        await self._adoption.adopt(proposal, fetched_at=None)
        self._files.merged()
        await self._journal.record(self._outcome(attempt, Result.UPDATED, **first_catalog(self._adoption.listed_count)))
        return True

    async def refresh(self, trigger: Trigger, *, is_dry_run: bool = False, is_forced: bool = False) -> Outcome:
        """Refresh now, or join an attempt of the same kind that is under way; raises only when it is cancelled."""
        # Who wants upstream asked must not be put off with a merge of local files.
        kind = (is_dry_run, is_forced, trigger is Trigger.LOCAL_FILES)
        while True:
            while self._running is not None and not self._running.done() and self._running_kind != kind:
                await asyncio.wait({self._running})
            if self._running is None or self._running.done():
                if self._is_closed:
                    raise asyncio.CancelledError
                attempt = self._attempt(trigger, is_dry_run=is_dry_run, is_forced=is_forced)
                self._running_kind = kind
                self._running = asyncio.create_task(self._run(attempt), name="refresh")
            outcome = await asyncio.shield(self._running)
            was_not_due = outcome.trigger is Trigger.SCHEDULE and outcome.result is Result.SKIPPED
            if not (was_not_due and trigger is Trigger.OPERATOR):
                return outcome

    async def close(self, timeout_seconds: float) -> None:
        """Stop an attempt that is under way and wait until it has let go of its lease."""
        self._is_closed = True
        running = self._running
        if running is None or running.done():
            return
        running.cancel()
        await asyncio.wait({running}, timeout=timeout_seconds)

    async def _run(self, attempt: _Attempt) -> Outcome:
        owner = f"{self._options.instance}:{attempt.started}"
        try:
            with without_collections():
                outcome = await self._leased(attempt, owner)
        except asyncio.CancelledError:
            reason = "the service stopped meanwhile"
            await self._journal.record(self._outcome(attempt, Result.FAILED, reason=reason))
            raise
        except Exception as error:
            # The schedule must outlive a defect; the traceback is in the log.
            log.exception("the refresh broke down")
            outcome = self._outcome(attempt, Result.FAILED, reason=f"internal error: {type(error).__name__}")
            await self._keep_period(self.period.failed(self._clock.now(), self._options.interval, None, self._draw))
        finally:
            with contextlib.suppress(StoreError):
                await self._store.release_lease(owner)
        await self._journal.record(outcome)
        if outcome.result is Result.UPDATED or outcome.counts.get("fetched", 0) > MANY_MODELS:
            await asyncio.to_thread(settle)
        return outcome

    async def _leased(self, attempt: _Attempt, owner: str) -> Outcome:
        try:
            is_ours = await self._store.acquire_lease(owner, self._options.lease_seconds)
        except StoreError:
            is_ours = True
        if not is_ours:
            # Soon enough to take over from an instance that died with the lease in its hands.
            soon = self._clock.now() + timedelta(seconds=min(15.0, self._options.lease_seconds / 2))
            self.period = replace(self.period, due_at=soon)
            left = await self._lease_seconds_left()
            reason = (
                "another instance is refreshing; its catalog is adopted as soon as it is there, and if it died, its "
                f"lease ends in {math.ceil(left)} s"
            )
            return self._outcome(attempt, Result.SKIPPED, reason=reason, retry_after_seconds=left)
        with contextlib.suppress(StoreError):
            await self._adoption.follow()
        await self.load_period()
        if attempt.trigger is Trigger.SCHEDULE and not self.period.is_due(self._clock.now(), self._options.interval):
            return self._outcome(attempt, Result.SKIPPED, reason=f"not due before {self.period.due_at}")
        if self._upstream is None or attempt.trigger is Trigger.LOCAL_FILES:
            return await self._merge_local_files(attempt)
        return await self._fetch(attempt, self._upstream)

    async def _lease_seconds_left(self) -> float:
        try:
            return await self._store.lease_seconds_left()
        except StoreError:
            return self._options.lease_seconds

    async def _fetch(self, attempt: _Attempt, upstream: RecordSource) -> Outcome:
        known = self._last_read.validator(self._adoption.current, self._clock.now())
        try:
            fetched = await upstream.fetch(None if attempt.is_forced or self._files.changed() else known)
        except UnmodifiedError:
            return await self._confirm(attempt)
        except SourceError as error:
            asked = error.retry_after_seconds
            if not attempt.is_dry_run:
                await self._keep_period(
                    self.period.failed(self._clock.now(), self._options.interval, asked, self._draw)
                )
            return self._outcome(
                attempt, Result.FAILED, reason=str(error), kind=error.kind.value, retry_after_seconds=asked
            )
        proposal = await self._proposal(fetched, Origin.UPSTREAM)
        validator = fetched.validator
        counts = {"fetched": len(fetched.records), "quarantined": len(proposal.quarantined)}
        if len(fetched.records) > MANY_MODELS:
            last = [fetched]
            del fetched
            await asyncio.to_thread(let_go, last)
        return await self._weigh(attempt, proposal, counts, validator)

    async def _confirm(self, attempt: _Attempt) -> Outcome:
        """Note that upstream was asked and still says what is served."""
        if not attempt.is_dry_run:
            await self._keep_period(self.period.confirmed(self._clock.now(), self._options.interval))
            await self._adoption.set_stale(False)
        return self._outcome(attempt, Result.UNCHANGED, diff=Diff())

    async def _weigh(
        self, attempt: _Attempt, proposal: Proposal, counts: dict[str, int], validator: str | None
    ) -> Outcome:
        """Adopt what was fetched, unless the guard refuses it or it changes nothing."""
        verdict = proposal.verdict
        about: dict[str, Any] = {
            "refusals": verdict.refusals,
            "warnings": verdict.warnings,
            "diff": proposal.diff,
            "counts": counts,
        }
        now, interval = self._clock.now(), self._options.interval
        if verdict.is_refused and not attempt.is_forced:
            if not attempt.is_dry_run:
                await self._keep_period(self.period.refused(now, interval, self._draw))
            reason = "; ".join(verdict.refusals) + "; POST /refresh?force=true accepts it all the same"
            return self._outcome(attempt, Result.REFUSED, reason=reason, **about)
        is_first = self._adoption.is_without_catalog
        result = Result.UPDATED if proposal.is_change else Result.UNCHANGED
        if attempt.is_dry_run:
            return self._outcome(attempt, result, **about)
        if proposal.is_change and not await self._adoption.adopt(proposal, fetched_at=now, is_stale=False):
            return self._outcome(attempt, Result.SKIPPED, reason="another instance was faster", **about)
        # Only now: after a refusal the answer that was refused must come again.
        self._last_read.keep(validator, self._adoption.current, now)
        self._files.merged()
        await self._keep_period(self.period.succeeded(now, interval, proposal.quarantined))
        await self._adoption.set_stale(False)
        return self._outcome(
            attempt, result, **about | (first_catalog(self._adoption.listed_count) if is_first else {})
        )

    async def _merge_local_files(self, attempt: _Attempt) -> Outcome:
        """Merge anew without a fetch: local files are all there is, or all that changed."""
        proposal = await self._local_proposal(self._adoption.last_good)
        result = Result.UPDATED if proposal.is_change else Result.UNCHANGED
        if attempt.is_dry_run:
            return self._outcome(attempt, result, diff=proposal.diff)
        if proposal.is_change:
            current = self._adoption.current
            fetched_at = current.fetched_at if current else None
            is_unsaved = current is None or current.generation == 0
            # Held here, it would be freed in one step, on the event loop.
            del current
            if proposal.origin is Origin.CORE and is_unsaved:
                await self._adoption.adopt_unsaved(proposal)
            elif not await self._adoption.adopt(proposal, fetched_at=fetched_at):
                return self._outcome(attempt, Result.SKIPPED, reason="another instance was faster")
        self._files.merged()
        return self._outcome(attempt, result, diff=proposal.diff)

    async def _proposal(self, fetched: Fetched, origin: Origin) -> Proposal:
        now = self._clock.now()
        order = Proposing(
            ingredients=await asyncio.to_thread(self._files.read),
            rules=self._options.rules,
            last_good=self._adoption.last_good,
            last_seen_at=self.period.checked_at or now,
            now=now,
            records=fetched.records,
            origin=origin,
        )
        return await self._builder.propose(order)

    async def _local_proposal(self, last_good: Stored | None) -> Proposal:
        now = self._clock.now()
        ingredients = await asyncio.to_thread(self._files.read)
        return await self._builder.propose(Proposing(ingredients, self._options.rules, last_good, now, now))

    async def load_period(self) -> None:
        """Take over what siblings did since, or give the store back what it lost; one that fails changes nothing."""
        with contextlib.suppress(StoreError):
            stored = unpack_period(await self._store.load_state())
            if self.period.is_ahead_of(stored, self._clock.now()):
                await self._store.save_state(self.period.packed())
            else:
                self.period = stored

    async def _keep_period(self, period: Period) -> None:
        self.period = period
        with contextlib.suppress(StoreError):
            await self._store.save_state(period.packed())

    def _attempt(self, trigger: Trigger, *, is_dry_run: bool = False, is_forced: bool = False) -> _Attempt:
        return _Attempt(trigger, self._clock.now(), self._clock.monotonic(), is_dry_run, is_forced)

    def _outcome(self, attempt: _Attempt, result: Result, **about: Any) -> Outcome:
        current = self._adoption.current
        return Outcome(
            result=result,
            trigger=attempt.trigger,
            started_at=attempt.started_at,
            seconds=self._clock.monotonic() - attempt.started,
            generation=current.generation if current else 0,
            snapshot_id=current.id if current else "",
            instance=self._options.instance,
            is_forced=attempt.is_forced,
            is_dry_run=attempt.is_dry_run,
            **about,
        )
