"""Remembers, stores, counts and logs outcomes: the newest fifty, shared through the store."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import orjson
import structlog

from app.metrics import Metrics
from app.outcome import Outcome, Result, Trigger
from app.store.protocol import OUTCOMES_KEPT, Store, StoreError

log = structlog.get_logger("refresher")
_BAD = frozenset({Result.REFUSED, Result.FAILED})
# What `/status` reads from every entry.
_KEYS = frozenset({"outcome", "trigger", "started_at", "kind", "reason"})


class Journal:
    """The outcomes of refreshing; a failure that repeats itself is logged once."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._entries: deque[dict[str, Any]] = deque(maxlen=OUTCOMES_KEPT)
        self._last_bad: tuple[Result, str | None] | None = None

    @property
    def entries(self) -> Sequence[dict[str, Any]]:
        """The newest outcomes, newest first, as JSON values."""
        return tuple(self._entries)

    async def load(self) -> None:
        """Take over what was stored before this start; a store that can't be asked leaves the journal empty."""
        try:
            stored = await self._store.outcomes()
        except StoreError:
            return
        for entry in stored:
            try:
                document = orjson.loads(entry)
            except orjson.JSONDecodeError:
                continue
            if isinstance(document, dict) and document.keys() >= _KEYS:
                self._entries.append(document)

    async def record(self, outcome: Outcome) -> None:
        """Keep an outcome; a dry run is only counted."""
        self._metrics.refreshes.labels(outcome.result.value, outcome.trigger.value).inc()
        self._metrics.refresh_seconds.observe(outcome.seconds)
        if outcome.is_dry_run:
            log.info("dry run", outcome=outcome.result.value, reason=outcome.reason)
            return
        self._log(outcome)
        self._entries.appendleft(outcome.document(with_diff=False))
        with suppress(StoreError):
            await self._store.append_outcome(outcome.stored())

    def _log(self, outcome: Outcome) -> None:
        if outcome.result in _BAD:
            bad = (outcome.result, outcome.kind or outcome.reason)
            if bad != self._last_bad:
                log.warning("the last good catalog stays", outcome=outcome.result.value, reason=outcome.reason)
            self._last_bad = bad
            return
        if outcome.result is Result.SKIPPED:
            log.debug("refresh skipped", reason=outcome.reason)
            return
        # A merge of local files says nothing about upstream.
        if self._last_bad is not None and outcome.trigger is not Trigger.LOCAL_FILES:
            log.info("refreshing works again")
            self._last_bad = None
        changes = outcome.diff.counts() if outcome.diff else {}
        log.info(
            "refreshed",
            outcome=outcome.result.value,
            trigger=outcome.trigger.value,
            forced=outcome.is_forced,
            **{name: count for name, count in changes.items() if count},
            **({"first_models": outcome.first_models} if outcome.first_models is not None else {}),
            seconds=round(outcome.seconds, 2),
            snapshot=outcome.snapshot_id,
        )
        for warning in outcome.warnings:
            log.warning("the guard warns", reason=warning)
