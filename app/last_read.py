"""Which of upstream's answers is served, so that it need not come again while upstream says that it still holds."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.catalog.snapshot import Snapshot

# Reading everything also forgets what was delisted long ago, and heals what a wrong validator kept.
TRUSTED_FOR = timedelta(days=1)


class LastRead:
    """The answer of upstream that was last read and judged good."""

    def __init__(self) -> None:
        self._known: tuple[str, str, datetime] | None = None

    def keep(self, validator: str | None, served: Snapshot | None, now: datetime) -> None:
        """Take note that the snapshot served now says what the answer with this validator says."""
        self._known = (validator, served.id, now) if validator and served else None

    def validator(self, served: Snapshot | None, now: datetime) -> str | None:
        """Return the validator to ask with; None when everything must be read, as for what else is served."""
        if self._known is None or served is None:
            return None
        validator, snapshot_id, read_at = self._known
        is_recent = timedelta(0) <= now - read_at < TRUSTED_FOR
        return validator if served.id == snapshot_id and is_recent else None
