"""Every dialect that the registry speaks, in one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from app.dialects.catwalk import CATWALK
from app.dialects.dialect import Context, Dialect, Spoken, speak
from app.dialects.hermes import HERMES
from app.dialects.litellm_config import (
    LITELLM_CONFIG_JSON,
    LITELLM_CONFIG_YAML,
    LITELLM_MODEL_GROUPS,
    LITELLM_MODEL_INFO,
)
from app.dialects.litellm_cost_map import LITELLM_COST_MAP
from app.dialects.modelsdev import MODELSDEV
from app.dialects.newapi import NEWAPI_PRICING, NEWAPI_RATIO_CONFIG
from app.dialects.openai import OPENAI
from app.dialects.openrouter import OPENROUTER

NO_ROWS: Mapping[str, bytes] = MappingProxyType({})
LISTS: tuple[Dialect, ...] = (OPENAI, OPENROUTER)
"""Dialects whose clients ask with queries or for one model; each has routes of its own."""
DOCUMENTS: tuple[Dialect, ...] = (
    LITELLM_COST_MAP,
    LITELLM_CONFIG_YAML,
    LITELLM_CONFIG_JSON,
    LITELLM_MODEL_INFO,
    LITELLM_MODEL_GROUPS,
    CATWALK,
    MODELSDEV,
    HERMES,
    NEWAPI_RATIO_CONFIG,
    NEWAPI_PRICING,
)
"""Dialects that are one document each, whatever query a client adds."""
DIALECTS: tuple[Dialect, ...] = LISTS + DOCUMENTS

_BY_NAME: Mapping[str, Dialect] = MappingProxyType({dialect.name: dialect for dialect in DIALECTS})


class SpokenTable(Mapping[str, Spoken]):
    """Every dialect's document of a snapshot, by the dialect's name; made when it is asked for, and kept.

    A start would otherwise wait 100 ms for documents that nobody may ask this process for. Only lists keep their
    rows: nobody asks for a row of the others, and each would lie in memory twice.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._made: dict[str, Spoken] = {}

    def __getitem__(self, name: str) -> Spoken:
        made = self._made.get(name)
        if made is None:
            # Two threads may both get here; they make the same.
            made = self._made[name] = self._spoken(name)
        return made

    def _spoken(self, name: str) -> Spoken:
        dialect = _BY_NAME[name]
        spoken = speak(dialect, self._context)
        return spoken if dialect in LISTS else replace(spoken, rows=NO_ROWS)

    def pieces(self, name: str) -> Iterable[bytes]:
        """Return a dialect's document piece by piece, none when it has no document.

        Nothing is kept but what `Spoken` says: whoever needs the document again keeps it compressed, or waits until it
        is made again.
        """
        spoken = self[name]
        if spoken.is_served and spoken.document is None:
            spoken = self._spoken(name)
        self._made[name] = replace(spoken, document=None)
        return spoken.pieces()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let the dialects that are spoken meanwhile share what they say alike; not for two threads at once."""
        alone = self._context
        self._context = replace(alone, said={})
        try:
            yield
        finally:
            self._context = alone

    def made(self) -> Mapping[str, Spoken]:
        """Return the documents that were asked for already."""
        return MappingProxyType(self._made)

    def with_base_map(self, base_map: Mapping[str, Any] | None) -> SpokenTable:
        """Return the same documents; what is spoken anew is laid over another base map."""
        table = SpokenTable(Context(self._context.snapshot, base_map))
        table._made = dict(self._made)
        return table

    def __iter__(self) -> Iterator[str]:
        return iter(_BY_NAME)

    def __len__(self) -> int:
        return len(_BY_NAME)
