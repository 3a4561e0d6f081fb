"""The catalog at one moment, as a value: frozen, hashed, self-describing, replaced whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

from app.catalog.model import Model
from app.catalog.packed import Packed, opened
from app.catalog.parse import Quarantined
from app.catalog.price import COMPARED_DIGITS, Price
from app.catalog.steps import sorted_in_steps

_COMPARED = Context(prec=COMPARED_DIGITS)
# Keys of an upstream record that are modelled, derived, or churn without meaning: `benchmarks` changes daily on
# a hundred models, `links` is built from `canonical_slug`.
_NOT_DETAILS = frozenset(
    {
        "id",
        "name",
        "description",
        "created",
        "context_length",
        "pricing",
        "supported_parameters",
        "canonical_slug",
        "knowledge_cutoff",
        "expiration_date",
        "hugging_face_id",
        "alias_target",
        "benchmarks",
        "links",
    }
)
_MODELLED = (
    "name",
    "author",
    "provider",
    "family",
    "description",
    "created_at",
    "context_tokens",
    "max_output_tokens",
    "input_modalities",
    "output_modalities",
    "supported_parameters",
    "capabilities",
    "category",
    "lifecycle",
    "aliases",
    "alias_target",
    "canonical_slug",
    "knowledge_cutoff",
    "hugging_face_id",
    "rank",
    "notes",
    "routes",
    "sources",
    "is_stale",
)


class Origin(StrEnum):
    """Where the newest upstream records of a snapshot came from."""

    CORE = "core"
    BOOTSTRAP = "bootstrap"
    UPSTREAM = "upstream"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a catalog says, before it has a generation.

    `models` stand in the default order: curated rank, then newest, then id; delisted ones last.
    `upstream_ids` keep upstream's own order. `held_back` counts models by the rule that kept them out.
    `withheld` keeps the upstream records of those, so that a changed rule can let them in without a fetch.
    `unmatched_overrides` are ids that the overrides patch but nobody lists.
    """

    models: Sequence[Model]
    origin: Origin
    upstream_ids: tuple[str, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    held_back: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    withheld: Mapping[str, Packed] = field(default_factory=lambda: MappingProxyType({}))
    unmatched_overrides: tuple[str, ...] = ()
    provider_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Snapshot:
    """Contents that were adopted: their place in time and in the line of generations.

    `generation` grows by one with each adopted change and never falls; 0 is a snapshot that no store holds.
    `updated_at` is when these contents were adopted, `fetched_at` when their upstream records were fetched
    (None when they never were).
    """

    generation: int
    updated_at: datetime
    fetched_at: datetime | None
    contents: Contents

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process is told: everything but the look-up table, which is quickly made."""
        return {name: value for name, value in self.__dict__.items() if name != "by_id"}

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over what the models mean, the same however upstream shuffles or rounds it."""
        return content_hash(self.contents.models)

    @cached_property
    def id(self) -> str:
        """Generation and the first half of the hash; the same on every instance that serves it."""
        return f"{self.generation}-{self.content_hash[:12]}"

    @property
    def models(self) -> Sequence[Model]:
        """Every model, delisted ones included, in the default order."""
        return self.contents.models

    @cached_property
    def by_id(self) -> Mapping[str, Model]:
        """Every model by its id."""
        return MappingProxyType({model.id: model for model in self.contents.models})

    def has_open_weights(self, model: Model) -> bool:
        """Return whether a model's weights are known to be published, of an alias those of the model it stands for.

        Upstream names their repository then, or our category says so.
        """
        meant = (model, self.by_id.get(model.alias_target or ""))
        return any(one is not None and (one.hugging_face_id or one.category == "open") for one in meant)


def default_order(model: Model) -> tuple[bool, int, float, str]:
    """Return the key of the default order: listed, curated rank, newest, id."""
    newest = -model.created_at.timestamp() if model.created_at else 0.0
    return (not model.is_listed, model.rank if model.rank is not None else 10**9, newest, model.id)


def content_hash(models: Sequence[Model]) -> str:
    """Return the SHA-256 over the meaning of the models, in hex; their order does not count."""
    digest = hashlib.sha256()
    for model in sorted_in_steps(models, lambda model: model.id):
        digest.update(repr((model.id, meaning(model), _price_meaning(model.price))).encode("utf-8", "replace"))
    return digest.hexdigest()


def meaning(model: Model, *, with_details: bool = True) -> dict[str, object]:
    """Return every field that counts as a change when it differs, but for the price.

    Keys of the upstream record that `Model` has no field for are the details; they stand under their own names.
    """
    fields: dict[str, object] = {name: getattr(model, name) for name in _MODELLED}
    fields["lifecycle"] = (model.lifecycle.state.value, model.lifecycle.expires_on)
    for key, value in opened(model.upstream).items() if with_details else ():
        if key not in _NOT_DETAILS:
            settled = _settled(value)
            if settled is not None:
                fields[f"upstream.{key}"] = settled
    return fields


def _settled(value: Any) -> object:
    """Return a comparable form of a JSON value in which null, empty and absent are one, and lists are sets."""
    if isinstance(value, dict):
        pairs = ((key, _settled(member)) for key, member in value.items())
        return tuple(sorted((pair for pair in pairs if pair[1] is not None), key=lambda pair: pair[0])) or None
    if isinstance(value, list):
        return tuple(sorted((_settled(member) for member in value), key=repr)) or None
    return None if value == "" else value


def _price_meaning(price: Price) -> object:
    return (
        price.state.value,
        _rates_meaning(price.rates),
        tuple(
            (o.min_prompt_tokens, o.utc_start_minute, o.utc_end_minute, o.utc_days, _rates_meaning(o.rates))
            for o in price.overrides
        ),
    )


def _rates_meaning(rates: Mapping[str, Decimal]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, str(rate.normalize(_COMPARED))) for key, rate in rates.items() if rate))
