"""The core models: a hand-kept list that answers when nothing else does.

The built-in file lies beside this module; CORE_MODELS_FILE replaces it, in the same shape. Facts in it yield to
OpenRouter's; rank, category, family and aliases are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import partial
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, NoReturn

from pydantic import Field, PlainValidator

from app.catalog.errors import DocumentError
from app.catalog.identity import author_of, variant_of
from app.catalog.model import Model, Route
from app.catalog.parse import OPENROUTER
from app.sources.kept_copy import KeptCopy
from app.sources.last_valid import LastValid, LastValidFile, utc_now
from app.sources.local_fields import (
    BaseUrl,
    Day,
    LocalFields,
    ModelId,
    NativeId,
    RequiredDay,
    RequiredName,
    RequiredRank,
    RequiredSlug,
    SchemaOne,
    Slug,
    alias_fault,
    price_of,
)
from app.sources.local_file import Table, body_of, did_you_mean, place, shaped, shown
from app.sources.written_values import one_of

CORE = "core"
BUILT_IN = "core_models.json"


class Category(StrEnum):
    """What a core model is chosen for; each model has one."""

    FLAGSHIP = "flagship"
    """The best that its maker offers today for general work."""
    FAST = "fast"
    """Small, quick and cheap, for simple work and large volumes."""
    REASONING = "reasoning"
    """Thinks long before it answers, for hard problems."""
    CODING = "coding"
    """Made for writing and changing software."""
    OPEN = "open"
    """Published weights: may be run anywhere."""
    MULTIMODAL = "multimodal"
    """Makes or understands images, sound or video before all else."""
    SEARCH = "search"
    """Looks answers up on the web and cites them."""
    LEGACY = "legacy"
    """Succeeded by a newer model of its maker; kept for those who depend on it."""


@dataclass(frozen=True, slots=True)
class CoreModels:
    """What a core file holds; `updated` is the day up to which its facts were kept."""

    models: tuple[Model, ...]
    provider_names: Mapping[str, str]
    provider_base_urls: Mapping[str, str]
    updated: date
    file_name: str


class _Provider(Table):
    name: RequiredName
    base_url: BaseUrl = None


class _Entry(LocalFields):
    id: ModelId
    name: RequiredName
    rank: RequiredRank
    category: Annotated[str, PlainValidator(one_of(tuple(Category)))]
    provider: Slug = None
    upstream_id: NativeId = None
    created: Day = None


class _File(Table):
    schema_number: Annotated[SchemaOne, Field(alias="schema")]
    updated: RequiredDay
    providers: dict[RequiredSlug, _Provider]
    models: list[_Entry]


class CoreSource:
    """The core file at `path`; the built-in one when that is None."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    def read(self) -> CoreModels:
        """Return what the file holds now; raises DocumentError."""
        if self._path is not None:
            return _parse(body_of(self._path), self._path.name)
        return _parse((resources.files("app.sources") / BUILT_IN).read_bytes(), BUILT_IN)

    def last_valid(
        self, now: Callable[[], datetime] = utc_now, *, copy: KeptCopy | None = None
    ) -> LastValid[CoreModels]:
        """Return the reader that outlives a broken file, with a copy also over a restart.

        The built-in models stand in until one was valid.
        """
        built_in = CoreSource().read()
        if self._path is None:
            return LastValid(self.read, built_in, now=now)
        return LastValidFile(self._path, partial(_parse, file_name=self._path.name), built_in, copy=copy, now=now)


def _parse(body: bytes, file_name: str) -> CoreModels:
    return _core_models(shaped(body, _File, file_name), file_name)


def _core_models(file: _File, file_name: str) -> CoreModels:
    _check_together(file, file_name)
    base_urls = {slug: provider.base_url for slug, provider in file.providers.items() if provider.base_url}
    return CoreModels(
        models=tuple(_model(entry, base_urls) for entry in sorted(file.models, key=lambda entry: entry.rank)),
        provider_names=MappingProxyType({slug: provider.name for slug, provider in file.providers.items()}),
        provider_base_urls=MappingProxyType(base_urls),
        updated=file.updated,
        file_name=file_name,
    )


def _check_together(file: _File, file_name: str) -> None:
    """Refuse what no entry can show alone: ids and ranks given twice, clashing aliases, unknown providers."""
    if not file.models:
        raise DocumentError(f"{file_name}: models: holds no model")

    def refuse(entry_id: str, field: str, reason: str) -> NoReturn:
        raise DocumentError(f"{file_name}: {place('models', entry_id, field)}: {reason}")

    ids: set[str] = set()
    ranked: dict[int, str] = {}
    for entry in file.models:
        if entry.id in ids:
            refuse(entry.id, "id", "stands twice")
        if entry.rank in ranked:
            refuse(entry.id, "rank", f"{entry.rank} is the rank of {ranked[entry.rank]} already")
        if entry.provider is not None and entry.provider not in file.providers:
            refuse(
                entry.id,
                "provider",
                f"{shown(entry.provider)} is not among the providers{did_you_mean(entry.provider, [*file.providers])}",
            )
        ids.add(entry.id)
        ranked[entry.rank] = entry.id
    clash = alias_fault({entry.id: entry.aliases for entry in file.models})
    if clash:
        refuse(clash[0], "aliases", clash[1])


def _model(entry: _Entry, base_urls: Mapping[str, str]) -> Model:
    facts = entry.facts()
    if entry.created is not None:
        facts["created_at"] = datetime.combine(entry.created, time(), UTC)
    if entry.price_usd_per_million_tokens is not None:
        facts["price"] = price_of(entry.id, entry.price_usd_per_million_tokens, entry.output_modalities)
    routes: tuple[Route, ...] = ()
    # Without the id that the maker's own API wants there is no route, only the knowledge of who serves it.
    if entry.provider is not None and entry.upstream_id is not None:
        routes = (Route(entry.provider, CORE, entry.upstream_id, base_urls.get(entry.provider)),)
    return Model(
        id=entry.id,
        author=author_of(entry.id),
        provider=entry.provider or OPENROUTER,
        variant=variant_of(entry.id),
        routes=routes,
        sources=(CORE,),
        provenance=MappingProxyType({name: CORE for name, value in facts.items() if value != ()}),
        **facts,
    )
