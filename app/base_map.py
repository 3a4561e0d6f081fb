"""Keeps LiteLLM's base map: the last good one, on disk across restarts, and what went wrong since.

It never blocks the catalog. LiteLLM asks once, at its import, and refuses a map that lost half its rows: so a start
uses the copy on disk at once instead of waiting for the network.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any, Protocol

import orjson
import structlog

from app.clock import Clock
from app.dialects.native import timestamp
from app.sources.kept_copy import KeptCopy
from app.sources.litellm_base_map import CostMap, cost_map_of
from app.sources.protocol import SourceError

log = structlog.get_logger("base_map")


class CostMapSource(Protocol):
    """Where a cost map comes from."""

    @property
    def is_remote(self) -> bool:
        """Whether it is asked over the network."""
        ...

    async def fetch(self) -> CostMap:
        """Return the map as it is now; raises SourceError."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class BaseMap:
    """The map that LiteLLM's dialect is laid over; `source` is None when none is given.

    `copy` is where the last good map of an address is kept.
    """

    def __init__(self, source: CostMapSource | None, clock: Clock, copy: Path) -> None:
        self._source = source
        self._clock = clock
        self._copy = KeptCopy(copy)
        self._since = clock.now()
        self._state = "off" if source is None else "initializing"
        self._last_error: dict[str, Any] | None = None
        self._digest = b""
        self.current: CostMap | None = None

    @property
    def is_given(self) -> bool:
        """Whether there is a map to look for."""
        return self._source is not None

    async def boot(self) -> None:
        """Take over what is at hand without the network: the file itself, or the copy of the last good map."""
        if self._source is None:
            return
        if not self._source.is_remote:
            await self.look()
            return
        try:
            body = await asyncio.to_thread(self._copy.read)
            self.current = await asyncio.to_thread(cost_map_of, body, "the kept cost map")
            self._digest = _digest(body)
        except (OSError, SourceError) as error:
            log.debug("no kept cost map", reason=type(error).__name__)

    async def look(self) -> bool:
        """Read the map anew; whether it is another one. A failure leaves the last good one."""
        if self._source is None:
            return False
        try:
            found = await self._source.fetch()
        except SourceError as error:
            self._turn("interrupted", str(error), error.kind.value)
            return False
        body = await asyncio.to_thread(orjson.dumps, found)
        self._turn("valid")
        if _digest(body) == self._digest:
            return False
        self.current, self._digest = found, _digest(body)
        if self._source.is_remote:
            await asyncio.to_thread(self._keep, body)
        log.info("LiteLLM's cost map is laid over a new base", rows=len(found))
        return True

    async def close(self) -> None:
        """Let go of the source."""
        if self._source is not None:
            await self._source.close()

    def document(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "state": self._state,
            "since": timestamp(self._since),
            "rows": None if self.current is None else len(self.current),
            "last_error": self._last_error,
        }

    def _turn(self, state: str, reason: str | None = None, kind: str | None = None) -> None:
        now = self._clock.now()
        if reason is not None:
            if self._last_error is None or self._last_error["reason"] != reason or self._state != state:
                used = "ours alone, as there is no last good one" if self.current is None else "the last good one"
                log.warning("LiteLLM's base map can't be read", used=used, reason=reason)
            self._last_error = {"kind": kind, "reason": reason, "at": timestamp(now)}
        if state != self._state:
            self._state, self._since = state, now

    def _keep(self, body: bytes) -> None:
        try:
            self._copy.keep(body)
        except OSError as error:
            log.warning("LiteLLM's base map can't be kept for the next start", reason=error.strerror)


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()
