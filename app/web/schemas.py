"""The shapes of the answers, for the OpenAPI document; bodies are never validated or built through them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """A document with exactly these members."""

    model_config = ConfigDict(extra="forbid")


class Rates(Shape):
    """Rates as decimal strings; a rate that is absent does not apply."""

    usd_per_token: dict[str, str]
    usd_per_million_tokens: dict[str, str]
    usd_per_unit: dict[str, str] = Field(description="Per request, image or web search.")


class Tier(Rates):
    """Rates for prompts larger than a size."""

    min_prompt_tokens: int | None = Field(description="The prompt must have more tokens than this.")


class Window(Tier):
    """Rates by UTC hour; the window may pass midnight."""

    utc_start: str | None = Field(description="HH:MM, included.")
    utc_end: str | None = Field(description="HH:MM, not included.")
    utc_days: list[str] = Field(description="Weekday names; empty means every day.")


class PriceDocument(Rates):
    """A price as a statement; only the state priced has rates above zero for tokens."""

    state: Literal["free", "priced", "dynamic", "per_unit", "unknown"]
    tiers: list[Tier]
    windows: list[Window]
    zero_since: str | None = Field(description="Since when a priced model reads zero, while that is not believed.")


class LifecycleDocument(Shape):
    """Where a model stands."""

    state: Literal["active", "deprecated", "delisted"]
    expires_on: str | None
    last_seen_at: str | None


class RouteDocument(Shape):
    """One way to reach a model."""

    provider: str
    source: str
    base_url: str | None
    upstream_id: str


class NamedRoute(RouteDocument):
    """One way to reach a model, with the provider's name."""

    name: str


class ModelDocument(Shape):
    """One model; what nobody knows is null. With `fields=` only those members and the id are there."""

    id: str
    name: str
    author: str
    provider: str
    family: str | None
    description: str | None
    created: str | None
    context_tokens: int | None
    max_output_tokens: int | None
    input_modalities: list[str]
    output_modalities: list[str]
    supported_parameters: list[str]
    capabilities: list[str]
    category: str | None
    variant: str | None
    price: PriceDocument
    lifecycle: LifecycleDocument
    aliases: list[str]
    alias_target: str | None
    canonical_slug: str | None
    knowledge_cutoff: str | None
    hugging_face_id: str | None
    rank: int | None
    notes: str | None
    sources: list[str]
    routes: list[RouteDocument]
    provenance: dict[str, str]
    is_stale: bool


class SomeFields(BaseModel):
    """One model with the members that `fields=` asked for."""

    model_config = ConfigDict(extra="allow")

    id: str


OneModel = ModelDocument | SomeFields


class Match(Shape):
    """Why a model was found."""

    score: float = Field(description="1 is exact; where no model has all words, at most the share that some have.")
    fields: list[str] = Field(description="In which texts the words were found.")
    highlights: dict[str, list[tuple[int, int]]] = Field(description="Where: first character, and the one after.")


class FoundModel(ModelDocument):
    """A model with why it was found; without `q` nothing was searched for and `match` is absent."""

    match: Match | None = None


class DropdownPrice(Shape):
    """A price ready to print, in USD per million tokens."""

    state: str
    text: str
    prompt: str | None
    completion: str | None


class NamedProvider(Shape):
    """A provider for a badge."""

    id: str
    name: str


class DropdownRow(Shape):
    """One entry of `format=frontend`."""

    value: str
    label: str
    group: str
    provider: NamedProvider
    context: str | None
    context_tokens: int | None
    price: DropdownPrice
    flags: dict[str, bool]
    badges: list[str]


class FoundRow(DropdownRow):
    """An entry of `format=frontend` with why it was found."""

    match: Match | None = None


class Facts(Shape):
    """What every answer says about the snapshot that it was made from."""

    updated_at: str
    snapshot: str
    stale: bool


class Matches(Facts):
    """How many models matched before paging, and what else was asked for."""

    total: int
    limit: int | None = None
    offset: int | None = None
    facets: dict[str, dict[str, int]] | None = None
    missing: list[str] | None = Field(None, description="Asked-for ids that mean no model here.")


class ModelList(Matches):
    """Models, in the order asked for."""

    models: list[ModelDocument] | list[DropdownRow] | list[SomeFields]


class ReadFilter(Shape):
    """A filter or order that was read from a query's words: these, and the query word and value that mean the same."""

    text: str
    word: str
    value: str


class SearchList(Matches):
    """Models best first, each with `match`."""

    models: list[FoundModel] | list[FoundRow] | list[SomeFields]
    interpreted: list[ReadFilter] = Field(description="Words of the query that were taken as filters or order.")
    unmet: list[ReadFilter] = Field(description="Filters left out: what is meant doesn't pass, or they are denied.")
    suggestions: list[str] = Field(description="Ids that come near when nothing matched.")


class Group(Shape):
    """A value and how many listed models have it."""

    id: str
    name: str
    models: int


class ServedGroup(Group):
    """A provider with its base URL."""

    base_url: str | None


class CategoryList(Facts):
    """Curated categories."""

    categories: list[Group]
    total: int


class ProviderList(Facts):
    """Who serves models and who made them."""

    providers: list[ServedGroup]
    authors: list[Group]
    total: int


class RouteList(Facts):
    """Every way to reach a model, best first."""

    id: str
    provider: str
    routes: list[NamedRoute]


class Statistics(Facts):
    """Counts, distributions and usage."""

    models: int
    delisted: int
    lifecycle: dict[str, int]
    by: dict[str, dict[str, int]]
    prompt_usd_per_million_tokens: dict[str, int | str]
    completion_usd_per_million_tokens: dict[str, int | str]
    context_tokens: dict[str, int | str]
    newest: list[dict[str, str | None]]
    usage: dict[str, Any]


class OutcomeDocument(Shape):
    """What came of a refresh."""

    outcome: Literal["updated", "unchanged", "refused", "failed", "skipped"]
    trigger: str
    started_at: str
    seconds: float
    generation: int
    snapshot: str
    instance: str
    reason: str | None
    kind: str | None
    forced: bool
    dry_run: bool
    refusals: list[str]
    warnings: list[str]
    counts: dict[str, int]
    diff: dict[str, Any] | None = None
    changes: dict[str, Any] | None = Field(
        default=None, description="In `/status`: how many models changed in which way, and the first ids of each."
    )
    first_models: int | None = Field(
        default=None,
        description="How many models the first catalog lists, which is no change and has no `diff` or `changes`.",
    )


class ProblemDocument(BaseModel):
    """An RFC 9457 problem; further members depend on its type."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str | None = None
