"""Reads and changes preferences in a store: one change at a time wins, and each is whole."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from app.preferences import NOTHING, NewerSchemaError, Preferences, decode, encode
from app.store.preferences import PreferenceStore
from app.store.protocol import StoreError, StoreHealth

log = structlog.get_logger("preferences")
# Each try that fails means that somebody else's change to the same user got through.
TRIES: Final = 16
PROBE_INTERVAL: Final = timedelta(seconds=15)
# No user can have it.
_PROBE_ID: Final = ""

Decide = Callable[[Preferences], Preferences | None]
"""Makes the next document of the present one, or None to have none; may be asked several times."""


class PreferencesAwayError(Exception):
    """Preferences can't be read or written now; the message says why."""


class PreferenceKeeper:
    """Keeps one document for each user."""

    def __init__(self, store: PreferenceStore) -> None:
        self._store = store

    async def read(self, user_id: str) -> Preferences:
        """Return what a user keeps; raises PreferencesAwayError."""
        _, kept = await self._read(user_id)
        return kept

    async def change(self, user_id: str, decide: Decide) -> Preferences:
        """Change what a user keeps, and return it; raises PreferencesAwayError, TooLargeError, what `decide` raises."""
        for _ in range(TRIES):
            known, kept = await self._read(user_id)
            wanted = decide(kept)
            # The mark makes this write unlike any other: only a try of its own can find its bytes there already.
            new = None if wanted is None else encode(wanted, secrets.token_hex(8))
            try:
                is_done = await self._store.swap(user_id, known, new)
            except StoreError as error:
                raise PreferencesAwayError(str(error)) from error
            if is_done:
                return wanted or NOTHING
        raise PreferencesAwayError(f"others wrote to this user {TRIES} times meanwhile")

    async def probe(self) -> None:
        """Look whether the store is there, and one that failed is back: while nobody asks, nobody else would notice."""
        try:
            await self._store.read(_PROBE_ID)
            if not self._store.health().is_available:
                await self._store.swap(_PROBE_ID, None, b"probe")
                await self._store.swap(_PROBE_ID, b"probe", None)
        except StoreError:
            return  # its health has noted it

    def health(self) -> StoreHealth:
        """Return what is known of the store."""
        return self._store.health()

    async def close(self) -> None:
        """Let go of the store; called once, last."""
        await self._store.close()

    async def _read(self, user_id: str) -> tuple[bytes | None, Preferences]:
        try:
            known = await self._store.read(user_id)
            kept = NOTHING if known is None else decode(known)
        except (StoreError, NewerSchemaError) as error:
            raise PreferencesAwayError(str(error)) from error
        if kept is None:
            log.warning("a user's preferences can't be read and count as empty", user=user_id)
        return known, kept or NOTHING
