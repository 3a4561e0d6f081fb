"""Who takes the place of a model that is no longer listed, and why.

Tried in turn, among listed models: the id that its alias pointed to, the same `canonical_slug`, the same model in
another variant, and among the author's models of the same family or the same words the one that reads as much,
is called most alike, has the same size, is newest, in this order. A `~latest` alias is nobody's successor: it moves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from app.catalog.identity import author_of, base_of, family_of, slug_of, variant_of
from app.catalog.index import Index
from app.catalog.model import Model

# Answers come hours later there, from another endpoint.
_OTHER_WAYS = frozenset({"batch"})
# Words that tell how finished a model is, not which.
_STAGES = frozenset({"alpha", "beta", "exp", "experimental", "latest", "preview"})
# Whoever keeps more choices than this in one snapshot has them looked for again.
_MAX_FOUND = 10_000
_WORD = re.compile(r"[a-z]+")
_SIZE = re.compile(r"(?:a|e|\d+x)?\d+(?:\.\d+)?[bm]")


class Why(StrEnum):
    """What makes a model the successor of another."""

    ALIAS = "alias"
    ALIAS_TARGET = "alias_target"
    CANONICAL_SLUG = "canonical_slug"
    VARIANT = "variant"
    FAMILY = "family"


@dataclass(frozen=True, slots=True)
class Successor:
    """A listed model, and why it is the successor."""

    model: Model
    why: Why


class Successors:
    """Finds successors in one snapshot, each once."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._found: dict[str, Successor | None] = {}
        self._by_slug: dict[str, list[int]] = {}
        for place, label in enumerate(index.labels):
            if index.listed >> place & 1 and not _moves(label.id):
                for slug in {label.id, label.canonical_slug or label.id}:
                    self._by_slug.setdefault(slug, []).append(place)

    def of(self, model_id: str) -> Successor | None:
        """Return who takes the place of a model that is delisted or not even known any more; None when nobody does."""
        if model_id not in self._found:
            if len(self._found) >= _MAX_FOUND:
                self._found.clear()
            self._found[model_id] = self._find(model_id)
        return self._found[model_id]

    def _find(self, model_id: str) -> Successor | None:
        index = self._index
        place = index.places.get(model_id)
        gone = None if place is None else index.models[place]
        if gone is not None and gone.alias_target is not None:
            target = index.resolve(gone.alias_target)
            if target is not None and target.is_listed:
                return Successor(target, Why.ALIAS_TARGET)
        for slug in (model_id, gone.canonical_slug if gone else None):
            for model in map(index.models.__getitem__, self._by_slug.get(slug or "", ())):
                if model.id != model_id and model.variant == variant_of(model_id):
                    return Successor(model, Why.CANONICAL_SLUG)
        by_author = index.facets["author"].get(author_of(model_id), 0)
        others = [index.models[place] for place in index.places_in(by_author & index.listed)]
        others = [model for model in others if model.id != model_id and model.variant not in _OTHER_WAYS]
        base = base_of(model_id)
        variants = [model for model in others if base_of(model.id) == base]
        if variants:
            return Successor(min(variants, key=lambda model: model.variant is not None), Why.VARIANT)
        return _relative_of(model_id, gone, others)


def _relative_of(model_id: str, gone: Model | None, others: list[Model]) -> Successor | None:
    variant = variant_of(model_id)
    family = (gone.family if gone else None) or family_of(model_id)
    words, sizes = _line(model_id)

    def closeness(model: Model) -> tuple[bool, bool, int, bool, float]:
        own_words, own_sizes = _line(model.id)
        newness = model.created_at.timestamp() if model.created_at else 0.0
        reads_as_much = gone is None or set(gone.input_modalities) <= set(model.input_modalities)
        # Who had a free one wants a free one first of all.
        return model.variant == variant, reads_as_much, -len(own_words ^ words), own_sizes == sizes, newness

    relatives = [
        model
        for model in others
        if not _moves(model.id)
        and model.variant in {None, variant}
        and (_line(model.id)[0] == words or (family is not None and model.family == family))
        and (gone is None or _can_stand_in(model, gone))
    ]
    return Successor(max(relatives, key=closeness), Why.FAMILY) if relatives else None


def _can_stand_in(model: Model, gone: Model) -> bool:
    """Whether a model writes what another wrote; one that only draws does not answer who used to get text."""
    return set(gone.output_modalities) <= set(model.output_modalities)


def _moves(model_id: str) -> bool:
    return model_id.startswith("~")


@lru_cache(maxsize=8_192)
def _line(model_id: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return a slug's words without versions and dates, and its sizes: claude-3.5-sonnet and claude-sonnet-5 agree."""
    words: set[str] = set()
    sizes: set[str] = set()
    for part in slug_of(base_of(model_id)).split("-"):
        if _SIZE.fullmatch(part):
            sizes.add(part)
        elif (word := _WORD.match(part)) and word.group() not in _STAGES and (part.isalpha() or len(word.group()) > 1):
            words.add(word.group())
    return frozenset(words), frozenset(sizes)
