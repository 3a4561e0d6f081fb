"""`min_snapshot=`: an answer from a snapshot at least as new as one that the caller has seen, on whichever instance.

Somebody who was told of snapshot 7 by one instance, say by a refresh, may ask another one that has not heard of it
yet. With the word, the other one waits until it has, and says so when it takes too long. The word is taken out of
the query before anybody else reads it, so it makes no other answer.
"""

from __future__ import annotations

import asyncio
import re
from time import monotonic
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.catalog.query import MIN_SNAPSHOT
from app.catalog.snapshot import Snapshot
from app.registry import Registry
from app.web.problems import Problem, problem_response

WAIT_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.02
_READS: Final = frozenset({"GET", "HEAD"})
_WORD: Final = MIN_SNAPSHOT.encode()
# The generation, and the hash that X-Catalog-Snapshot writes behind it.
_SNAPSHOT: Final = re.compile(rb"([0-9]{1,15})(?:-([0-9a-f]{12}))?")


def names_snapshot(query_string: bytes) -> bool:
    """Whether a query may hold the word; a quick look for those who answer ahead."""
    return _WORD in query_string


class AtLeast:
    """Holds reads back until the snapshot that they name is served here."""

    def __init__(self, app: ASGIApp, *, registry: Registry) -> None:
        self._app = app
        self._registry = registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] in _READS and names_snapshot(scope["query_string"]):
            pairs = [part.partition(b"=") for part in scope["query_string"].split(b"&")]
            scope["query_string"] = b"&".join(b"".join(pair) for pair in pairs if pair[0] != _WORD)
            for text in (text for name, _, text in pairs if name == _WORD):
                problem = await self._wait_for(text)
                if problem is not None:
                    await problem_response(problem, Request(scope))(scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _wait_for(self, text: bytes) -> Problem | None:
        """Wait until a snapshot is served; returns what to answer when that can't be."""
        shown = text[:40].decode("latin-1")
        matched = _SNAPSHOT.fullmatch(text)
        if matched is None:
            reason = f"{shown!r} is no snapshot; take what X-Catalog-Snapshot says, such as 7-0a1b2c3d4e5f"
            faults = [{"word": MIN_SNAPSHOT, "reason": reason, "allowed": ()}]
            return Problem(422, "query", f"{MIN_SNAPSHOT}: {reason}", title="Query not understood", faults=faults)
        generation = int(matched[1])
        give_up_at = monotonic() + WAIT_SECONDS
        while True:
            published = self._registry.current
            if published is not None and _is_there(published.snapshot, generation, text):
                return None
            if monotonic() >= give_up_at:
                served = published.snapshot.id if published else "none yet"
                detail = f"Snapshot {shown} is not served here; {served} is. Ask again, or without {MIN_SNAPSHOT}."
                return Problem(412, "snapshot-not-here", detail, headers={"Retry-After": "2"})
            await asyncio.sleep(_LOOK_SECONDS)


def _is_there(snapshot: Snapshot, generation: int, text: bytes) -> bool:
    """Whether a snapshot is the one named, or a later one; of one generation, only the one that won counts."""
    if snapshot.generation != generation:
        return snapshot.generation > generation
    return b"-" not in text or snapshot.id.encode() == text
