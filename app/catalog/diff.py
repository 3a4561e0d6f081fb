"""What changed between two sets of models, without noise.

No change: another order, benchmarks, float noise, an absent price against zero, the hour's price window. A key
that upstream adds to (nearly) every record is one change of the shape, not hundreds of changed models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.catalog.model import Model
from app.catalog.price import Price, same_price
from app.catalog.snapshot import meaning
from app.catalog.steps import sorted_in_steps

# A field that differs in more than this share of the shared models is a change of upstream's shape.
EVERYWHERE_SHARE = 0.5
EVERYWHERE_MIN_MODELS = 20


@dataclass(frozen=True, slots=True)
class Repriced:
    """One model whose price says something else."""

    model_id: str
    before: Price
    after: Price


@dataclass(frozen=True, slots=True)
class Changed:
    """One model and the names of its fields that differ, the price apart."""

    model_id: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed; ids are sorted.

    `added` are listed now and were not before; `returned` are those of them that were known as delisted.
    `removed` were listed and no longer are. `forgotten` were delisted and can no longer be looked up.
    `everywhere` names fields that changed in most models at once.
    """

    added: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
    repriced: tuple[Repriced, ...] = ()
    changed: tuple[Changed, ...] = ()
    everywhere: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.added or self.removed or self.forgotten or self.repriced or self.changed or self.everywhere)

    def counts(self) -> dict[str, int]:
        """Return how many models changed in each way."""
        return {
            "added": len(self.added),
            "removed": len(self.removed),
            "repriced": len(self.repriced),
            "changed": len(self.changed),
        }


def diff(before: Iterable[Model], after: Iterable[Model]) -> Diff:
    """Compare two sets of models by id."""
    old = {model.id: model for model in before}
    new = {model.id: model for model in after}
    old_listed = {model_id for model_id, model in old.items() if model.is_listed}
    new_listed = {model_id for model_id, model in new.items() if model.is_listed}
    shared = _sorted(old_listed & new_listed)
    differing = {model_id: _differing(old[model_id], new[model_id]) for model_id in shared}
    everywhere = _everywhere(differing)
    return Diff(
        added=tuple(_sorted(new_listed - old_listed)),
        returned=tuple(_sorted((new_listed - old_listed) & old.keys())),
        removed=tuple(_sorted(old_listed - new_listed)),
        forgotten=tuple(sorted(old.keys() - old_listed - new.keys())),
        repriced=tuple(
            Repriced(model_id, old[model_id].price, new[model_id].price)
            for model_id in shared
            if not same_price(old[model_id].price, new[model_id].price)
        ),
        changed=tuple(
            Changed(model_id, fields)
            for model_id in shared
            if (fields := tuple(name for name in differing[model_id] if name not in everywhere))
        ),
        everywhere=everywhere,
    )


def _sorted(ids: Iterable[str]) -> list[str]:
    return sorted_in_steps(ids, key=str)


def _differing(old: Model, new: Model) -> tuple[str, ...]:
    # The same bytes have the same details; to find that out takes a hundredth of the time that comparing them takes.
    are_same = old.upstream is not None and new.upstream is not None and old.upstream.raw == new.upstream.raw
    before, after = (meaning(model, with_details=not are_same) for model in (old, new))
    if before == after:
        return ()
    return tuple(sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key)))


def _everywhere(differing: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if len(differing) < EVERYWHERE_MIN_MODELS:
        return ()
    counts = Counter(name for fields in differing.values() for name in fields)
    return tuple(sorted(name for name, count in counts.items() if count > EVERYWHERE_SHARE * len(differing)))
