"""The answers that are made when a catalog is built, because everybody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from app.answers import Answer, Pairs, categories, models_in_pieces, providers
from app.building.orders import Ready
from app.dialects.table import DIALECTS
from app.published import Published
from app.rendering import QUICK, THOROUGH, Compressors, Rendering, compressed, folded, gathered
from app.targets import canonical_target, list_digest


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


def ready_answers(published: Published) -> tuple[Ready, ...]:
    """Return the whole lists and every dialect's document; some hundred milliseconds for 400 models."""
    made: dict[bytes, Rendering] = {}
    ready: list[Ready] = []

    def add(target: bytes, route: str, rendering: Rendering, compressors: Compressors = THOROUGH) -> None:
        shared = rendering
        if rendering.kept is not None:
            # Where OpenRouter lists every core model, /models and /models/openrouter are the same 830 kB.
            first = made.setdefault(rendering.kept, rendering)
            if first is rendering:
                first = made[rendering.kept] = compressed(rendering, compressors)
            # Nearly everybody takes a compressed form, so the plain one waits until somebody does not.
            shared = folded(replace(rendering, encoded=first.encoded))
        ready.append(Ready(target, route, shared))

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
    with published.spoken.together():
        for dialect in DIALECTS:
            if published.spoken[dialect.name].is_served:
                rendering = gathered(published.spoken.pieces(dialect.name), dialect.media_type)
                add(canonical_target(dialect.path, ()), dialect.path, rendering)
    return tuple(ready)
