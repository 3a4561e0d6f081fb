"""Read one OpenRouter record into a `Model`; strict about types, calm about absence.

Every quirk that this copes with was measured on real snapshots: absent keys of older years, three spellings
of nothing (absent, null, empty), arrays in any order, `context_length` 0 for what has no context, sentinel
dates, a list among the price strings. A value of the wrong type fails the record, never the catalog.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from app.catalog.errors import RecordError
from app.catalog.identity import ID_MAX_CHARS, author_of, family_of, is_id, variant_of
from app.catalog.model import ACTIVE, Lifecycle, LifecycleState, Model, Record, Route
from app.catalog.packed import opened, packed
from app.catalog.parse_price import parse_price
from app.catalog.price import Price
from app.catalog.text import clean_description, clean_name

OPENROUTER = "openrouter"
# 2098-12-31 and 9999-01-01 stand for "no end is planned".
SENTINEL_YEAR = 2090
MAX_TOKENS = 10**9
MODALITY_ORDER = ("text", "image", "file", "audio", "video")
_KNOWN_MODALITY = {word: place for place, word in enumerate(MODALITY_ORDER)}
_UPSTREAM_FIELDS = (
    "name",
    "description",
    "created_at",
    "context_tokens",
    "max_output_tokens",
    "input_modalities",
    "output_modalities",
    "supported_parameters",
    "capabilities",
    "price",
    "lifecycle",
    "canonical_slug",
    "knowledge_cutoff",
    "hugging_face_id",
    "alias_target",
)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that could not be read: its id as far as known, its place in the document, and why."""

    record_id: str | None
    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document's models in upstream's order, and the records that could not be read."""

    models: tuple[Model, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()

    @property
    def record_count(self) -> int:
        """How many records the document held."""
        return len(self.models) + len(self.quarantined)


def parse_records(records: Iterable[Record], *, base_url: str | None = None) -> Parsed:
    """Read records one by one; a bad or repeated one is quarantined and named, never fatal."""
    models: dict[str, Model] = {}
    quarantined: list[Quarantined] = []
    for position, record in enumerate(records):
        try:
            model = parse_record(record, base_url=base_url)
            if model.id in models:
                raise RecordError(model.id, "the same id stands in an earlier record")
        except RecordError as error:
            quarantined.append(Quarantined(error.record_id, position, error.reason))
        else:
            models[model.id] = model
    return Parsed(tuple(models.values()), tuple(quarantined))


def parse_record(record: Record, *, base_url: str | None = None) -> Model:
    """Read one record.

    `base_url` is where OpenRouter serves it. Raises RecordError for a missing or malformed id, or a value
    of a wrong type.
    """
    source, record = record, opened(record)
    reader = _Reader(record)
    model_id = reader.record_id
    if model_id is None or not is_id(model_id):
        raise RecordError(_shown_id(record), f"id must be author/slug in lower case, got {_shown(record.get('id'))}")
    architecture = reader.mapping("architecture")
    inputs, outputs = _modalities(reader, architecture)
    parameters = tuple(sorted(set(reader.words(record, "supported_parameters"))))
    top_provider = reader.mapping("top_provider")
    price = parse_price(
        model_id,
        record.get("pricing"),
        is_free_variant=variant_of(model_id) == "free",
        makes_only_text=all(word == "text" for word in outputs),
    )
    fields: dict[str, Any] = {
        "name": clean_name(reader.text(record, "name") or "") or model_id,
        "description": clean_description(reader.text(record, "description") or ""),
        "created_at": _moment(reader),
        "context_tokens": reader.tokens(record, "context_length") or reader.tokens(top_provider, "context_length"),
        "max_output_tokens": reader.tokens(top_provider, "max_completion_tokens"),
        "input_modalities": inputs,
        "output_modalities": outputs,
        "supported_parameters": parameters,
        "capabilities": _capabilities(inputs, outputs, parameters, price, record),
        "price": price,
        "lifecycle": _lifecycle(reader),
        "canonical_slug": reader.line(record, "canonical_slug"),
        "knowledge_cutoff": reader.day("knowledge_cutoff"),
        "hugging_face_id": reader.line(record, "hugging_face_id"),
        "alias_target": reader.line(reader.mapping("alias_target"), "slug"),
    }
    known = {name: OPENROUTER for name in _UPSTREAM_FIELDS if fields[name] not in (None, ())}
    return Model(
        id=model_id,
        author=author_of(model_id),
        provider=OPENROUTER,
        family=family_of(model_id),
        variant=variant_of(model_id),
        routes=(Route(OPENROUTER, OPENROUTER, model_id, base_url),),
        sources=(OPENROUTER,),
        provenance=MappingProxyType(known),
        upstream=packed(source),
        **fields,
    )


class _Reader:
    """Reads typed values out of one record; None and absence are the same, a wrong type is a RecordError."""

    def __init__(self, record: Record) -> None:
        self._record = record
        found = record.get("id")
        self.record_id = found if isinstance(found, str) else None

    def wrong(self, key: str, value: object, wanted: str) -> RecordError:
        return RecordError(_shown_id(self._record), f"{key} must be {wanted}, got {_shown(value)}")

    def text(self, where: Mapping[str, Any], key: str) -> str | None:
        value = where.get(key)
        if value is not None and not isinstance(value, str):
            raise self.wrong(key, value, "a string")
        return value

    def line(self, where: Mapping[str, Any], key: str) -> str | None:
        """Return a short text without anything invisible; None for an empty one."""
        return clean_name(self.text(where, key) or "") or None

    def mapping(self, key: str) -> Mapping[str, Any]:
        value = self._record.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.wrong(key, value, "an object")
        return value

    def words(self, where: Mapping[str, Any], key: str) -> list[str]:
        value = where.get(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self.wrong(key, value, "a list of strings")
        return [clean_name(word) for word in value]

    def tokens(self, where: Mapping[str, Any], key: str) -> int | None:
        value = where.get(key)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_TOKENS:
            raise self.wrong(key, value, f"a whole number from 0 to {MAX_TOKENS}")
        return value or None

    def day(self, key: str) -> date | None:
        value = self.text(self._record, key)
        if not value:
            return None
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            raise self.wrong(key, value, "a date as YYYY-MM-DD") from None

    def value(self, key: str) -> object:
        return self._record.get(key)


def _modalities(reader: _Reader, architecture: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return input and output modalities; before 2025-04 only the display string tells."""
    inputs = reader.words(architecture, "input_modalities")
    outputs = reader.words(architecture, "output_modalities")
    if not inputs and not outputs:
        before, arrow, after = (reader.text(architecture, "modality") or "").partition("->")
        if arrow:
            inputs, outputs = before.split("+"), after.split("+")
    return _ordered(inputs), _ordered(outputs)


