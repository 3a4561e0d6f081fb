"""Turns the crank: one attempt at a time, under the lease, recorded.

Promises:

* Whatever goes wrong, what is published stays; a refusal is a normal outcome.
* One attempt at a time in this process; whoever asks meanwhile gets the same outcome.
* One upstream call per period across processes: the lease and the shared due time see to it.
* What is right is decided by the store's compare-and-set on the generation, not by the lease.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import Any

import structlog

from app.adoption import Adoption
from app.attempt import Attempt
from app.building.orders import BuilderLostError
from app.clock import Clock
from app.intake import Intake
from app.journal import Journal
from app.lease import Lease
from app.memory import MANY_MODELS, settle, without_collections
from app.outcome import BUILDER_LOST, Outcome, Result, Trigger
from app.sources.protocol import RecordSource
from app.store.protocol import StoreError
from app.timetable import Timetable

log = structlog.get_logger("refresher")
# How often a store that is busy is asked at the start, each time for as long as a call may take.
BOOT_TRIES = 5


class Refresher:
    """Decides when an attempt may run, and sees to it that every one is recorded."""

    def __init__(
        self,
        instance: str,
        *,
        adoption: Adoption,
        intake: Intake,
        timetable: Timetable,
        lease: Lease,
        journal: Journal,
        upstream: RecordSource | None,
        bootstrap: RecordSource | None,
        clock: Clock,
    ) -> None:
        self._instance = instance
        self._adoption = adoption
        self._intake = intake
        self._timetable = timetable
        self._lease = lease
        self._journal = journal
        self._upstream = upstream
        self._bootstrap = bootstrap
        self._clock = clock
        self._running: asyncio.Task[Outcome] | None = None
        self._running_kind = (False, False, False)
        self._is_closed = False
        self._bootstrapped: Outcome | None = None

    @property
    def bootstrapped(self) -> Outcome | None:
        """What came of the bootstrap file at the start; None where there is none, or what was stored is served."""
        return self._bootstrapped

    @property
    def is_refreshing(self) -> bool:
        """Whether an attempt is under way in this process."""
        return self._running is not None and not self._running.done()

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
            await self._intake.serve_core_models()
            how = "until OpenRouter answers" if self._upstream else "alone, as OPENROUTER_ENABLED is off"
            log.info("serving the core models", how=how)
        await self._timetable.load()

    async def _boot_from_file(self) -> bool:
        if self._bootstrap is None:
            return False
        attempt = Attempt.begin(Trigger.BOOTSTRAP, self._instance, self._clock)
        self._bootstrapped = outcome = await self._intake.take_bootstrap(attempt, self._bootstrap)
        await self._journal.record(outcome)
        return outcome.result is Result.UPDATED

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
                attempt = Attempt.begin(
                    trigger, self._instance, self._clock, is_dry_run=is_dry_run, is_forced=is_forced
                )
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

    async def _run(self, attempt: Attempt) -> Outcome:
        try:
            with without_collections():
                outcome = await self._leased(attempt)
        except asyncio.CancelledError:
            await self._journal.record(self._outcome(attempt, Result.FAILED, reason="the service stopped meanwhile"))
            raise
        except BuilderLostError as error:
            # For want of memory above all: tried again, less and less often, and not held against upstream.
            if not attempt.is_dry_run and attempt.trigger is not Trigger.LOCAL_FILES:
                await self._timetable.refused()
            reason = f"the catalog was not built: {error}"
            outcome = self._outcome(attempt, Result.FAILED, reason=reason, kind=BUILDER_LOST)
        except Exception as error:
            # The schedule must outlive a defect; the traceback is in the log.
            log.exception("the refresh broke down")
            outcome = self._outcome(attempt, Result.FAILED, reason=f"internal error: {type(error).__name__}")
            await self._timetable.failed()
        finally:
            await self._lease.release(attempt.owner)
        await self._journal.record(outcome)
        if outcome.result is Result.UPDATED or outcome.counts.get("fetched", 0) > MANY_MODELS:
            await self._adoption.gone()
            await asyncio.to_thread(settle)
        return outcome

    async def _leased(self, attempt: Attempt) -> Outcome:
        if not await self._lease.acquire(attempt.owner):
            # Soon enough to take over from an instance that died with the lease in its hands.
            self._timetable.look_again_in(min(15.0, self._lease.seconds / 2))
            left = await self._lease.seconds_left()
            reason = (
                "another instance is refreshing; its catalog is adopted as soon as it is there, and if it died, its "
                f"lease ends in {math.ceil(left)} s"
            )
            return self._outcome(attempt, Result.SKIPPED, reason=reason, retry_after_seconds=left)
        with contextlib.suppress(StoreError):
            await self._adoption.follow()
        await self._timetable.load()
        if attempt.trigger is Trigger.SCHEDULE and not self._timetable.is_due:
            reason = f"not due before {self._timetable.period.due_at}"
            return self._outcome(attempt, Result.SKIPPED, reason=reason)
        if self._upstream is None or attempt.trigger is Trigger.LOCAL_FILES:
            return await self._intake.merge_local_files(attempt)
        return await self._intake.fetch(attempt, self._upstream)

    def _outcome(self, attempt: Attempt, result: Result, **about: Any) -> Outcome:
        return attempt.outcome(result, self._adoption.current, **about)
