"""What a store knows of its own availability, and the one log line per change."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from app.store.protocol import StoreError, StoreHealth

logger = logging.getLogger(__name__)


class Availability:
    """Follows one store from call to call; a store that fails sixty times in a row logs once.

    A store that answers reads but refuses writes (full, read-only, a demoted primary) stays unavailable until
    a write succeeds: otherwise each poll would bring it back and each write would lose it again.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.time) -> None:
        self._name = name
        self._clock = clock
        self._is_available = True
        self._was_reached = False
        self._refuses_writes = False
        self._since = self._now()
        self._last_error: str | None = None
        self._last_error_at: str | None = None
        self._last_error_kind: str | None = None
        self._errors: Counter[str] = Counter()

    def succeeded(self, *, wrote: bool) -> None:
        """Note a call that was answered; `wrote` says whether it changed anything in the store."""
        self._was_reached = True
        if self._is_available or (self._refuses_writes and not wrote):
            return
        self._is_available = True
        self._refuses_writes = False
        self._since = self._now()
        logger.info("%s store is available again", self._name)

    def failed(self, operation: str, reason: str, *, refuses_writes: bool, is_busy: bool = False) -> StoreError:
        """Note a call that failed and return the error to raise."""
        error = StoreError(self._name, operation, reason, is_busy=is_busy)
        self._last_error = str(error)
        self._last_error_at = self._now()
        self._last_error_kind = "unwritable" if refuses_writes else "unavailable"
        self._errors[operation] += 1
        self._refuses_writes = refuses_writes
        if self._is_available:
            self._is_available = False
            self._since = self._last_error_at
            logger.warning("%s", error)
        return error

    def health(self) -> StoreHealth:
        """Return the state as `/status` shows it."""
        return StoreHealth(
            self._name,
            self._is_available,
            self._since,
            self._last_error,
            self._last_error_at,
            self._last_error_kind,
            dict(self._errors),
            self._was_reached,
        )

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
