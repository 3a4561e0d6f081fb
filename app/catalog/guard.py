"""Whether a refresh may replace the last good catalog.

The limits come from history: a typical day adds one model and removes none; the worst day without `:batch` waves
was +12/-9, the worst with them -30 of 365. The last good records are the yardstick, also for the first refresh
after a restart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from app.catalog.identity import author_of
from app.catalog.model import Model
from app.catalog.parse import OPENROUTER, Parsed
from app.catalog.price import Price, PriceState

# An author with at least this many models may not vanish whole without a word.
AUTHOR_MIN_MODELS = 5


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """When to refuse, and from which share on to warn; shares in percent."""

    max_vanished_percent: float = 20
    min_models: int = 50
    max_unreadable_percent: float = 5
    max_price_flip_percent: float = 20
    warn_percent: float = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard says: reasons to refuse, and reasons to look twice."""

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether the last good catalog must stay."""
        return bool(self.refusals)


def judge(parsed: Parsed, last_good: Iterable[Model], limits: GuardLimits) -> Verdict:
    """Compare a fetched document with the models that the last good one listed.

    `last_good` may hold any models; only those that OpenRouter listed count. When it holds none, only the
    absolute limits apply.
    """
    before = {model.id: model for model in last_good if model.is_listed and OPENROUTER in model.sources}
    after = {model.id: model for model in parsed.models}
    unread = {entry.record_id for entry in parsed.quarantined}
    refusals: list[str] = []
    warnings: list[str] = []

    def weigh(share: float, limit: float, said: str, setting: str) -> None:
        if share > limit:
            refusals.append(f"{said}, more than the {limit:g} % that {setting} allows")
        elif share and share >= limits.warn_percent:
            warnings.append(said)

    vanished = [model_id for model_id in before if model_id not in after and model_id not in unread]
    if before:
        share = 100 * len(vanished) / len(before)
        said = f"{len(vanished)} of {len(before)} models vanished ({share:.1f} %)"
        weigh(share, limits.max_vanished_percent, said, "GUARD_MAX_VANISHED_PERCENT")
    if len(after) < limits.min_models:
        refusals.append(f"only {len(after)} readable models, fewer than the {limits.min_models} of GUARD_MIN_MODELS")
    if parsed.quarantined:
        share = 100 * len(parsed.quarantined) / parsed.record_count
        first = parsed.quarantined[0]
        said = (
            f"{len(parsed.quarantined)} of {parsed.record_count} records can't be read ({share:.1f} %), "
            f"first: {first.record_id or f'record {first.position}'}: {first.reason}"
        )
        weigh(share, limits.max_unreadable_percent, said, "GUARD_MAX_UNREADABLE_PERCENT")
    shared = [model_id for model_id in before if model_id in after]
    flipped = [model_id for model_id in shared if _crossed_zero(before[model_id].price, after[model_id].price)]
    if shared:
        share = 100 * len(flipped) / len(shared)
        said = f"{len(flipped)} of {len(shared)} models crossed between priced and zero ({share:.1f} %)"
        weigh(share, limits.max_price_flip_percent, said, "GUARD_MAX_PRICE_FLIP_PERCENT")
    warnings += _vanished_authors(before.keys(), after.keys())
    return Verdict(tuple(refusals), tuple(warnings))


def _reads_zero(price: Price) -> bool:
    return price.state is PriceState.FREE or price.zero_since is not None


def _crossed_zero(before: Price, after: Price) -> bool:
    """Whether one side reads zero and the other is priced; unknown, dynamic and per-unit prices don't cross."""
    return (_reads_zero(before) and after.state is PriceState.PRICED) or (
        before.state is PriceState.PRICED and _reads_zero(after)
    )


def _vanished_authors(before: Iterable[str], after: Iterable[str]) -> list[str]:
    left = {author_of(model_id) for model_id in after}
    counts = Counter(author_of(model_id) for model_id in before)
    return [
        f"every model of {author} vanished ({count})"
        for author, count in sorted(counts.items())
        if count >= AUTHOR_MIN_MODELS and author not in left
    ]
