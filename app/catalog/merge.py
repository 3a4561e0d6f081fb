"""Make one catalog of core models, upstream records, local overrides and what was known before.

Precedence: core < upstream < overrides for facts. Core and overrides own what upstream does not know: category,
rank, aliases, notes, family. A model in both sources is one model with two sources and two routes. A model that
upstream no longer lists stays findable as delisted. Models that the door holds back are gone, not delisted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

from app.catalog.door import OPEN_DOOR, Door
from app.catalog.model import Lifecycle, LifecycleState, Model, Record
from app.catalog.naming import names_of_authors
from app.catalog.overrides import NO_OVERRIDES, Overrides
from app.catalog.parse import OPENROUTER, Parsed, parse_records
from app.catalog.price import PriceState, settle_windows, settle_zero
from app.catalog.snapshot import Contents, Origin, Snapshot, default_order
from app.catalog.steps import sorted_in_steps

OVERRIDES = "overrides"
HIDDEN = "overrides.hide"
# What core decides even against upstream.
_CORE_OWNS = ("category", "rank", "notes", "family")
_FACTS = (
    "description",
    "created_at",
    "context_tokens",
    "max_output_tokens",
    "input_modalities",
    "output_modalities",
    "supported_parameters",
    "capabilities",
    "canonical_slug",
    "knowledge_cutoff",
    "hugging_face_id",
)


@dataclass(frozen=True, slots=True)
class Ingredients:
    """Everything that a catalog is made of, but for upstream's records."""

    core: tuple[Model, ...] = ()
    overrides: Overrides = NO_OVERRIDES
    door: Door = OPEN_DOOR
    delisted_days: int = 90
    provider_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def merge(
    parsed: Parsed,
    ingredients: Ingredients,
    *,
    origin: Origin,
    last_good: Snapshot | None,
    last_seen_at: datetime,
    now: datetime,
) -> Contents:
    """Return the catalog that these sources make together.

    `last_seen_at` is when upstream was last known to list what `last_good` lists; it becomes the `last_seen_at`
    of models that vanish now.
    """
    known = last_good.by_id if last_good else {}
    upstream = [_settle(model, known.get(model.id), now) for model in parsed.models]
    upstream += _kept_for_quarantined(parsed, known)
    core = {model.id: model for model in ingredients.core}
    merged = {model.id: _combine(core.get(model.id), model, now) for model in upstream}
    for model in ingredients.core:
        # A core model that only OpenRouter serves is there as long as OpenRouter lists it.
        if model.id not in merged and (model.routes or not upstream):
            merged[model.id] = model
    merged |= _delisted(known.values(), merged.keys(), ingredients.delisted_days, last_seen_at, now)
    merged, unmatched = _patched(merged, ingredients.overrides)
    admitted, held_back = _admitted(merged.values(), ingredients)
    there = {model.id for model in admitted}
    admitted += [model for model in ingredients.overrides.added if model.id not in there]
    return Contents(
        models=tuple(sorted_in_steps(_with_unique_aliases(admitted), default_order)),
        origin=origin,
        upstream_ids=tuple(model.id for model in upstream),
        quarantined=parsed.quarantined,
        held_back=held_back,
        withheld=MappingProxyType({m.id: m.upstream for m in upstream if m.id not in there and m.upstream is not None}),
        unmatched_overrides=unmatched,
        provider_names=names_of_authors(admitted, ingredients.provider_names),
    )


def upstream_of(snapshot: Snapshot, *, base_url: str | None = None) -> Parsed:
    """Return the upstream records that a snapshot was made of, to merge them anew with other local files."""
    contents = snapshot.contents
    records: list[Record] = []
    for model_id in contents.upstream_ids:
        model = snapshot.by_id.get(model_id)
        record: Record | None = model.upstream if model else contents.withheld.get(model_id)
        if record is not None:
            records.append(record)
    return replace(parse_records(records, base_url=base_url), quarantined=contents.quarantined)


def _settle(model: Model, last_good: Model | None, now: datetime) -> Model:
    # A price that the overrides set says nothing about upstream's.
    trusted = last_good is not None and last_good.provenance.get("price") == OPENROUTER
    before = last_good.price if last_good is not None and trusted else None
    price = settle_windows(model.price, before)
    price = settle_zero(price, before, is_free_variant=model.variant == "free", now=now)
    return model if price is model.price else replace(model, price=price)


