"""The one mutable reference: what readers are served from now."""

from __future__ import annotations

from app.published import Published


class NothingPublishedError(LookupError):
    """A read came before the first snapshot; readiness says so, too."""


class Registry:
    """Holds the published snapshot; swapping it is one assignment, so a reader sees the old or the new one whole."""

    def __init__(self) -> None:
        # What readers are served from; None before the first publish. Only `publish` sets it: no property, because to
        # call one would take a twelfth of what Python does for a known request.
        self.current: Published | None = None

    @property
    def published(self) -> Published:
        """What readers are served from; raises NothingPublishedError before the first publish."""
        if self.current is None:
            raise NothingPublishedError("no snapshot is published yet; try again in a moment")
        return self.current

    def publish(self, published: Published) -> bool:
        """Replace what readers are served from; an older generation never replaces a newer one.

        Returns whether it did.
        """
        current = self.current
        if current is not None and published.snapshot.generation < current.snapshot.generation:
            return False
        self.current = published
        return True
