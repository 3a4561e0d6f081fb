"""Every option of the service: its unit, its bounds, its default.

Read once at the start, frozen, then passed as an argument; no module imports an instance. Each field's
description is also its line in `.env.example` (written by `python -m app.env_example`, checked by a test).
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app import setting_values as values

Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(values.words)]
"""A comma-separated list in the environment; empty means none."""
Secret = Annotated[SecretStr | None, AfterValidator(values.header_safe)]
"""What is sent or asked for in a header; blank means none."""

SECTIONS = {
    "HOST": "Serving",
    "PREFERENCES_TOKEN": "Preferences of users",
    "DATA_DIR": "Storing",
    "OPENROUTER_ENABLED": "OpenRouter",
    "CORE_MODELS_FILE": "Local files",
    "REFRESH_INTERVAL_MINUTES": "Refreshing",
    "GUARD_MAX_VANISHED_PERCENT": "Guard: when a refresh is refused",
    "FILTER_REQUIRE_PRICE": "Filtering at the door (off by default)",
}
"""The first field of each section of `.env.example`, with the section's title."""


class Settings(BaseSettings):
    """The options of one process; environment variables have the fields' names in upper case."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 listens on every interface.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one and prints it.")
    admin_token: Annotated[Secret, AfterValidator(values.token_or_hash)] = Field(
        None,
        description="Token that opens POST /refresh (Authorization: Bearer ...), or sha256: and its SHA-256 in hex. "
        "Without one only direct callers from this machine are let in.",
    )
    admin_requests_per_minute: int = Field(
        30,
        ge=1,
        le=1_000_000,
        description="Requests per minute that one client may send to the operator's routes, refused ones included.",
    )
    cors_origins: Annotated[Words, AfterValidator(values.sites)] = Field(
        (values.ANY_SITE,),
        description="Origins that browsers may read from, comma-separated; * is any. Never applies to /refresh.",
    )
    cache_max_age_seconds: int = Field(
        60, ge=0, le=86_400, description="How long caches may reuse an answer without asking again."
    )
    graceful_seconds: int = Field(
        10, ge=1, le=300, description="How long open requests may take to finish after SIGTERM."
    )
    limit_concurrency: int | None = Field(
        None,
        ge=10,
        description="Connections, idle ones included, above which new ones get 503. Empty: no limit.",
    )
    forwarded_allow_ips: Annotated[str, AfterValidator(values.named_proxies)] = Field(
        "127.0.0.1", description="Proxies whose X-Forwarded-* headers are believed, comma-separated. Never use *."
    )
    root_path: str = Field(
        "",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="Path prefix that a proxy strips before it passes requests on, e.g. /registry.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["text", "json"] = Field("text", description="text for people, json for machines.")
    access_log: bool = Field(False, description="Log one line for each request.")
    fast_protocol: bool = Field(
        True,
        description="Answer reads below ASGI, where the installed uvicorn is one that this was tested with.",
    )
    renderings_max_count: int = Field(
        2_000, ge=100, le=100_000, description="Rendered answers kept per snapshot besides the whole lists."
    )
    renderings_max_bytes: int = Field(
        67_108_864, ge=1_048_576, description="Bytes of rendered answers kept per snapshot besides the whole lists."
    )

    preferences_token: Annotated[Secret, AfterValidator(values.long_enough)] = Field(
        None,
        description="Token that opens /users/{user_id}/preferences to backends, 32 characters or more; user tokens for "
        "browsers are made from it. Without one only direct callers from this machine are let in.",
    )
    preferences_requests_per_minute: int = Field(
        600,
        ge=1,
        le=1_000_000,
        description="Requests per minute that one client may send to the preferences, refused ones included.",
    )
    preferences_cors_origins: Annotated[Words, AfterValidator(values.named_sites)] = Field(
        (), description="Sites whose pages may use the preferences, comma-separated; * is refused. Empty: none."
    )

    data_dir: Path = Field(
        Path("data"),
        description="Folder of the embedded stores (registry.sqlite3, preferences.sqlite3) and of last good copies.",
    )
    redis_url: Annotated[SecretStr | None, AfterValidator(values.redis_address)] = Field(
        None,
        description="Redis shared by several hosts, e.g. redis://:password@redis:6379/0, or redis+sentinel:// or "
        "redis+cluster://. The file under DATA_DIR then still keeps a copy. Empty: the file alone.",
    )
    redis_key_prefix: str = Field(
        "model-registry",
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="First part of every key in Redis; one per deployment.",
    )
    store_deadline_seconds: float = Field(
        1.0, gt=0.05, le=30, description="Longest time that one call to the store may take."
    )

    openrouter_enabled: bool = Field(True, description="Off: only local files are read, nothing is fetched.")
    openrouter_base_url: Annotated[str, AfterValidator(values.upstream_address)] = Field(
        "https://openrouter.ai/api/v1", description="Base of the OpenRouter API; /models is appended."
    )
    openrouter_api_key: Secret = Field(None, description="OpenRouter API key; the model list needs none.")
    openrouter_output_modalities: Words = Field(
        ("text",),
        description="Output modalities to load, comma-separated: text, image, audio, embeddings, video, rerank, "
        "speech, transcription, decisions, or all.",
    )
    openrouter_user_agent: str = Field(
        "model-registry/0.1", pattern=r"^[\x20-\x7e]{1,200}$", description="User-Agent sent to OpenRouter."
    )
    openrouter_http_referer: str | None = Field(
        None, pattern=r"^[\x21-\x7e]{1,500}$", description="HTTP-Referer that identifies your site to OpenRouter."
    )
    openrouter_x_title: str | None = Field(
        None, pattern=r"^[\x20-\x7e]{1,200}$", description="X-Title that identifies your application to OpenRouter."
    )
    fetch_deadline_seconds: float = Field(
        60, gt=0.1, le=600, description="Longest time that a whole fetch may take, retries included."
    )
    fetch_attempts: int = Field(3, ge=1, le=10, description="Tries per fetch before it counts as failed.")
    fetch_max_wire_bytes: int = Field(
        33_554_432, ge=1_024, description="Largest catalog accepted as it comes over the wire, in bytes."
    )
    fetch_max_decoded_bytes: int = Field(
        67_108_864, ge=1_024, description="Largest catalog accepted after decompression, in bytes."
    )

    live_fresh_seconds: float = Field(
        300, ge=1, le=86_400, description="How long a model's endpoints and the providers are kept before asking again."
    )
    live_deadline_seconds: float = Field(
        8, gt=0.1, le=60, description="Longest time that anybody waits for endpoints or providers from OpenRouter."
    )
    live_max_bytes: int = Field(
        16_777_216, ge=65_536, description="Bytes of endpoints and providers kept; the least wanted go first."
    )

    core_models_file: Path | None = Field(None, description="Replaces the built-in core models. Empty: built-in.")
    overrides_file: Path | None = Field(
        None, description="TOML or JSON file that hides, renames, re-prices, annotates and adds models."
    )
    litellm_base_map: Annotated[str | None, AfterValidator(values.file_or_address)] = Field(
        None,
        description="LiteLLM cost map, a file or an https URL, that ours is laid over; read with each period. Empty: "
        "ours alone.",
    )
    bootstrap_file: Path | None = Field(
        None, description="OpenRouter-shaped JSON (plain or gzip) to start from when nothing is stored yet."
    )

    refresh_interval_minutes: float = Field(
        60, ge=1, le=10_080, description="Minutes between two refreshes; at least 1."
    )
    refresh_cooldown_seconds: float = Field(
        10, ge=0, le=3_600, description="Shortest time between two refreshes by hand; sooner is answered with 429."
    )
    lease_seconds: float = Field(
        120, ge=5, le=3_600, description="How long one instance may keep others from refreshing if it dies."
    )
    follow_seconds: float = Field(
        2, ge=0.1, le=60, description="How often an instance looks for a newer snapshot of a sibling."
    )
    delisted_days: int = Field(
        90, ge=0, le=3_650, description="Days for which a model that vanished can still be looked up."
    )

    guard_max_vanished_percent: float = Field(
        20, ge=0, le=100, description="Refuse when more than this share of the last good models vanishes."
    )
    guard_min_models: int = Field(50, ge=1, description="Refuse when fewer models remain.")
    guard_max_unreadable_percent: float = Field(
        5, ge=0, le=100, description="Refuse when more than this share of the records can't be read."
    )
    guard_max_price_flip_percent: float = Field(
        20, ge=0, le=100, description="Refuse when more than this share of models crosses between priced and zero."
    )
    guard_warn_percent: float = Field(5, ge=0, le=100, description="Share from which the guard warns.")

    filter_require_price: bool = Field(False, description="Keep only models whose price is a number (or free).")
    filter_drop_deprecated: bool = Field(False, description="Leave out models with an announced end.")
    filter_drop_variants: Words = Field(
        (), description="Variants to leave out, comma-separated (batch,extended ...); * leaves out all."
    )
    filter_keep_variants: Words = Field((), description="Exceptions from FILTER_DROP_VARIANTS, e.g. free.")
    filter_allow: Words = Field((), description="Keep only ids that match one of these globs, e.g. openai/*,*:free.")
    filter_deny: Words = Field((), description="Leave out ids that match one of these globs.")
    filter_allow_authors: Words = Field((), description="Keep only authors that match one of these globs.")
    filter_deny_authors: Words = Field((), description="Leave out authors that match one of these globs.")
    filter_max_prompt_price: Decimal | None = Field(
        None, ge=0, description="Leave out models with a dearer input price, USD per million tokens."
    )
    filter_max_completion_price: Decimal | None = Field(
        None, ge=0, description="Leave out models with a dearer output price, USD per million tokens."
    )
    filter_min_context: int | None = Field(None, ge=1, description="Leave out models with a smaller context, tokens.")

    @model_validator(mode="after")
    def _check_together(self) -> Settings:
        if not self.openrouter_output_modalities:
            raise ValueError("OPENROUTER_OUTPUT_MODALITIES must name at least one modality, e.g. text")
        if self.guard_warn_percent > self.guard_max_vanished_percent:
            raise ValueError("GUARD_WARN_PERCENT must not be above GUARD_MAX_VANISHED_PERCENT")
        if self.fetch_deadline_seconds > self.lease_seconds:
            raise ValueError(
                "FETCH_DEADLINE_SECONDS must not be above LEASE_SECONDS, or others fetch while one is still at it"
            )
        return self
