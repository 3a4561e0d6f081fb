"""Everything that is looked up often, built once per snapshot: ids, aliases, facets as bit masks, search.

A set of models is an `int` whose bit `n` stands for the model at place `n` of the snapshot's order; filters are
then `&` and `|`, counts are `bit_count()`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import nsmallest
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from app.catalog.columns import Column
from app.catalog.identity import base_of, slug_of
from app.catalog.labels import Labels
from app.catalog.model import Model
from app.catalog.portions import in_portions
from app.catalog.postings import mask_of, places_in
from app.catalog.price import PriceState
from app.catalog.remembered import Remembered
from app.catalog.search import SearchIndex
from app.catalog.snapshot import Snapshot
from app.catalog.steps import sorted_in_steps

Mask = int
"""A set of models by their places."""

CONTEXT_BANDS = (
    (0, "unknown"),
    (1, "under 32k"),
    (32_000, "32k"),
    (128_000, "128k"),
    (256_000, "256k"),
    (1_000_000, "1m"),
)


def context_band(model: Model) -> str:
    """Return the name of the band that the context falls into; each is named for its lower end."""
    tokens = model.context_tokens or 0
    return next(name for floor, name in reversed(CONTEXT_BANDS) if tokens >= floor)


# Query words whose reading is remembered as long as the catalog stays; some 300 bytes each.
MAX_PARTS_READ = 2_048
FACETS: Mapping[str, Callable[[Model, Snapshot], Iterable[str]]] = MappingProxyType(
    {
        "author": lambda model, _: (model.author,),
        "provider": lambda model, _: {route.provider for route in model.routes} or (model.provider,),
        "source": lambda model, _: model.sources,
        "category": lambda model, _: (model.category,) if model.category else (),
        "family": lambda model, _: (model.family,) if model.family else (),
        "input_modality": lambda model, _: model.input_modalities,
        "output_modality": lambda model, _: model.output_modalities,
        "supports": lambda model, _: model.capabilities,
        "supported_parameters": lambda model, _: model.supported_parameters,
        "price": lambda model, _: (model.price.state.value,),
        "variant": lambda model, _: (model.variant or "base",),
        "weights": lambda model, snapshot: ("open",) if snapshot.has_open_weights(model) else (),
        "lifecycle": lambda model, _: (model.lifecycle.state.value,),
        "context": lambda model, _: (context_band(model),),
    }
)
"""What models can be grouped by, and the values that each model has there."""

TOKEN_PRICED = frozenset({PriceState.PRICED, PriceState.FREE})
"""A price per unit is not a low token price."""


def prompt_rate(model: Model) -> Decimal | None:
    """Return the input price in USD per token of a model that has one."""
    return model.price.prompt_usd_per_token if model.price.state in TOKEN_PRICED else None


def completion_rate(model: Model) -> Decimal | None:
    """Return the output price in USD per token of a model that has one."""
    return model.price.completion_usd_per_token if model.price.state in TOKEN_PRICED else None


COLUMNS: Mapping[str, Callable[[Model], int | Decimal | None]] = MappingProxyType(
    {
        "context": lambda model: model.context_tokens,
        "prompt_price": prompt_rate,
        "completion_price": completion_rate,
    }
)
"""What models can be compared by; a model of which it is not known is on neither side."""


SORT_KEYS: Mapping[str, Callable[[Model], Any]] = MappingProxyType(
    {
        "id": lambda model: model.id,
        "name": lambda model: model.name.casefold(),
        "author": lambda model: model.author,
        "created": lambda model: model.created_at,
        "max_output": lambda model: model.max_output_tokens,
        **COLUMNS,
    }
)
"""What models can be sorted by besides the default order; None comes last in both directions."""


@dataclass(frozen=True, slots=True)
class Index:
    """A snapshot with its look-up tables.

    `facets` maps a facet and a value to the models that have it, `columns` the name of a number to who has how much.
    `ranks` maps a word to sort by to each model's place in that order, equal ones alike; -1 for models without a value.
    `listed` are the models that are not delisted. `parts_read` is where whoever reads queries remembers how their
    words were read.
    """

    snapshot: Snapshot
    places: Mapping[str, int]
    spellings: Mapping[str, str]
    facets: Mapping[str, Mapping[str, Mask]]
    columns: Mapping[str, Column]
    ranks: Mapping[str, array[int]]
    listed: Mask
    labels: Labels
    search: SearchIndex
    parts_read: Remembered[tuple[str, str], tuple[int, str, Any]] = field(
        default_factory=lambda: Remembered(MAX_PARTS_READ), compare=False, repr=False
    )

    @property
    def models(self) -> Sequence[Model]:
        """Every model, in the default order."""
        return self.snapshot.models

    def resolve(self, spelling: str) -> Model | None:
        """Return the model that a spelling of an id means; None when it means none, or more than one.

        Tried in turn: the id itself, an alias, the canonical slug, the slug without author, any of them with an
        `openrouter/` in front, and all of it again with `.` and `_` read as `-`.
        """
        place = self.places.get(spelling)
        if place is not None:
            return self.models[place]
        lowered = spelling.strip().lower()
        for candidate in (lowered, lowered.removeprefix("openrouter/")):
            model_id = self.spellings.get(candidate) or self.spellings.get(_flat(candidate))
            if model_id:
                return self.models[self.places[model_id]]
        return None

    def newest(self, count: int) -> list[int]:
        """Return the places of the newest listed models that have a date, newest first, then by id."""
        created, ids = self.ranks["created"], self.ranks["id"]
        dated = (place for place in self.places_in(self.listed) if created[place] >= 0)
        return nsmallest(count, dated, key=lambda place: (-created[place], ids[place]))

    def places_in(self, mask: Mask, limit: int | None = None) -> list[int]:
        """Return the places of a set, in the default order, at most `limit`."""
        return places_in(mask, limit)


def build_index(snapshot: Snapshot) -> Index:
    """Build the tables; some thirty milliseconds for 400 models, so not on the event loop."""
    models = snapshot.models
    labels = Labels(models)
    return Index(
        snapshot=snapshot,
        places=MappingProxyType({model.id: place for place, model in enumerate(models)}),
        spellings=in_portions(_spellings(models)),
        facets={name: _facet(snapshot, values_of) for name, values_of in FACETS.items()},
        columns={
            name: Column(
                {place: number for place, model in enumerate(models) if (number := number_of(model)) is not None},
                len(models),
            )
            for name, number_of in COLUMNS.items()
        },
        listed=mask_of([place for place, model in enumerate(models) if model.is_listed], len(models)),
        labels=labels,
        ranks={name: _ranks(models, key) for name, key in SORT_KEYS.items()},
        search=SearchIndex(models, labels),
    )


def _facet(snapshot: Snapshot, values_of: Callable[[Model, Snapshot], Iterable[str]]) -> dict[str, Mask]:
    """Return the models that have each value, in the order of the values."""
    models = snapshot.models
    places: dict[tuple[str, ...], list[int]] = {}
    for place, model in enumerate(models):
        places.setdefault(tuple(values_of(model, snapshot)), []).append(place)
    found: dict[str, Mask] = {}
    # Models share whole sets of values: 421 have 5,200 parameters in 153 sets.
    for values, there in places.items():
        mask = mask_of(there, len(models))
        for value in values:
            found[value] = found.get(value, 0) | mask
    return dict(sorted(found.items()))


def _ranks(models: Sequence[Model], key: Callable[[Model], Any]) -> array[int]:
    """Return each model's place in the order of a key, equal ones alike; -1 for models without a value."""
    known = [(value, place) for place, model in enumerate(models) if (value := key(model)) is not None]
    ranks = array("i", [-1]) * len(models)
    rank, last = -1, None
    for value, place in sorted_in_steps(known, key=itemgetter(0)):
        if rank < 0 or value != last:
            rank, last = rank + 1, value
        ranks[place] = rank
    return ranks


def _spellings(models: Iterable[Model]) -> dict[str, str]:
    """Return every unambiguous spelling; stronger kinds of spelling win over weaker ones."""
    known: dict[str, str] = {}
    listed_first = sorted(models, key=lambda model: not model.is_listed)
    for spell in _SPELLERS:
        claims: dict[str, set[str]] = {}
        for model in listed_first:
            for spelling in spell(model):
                if spelling not in known:
                    claims.setdefault(spelling, set()).add(model.id)
        known |= {spelling: next(iter(ids)) for spelling, ids in claims.items() if len(ids) == 1}
    return known


def _flat(spelling: str) -> str:
    return spelling.replace(".", "-").replace("_", "-")


_SPELLERS: tuple[Callable[[Model], Iterable[str]], ...] = (
    lambda model: (model.id,),
    lambda model: model.aliases,
    lambda model: (model.canonical_slug,) if model.canonical_slug and base_of(model.id) == model.id else (),
    lambda model: (slug_of(model.id),),
    lambda model: (_flat(model.id),),
    lambda model: [_flat(alias) for alias in model.aliases],
    lambda model: (_flat(slug_of(model.id)),),
)
