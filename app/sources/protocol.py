"""What a source of records promises, and how it fails.

* UnmodifiedError: no failure; what was read before still holds
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


class UnmodifiedError(Exception):
    """The source says that the answer whose validator it was given is still its answer."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The records of one fetch, in the order in which the source listed them.

    `validator` is the source's own name for this answer; None when it has none, or when the answer had several pages.
    """

    records: tuple[Record, ...]
    wire_bytes: int
    pages: int = 1
    validator: str | None = None


class RecordSource(Protocol):
    """A source of OpenRouter-shaped records."""

    @property
    def name(self) -> str:
        """The word that appears in `sources`, `/status` and metrics."""
        ...

    async def fetch(self, validator: str | None = None, /) -> Fetched:
        """Return every record that the source lists now.

        Raises UnmodifiedError when that is what it called so before, which a source may do without, and SourceError;
        nothing else gets out.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; called once."""
        ...
