"""The shapes of what operators and orchestrators read, for the OpenAPI document."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.web.schemas import OutcomeDocument, Shape

Origin = Literal["core", "bootstrap", "upstream"]


class LiveDocument(Shape):
    """The process answers."""

    status: Literal["ok"]


class ReadyDocument(Shape):
    """Traffic may come."""

    status: Literal["ready"]
    state: Origin
    models: int
    snapshot: str


class QuarantinedRecord(Shape):
    """A record that could not be read."""

    id: str | None
    position: int
    reason: str


class SnapshotState(Shape):
    """What is served now."""

    id: str
    generation: int
    origin: Origin
    models: int
    delisted: int
    sources: dict[str, int]
    updated_at: str
    fetched_at: str | None
    age_seconds: float | None = Field(description="Since upstream was last reached; null when it never was.")
    is_stale: bool
    held_back: dict[str, int] = Field(description="How many models each rule at the door held back.")
    quarantined: list[QuarantinedRecord]
    quarantined_total: int
    unmatched_overrides: list[str]


class UpstreamError(Shape):
    """Why upstream gave nothing usable."""

    kind: str
    reason: str | None
    at: str


class UpstreamState(Shape):
    """Whether upstream can be reached and believed."""

    name: str
    host: str | None
    state: Literal["off", "initializing", "valid", "interrupted"]
    since: str
    last_error: UpstreamError | None


class SourceDependency(Shape):
    """What one source gives: its state, how many models have something of it, and how old that is."""

    name: Literal["openrouter", "core", "overrides", "bootstrap"] = Field(
        description="The bootstrap file is among them where this process had to start from it."
    )
    state: Literal["off", "initializing", "valid", "interrupted"]
    since: str
    last_error: UpstreamError | None
    models: int
    age_seconds: float | None = Field(description="Since it was last read and judged good; null when it never was.")


class StoreError(Shape):
    """Why a store failed; one that is unwritable answers, but refuses to write."""

    kind: Literal["unavailable", "unwritable"] | None
    reason: str
    at: str | None


class StoreState(Shape):
    """Whether a store works."""

    name: str
    state: Literal["initializing", "valid", "interrupted"]
    since: str | None
    last_error: StoreError | None


class FileTrouble(Shape):
    """A local file that can't be read now; its last valid version stays in force."""

    source: Literal["core", "overrides"]
    reason: str
    since: str | None
    used_read_at: str | None = Field(description="When the version in use was read; null while none is.")


class LeaseState(Shape):
    """Who refreshes now, and since when as this instance saw it."""

    state: Literal["held", "free"]
    since: str
    holder: str | None
    seconds: float


class RefreshState(Shape):
    """Where this instance stands between two refreshes."""

    is_running: bool
    last_checked_at: str | None
    next_at: str | None
    failures_in_a_row: int
    lease: LeaseState


class WithheldModel(Shape):
    """A model that a dialect leaves out."""

    id: str
    reason: str


class DialectState(Shape):
    """What one client dialect serves."""

    name: str
    path: str
    state: Literal["served", "unserved"]
    flaw: str | None = Field(description="Why the dialect is not served; null when it is.")
    rows: int
    withheld: list[WithheldModel]


class DialectStatus(DialectState):
    """The same with the first reasons only."""

    withheld_total: int


class CompatClient(Shape):
    """A client that can be pointed here."""

    client: str
    title: str
    dialect: str
    switch: str = Field(description="What to set or paste.")
    asks: str
    proof: Literal["client", "rules"] = Field(description="Run in our tests, or its rules read in its source.")
    note: str
    state: Literal["served", "unserved"]
    rows: int
    withheld: int


class CompatDocument(Shape):
    """Every client, its switch, and how its dialect fared at the last check."""

    url: str
    snapshot: str
    checked_at: str
    clients: list[CompatClient]
    dialects: list[DialectState]


class BaseMapError(Shape):
    """Why LiteLLM's base map could not be read."""

    kind: str
    reason: str
    at: str


class BaseMapState(Shape):
    """The cost map that LiteLLM's dialect is laid over."""

    state: Literal["off", "initializing", "valid", "interrupted"]
    since: str
    rows: int | None = Field(description="Of the last good map; null when there is none.")
    last_error: BaseMapError | None


class StatusDocument(Shape):
    """The state of everything, newest outcomes first."""

    status: Literal["ok", "degraded"]
    version: str
    instance: str
    started_at: str
    now: str
    snapshot: SnapshotState | None
    upstream: UpstreamState
    sources: list[SourceDependency]
    stores: list[StoreState]
    local_files: list[FileTrouble]
    refresh: RefreshState
    litellm_base_map: BaseMapState
    dialects: list[DialectStatus]
    outcomes: list[OutcomeDocument]
