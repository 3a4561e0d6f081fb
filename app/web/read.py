"""From a read request to its prepared answer: looked up, or made once and kept with the snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from app.answers import Answer
from app.prepared import Prepared, RawHeaders
from app.prerender import snapshot_headers
from app.published import Published
from app.rendering import JSON, QUICK, compressed, render
from app.targets import canonical_target, list_digest
from app.web.respond import respond
from app.web.serving import Serving, serving_of
from app.web.target import read_pairs

# Above this many models, an answer is put together in a thread.
INLINE_MODELS = 2_000
# Each waits for a thread and holds its answer meanwhile; more are compressed when they are asked for once more.
MAX_COMPRESSIONS = 16
Pairs = tuple[tuple[str, str], ...]
Note = Callable[[bytes], Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Question:
    """What a read asks for: the route's closed name, what makes the body, and what depends on the request.

    `path` is the settled path when it is not the route's own. `more` are further headers. `note` gets the body and
    returns what is called each time that the answer is given. `is_list` says that the body follows from the
    snapshot and the target alone. `words` are the query words that count, where clients send others that don't;
    None for all.
    """

    route: str
    answer: Answer
    path: str | None = None
    more: RawHeaders = field(default_factory=list)
    note: Note | None = None
    is_list: bool = False
    words: Container[str] | None = None
    media_type: str = JSON

    def pairs(self, query_string: bytes) -> Pairs:
        """Return the query words that count, with their values; raises Problem for a malformed query."""
        pairs = read_pairs(query_string)
        return pairs if self.words is None else tuple(pair for pair in pairs if pair[0] in self.words)


async def read(request: Request, question: Question) -> Response:
    """Answer a read from what is published now."""
    serving = serving_of(request)
    published = serving.registry.published
    asked = target_of(request.scope)
    query_string = request.scope["query_string"]
    prepared = published.targets.get(asked)
    if prepared is not None:
        used_again(serving, published, asked, prepared)
    elif len(published.rows) > INLINE_MODELS:
        pairs, canonical, prepared = _settled(serving, published, asked, query_string, question)
        if prepared is None:
            body = await asyncio.to_thread(question.answer, published, pairs)
            prepared = _kept(serving, published, canonical, question, body)
    else:
        prepared = prepare(serving, published, asked, query_string, question)
    return respond(request, prepared)


def prepare(serving: Serving, published: Published, asked: bytes, query_string: bytes, question: Question) -> Prepared:
    """Return the answer to a target that was not asked for in this spelling yet, and keep it.

    Raises Problem for a malformed query and QueryError for an unknown word or value.
    """
    pairs, canonical, known = _settled(serving, published, asked, query_string, question)
    return known or _kept(serving, published, canonical, question, question.answer(published, pairs))


def _settled(
    serving: Serving, published: Published, asked: bytes, query_string: bytes, question: Question
) -> tuple[Pairs, bytes, Prepared | None]:
    """Return the words of a query, the settled spelling of its target, and the answer if that was asked for before."""
    pairs = question.pairs(query_string)
    canonical = canonical_target(question.path or question.route, pairs)
    known = published.targets.get(canonical)
    if known is not None:
        used_again(serving, published, canonical, known)
        published.targets.put(asked, known)
    return pairs, canonical, known


def _kept(
    serving: Serving,
    published: Published,
    canonical: bytes,
    question: Question,
    body: bytes,
) -> Prepared:
    """Prepare an answer from its body and keep it under its settled target.

    Another spelling of it gets an entry of its own when it is asked for again: most never are.
    """
    digest = list_digest(published, canonical) if question.is_list else None
    rendering = render(body, question.media_type, digest)
    headers = snapshot_headers(published, serving.cache_max_age_seconds)
    if question.more:
        headers = headers + question.more
    note = question.note(body) if question.note else None
    prepared = Prepared(rendering, serving.metrics.tallies.of(question.route), headers, note)
    published.targets.put(canonical, prepared)
    return prepared


def path_of(scope: Scope) -> bytes:
    """Return the path of the request target as it was spelled, below the root path as the routes are."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    root_path = scope.get("root_path")
    if root_path and path.startswith(root := root_path.encode() + b"/"):
        return path[len(root) - 1 :]
    return path


def target_of(scope: Scope) -> bytes:
    """Return the request target as it was spelled, below the root path."""
    query: bytes = scope["query_string"]
    path: bytes | None = scope.get("raw_path")
    # Mostly it is that, and every answer of the front comes by here.
    if not path or scope.get("root_path"):
        path = path_of(scope)
    return path + b"?" + query if query else path


def used_again(serving: Serving, published: Published, target: bytes, prepared: Prepared) -> None:
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
