"""The composition root: builds every part from the settings, and runs them for as long as the app lives."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI

from app import __version__
from app.adoption import Adoption
from app.base_map import BaseMap, CostMapSource
from app.candidate import Rules
from app.catalog.door import Door
from app.catalog.guard import GuardLimits
from app.clock import Clock, SystemClock
from app.follower import Follower
from app.journal import Journal
from app.live import LiveOptions, LivePages
from app.local_files import LocalFiles
from app.metrics import Metrics
from app.preference_keeper import PROBE_INTERVAL, PreferenceKeeper
from app.published import RenderingBounds
from app.readings import Readings
from app.refresher import Refresher, RefreshOptions
from app.registry import Registry
from app.scheduler import Schedule
from app.settings import Settings
from app.sources.bootstrap import BootstrapSource
from app.sources.core import CoreSource
from app.sources.litellm_base_map import BaseMapSource
from app.sources.openrouter import OpenRouterSource
from app.sources.openrouter_client import OpenRouterOptions
from app.sources.openrouter_pages import OpenRouterPages
from app.sources.overrides import OverridesSource
from app.sources.protocol import RecordSource
from app.status import StatusReport
from app.store.mirrored import MirroredStore
from app.store.preferences import PreferenceStore
from app.store.protocol import Store, StoreHealth
from app.store.sqlite import SqliteStore
from app.store.sqlite_preferences import SqlitePreferences
from app.web.application import build_application
from app.web.attempts import Attempts
from app.web.auth import Gate
from app.web.serving import Serving
from app.web.user_tokens import UserGate

log = structlog.get_logger("main")
# How long a refresh may take to let go of its lease when the process stops.
STOP_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Sources:
    """Where records come from; None for what is switched off."""

    upstream: RecordSource | None
    bootstrap: RecordSource | None
    files: LocalFiles
    pages: OpenRouterPages | None = None
    base_map: CostMapSource | None = None


def create_app(
    settings: Settings,
    *,
    sources: Sources | None = None,
    store: Store | None = None,
    preferences: PreferenceStore | None = None,
    clock: Clock | None = None,
    is_ringing: bool = True,
) -> FastAPI:
    """Build the application; what is not passed in is built from the settings.

    Without `is_ringing` nothing is refreshed by itself: for a command that only reads the store.
    """
    clock = clock or SystemClock()
    store = store or build_store(settings)
    keeper = PreferenceKeeper(preferences or build_preferences(settings))
    sources = sources or build_sources(settings)
    instance = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    interval = timedelta(minutes=settings.refresh_interval_minutes)
    registry, metrics = Registry(), Metrics()
    bounds = RenderingBounds(
        settings.renderings_max_count, settings.renderings_max_bytes, settings.cache_max_age_seconds
    )
    base_map = BaseMap(sources.base_map, clock, settings.data_dir / "litellm_base_map.json")
    adoption = Adoption(
        registry=registry,
        store=store,
        clock=clock,
        metrics=metrics,
        bounds=bounds,
        litellm_base_map=lambda: base_map.current,
    )
    journal = Journal(store, metrics)
    base_url = settings.openrouter_base_url
    refresher = Refresher(
        RefreshOptions(instance, interval, settings.lease_seconds, Rules(guard_limits(settings), base_url)),
        adoption=adoption,
        journal=journal,
        store=store,
        upstream=sources.upstream,
        bootstrap=sources.bootstrap,
        files=sources.files,
        clock=clock,
    )
    follower = Follower(
        adoption=adoption,
        refresher=refresher,
        files=sources.files,
        clock=clock,
        interval=interval,
        has_upstream=sources.upstream is not None,
    )

    def stores() -> Sequence[StoreHealth]:
        return (*store.health(), keeper.health())

    metrics.add(Readings(registry=registry, clock=clock, period=lambda: refresher.period, stores=stores))
    schedule = Schedule(refresher, follower, interval=interval, follow_seconds=settings.follow_seconds)
    if base_map.is_given:

        async def look_at_base_map() -> None:
            if await base_map.look():
                await adoption.lay_over_base_map()

        schedule.ring_also("base_map", look_at_base_map, interval)
    schedule.ring_also("preferences", keeper.probe, PROBE_INTERVAL)
    report = StatusReport(
        instance=instance,
        registry=registry,
        refresher=refresher,
        journal=journal,
        stores=stores,
        files=sources.files,
        clock=clock,
        next_refresh_at=lambda: schedule.next_refresh_at,
        upstream_host=urlsplit(base_url).netloc if sources.upstream else None,
        base_map=base_map,
    )
    user_attempts = Attempts(settings.preferences_requests_per_minute, clock, "preferences")
    serving = Serving(
        registry=registry,
        refresher=refresher,
        metrics=metrics,
        clock=clock,
        gate=Gate(settings.admin_token, Attempts(settings.admin_requests_per_minute, clock)),
        live=LivePages(sources.pages, clock, live_options(settings)),
        preferences=keeper,
        user_gate=UserGate(settings.preferences_token, user_attempts, clock),
        has_upstream=sources.upstream is not None,
        status_document=report.document,
        outcomes=lambda: journal.entries,
        cache_max_age_seconds=settings.cache_max_age_seconds,
        cooldown_seconds=settings.refresh_cooldown_seconds,
    )
    lifespan = _lifespan(
        serving, refresher, adoption, journal, schedule if is_ringing else None, sources, store, base_map
    )
    return build_application(serving, lifespan, settings, version=__version__)


def _lifespan(
    serving: Serving,
    refresher: Refresher,
    adoption: Adoption,
    journal: Journal,
    schedule: Schedule | None,
    sources: Sources,
    store: Store,
    base_map: BaseMap,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # Unwinds in reverse: stop ringing, let the refresh go, close the sources, close the store.
        async with AsyncExitStack() as stack:
            stack.push_async_callback(store.close)
            stack.push_async_callback(serving.preferences.close)
            for source in (sources.upstream, sources.bootstrap):
                if source is not None:
                    stack.push_async_callback(source.close)
            stack.push_async_callback(base_map.close)
            stack.push_async_callback(serving.live.close)
            stack.push_async_callback(refresher.close, STOP_SECONDS)
            if schedule is not None:
                stack.callback(schedule.stop)
            await journal.load()
            await base_map.boot()
            await refresher.boot()
            if schedule is not None:
                serving.start(adoption.prerender_current())
                schedule.start()
            yield
            serving.is_draining = True
        log.info("stopped")

    return lifespan


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
    files = LocalFiles(
        CoreSource(settings.core_models_file).last_valid(),
        OverridesSource(settings.overrides_file).last_valid() if settings.overrides_file else None,
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
