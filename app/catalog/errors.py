"""What can be wrong with the data or with a question about it.

* CatalogError
  - RecordError      one record cannot be read; it is quarantined and named
  - DocumentError    a whole document cannot be read; the last good one stays
  - QueryError       a question with a word or a value that the catalog does not know
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class CatalogError(Exception):
    """Base of everything that the catalog raises on purpose."""


class RecordError(CatalogError):
    """One record cannot be read.

    `record_id` is the id as far as it could be read, else None. `reason` names the field and the value.
    """

    def __init__(self, record_id: str | None, reason: str) -> None:
        super().__init__(f"{record_id or 'record without id'}: {reason}")
        self.record_id = record_id
        self.reason = reason


class DocumentError(CatalogError):
    """A whole document cannot be read; the message names the place and the way out."""


@dataclass(frozen=True, slots=True)
class QueryFault:
    """One word of a query that cannot be answered: which, why, and what would be allowed."""

    word: str
    reason: str
    allowed: tuple[str, ...] = ()


class QueryError(CatalogError):
    """A question with unknown words or values; carries every fault at once, not only the first."""

    def __init__(self, faults: Sequence[QueryFault]) -> None:
        super().__init__("; ".join(f"{fault.word}: {fault.reason}" for fault in faults))
        self.faults = tuple(faults)
