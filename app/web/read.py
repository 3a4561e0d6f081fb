"""From a read request to its rendering: looked up, or made once and kept with the snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from app.answers import Pairs
from app.prerender import target
from app.published import Published
from app.rendering import Rendering, render
from app.web.respond import RawHeaders, cache_control, respond
from app.web.serving import serving_of
from app.web.target import read_pairs

# Above this, a first answer is compressed in a thread; below, the thread costs more than the work.
INLINE_BYTES = 16_384
# Above this many models, an answer is also put together in a thread.
INLINE_MODELS = 2_000
Build = Callable[[Published, Pairs], bytes]


async def read(
    request: Request, endpoint: str, build: Build, *, subject: str = "", more: RawHeaders | None = None
) -> Response:
    """Answer a read from what is published now."""
    serving = serving_of(request)
    published = serving.registry.published
    pairs = read_pairs(request.scope["query_string"])
    rendering = await rendering_of(published, endpoint, build, pairs, subject)
    return answer(request, published, rendering, more)


def answer(request: Request, published: Published, rendering: Rendering, more: RawHeaders | None = None) -> Response:
    """Return the response that a rendering of a published snapshot gives to a request."""
    serving = serving_of(request)
    return respond(
        request,
        rendering,
        snapshot_id=published.snapshot.id,
        cache_control=cache_control(serving.cache_max_age_seconds, is_stale=published.is_stale),
        more=more,
    )


async def rendering_of(
    published: Published, endpoint: str, build: Build, pairs: tuple[tuple[str, str], ...], subject: str
) -> Rendering:
    """Return the rendering of a target; raises what `build` raises."""
    key = target(endpoint, subject, pairs)
    known = published.renderings.get(key)
    if known is not None:
        return known
    if len(published.rows) > INLINE_MODELS:
        body = await asyncio.to_thread(build, published, pairs)
    else:
        body = build(published, pairs)
    rendering = render(body) if len(body) <= INLINE_BYTES else await asyncio.to_thread(render, body)
    published.renderings.put(key, rendering)
    return rendering
