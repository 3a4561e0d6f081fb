"""What a store of preferences promises; it is apart from the catalog's, so that neither can harm the other.

* A document is opaque, never empty bytes, one for each user; nothing here reads it.
* `swap` is a compare-and-set on the bytes themselves: atomic, and safe to try again when no two calls write the same.
* Every call ends within the store's deadline, with a result or with StoreError.
* No error message and no repr holds a password or a URL with one.
"""

from __future__ import annotations

from typing import Final, Protocol

from app.store.protocol import StoreHealth

NAME: Final = "preferences"
"""How `/status`, metrics and errors call it, whatever it is made of."""


class PreferenceStore(Protocol):
    """One document for each user."""

    async def read(self, user_id: str) -> bytes | None:
        """Return a user's document; None when there is none."""
        ...

    async def swap(self, user_id: str, known: bytes | None, new: bytes | None) -> bool:
        """Put `new` in the place of `known`, None standing for no document; return whether `new` is there now.

        False means that somebody else wrote meanwhile, and that nothing was changed. When a deletion finds nothing it
        can't tell whose doing that is, and says False, too.
        """
        ...

    def health(self) -> StoreHealth:
        """Return what is known of it, without asking anything over the network."""
        ...

    async def close(self) -> None:
        """Let go of connections; called once, last."""
        ...
