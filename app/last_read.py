"""Which of upstream's answers is served, so that it need not come again while upstream says that it still holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.catalog.snapshot import Snapshot

# Reading everything also forgets what was delisted long ago, and heals what a wrong validator kept.
TRUSTED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LastRead:
    """An answer that was read and judged good: upstream's validator of it, and the snapshot that says the same."""

    validator: str
    snapshot_id: str
    read_at: datetime

    def validator_for(self, current: Snapshot | None, now: datetime) -> str | None:
        """Return the validator to ask with; None when everything must be read, as something else is served."""
        is_served = current is not None and current.id == self.snapshot_id
        is_recent = timedelta(0) <= now - self.read_at < TRUSTED_FOR
        return self.validator if is_served and is_recent else None
