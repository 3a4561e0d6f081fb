"""The answers that are prepared when a snapshot is published, because everybody asks for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache, partial
from operator import itemgetter
from urllib.parse import quote, quote_plus

from app import __version__
from app.answers import Answer, Pairs, categories, models_in_pieces, providers
from app.dialects.table import DIALECTS
from app.prepared import Prepared, RawHeaders
from app.published import Published
from app.rendering import QUICK, THOROUGH, Compressors, Rendering, compressed, digest_of, folded, gathered
from app.tally import Tallies

_VERSION = __version__.encode()
STALE_MAX_AGE_SECONDS = 30
STALE_WHILE_REVALIDATE_SECONDS = 3_600
STALE_IF_ERROR_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer that is prepared at publish: its route (also its path), its query, and what makes its body."""

    route: str
    pairs: tuple[tuple[str, str], ...]
    pieces: Callable[[Published, Pairs], Iterable[bytes]]


def _whole(answer: Answer) -> Callable[[Published, Pairs], Iterable[bytes]]:
    return lambda published, pairs: (answer(published, pairs),)


WHOLE_ANSWERS = (
    Whole("/models", (), models_in_pieces),
    Whole("/models", (("format", "frontend"),), models_in_pieces),
    Whole("/models/core", (), partial(models_in_pieces, fixed_source="core")),
    Whole("/models/openrouter", (), partial(models_in_pieces, fixed_source="openrouter")),
    Whole("/models/categories", (), _whole(categories)),
    Whole("/models/providers", (), _whole(providers)),
)

# What the picker's rows need; the same text stands in its script.
PICKER_FIELDS = "name,author,created,context_tokens,capabilities,category,price,lifecycle,sources,aliases"
# Who picks from more than this searches; until then it takes 8 ms per 400 models.
PICKER_MAX_MODELS = 5_000


def canonical_target(path: str, pairs: tuple[tuple[str, str], ...]) -> bytes:
    """Return a target in its settled spelling: words in alphabetical order, values in the order given."""
    settled_pairs = sorted(pairs, key=_name_of)
    query = "&".join([f"{name}={value}" for name, value in settled_pairs])
    # What quoting would leave as it is; to see that at once takes a third of the time that each part for itself takes.
    if not (_PLAIN_QUERY.fullmatch(query) and query.count("=") == len(pairs) and query.count("&") < len(pairs)):
        query = "&".join([f"{quote_plus(name)}={quote_plus(value)}" for name, value in settled_pairs])
    settled = path if _PLAIN_PATH.fullmatch(path) else quote(path, safe="/:~")
    return f"{settled}?{query}".encode() if query else settled.encode()


_name_of = itemgetter(0)
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9_.~&=-]*")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_.~/:-]*")


def prerendered(published: Published, tallies: Tallies, max_age_seconds: int) -> list[tuple[bytes, Prepared]]:
    """Return the whole lists and every dialect's document by target, to be pinned.

    Some hundred milliseconds for 400 models, so in a thread.
    """
    headers = snapshot_headers(published, max_age_seconds)
    made: dict[bytes, Rendering] = {}
    pinned: list[tuple[bytes, Prepared]] = []

    def add(target: bytes, route: str, rendering: Rendering, compressors: Compressors = THOROUGH) -> None:
        shared = rendering
        if rendering.kept is not None:
            # Where OpenRouter lists every core model, /models and /models/openrouter are the same 830 kB.
            first = made.setdefault(rendering.kept, rendering)
            if first is rendering:
                first = made[rendering.kept] = compressed(rendering, compressors)
            # Nearly everybody takes a compressed form, so the plain one waits until somebody does not.
            shared = folded(replace(rendering, encoded=first.encoded))
        prepared = Prepared(shared, tallies.of(route), headers)
        prepared.is_pinned = True
        pinned.append((target, prepared))

    for whole in WHOLE_ANSWERS:
        target = canonical_target(whole.route, whole.pairs)
        pieces = whole.pieces(published, whole.pairs)
        add(target, whole.route, gathered(pieces, digest=list_digest(published, target)))
    if len(published.rows) <= PICKER_MAX_MODELS:
        pairs = (("fields", PICKER_FIELDS),)
        target = canonical_target("/models", pairs)
        # Quickly, as on demand: thorough compression would take twice as long as everything else about it.
        digest = list_digest(published, target)
        add(target, "/models", gathered(models_in_pieces(published, pairs), digest=digest), QUICK)
    for dialect in DIALECTS:
        if published.spoken[dialect.name].is_served:
            rendering = gathered(published.spoken.pieces(dialect.name), dialect.media_type)
            add(canonical_target(dialect.path, ()), dialect.path, rendering)
    return pinned


def list_digest(published: Published, target: bytes) -> str:
    """Return what the ETag of a list is made of; it is the same on every instance and after a restart."""
    facts = (_VERSION, published.rows_digest, published.snapshot.id.encode(), target)
    return digest_of(*facts, b"stale" if published.is_stale else b"fresh")


def announce(tallies: Tallies) -> None:
    """Let the metrics name every prepared route from the start, also while none is prepared yet."""
    for route in (*(whole.route for whole in WHOLE_ANSWERS), *(dialect.path for dialect in DIALECTS)):
        tallies.of(route)


def prerender(published: Published, tallies: Tallies, max_age_seconds: int) -> None:
    """Pin the whole lists and every dialect's document of a snapshot that nobody reads yet."""
    for target, prepared in prerendered(published, tallies, max_age_seconds):
        published.targets.pin(target, prepared)


def snapshot_headers(published: Published, max_age_seconds: int) -> RawHeaders:
    """Return the headers that every read of a snapshot goes out with; a stale one is asked for again sooner."""
    max_age = min(max_age_seconds, STALE_MAX_AGE_SECONDS) if published.is_stale else max_age_seconds
    return [(b"cache-control", _reuse(max_age)), (b"x-catalog-snapshot", published.snapshot.id.encode())]


@cache
def _reuse(max_age_seconds: int) -> bytes:
    return (
        f"public, max-age={max_age_seconds}, stale-while-revalidate={STALE_WHILE_REVALIDATE_SECONDS}, "
        f"stale-if-error={STALE_IF_ERROR_SECONDS}"
    ).encode()
