"""The answers that are prepared when a snapshot is published, because everybody asks for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from urllib.parse import quote, quote_plus

from app.answers import Answer, categories, models_list, providers
from app.dialects.table import DIALECTS
from app.prepared import Prepared, RawHeaders
from app.published import Published
from app.rendering import THOROUGH, Rendering, compressed, render
from app.tally import Tallies

STALE_MAX_AGE_SECONDS = 30
STALE_WHILE_REVALIDATE_SECONDS = 3_600
STALE_IF_ERROR_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer that is prepared at publish: its route (also its path), its query, and what makes its body."""

    route: str
    pairs: tuple[tuple[str, str], ...]
    answer: Answer


WHOLE_ANSWERS = (
    Whole("/models", (), models_list),
    Whole("/models", (("format", "frontend"),), models_list),
    Whole("/models/core", (), partial(models_list, fixed_source="core")),
    Whole("/models/openrouter", (), partial(models_list, fixed_source="openrouter")),
    Whole("/models/categories", (), categories),
    Whole("/models/providers", (), providers),
)


def canonical_target(path: str, pairs: tuple[tuple[str, str], ...]) -> bytes:
    """Return a target in its settled spelling: words in alphabetical order, values in the order given."""
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(pairs, key=_name_of))
    settled = path if _PLAIN_PATH.fullmatch(path) else quote(path, safe="/:~")
    return f"{settled}?{query}".encode() if query else settled.encode()


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else quote_plus(text)


_name_of = itemgetter(0)
# What quoting leaves as it is; to see that takes a tenth of the time that quoting takes.
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_.~/:-]*")


def prerender(published: Published, tallies: Tallies, max_age_seconds: int) -> None:
    """Pin the whole lists and every dialect's document; some hundred milliseconds for 400 models, so in a thread."""
    headers = snapshot_headers(published, max_age_seconds)

    def pin(rendering: Rendering, route: str, pairs: tuple[tuple[str, str], ...] = ()) -> None:
        prepared = Prepared(compressed(rendering, THOROUGH), tallies.of(route), headers)
        prepared.is_pinned = True
        published.targets.pin(canonical_target(route, pairs), prepared)

    for whole in WHOLE_ANSWERS:
        pin(render(whole.answer(published, whole.pairs)), whole.route, whole.pairs)
    for dialect in DIALECTS:
        body = published.spoken[dialect.name].body
        if body is not None:
            pin(render(body, dialect.media_type), dialect.path)


def snapshot_headers(published: Published, max_age_seconds: int) -> RawHeaders:
    """Return the headers that every read of a snapshot goes out with; a stale one is asked for again sooner."""
    max_age = min(max_age_seconds, STALE_MAX_AGE_SECONDS) if published.is_stale else max_age_seconds
    reuse = (
        f"public, max-age={max_age}, stale-while-revalidate={STALE_WHILE_REVALIDATE_SECONDS}, "
        f"stale-if-error={STALE_IF_ERROR_SECONDS}"
    )
    return [(b"cache-control", reuse.encode()), (b"x-catalog-snapshot", published.snapshot.id.encode())]
