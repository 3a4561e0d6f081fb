"""The composition root: puts the parts together, and runs them for as long as the app lives."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI

from app import __version__
from app.adoption import Adoption
from app.base_map import BaseMap
from app.building.in_thread import ThreadBuilder
from app.building.orders import Builder
from app.candidate import Rules
from app.clock import Clock, SystemClock
from app.follower import Follower
from app.intake import Intake
from app.journal import Journal
from app.lease import Lease
from app.live import LivePages
from app.metrics import Metrics
from app.parts import Sources, build_preferences, build_sources, build_store, guard_limits, live_options
from app.preference_keeper import PROBE_INTERVAL, PreferenceKeeper
from app.published import RenderingBounds
from app.readings import Readings
from app.refresher import Refresher
from app.registry import Registry
from app.scheduler import Schedule
from app.settings import Settings
from app.status import StatusReport
from app.store.preferences import PreferenceStore
from app.store.protocol import Store, StoreHealth
from app.timetable import Timetable, place_of
from app.web.application import build_application
from app.web.attempts import Attempts
from app.web.auth import Gate
from app.web.serving import Serving
from app.web.user_tokens import UserGate

log = structlog.get_logger("main")
# How long a refresh may take to let go of its lease when the process stops.
STOP_SECONDS = 3.0


def create_app(
    settings: Settings,
    *,
    sources: Sources | None = None,
    store: Store | None = None,
    preferences: PreferenceStore | None = None,
    builder: Builder | None = None,
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
    builder = builder or ThreadBuilder()
    bounds = RenderingBounds(
        settings.renderings_max_count, settings.renderings_max_bytes, settings.cache_max_age_seconds
    )
    base_map = BaseMap(sources.base_map, clock, settings.data_dir / "litellm_base_map.json")
    adoption = Adoption(
        registry=registry,
        store=store,
        builder=builder,
        clock=clock,
        metrics=metrics,
        bounds=bounds,
        litellm_base_map=lambda: base_map.current,
    )
    journal = Journal(store, metrics)
    base_url = settings.openrouter_base_url
    timetable = Timetable(store, clock, interval, place=place_of(instance))
    lease = Lease(store, clock, settings.lease_seconds)
    intake = Intake(
        Rules(guard_limits(settings), base_url),
        adoption=adoption,
        builder=builder,
        files=sources.files,
        timetable=timetable,
        clock=clock,
    )
    refresher = Refresher(
        instance,
        adoption=adoption,
        intake=intake,
        timetable=timetable,
        lease=lease,
        journal=journal,
        upstream=sources.upstream,
        bootstrap=sources.bootstrap,
        clock=clock,
    )
    follower = Follower(
        adoption=adoption,
        refresher=refresher,
        timetable=timetable,
        lease=lease,
        files=sources.files,
        clock=clock,
        interval=interval,
        has_upstream=sources.upstream is not None,
    )

    def stores() -> Sequence[StoreHealth]:
        return (*store.health(), keeper.health())

    metrics.add(Readings(registry=registry, clock=clock, period=lambda: timetable.period, stores=stores))
    schedule = Schedule(refresher, follower, timetable, interval=interval, follow_seconds=settings.follow_seconds)
    if base_map.is_given:

        async def look_at_base_map() -> None:
            if await base_map.look():
                await adoption.lay_over_base_map()

        schedule.ring_also("base_map", look_at_base_map, interval)
    # As often as the catalog's store is asked, so that a Redis which both use is lost to both at once.
    probe_interval = min(PROBE_INTERVAL, timedelta(seconds=settings.follow_seconds))
    schedule.ring_also("preferences", keeper.probe, probe_interval)
    report = StatusReport(
        instance=instance,
        registry=registry,
        refresher=refresher,
        timetable=timetable,
        lease=lease,
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
        timetable=timetable,
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
        serving, refresher, adoption, journal, schedule if is_ringing else None, sources, store, base_map, builder
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
    builder: Builder,
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
            stack.push_async_callback(builder.close)
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
