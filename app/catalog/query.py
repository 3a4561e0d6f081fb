"""The query words of the native API: which there are, what they take, and the question that they make.

One table drives the parser, the 422 messages, the OpenAPI parameters and the README. Repeated words mean OR
within a word; different words mean AND. In a word about sets (`supports=tools,vision`) a comma asks for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from app.catalog.index import FACETS
from app.catalog.terms import MAX_QUERY_CHARS

MAX_LIMIT = 1_000
MAX_IDS = 500
MIN_SNAPSHOT = "min_snapshot"
"""The word that every read takes; it is answered, and taken out, before a question is read."""


class Kind(StrEnum):
    """What a word takes."""

    TEXT = "text"
    ONE_OF = "one of the catalog's values"
    SET_OF = "values of a set; a comma asks for all of them"
    IDS = "model ids, comma-separated or repeated"
    TOKENS = "a whole number of tokens"
    USD = "USD per million tokens"
    COUNT = "a whole number"
    CHOICES = "names, comma-separated"


@dataclass(frozen=True, slots=True)
class Word:
    """One query word: what it takes, what it means, an example, and its closed set of values if it has one."""

    name: str
    kind: Kind
    meaning: str
    example: str
    choices: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 10**9

    @property
    def field(self) -> str:
        """The field of a Query that a word with one value goes to; its unit stands in its name."""
        if self.kind is Kind.TOKENS:
            return f"{self.name}_tokens"
        return self.name.replace("_price", "_usd_per_million") if self.kind is Kind.USD else self.name


SORTS = ("rank", "id", "name", "author", "created", "context", "max_output", "prompt_price", "completion_price")
FORMATS = ("full", "frontend")
SWITCH = ("true", "false")
FIELDS = (
    "name",
    "author",
    "provider",
    "family",
    "description",
    "created",
    "context_tokens",
    "max_output_tokens",
    "input_modalities",
    "output_modalities",
    "supported_parameters",
    "capabilities",
    "category",
    "variant",
    "price",
    "lifecycle",
    "aliases",
    "alias_target",
    "canonical_slug",
    "knowledge_cutoff",
    "hugging_face_id",
    "rank",
    "notes",
    "sources",
    "routes",
    "provenance",
    "is_stale",
    "upstream",
)
_CLOSED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "source": ("core", "openrouter", "overrides"),
        "supports": (
            "tools",
            "vision",
            "reasoning",
            "structured_outputs",
            "audio",
            "files",
            "caching",
            "web_search",
        ),
        "price": ("free", "priced", "dynamic", "per_unit", "unknown"),
        "weights": ("open",),
        "lifecycle": ("active", "deprecated", "delisted"),
    }
)

WORDS: Mapping[str, Word] = MappingProxyType(
    {
        word.name: word
        for word in (
            Word("q", Kind.TEXT, f"Words to search for, at most {MAX_QUERY_CHARS} characters.", "claude sonnet"),
            Word(
                "interpret",
                Kind.ONE_OF,
                "false searches for words such as free, vision or 128k as they stand, not as filters.",
                "true",
                SWITCH,
            ),
            Word(
                "without",
                Kind.TEXT,
                "No models whose name, id or maker has these words; a comma begins others.",
                "gpt,mini",
            ),
            Word("provider", Kind.ONE_OF, "Who serves the model.", "openrouter"),
            Word("author", Kind.ONE_OF, "Who made the model.", "anthropic"),
            Word("source", Kind.ONE_OF, "Where our knowledge comes from.", "core", _CLOSED["source"]),
            Word("category", Kind.ONE_OF, "Curated category.", "coding"),
            Word("family", Kind.ONE_OF, "Family of models.", "gpt"),
            Word("input_modality", Kind.SET_OF, "What the model reads.", "image"),
            Word("output_modality", Kind.SET_OF, "What the model writes.", "text"),
            Word("supports", Kind.SET_OF, "What the model can do.", "tools,vision", _CLOSED["supports"]),
            Word("supported_parameters", Kind.SET_OF, "Request parameters that it takes.", "temperature"),
            Word("min_context", Kind.TOKENS, "Smallest context, in tokens.", "128000"),
            Word("max_context", Kind.TOKENS, "Largest context, in tokens.", "200000"),
            Word("min_prompt_price", Kind.USD, "Least input price, USD per million tokens.", "0.1"),
            Word("max_prompt_price", Kind.USD, "Dearest input price, USD per million tokens.", "1.5"),
            Word("min_completion_price", Kind.USD, "Least output price, USD per million tokens.", "1"),
            Word("max_completion_price", Kind.USD, "Dearest output price, USD per million tokens.", "10"),
            Word("price", Kind.ONE_OF, "In which way it has a price.", "free", _CLOSED["price"]),
            Word("weights", Kind.ONE_OF, "Only models whose weights are published.", "open", _CLOSED["weights"]),
            Word("variant", Kind.ONE_OF, "What follows the colon of the id; base means nothing does.", "base"),
            Word(
                "lifecycle",
                Kind.ONE_OF,
                "Where the model stands; without this word delisted models are left out.",
                "active",
                _CLOSED["lifecycle"],
            ),
            Word("ids", Kind.IDS, f"Only these models, in any spelling; at most {MAX_IDS}.", "openai/gpt-4o,o3"),
            Word("sort", Kind.CHOICES, "Order of the models; - reverses.", "-created", SORTS),
            Word("limit", Kind.COUNT, f"How many models, 1 to {MAX_LIMIT}; all without it.", "20", (), 1, MAX_LIMIT),
            Word("offset", Kind.COUNT, "How many models to skip.", "0"),
            Word("fields", Kind.CHOICES, "Which fields of each model; id is always there.", "name,price", FIELDS),
            Word("facets", Kind.CHOICES, "Counts by these properties.", "author,price", tuple(FACETS)),
            Word("format", Kind.ONE_OF, "frontend gives the document for a dropdown.", "frontend", FORMATS),
        )
    }
)


class Query(NamedTuple):
    """A question to the catalog; the default asks for every listed model in the default order.

    `one_of` maps a facet to values of which a model must have one. `all_of` maps a facet to sets of values, one of
    which a model must have whole. Prices are USD per million tokens. A frozen dataclass takes twice as long to make.
    """

    q: str | None = None
    interpret: bool = True
    without: str | None = None
    one_of: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    all_of: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType({})
    min_context_tokens: int | None = None
    max_context_tokens: int | None = None
    min_prompt_usd_per_million: Decimal | None = None
    max_prompt_usd_per_million: Decimal | None = None
    min_completion_usd_per_million: Decimal | None = None
    max_completion_usd_per_million: Decimal | None = None
    ids: tuple[str, ...] | None = None
    sort: tuple[str, ...] = ()
    limit: int | None = None
    offset: int = 0
    fields: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    format: str = "full"