def _ordered(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(filter(None, words)), key=lambda word: (_KNOWN_MODALITY.get(word, 99), word)))


def _moment(reader: _Reader) -> datetime | None:
    value = reader.value("created")
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 2**33:
        raise reader.wrong("created", value, "seconds since 1970")
    return datetime.fromtimestamp(int(value), UTC) if value else None


def _lifecycle(reader: _Reader) -> Lifecycle:
    expires_on = reader.day("expiration_date")
    if expires_on is None or expires_on.year >= SENTINEL_YEAR:
        return ACTIVE
    return Lifecycle(LifecycleState.DEPRECATED, expires_on=expires_on)


def _capabilities(
    inputs: tuple[str, ...], outputs: tuple[str, ...], parameters: tuple[str, ...], price: Price, record: Record
) -> tuple[str, ...]:
    """Return what the model can do, as far as the record tells; a word that is missing is not a no."""
    rates = price.rates
    found = {
        "tools": "tools" in parameters,
        "vision": "image" in inputs,
        "reasoning": "reasoning" in parameters or bool(record.get("reasoning")),
        "structured_outputs": "structured_outputs" in parameters,
        "audio": "audio" in inputs or "audio" in outputs,
        "files": "file" in inputs,
        "caching": bool(rates.get("input_cache_read") or rates.get("input_cache_write")),
        "web_search": "web_search_options" in parameters or bool(rates.get("web_search")),
    }
    return tuple(sorted(word for word, has in found.items() if has))


def _shown_id(record: Record) -> str | None:
    value = record.get("id")
    return clean_name(value)[:ID_MAX_CHARS] if isinstance(value, str) and value else None


def _shown(value: object) -> str:
    text = clean_name(repr(value))
    return text if len(text) <= 60 else text[:57] + "..."
