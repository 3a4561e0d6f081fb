"""The answers that are prepared before anybody asks: pinned to what is published, and named in the metrics."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from app.building.orders import Ready
from app.building.ready import WHOLE_ANSWERS
from app.dialects.table import DIALECTS
from app.prepared import Prepared, RawHeaders
from app.published import Published
from app.tally import Tallies
from app.targets import canonical_target

STALE_MAX_AGE_SECONDS = 30
STALE_WHILE_REVALIDATE_SECONDS = 3_600
STALE_IF_ERROR_SECONDS = 86_400


def announce(tallies: Tallies) -> None:
    """Let the metrics name every prepared route from the start, also while none is prepared yet."""
    for route in (*(whole.route for whole in WHOLE_ANSWERS), *(dialect.path for dialect in DIALECTS)):
        tallies.of(route)


def is_prepared(published: Published) -> bool:
    """Whether the answers that everybody asks for are pinned."""
    first = published.targets.get(canonical_target(WHOLE_ANSWERS[0].route, WHOLE_ANSWERS[0].pairs))
    return first is not None and first.is_pinned


def pin(published: Published, ready: Iterable[Ready], tallies: Tallies, max_age_seconds: int) -> None:
    """Keep answers for as long as the snapshot is served."""
    headers = snapshot_headers(published, max_age_seconds)
    for answer in ready:
        prepared = Prepared(answer.rendering, tallies.of(answer.route), headers)
        prepared.is_pinned = True
        published.targets.pin(answer.target, prepared)


def snapshot_headers(published: Published, max_age_seconds: int) -> RawHeaders:
    """Return the headers that every read of a snapshot goes out with; a stale one is asked for again sooner.

    It is the same list each time, and not to be changed.
    """
    max_age = min(max_age_seconds, STALE_MAX_AGE_SECONDS) if published.is_stale else max_age_seconds
    return _headers(published.snapshot.id, max_age)


@lru_cache(2)
def _headers(snapshot_id: str, max_age_seconds: int) -> RawHeaders:
    reuse = (
        f"public, max-age={max_age_seconds}, stale-while-revalidate={STALE_WHILE_REVALIDATE_SECONDS}, "
        f"stale-if-error={STALE_IF_ERROR_SECONDS}"
    )
    return [(b"cache-control", reuse.encode()), (b"x-catalog-snapshot", snapshot_id.encode())]
