"""The overrides file: what the operator of this service knows better than anybody else.

    schema = 1
    hide = ["openai/gpt-3.5-*"]            globs over ids
    [models."openai/gpt-4o"]               fields that replace those of a model; aliases are added to its own
    [[add]]                                private models, whole

Every written field is a decision. An empty file is refused: an editor that truncates before it writes must not
look like an operator who withdrew everything; write `schema = 1` alone for that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import Field, PlainValidator, model_validator

from app.catalog.errors import DocumentError
from app.catalog.identity import author_of, family_of, slug_of, variant_of
from app.catalog.merge import OVERRIDES
from app.catalog.model import Lifecycle, LifecycleState, Model, Route
from app.catalog.overrides import NO_OVERRIDES, Overrides
from app.catalog.price import UNKNOWN_PRICE, Price, PriceState
from app.catalog.text import clean_description
from app.sources.kept_copy import KeptCopy
from app.sources.last_valid import LastValid, LastValidFile, utc_now
from app.sources.local_fields import (
    BaseUrl,
    Day,
    LocalFields,
    ModelId,
    NativeId,
    RequiredName,
    SchemaOne,
    Slug,
    alias_fault,
    price_of,
)
from app.sources.local_file import FieldError, Table, body_of, place, shaped
from app.sources.written_values import cleaned, matching, one_of, words

MAX_NOTES_CHARS = 2_000
_GLOB = re.compile(r"[a-z0-9._:~/*?\[\]!-]{1,200}")
_STATED: Mapping[str, Price] = MappingProxyType(
    {
        "free": Price(PriceState.FREE, MappingProxyType({"prompt": Decimal(0), "completion": Decimal(0)})),
        "unknown": UNKNOWN_PRICE,
        "dynamic": Price(PriceState.DYNAMIC),
        "per_unit": Price(PriceState.PER_UNIT),
    }
)

Globs = Annotated[
    tuple[str, ...], PlainValidator(words(matching(_GLOB, "a glob over ids in lower case, e.g. openai/gpt-3.5-*")))
]
Notes = Annotated[str | None, PlainValidator(cleaned(clean_description, MAX_NOTES_CHARS))]
StatedPrice = Annotated[str | None, PlainValidator(one_of(tuple(_STATED)))]


class _Patch(LocalFields):
    notes: Notes = None
    expires_on: Day = None
    price: StatedPrice = None

    @model_validator(mode="after")
    def _check_price(self) -> Self:
        if self.price is not None and self.price_usd_per_million_tokens is not None:
            raise FieldError("stands beside price_usd_per_million_tokens; keep one of them", at="price")
        return self

    def decided(self, model_id: str) -> dict[str, Any]:
        """Return the `Model` fields that were written, in their own types."""
        fields = self.facts()
        if self.notes is not None:
            fields["notes"] = self.notes
        if self.expires_on is not None:
            fields["lifecycle"] = Lifecycle(LifecycleState.DEPRECATED, expires_on=self.expires_on)
        if self.price is not None:
            fields["price"] = _STATED[self.price]
        elif self.price_usd_per_million_tokens is not None:
            fields["price"] = price_of(model_id, self.price_usd_per_million_tokens, self.output_modalities)
        return fields


class _Added(_Patch):
    id: ModelId
    name: RequiredName
    provider: Slug = None
    base_url: BaseUrl = None
    upstream_id: NativeId = None


class _File(Table):
    schema_number: Annotated[SchemaOne, Field(alias="schema")]
    hide: Globs = ()
    models: dict[ModelId, _Patch] = Field(default_factory=dict)
    add: list[_Added] = Field(default_factory=list)


class OverridesSource:
    """The overrides file at `path`, TOML by its suffix or else JSON."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Overrides:
        """Return what the file decides now; raises DocumentError."""
        return self._parse(body_of(self._path))

    def _parse(self, body: bytes) -> Overrides:
        file = shaped(body, _File, self._path.name)
        _check_together(file, self._path.name)
        patches = {identifier: MappingProxyType(patch.decided(identifier)) for identifier, patch in file.models.items()}
        return Overrides(file.hide, MappingProxyType(patches), tuple(_added(entry) for entry in file.add))

    def last_valid(
        self, now: Callable[[], datetime] = utc_now, *, copy: KeptCopy | None = None
    ) -> LastValid[Overrides]:
        """Return the reader that outlives a broken file, with a copy also over a restart.

        There are no overrides at all until one was valid.
        """
        return LastValidFile(self._path, self._parse, NO_OVERRIDES, copy=copy, now=now)


def _check_together(file: _File, file_name: str) -> None:
    """Refuse what no entry can show alone: a model added twice, or added and patched, and clashing aliases."""
    aliases = {identifier: patch.aliases for identifier, patch in file.models.items()}
    for entry in file.add:
        if entry.id in aliases:
            reason = "stands under models too; write its fields here" if entry.id in file.models else "stands twice"
            raise DocumentError(f"{file_name}: {place('add', entry.id)}: {reason}")
        aliases[entry.id] = entry.aliases
    clash = alias_fault(aliases)
    if clash:
        where = "models" if clash[0] in file.models else "add"
        raise DocumentError(f"{file_name}: {place(where, clash[0], 'aliases')}: {clash[1]}")


def _added(entry: _Added) -> Model:
    fields = entry.decided(entry.id)
    fields.setdefault("family", family_of(entry.id))
    provider = entry.provider or author_of(entry.id)
    return Model(
        id=entry.id,
        author=author_of(entry.id),
        provider=provider,
        variant=variant_of(entry.id),
        routes=(Route(provider, OVERRIDES, entry.upstream_id or slug_of(entry.id), entry.base_url),),
        sources=(OVERRIDES,),
        provenance=MappingProxyType({name: OVERRIDES for name, value in fields.items() if value not in (None, ())}),
        **fields,
    )
