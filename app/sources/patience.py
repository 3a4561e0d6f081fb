"""When another try makes sense, and how long to wait for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from app.sources.protocol import Failure, SourceError

RETRYABLE_STATUSES = frozenset({408, 425, 429})
"""Besides every 5xx."""

BACKOFF_BASE_SECONDS = 0.5
BACKOFF_CAP_SECONDS = 8.0
RETRY_AFTER_MIN_SECONDS = 1.0
RETRY_AFTER_MAX_SECONDS = 3_600.0


class Patience:
    """The tries of one fetch, counted over all its pages.

    `draw` gives a random number from 0 to 1. A cut-off body gets one more try only: a proxy that cuts at a fixed
    size would cut every time.
    """

    def __init__(self, attempts: int, draw: Callable[[], float]) -> None:
        self._attempts = attempts
        self._draw = draw
        self.failures = 0
        self._truncations = 0

    def wait_seconds(self, error: SourceError, remaining_seconds: float) -> float | None:
        """Count a failure and return how long to wait for the next try; None means give up now."""
        self.failures += 1
        self._truncations += error.kind is Failure.TRUNCATED
        if self.failures >= self._attempts or not self._may_pass(error):
            return None
        if error.retry_after_seconds is not None:
            wait = error.retry_after_seconds
        else:
            # Full jitter: instances that failed together don't come back together.
            wait = self._draw() * min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** (self.failures - 1))
        return wait if wait < remaining_seconds else None

    def _may_pass(self, error: SourceError) -> bool:
        if error.kind is Failure.TRUNCATED:
            return self._truncations <= 1
        if error.kind is Failure.STATUS and error.status is not None:
            return error.status in RETRYABLE_STATUSES or error.status >= 500
        return error.kind in {Failure.UNREACHABLE, Failure.TIMEOUT}


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """Return what a Retry-After asks for, in seconds or as a date, clamped to an hour.

    None when there is none, when it lies in the past, and when it is neither form.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        # int() refuses more than 4300 digits, and a dozen are over an hour already.
        seconds = float(text[:12])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
        if seconds < 0:
            return None
    return min(max(seconds, RETRY_AFTER_MIN_SECONDS), RETRY_AFTER_MAX_SECONDS)
