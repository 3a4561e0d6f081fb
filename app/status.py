"""The answer of `/status`: one honest document about snapshot, sources, store, lease and schedule.

Each dependency has a `state` (initializing, valid, interrupted, off), since when, and its last error, so that a
dashboard can tell a blip from an outage. No secret, no path, no URL with a password.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from app import __version__
from app.base_map import BaseMap
from app.catalog.index import Index
from app.catalog.snapshot import Origin
from app.clock import Clock
from app.dialects.compat import dialect_states
from app.dialects.native import timestamp
from app.dialects.table import DIALECTS
from app.journal import Journal
from app.lease import Lease
from app.local_files import LocalFiles
from app.outcome import BUILDER_LOST, Result
from app.refresher import Refresher
from app.registry import Registry
from app.store.protocol import StoreHealth
from app.timetable import Timetable

QUARANTINED_SHOWN = 50
WITHHELD_SHOWN = 50
OUTCOMES_SHOWN = 50


def _listed_by_source(index: Index) -> dict[str, int]:
    """Return how many models each source has something of; what is delisted no source has any more."""
    counts = {source: (mask & index.listed).bit_count() for source, mask in index.facets["source"].items()}
    return {source: count for source, count in counts.items() if count}


def _store_state(health: StoreHealth) -> str:
    if not health.is_available:
        return "interrupted"
    return "valid" if health.was_reached else "initializing"


class StatusReport:
    """Puts the document together from what everybody already knows; asks nothing over the network."""

    def __init__(
        self,
        *,
        instance: str,
        registry: Registry,
        refresher: Refresher,
        timetable: Timetable,
        lease: Lease,
        journal: Journal,
        stores: Callable[[], Sequence[StoreHealth]],
        files: LocalFiles,
        clock: Clock,
        next_refresh_at: Callable[[], datetime | None],
        upstream_host: str | None,
        base_map: BaseMap,
    ) -> None:
        self._instance = instance
        self._registry = registry
        self._refresher = refresher
        self._timetable = timetable
        self._lease = lease
        self._journal = journal
        self._store_health = stores
        self._files = files
        self._clock = clock
        self._next_refresh_at = next_refresh_at
        self._upstream_host = upstream_host
        self._base_map = base_map
        self._started_at = clock.now()

    def document(self) -> dict[str, Any]:
        """Return the state of everything as JSON values."""
        published = self._registry.current
        upstream = self._upstream()
        stores = self._stores()
        trouble = self._files.trouble()
        base_map = self._base_map.document()
        is_degraded = (
            published is None
            or published.is_stale
            or upstream["state"] == "interrupted"
            or self._has_lost_builder
            or any(store["state"] == "interrupted" for store in stores)
            or bool(trouble)
            or base_map["state"] == "interrupted"
            # Once upstream has answered, nothing of it is missed.
            or (self._has_failed_bootstrap and published.snapshot.contents.origin is Origin.CORE)
        )
        return {
            "status": "degraded" if is_degraded else "ok",
            "version": __version__,
            "instance": self._instance,
            "started_at": timestamp(self._started_at),
            "now": timestamp(self._clock.now()),
            "snapshot": self._snapshot(),
            "upstream": upstream,
            "sources": self._sources(upstream),
            "stores": stores,
            "local_files": [
                {
                    "source": file.source,
                    "reason": file.reason,
                    "since": timestamp(file.since),
                    "used_read_at": timestamp(file.used_read_at),
                }
                for file in trouble
            ],
            "refresh": {
                "is_running": self._refresher.is_refreshing,
                "last_checked_at": timestamp(self._timetable.period.checked_at),
                "next_at": timestamp(self._next_refresh_at()),
                "failures_in_a_row": self._timetable.period.failures,
                "lease": self._lease.document(),
            },
            "litellm_base_map": base_map,
            "dialects": self._dialects(),
            "outcomes": self._journal.entries[:OUTCOMES_SHOWN],
        }

    def _snapshot(self) -> dict[str, Any] | None:
        published = self._registry.current
        if published is None:
            return None
        snapshot = published.snapshot
        contents = snapshot.contents
        listed = published.index.listed.bit_count()
        period = self._timetable.period
        # A check that changed nothing may still have set records aside.
        quarantined, total = period.quarantined, period.quarantined_total
        if quarantined is None:
            quarantined, total = contents.quarantined, len(contents.quarantined)
        return {
            "id": snapshot.id,
            "generation": snapshot.generation,
            "origin": contents.origin.value,
            "models": listed,
            "delisted": len(snapshot.models) - listed,
            "sources": _listed_by_source(published.index),
            "updated_at": timestamp(snapshot.updated_at),
            "fetched_at": timestamp(snapshot.fetched_at),
            "age_seconds": self._age(self._checked_at()),
            "is_stale": published.is_stale,
            "held_back": dict(contents.held_back),
            "quarantined": [
                {"id": entry.record_id, "position": entry.position, "reason": entry.reason}
                for entry in quarantined[:QUARANTINED_SHOWN]
            ],
            "quarantined_total": total,
            "unmatched_overrides": contents.unmatched_overrides,
        }

    def _dialects(self) -> list[dict[str, Any]]:
        """Return what each client dialect serves and withholds; /compat tells every reason."""
        published = self._registry.current
        if published is None:
            return []
        states = dialect_states(DIALECTS, published.spoken)
        return [
            {**state, "withheld": state["withheld"][:WITHHELD_SHOWN], "withheld_total": len(state["withheld"])}
            for state in states
        ]

    def _upstream(self) -> dict[str, Any]:
        """Return OpenRouter's state, from the newest outcomes that asked it."""
        state: dict[str, Any] = {"name": "openrouter", "host": self._upstream_host}
        if self._upstream_host is None:
            return state | {"state": "off", "since": timestamp(self._started_at), "last_error": None}
        asked = [entry for entry in self._asked() if entry["kind"] != BUILDER_LOST]
        if not asked:
            return state | {"state": "initializing", "since": timestamp(self._started_at), "last_error": None}
        bad = {Result.FAILED.value, Result.REFUSED.value}
        is_bad = asked[0]["outcome"] in bad
        since = asked[0]["started_at"]
        for entry in asked:
            if (entry["outcome"] in bad) is not is_bad:
                break
            since = entry["started_at"]
        last_bad = next((entry for entry in asked if entry["outcome"] in bad), None)
        last_error = last_bad and {
            "kind": last_bad["kind"] or last_bad["outcome"],
            "reason": last_bad["reason"],
            "at": last_bad["started_at"],
        }
        return state | {"state": "interrupted" if is_bad else "valid", "since": since, "last_error": last_error}

    def _asked(self) -> list[dict[str, Any]]:
        """Return the outcomes that asked upstream, newest first."""
        entries = self._journal.entries
        asked = [entry for entry in entries if entry["outcome"] != Result.SKIPPED.value]
        return [entry for entry in asked if entry["trigger"] not in {"local_files", "bootstrap"}]

    @property
    def _has_lost_builder(self) -> bool:
        """Whether what upstream gave last could not be built."""
        return any(entry["kind"] == BUILDER_LOST for entry in self._asked()[:1])

    def _sources(self, upstream: dict[str, Any]) -> list[dict[str, Any]]:
        """Return each source's state, how many models have something of it, and how old that is."""
        published = self._registry.current
        models = _listed_by_source(published.index) if published else {}
        asked = {key: upstream[key] for key in ("name", "state", "since", "last_error")}
        rows = [{**asked, "models": models.get("openrouter", 0), "age_seconds": self._age(self._checked_at())}]
        for file in self._files.states():
            trouble = file.trouble
            since = trouble.since if trouble else file.read_at
            rows.append(
                {
                    "name": file.source,
                    "state": "interrupted" if trouble else "valid",
                    "since": timestamp(since or self._started_at),
                    "last_error": trouble
                    and {"kind": "unreadable", "reason": trouble.reason, "at": timestamp(since or self._started_at)},
                    "models": models.get(file.source, 0),
                    "age_seconds": self._age(file.read_at),
                }
            )
        return rows + self._bootstrap()

    def _bootstrap(self) -> list[dict[str, Any]]:
        """Return what came of the bootstrap file; nothing where this process had no need of it."""
        outcome, published = self._refresher.bootstrapped, self._registry.current
        if outcome is None:
            return []
        is_served = published is not None and published.snapshot.contents.origin is Origin.BOOTSTRAP
        at = timestamp(outcome.started_at)
        error = {"kind": outcome.kind, "reason": outcome.reason, "at": at} if self._has_failed_bootstrap else None
        return [
            {
                "name": outcome.trigger.value,
                "state": "interrupted" if error else "valid",
                "since": at,
                "last_error": error,
                "models": published.index.listed.bit_count() if published and is_served else 0,
                "age_seconds": None,
            }
        ]

    @property
    def _has_failed_bootstrap(self) -> bool:
        outcome = self._refresher.bootstrapped
        return outcome is not None and outcome.result is Result.FAILED

    def _checked_at(self) -> datetime | None:
        return self._timetable.period.checked_at

    def _age(self, moment: datetime | None) -> float | None:
        return None if moment is None else max(0.0, (self._clock.now() - moment).total_seconds())

    def _stores(self) -> list[dict[str, Any]]:
        return [
            {
                "name": health.name,
                "state": _store_state(health),
                "since": health.since,
                "last_error": health.last_error
                and {"kind": health.last_error_kind, "reason": health.last_error, "at": health.last_error_at},
            }
            for health in self._store_health()
        ]
