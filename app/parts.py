"""What the settings ask for: the stores, the sources, and the rules and bounds of the other parts."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

from app.base_map import CostMapSource
from app.catalog.door import Door
from app.catalog.guard import GuardLimits
from app.live import LiveOptions
from app.local_files import LocalFiles
from app.settings import Settings
from app.sources.bootstrap import BootstrapSource
from app.sources.core import CoreSource
from app.sources.kept_copy import KeptCopy
from app.sources.litellm_base_map import BaseMapSource
from app.sources.openrouter import OpenRouterSource
from app.sources.openrouter_client import OpenRouterOptions
from app.sources.openrouter_pages import OpenRouterPages
from app.sources.overrides import OverridesSource
from app.sources.protocol import RecordSource
from app.store.mirrored import MirroredStore
from app.store.preferences import PreferenceStore
from app.store.protocol import Store
from app.store.sqlite import SqliteStore
from app.store.sqlite_preferences import SqlitePreferences


@dataclass(frozen=True, slots=True)
class Sources:
    """Where records come from; None for what is switched off."""

    upstream: RecordSource | None
    bootstrap: RecordSource | None
    files: LocalFiles
    pages: OpenRouterPages | None = None
    base_map: CostMapSource | None = None


def build_store(settings: Settings) -> Store:
    """Return the store that the settings ask for: the file alone, or Redis with the file as its copy."""
    deadline = settings.store_deadline_seconds
    file = SqliteStore(settings.data_dir / "registry.sqlite3", deadline)
    if settings.redis_url is None:
        return file
    # Imported here, because it takes 6 MiB and 50 ms that a single box does not need.
    from app.store.redis import RedisStore

    return MirroredStore(RedisStore(settings.redis_url.get_secret_value(), settings.redis_key_prefix, deadline), file)


def build_preferences(settings: Settings) -> PreferenceStore:
    """Return where users' choices are kept: in Redis if there is one, else in a file of their own."""
    deadline = settings.store_deadline_seconds
    if settings.redis_url is None:
        return SqlitePreferences(settings.data_dir / "preferences.sqlite3", deadline)
    from app.store.redis_preferences import RedisPreferences

    return RedisPreferences(settings.redis_url.get_secret_value(), settings.redis_key_prefix, deadline)


def build_sources(settings: Settings) -> Sources:
    """Return the sources that the settings ask for."""
    options = openrouter_options(settings)
    upstream = OpenRouterSource(options) if settings.openrouter_enabled else None
    pages = OpenRouterPages(options) if settings.openrouter_enabled else None
    bootstrap = (
        BootstrapSource(settings.bootstrap_file, max_decoded_bytes=settings.fetch_max_decoded_bytes)
        if settings.bootstrap_file
        else None
    )

    def kept(source: str, path: Path) -> KeptCopy:
        """Return where the last valid version of a local file is kept; another path is another file."""
        digest = hashlib.blake2b(os.fsencode(path.absolute()), digest_size=4).hexdigest()
        return KeptCopy(settings.data_dir / f"last_valid_{source}_{digest}{path.suffix}")

    core, overrides = settings.core_models_file, settings.overrides_file
    files = LocalFiles(
        CoreSource(core).last_valid(copy=kept("core", core) if core else None),
        OverridesSource(overrides).last_valid(copy=kept("overrides", overrides)) if overrides else None,
        door=door(settings),
        delisted_days=settings.delisted_days,
    )
    base_map = (
        # The key and the names are for OpenRouter alone.
        BaseMapSource(settings.litellm_base_map, replace(options, api_key=None, http_referer=None, x_title=None))
        if settings.litellm_base_map
        else None
    )
    return Sources(upstream, bootstrap, files, pages, base_map)


def openrouter_options(settings: Settings) -> OpenRouterOptions:
    """Return how OpenRouter is asked."""
    key = settings.openrouter_api_key
    return OpenRouterOptions(
        base_url=settings.openrouter_base_url,
        api_key=key.get_secret_value() if key else None,
        user_agent=settings.openrouter_user_agent,
        http_referer=settings.openrouter_http_referer,
        x_title=settings.openrouter_x_title,
        output_modalities=settings.openrouter_output_modalities,
        deadline_seconds=settings.fetch_deadline_seconds,
        attempts=settings.fetch_attempts,
        max_wire_bytes=settings.fetch_max_wire_bytes,
        max_decoded_bytes=settings.fetch_max_decoded_bytes,
    )


def live_options(settings: Settings) -> LiveOptions:
    """Return how long endpoints and providers are kept, and how long anybody waits for them."""
    return LiveOptions(settings.live_fresh_seconds, settings.live_deadline_seconds, settings.live_max_bytes)


def guard_limits(settings: Settings) -> GuardLimits:
    """Return when the guard refuses and warns."""
    return GuardLimits(
        max_vanished_percent=settings.guard_max_vanished_percent,
        min_models=settings.guard_min_models,
        max_unreadable_percent=settings.guard_max_unreadable_percent,
        max_price_flip_percent=settings.guard_max_price_flip_percent,
        warn_percent=settings.guard_warn_percent,
    )


def door(settings: Settings) -> Door:
    """Return which models are let in."""
    return Door(
        require_price=settings.filter_require_price,
        drop_deprecated=settings.filter_drop_deprecated,
        drop_variants=settings.filter_drop_variants,
        keep_variants=settings.filter_keep_variants,
        allow=settings.filter_allow,
        deny=settings.filter_deny,
        allow_authors=settings.filter_allow_authors,
        deny_authors=settings.filter_deny_authors,
        max_prompt_usd_per_million=settings.filter_max_prompt_price,
        max_completion_usd_per_million=settings.filter_max_completion_price,
        min_context_tokens=settings.filter_min_context,
    )
