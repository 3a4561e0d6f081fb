"""The FastAPI application: routes, problem documents, and the layers around them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, cast

from fastapi import FastAPI
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.settings import Settings
from app.web import compat, litellm, mirror, models, operate, pages, preferences, spoken
from app.web.at_least import AtLeast
from app.web.cors import Cors, CorsPolicy
from app.web.front import Front
from app.web.middleware import Telemetry, log_access
from app.web.openapi import openapi_document
from app.web.overload import Overload
from app.web.problems import install_problem_handlers
from app.web.serving import Serving

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
TITLE = "Model Registry"
DESCRIPTION = (
    "Every LLM, its price, its limits and its lifecycle: OpenRouter's catalog, merged with curated core models "
    "and local overrides, answered from memory. Errors are RFC 9457 problem documents. "
    "HEAD is answered wherever GET is. Every read also takes `min_snapshot`, with what `X-Catalog-Snapshot` said "
    "elsewhere: it waits up to two seconds for that snapshot or a later one, then answers 412."
)

ROUTERS = (
    operate.router,
    preferences.router,
    pages.router,
    compat.router,
    mirror.router,
    spoken.router,
    litellm.router,
    # Last, because the path of one model takes everything under /models/ that no other route took.
    models.router,
)


def build_application(serving: Serving, lifespan: Lifespan, settings: Settings, *, version: str) -> FastAPI:
    """Return the application around one serving object."""
    app = routed_application(version=version, lifespan=lifespan)
    app.state.serving = serving
    app.add_middleware(AtLeast, registry=serving.registry)
    for layer, options in _outer_layers(serving, settings):
        app.add_middleware(layer, **options)
    return app


def _outer_layers(serving: Serving, settings: Settings) -> Sequence[tuple[Any, dict[str, Any]]]:
    """Return the layers that every answer passes, the innermost first."""
    reads, access_log = CorsPolicy(settings.cors_origins), log_access if settings.access_log else None
    return (
        (Cors, {"reads": reads, "preferences": settings.preferences_cors_origins}),
        (Telemetry, {"tallies": serving.metrics.tallies, "access_log": access_log}),
    )


def routed_application(*, version: str, lifespan: Lifespan | None = None) -> FastAPI:
    """Return an application with every route and nothing behind them."""
    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    install_problem_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    app.openapi = partial(described, version=version)  # type: ignore[method-assign]
    app.state.openapi, app.state.making_openapi = None, asyncio.Lock()
    return app


def described(*, version: str) -> dict[str, Any]:
    """Return the OpenAPI document."""
    return openapi_document(ROUTERS, title=TITLE, version=version, description=DESCRIPTION)


def with_front(app: FastAPI, settings: Settings) -> Front:
    """Return the application behind its fast front, and behind what tells it who asks through a proxy."""
    serving: Serving = app.state.serving
    access_log = log_access if settings.access_log else None
    # uvicorn's own types of the same interface are narrower than Starlette's.
    behind: Any = ProxyHeadersMiddleware(cast("Any", app), settings.forwarded_allow_ips)
    return Front(behind, serving=serving, cors=CorsPolicy(settings.cors_origins), access_log=access_log)


def overload_of(app: FastAPI, settings: Settings) -> ASGIApp:
    """Return what answers in place of the application when there are too many connections, with the same layers."""
    serving: Serving = app.state.serving
    answering: ASGIApp = Overload(serving.clock, settings.limit_concurrency)
    for layer, options in _outer_layers(serving, settings):
        answering = layer(answering, **options)
    return answering
