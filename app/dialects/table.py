"""Every dialect that the registry speaks, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

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


def speak_all(context: Context) -> Mapping[str, Spoken]:
    """Return every dialect's document of a snapshot, by the dialect's name.

    Only lists keep their rows: nobody asks for a row of the others, and each would lie in memory twice.
    """
    lists = {dialect.name: speak(dialect, context) for dialect in LISTS}
    documents = {dialect.name: replace(speak(dialect, context), rows=NO_ROWS) for dialect in DOCUMENTS}
    return MappingProxyType(lists | documents)
