"""From a read request to its prepared answer: looked up, or made once and kept with the snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from app.answers import Answer
from app.prepared import Prepared, RawHeaders
from app.prerender import canonical_target, snapshot_headers
from app.published import Published
from app.rendering import QUICK, compressed, render
from app.web.respond import respond
from app.web.serving import Serving, serving_of
from app.web.target import read_pairs

# Above this many models, an answer is put together in a thread.
INLINE_MODELS = 2_000
# Each waits for a thread and holds its answer meanwhile; more are compressed when they are asked for once more.
MAX_COMPRESSIONS = 16
Note = Callable[[bytes], Callable[[], None]]


async def read(
    request: Request,
    route: str,
    answer: Answer,
    *,
    path: str | None = None,
    more: RawHeaders | None = None,
    note: Note | None = None,
) -> Response:
    """Answer a read from what is published now.

    `route` is the route's closed name. `path` is the settled path when it is not the route's own. `note` gets the
    body and returns what is called for each time that the answer is given.
    """
    serving = serving_of(request)
    published = serving.registry.published
    targets = published.targets
    asked = target_of(request)
    prepared = targets.get(asked)
    if prepared is None:
        pairs = read_pairs(request.scope["query_string"])
        canonical = canonical_target(path or route, pairs)
        prepared = targets.get(canonical)
        if prepared is None:
            if len(published.rows) > INLINE_MODELS:
                body = await asyncio.to_thread(answer, published, pairs)
            else:
                body = answer(published, pairs)
            headers = snapshot_headers(published, serving.cache_max_age_seconds) + (more or [])
            prepared = Prepared(render(body), serving.metrics.tallies.of(route), headers, note(body) if note else None)
            targets.put(canonical, prepared)
        else:
            _used_again(serving, published, canonical, prepared)
        if asked != canonical:
            targets.put(asked, prepared)
    else:
        _used_again(serving, published, asked, prepared)
    return respond(request, prepared)


def target_of(request: Request) -> bytes:
    """Return the request target as it was spelled."""
    query: bytes = request.scope["query_string"]
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return path + b"?" + query if query else path


def _used_again(serving: Serving, published: Published, target: bytes, prepared: Prepared) -> None:
    """Mark an answer that is asked for again, and make its compressed forms in a thread; until then it is plain."""
    prepared.use.was_used = True
    if not prepared.rendering.is_compressible or prepared.is_being_compressed:
        return
    if len(serving.tasks) >= MAX_COMPRESSIONS:
        return
    prepared.is_being_compressed = True

    async def compress() -> None:
        prepared.adopt(await asyncio.to_thread(compressed, prepared.rendering, QUICK))
        published.targets.grew(target)

    serving.start(compress())
