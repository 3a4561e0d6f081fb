"""What a store promises.

Rules that every implementation keeps:

* The payload is opaque bytes; `store/envelope.py` writes and reads them. No pickle.
* `save` is a compare-and-set: a payload replaces another only with a greater generation. This alone keeps
  the catalog right; the lease only saves upstream calls.
* Every call ends within the store's deadline, with a result or with StoreError. A read of a damaged or
  future payload counts as absent and never raises.
* No error message and no repr holds a password or a URL with one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class StoreError(Exception):
    """A store did not do what it was asked; the message says which store, which operation and why.

    `is_busy` says that it is there and has no time: locked, loading, silent. Asking again may help.
    """

    def __init__(self, store: str, operation: str, reason: str, *, is_busy: bool = False) -> None:
        super().__init__(f"{store} store could not {operation}: {reason}")
        self.store = store
        self.operation = operation
        self.reason = reason
        self.is_busy = is_busy


@dataclass(frozen=True, slots=True)
class Stored:
    """A saved snapshot: its generation and the payload as it was given to `save`."""

    generation: int
    snapshot_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What a follower polls: the generation in the store and the id of its snapshot."""

    generation: int
    snapshot_id: str


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """One store as `/status` and `/metrics` show it; `last_error` stays after recovery, `is_available` does not.

    `last_error_kind` is `unwritable` for a store that answers and refuses to write, `unavailable` for one that fails.
    `errors` counts failed calls by operation, since the start. `was_reached` is false until a call was answered.
    """

    name: str
    is_available: bool
    since: str
    last_error: str | None = None
    last_error_at: str | None = None
    last_error_kind: str | None = None
    errors: Mapping[str, int] = field(default_factory=dict)
    was_reached: bool = True


class Store(Protocol):
    """The last good snapshot, the lease and the outcomes."""

    @property
    def name(self) -> str:
        """`sqlite`, `redis` or `redis+sqlite`."""
        ...

    async def load(self) -> Stored | None:
        """Return the newest snapshot; None when there is none that this version can read."""
        ...

    async def head(self) -> Head | None:
        """Return the newest generation without its payload; None when there is no snapshot."""
        ...

    async def save(self, stored: Stored) -> bool:
        """Save if the generation is greater than the one in the store; return whether it was."""
        ...

    async def acquire_lease(self, owner: str, ttl_seconds: float) -> bool:
        """Take or extend the refresh lease; False while somebody else holds it."""
        ...

    async def release_lease(self, owner: str) -> None:
        """Give the lease back; nothing happens unless `owner` holds it."""
        ...

    async def lease_owner(self) -> str | None:
        """Return who holds the lease now; None when nobody does."""
        ...

    async def lease_seconds_left(self) -> float:
        """Return when the lease ends at the latest, in seconds from now; 0 when nobody holds it."""
        ...

    async def load_state(self) -> bytes | None:
        """Return the small document that instances share about refreshing; None when there is none."""
        ...

    async def save_state(self, state: bytes) -> None:
        """Replace the small document that instances share about refreshing."""
        ...

    async def append_outcome(self, outcome: bytes) -> None:
        """Keep one refresh outcome; only the newest OUTCOMES_KEPT stay."""
        ...

    async def outcomes(self) -> Sequence[bytes]:
        """Return the kept outcomes, newest first."""
        ...

    def health(self) -> Sequence[StoreHealth]:
        """Return what is known of each part, without asking anything over the network."""
        ...

    async def close(self) -> None:
        """Let go of connections; called once, last."""
        ...


OUTCOMES_KEPT = 50