def _kept_for_quarantined(parsed: Parsed, known: Mapping[str, Model]) -> list[Model]:
    """Return the last good version of each model whose record can't be read now, marked stale."""
    readable = {model.id for model in parsed.models}
    ids = {entry.record_id for entry in parsed.quarantined if entry.record_id} - readable
    records = [model.upstream for model in known.values() if model.id in ids and model.is_listed and model.upstream]
    return [replace(model, is_stale=True) for model in parse_records(records).models]


def _combine(core: Model | None, upstream: Model, now: datetime) -> Model:
    """Return one model of two: upstream's facts where it has any, core's otherwise, and what core owns."""
    if core is None:
        return upstream
    changes: dict[str, Any] = {name: getattr(core, name) for name in _FACTS if getattr(upstream, name) in (None, ())}
    changes |= {name: getattr(core, name) for name in _CORE_OWNS if getattr(core, name) is not None}
    changes = {name: value for name, value in changes.items() if value not in (None, ())}
    price = upstream.price
    if price.state is PriceState.UNKNOWN and price.zero_since is None:
        changes["price"] = core.price
    elif core.price.state is PriceState.PRICED and price.state is PriceState.FREE:
        changes["price"] = settle_zero(price, core.price, is_free_variant=upstream.variant == "free", now=now)
    decided = {name: "core" for name in changes if name != "price" or changes["price"] is core.price}
    return replace(
        upstream,
        provider=core.provider if core.routes else upstream.provider,
        aliases=core.aliases,
        routes=core.routes + upstream.routes,
        sources=core.sources + upstream.sources,
        provenance=MappingProxyType({**upstream.provenance, **decided}),
        **changes,
    )


def _delisted(
    known: Iterable[Model], present: Iterable[str], keep_days: int, last_seen_at: datetime, now: datetime
) -> dict[str, Model]:
    """Return the models that OpenRouter listed and no longer lists, as far as they are still kept."""
    there = set(present)
    kept: dict[str, Model] = {}
    for model in known:
        if model.id in there or OPENROUTER not in model.sources:
            continue
        seen_at = last_seen_at if model.is_listed else (model.lifecycle.last_seen_at or last_seen_at)
        if now - seen_at <= timedelta(days=keep_days):
            lifecycle = Lifecycle(LifecycleState.DELISTED, model.lifecycle.expires_on, seen_at)
            kept[model.id] = replace(model, lifecycle=lifecycle, is_stale=False)
    return kept


def _patched(models: Mapping[str, Model], overrides: Overrides) -> tuple[dict[str, Model], tuple[str, ...]]:
    """Return the models with the local patches applied, and the ids that no model answers to."""
    patched = dict(models)
    for model_id, fields in overrides.patches.items():
        model = patched.get(model_id)
        if model is not None:
            patched[model_id] = _patch(model, fields)
    unmatched = tuple(sorted(model_id for model_id in overrides.patches if model_id not in patched))
    return patched, unmatched


def _patch(model: Model, fields: Mapping[str, Any]) -> Model:
    changes = {**fields, "aliases": model.aliases + tuple(fields.get("aliases", ()))}
    if not model.is_listed:
        changes.pop("lifecycle", None)
    return replace(
        model,
        sources=(*(source for source in model.sources if source != OVERRIDES), OVERRIDES),
        provenance=MappingProxyType({**model.provenance, **dict.fromkeys(fields, OVERRIDES)}),
        **changes,
    )


def _admitted(models: Iterable[Model], ingredients: Ingredients) -> tuple[list[Model], Mapping[str, int]]:
    """Return the models that neither the overrides hide nor the door holds back, and the counts by rule."""
    counts: Counter[str] = Counter()
    admitted: list[Model] = []
    for model in models:
        hidden = any(fnmatchcase(model.id, glob) for glob in ingredients.overrides.hidden)
        rule = HIDDEN if hidden else ingredients.door.held_back_by(model)
        if rule is None:
            admitted.append(model)
        else:
            counts[rule] += 1
    return admitted, MappingProxyType(dict(sorted(counts.items())))


def _with_unique_aliases(models: Sequence[Model]) -> list[Model]:
    """Return the models with each alias on one model only, and none that is an id of its own."""
    taken = {model.id for model in models}
    unique: list[Model] = []
    for model in sorted_in_steps(models, default_order):
        kept: list[str] = []
        for alias in model.aliases:
            if alias not in taken:
                taken.add(alias)
                kept.append(alias)
        unique.append(model if tuple(kept) == model.aliases else replace(model, aliases=tuple(kept)))
    return unique
