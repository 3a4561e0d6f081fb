"""Takes catalogs in: from upstream, from a bootstrap file, from local files alone; weighs them and has them adopted.

Whatever goes wrong, what is published stays. Parsing, merging, indexing, compressing are the builder's; the event
loop is not held.
"""

from __future__ import annotations

import asyncio
from typing import Any

from app.adoption import Adoption
from app.attempt import Attempt
from app.building.orders import Builder, Proposal, Proposing
from app.candidate import Rules
from app.catalog.diff import Diff
from app.catalog.snapshot import Origin
from app.clock import Clock
from app.last_read import LastRead
from app.local_files import LocalFiles
from app.memory import MANY_MODELS, let_go
from app.outcome import Outcome, Result, first_catalog
from app.sources.protocol import Fetched, RecordSource, SourceError, UnmodifiedError
from app.store.protocol import Stored
from app.timetable import Timetable


class Intake:
    """The way of one catalog from where it comes from to what is published, and what came of it."""

    def __init__(
        self,
        rules: Rules,
        *,
        adoption: Adoption,
        builder: Builder,
        files: LocalFiles,
        timetable: Timetable,
        clock: Clock,
    ) -> None:
        self._rules = rules
        self._adoption = adoption
        self._builder = builder
        self._files = files
        self._timetable = timetable
        self._clock = clock
        self._last_read = LastRead()

    async def serve_core_models(self) -> None:
        """Serve what local files hold, until something better is known."""
        await self._adoption.adopt_unsaved(await self._local_proposal(None), is_hurried=True)
        self._files.merged()

    async def take_bootstrap(self, attempt: Attempt, bootstrap: RecordSource) -> Outcome:
        """Adopt the catalog of a bootstrap file."""
        try:
            fetched = await bootstrap.fetch()
        except SourceError as error:
            return self._failed(attempt, error)
        proposal = await self._proposal(fetched, Origin.BOOTSTRAP)
        await self._adoption.adopt(proposal, fetched_at=None)
        self._files.merged()
        return self._outcome(attempt, Result.UPDATED, **first_catalog(self._adoption.listed_count))

    async def fetch(self, attempt: Attempt, upstream: RecordSource) -> Outcome:
        """Ask upstream, and adopt what it gives, unless the guard refuses it or it changes nothing."""
        known = self._last_read.validator(self._adoption.current, self._clock.now())
        try:
            fetched = await upstream.fetch(None if attempt.is_forced or self._files.changed() else known)
        except UnmodifiedError:
            return await self._confirm(attempt)
        except SourceError as error:
            if not attempt.is_dry_run:
                await self._timetable.failed(error.retry_after_seconds)
            return self._failed(attempt, error, retry_after_seconds=error.retry_after_seconds)
        proposal = await self._proposal(fetched, Origin.UPSTREAM)
        validator = fetched.validator
        counts = {"fetched": len(fetched.records), "quarantined": len(proposal.quarantined)}
        if len(fetched.records) > MANY_MODELS:
            last = [fetched]
            del fetched
            await asyncio.to_thread(let_go, last)
        return await self._weigh(attempt, proposal, counts, validator)

    async def _confirm(self, attempt: Attempt) -> Outcome:
        """Note that upstream was asked and still says what is served."""
        if not attempt.is_dry_run:
            await self._timetable.confirmed()
            await self._adoption.set_stale(False)
        return self._outcome(attempt, Result.UNCHANGED, diff=Diff())

    async def _weigh(
        self, attempt: Attempt, proposal: Proposal, counts: dict[str, int], validator: str | None
    ) -> Outcome:
        verdict = proposal.verdict
        about: dict[str, Any] = {
            "refusals": verdict.refusals,
            "warnings": verdict.warnings,
            "diff": proposal.diff,
            "counts": counts,
        }
        if verdict.is_refused and not attempt.is_forced:
            if not attempt.is_dry_run:
                await self._timetable.refused()
            reason = "; ".join(verdict.refusals) + "; POST /refresh?force=true accepts it all the same"
            return self._outcome(attempt, Result.REFUSED, reason=reason, **about)
        is_first = self._adoption.is_without_catalog
        result = Result.UPDATED if proposal.is_change else Result.UNCHANGED
        if attempt.is_dry_run:
            return self._outcome(attempt, result, **about)
        now = self._clock.now()
        if proposal.is_change and not await self._adoption.adopt(proposal, fetched_at=now, is_stale=False):
            return self._outcome(attempt, Result.SKIPPED, reason="another instance was faster", **about)
        # Only now: after a refusal the answer that was refused must come again.
        self._last_read.keep(validator, self._adoption.current, now)
        self._files.merged()
        await self._timetable.succeeded(now, proposal.quarantined)
        await self._adoption.set_stale(False)
        return self._outcome(
            attempt, result, **about | (first_catalog(self._adoption.listed_count) if is_first else {})
        )

    async def merge_local_files(self, attempt: Attempt) -> Outcome:
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
            rules=self._rules,
            last_good=self._adoption.last_good,
            last_seen_at=self._timetable.period.checked_at or now,
            now=now,
            records=fetched.records,
            origin=origin,
        )
        return await self._builder.propose(order)

    async def _local_proposal(self, last_good: Stored | None) -> Proposal:
        now = self._clock.now()
        ingredients = await asyncio.to_thread(self._files.read)
        return await self._builder.propose(Proposing(ingredients, self._rules, last_good, now, now))

    def _failed(self, attempt: Attempt, error: SourceError, **about: Any) -> Outcome:
        return self._outcome(attempt, Result.FAILED, reason=str(error), kind=error.kind.value, **about)

    def _outcome(self, attempt: Attempt, result: Result, **about: Any) -> Outcome:
        return attempt.outcome(result, self._adoption.current, **about)
