"""The fields of a model that both local files may hold, the core file and the overrides file.

Absent is None or empty; what was written, even an empty list, is in `model_fields_set`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import PlainValidator

from app.catalog.identity import variant_of
from app.catalog.parse import MAX_TOKENS, MODALITY_ORDER
from app.catalog.price import Price, state_of
from app.catalog.text import DESCRIPTION_MAX_CHARS, NAME_MAX_CHARS, clean_description, clean_name
from app.sources.local_file import Table, shown
from app.sources.written_values import (
    VISIBLE,
    cleaned,
    day,
    http_url,
    matching,
    model_id,
    rates,
    schema_one,
    some_of,
    whole_number,
    words,
)

CAPABILITIES = ("audio", "caching", "files", "reasoning", "structured_outputs", "tools", "vision", "web_search")
OUTPUT_MODALITIES = (*MODALITY_ORDER, "embeddings", "rerank", "speech", "transcription", "decisions")
MAX_RANK = 100_000
_ALIAS = re.compile(r"[a-z0-9/._:~-]{1,200}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SLUG_MEANING = "a word of a-z, 0-9, '.', '_' and '-', at most 64 characters"
_PARAMETER = re.compile(r"[a-z][a-z0-9_]{0,63}")

SchemaOne = Annotated[int, PlainValidator(schema_one)]
ModelId = Annotated[str, PlainValidator(model_id)]
RequiredName = Annotated[str, PlainValidator(cleaned(clean_name, NAME_MAX_CHARS))]
Name = Annotated[str | None, PlainValidator(cleaned(clean_name, NAME_MAX_CHARS))]
Text = Annotated[str | None, PlainValidator(cleaned(clean_description, DESCRIPTION_MAX_CHARS))]
RequiredSlug = Annotated[str, PlainValidator(matching(_SLUG, _SLUG_MEANING))]
Slug = Annotated[str | None, PlainValidator(matching(_SLUG, _SLUG_MEANING))]
NativeId = Annotated[
    str | None, PlainValidator(matching(VISIBLE, "an id of at most 200 visible ASCII characters without blanks"))
]
BaseUrl = Annotated[str | None, PlainValidator(http_url)]
RequiredDay = Annotated[date, PlainValidator(day)]
Day = Annotated[date | None, PlainValidator(day)]
Tokens = Annotated[int | None, PlainValidator(whole_number(1, MAX_TOKENS))]
RequiredRank = Annotated[int, PlainValidator(whole_number(1, MAX_RANK))]
Rank = Annotated[int | None, PlainValidator(whole_number(1, MAX_RANK))]
Rates = Annotated[Mapping[str, Decimal] | None, PlainValidator(rates)]
Aliases = Annotated[
    tuple[str, ...], PlainValidator(words(matching(_ALIAS, "an alias of a-z, 0-9, '/', '.', '_', ':', '~' and '-'")))
]
Inputs = Annotated[tuple[str, ...], PlainValidator(some_of(MODALITY_ORDER))]
Outputs = Annotated[tuple[str, ...], PlainValidator(some_of(OUTPUT_MODALITIES))]
Capabilities = Annotated[tuple[str, ...], PlainValidator(some_of(CAPABILITIES))]
Parameters = Annotated[
    tuple[str, ...], PlainValidator(words(matching(_PARAMETER, "a parameter name of a-z, 0-9 and '_'")))
]


class LocalFields(Table):
    """What both local files may say about a model."""

    name: Name = None
    description: Text = None
    rank: Rank = None
    category: Slug = None
    family: Slug = None
    aliases: Aliases = ()
    context_tokens: Tokens = None
    max_output_tokens: Tokens = None
    input_modalities: Inputs = ()
    output_modalities: Outputs = ()
    capabilities: Capabilities = ()
    supported_parameters: Parameters = ()
    knowledge_cutoff: Day = None
    price_usd_per_million_tokens: Rates = None

    def facts(self) -> dict[str, Any]:
        """Return the fields that were written, under their names in `Model`; the price is not among them."""
        plain = set(LocalFields.model_fields) - {"price_usd_per_million_tokens"}
        return {name: getattr(self, name) for name in LocalFields.model_fields if name in self.model_fields_set & plain}


def price_of(identifier: str, usd_per_token: Mapping[str, Decimal], output_modalities: Iterable[str]) -> Price:
    """Return the price statement of a hand-written rate card."""
    state = state_of(
        usd_per_token,
        (),
        is_free_variant=variant_of(identifier) == "free",
        makes_only_text=all(word == "text" for word in output_modalities),
    )
    return Price(state, usd_per_token)


def alias_fault(aliases_by_id: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """Return the id whose aliases clash within the file and the sentence that says how; None when none do."""
    owners: dict[str, str] = {}
    for identifier, aliases in aliases_by_id.items():
        for alias in aliases:
            if alias in aliases_by_id:
                return identifier, f"{shown(alias)} is the id of a model in this file"
            if alias in owners:
                return identifier, f"{shown(alias)} is an alias of {owners[alias]} already"
            owners[alias] = identifier
    return None
