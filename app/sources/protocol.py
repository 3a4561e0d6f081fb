"""What a source of records promises, and how it fails.

* SourceError
  kind: unreachable, timeout, status, redirected, too_large, truncated, not_json, not_a_catalog
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.catalog.model import Record


class Failure(StrEnum):
    """Why a source gave nothing; the words appear in outcomes, logs and metrics."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    STATUS = "status"
    REDIRECTED = "redirected"
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"
    NOT_JSON = "not_json"
    NOT_A_CATALOG = "not_a_catalog"


class SourceError(Exception):
    """A source gave nothing usable.

    The message is for people, names the way out and never holds a secret. `status` is the HTTP status, if one
    came; `retry_after_seconds` is what the other side asked for, already clamped, else None.
    """

    def __init__(
        self, kind: Failure, message: str, *, status: int | None = None, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Fetched:
    """The records of one fetch, in the order in which the source listed them."""

    records: tuple[Record, ...]
    wire_bytes: int
    pages: int = 1


class RecordSource(Protocol):
    """A source of OpenRouter-shaped records."""

    @property
    def name(self) -> str:
        """The word that appears in `sources`, `/status` and metrics."""
        ...

    async def fetch(self) -> Fetched:
        """Return every record that the source lists now.

        Raises SourceError; nothing else gets out.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; called once."""
        ...
