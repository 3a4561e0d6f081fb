"""What came of one attempt to refresh, as a value that is kept, shown and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from app.catalog.codec import price_to_plain
from app.catalog.diff import Diff
from app.dialects.native import timestamp

IDS_SHOWN = 200
# What the journal keeps of each kind of change, fifty times over.
IDS_KEPT = 8
BUILDER_LOST = "builder_lost"
"""The kind of a failure of our own, for want of memory above all; every other kind is upstream's."""


class Result(StrEnum):
    """How an attempt ended."""

    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"
    SKIPPED = "skipped"


class Trigger(StrEnum):
    """Who asked for it."""

    SCHEDULE = "schedule"
    OPERATOR = "operator"
    LOCAL_FILES = "local_files"
    BOOTSTRAP = "bootstrap"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One attempt.

    `reason` says in words why it was refused, failed or skipped, or that it brought the first catalog: that one is
    no change, so it has `first_models`, how many models it lists, in place of `diff`. `kind` is a closed word for a
    failure. `retry_after_seconds` is how long the other side asked us to wait; None when it did not.
    """

    result: Result
    trigger: Trigger
    started_at: datetime
    seconds: float
    generation: int
    snapshot_id: str
    instance: str
    reason: str | None = None
    kind: str | None = None
    is_forced: bool = False
    is_dry_run: bool = False
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    diff: Diff | None = None
    first_models: int | None = None
    retry_after_seconds: float | None = None

    def document(self, *, with_diff: bool) -> dict[str, Any]:
        """Return the outcome as JSON values; `with_diff` gives all ids and prices, else the first ids are named."""
        document: dict[str, Any] = {
            "outcome": self.result.value,
            "trigger": self.trigger.value,
            "started_at": timestamp(self.started_at),
            "seconds": round(self.seconds, 3),
            "generation": self.generation,
            "snapshot": self.snapshot_id,
            "instance": self.instance,
            "reason": self.reason,
            "kind": self.kind,
            "forced": self.is_forced,
            "dry_run": self.is_dry_run,
            "refusals": self.refusals,
            "warnings": self.warnings,
            "counts": dict(self.counts),
        }
        if self.diff is not None and with_diff:
            document["diff"] = diff_document(self.diff)
        elif self.diff is not None:
            document["changes"] = changes_document(self.diff)
        if self.first_models is not None:
            document["first_models"] = self.first_models
        return document

    def stored(self) -> bytes:
        """Return what the store keeps: of the diff only how many and which first."""
        return orjson.dumps(self.document(with_diff=False))


def first_catalog(models: int) -> dict[str, Any]:
    """Return what an outcome says of the first catalog that is not core models alone: its size, and no difference."""
    return {"diff": None, "first_models": models, "reason": f"first catalog: {models:,} models"}


def changes_document(diff: Diff) -> dict[str, Any]:
    """Return a diff in short as JSON values: counts, and the first ids of what came, went and costs something else."""
    return {
        "counts": diff.counts(),
        "added": diff.added[:IDS_KEPT],
        "removed": diff.removed[:IDS_KEPT],
        "repriced": [entry.model_id for entry in diff.repriced[:IDS_KEPT]],
    }


def diff_document(diff: Diff) -> dict[str, Any]:
    """Return a diff as JSON values; long lists are cut at IDS_SHOWN and `counts` tells the whole number."""
    return {
        "counts": diff.counts(),
        "added": diff.added[:IDS_SHOWN],
        "returned": diff.returned[:IDS_SHOWN],
        "removed": diff.removed[:IDS_SHOWN],
        "repriced": [
            {"id": entry.model_id, "before": price_to_plain(entry.before), "after": price_to_plain(entry.after)}
            for entry in diff.repriced[:IDS_SHOWN]
        ],
        "changed": [{"id": entry.model_id, "fields": entry.fields} for entry in diff.changed[:IDS_SHOWN]],
        "changed_everywhere": diff.everywhere,
    }
