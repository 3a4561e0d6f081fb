"""The FastAPI application: routes, problem documents, and the layers around them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.settings import Settings
from app.web import models, operate, pages
from app.web.middleware import Telemetry
from app.web.openapi import openapi_document
from app.web.problems import install_problem_handlers
from app.web.serving import Serving

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
DESCRIPTION = (
    "Every LLM, its price, its limits and its lifecycle: OpenRouter's catalog, merged with curated core models "
    "and local overrides, answered from memory. Errors are RFC 9457 problem documents. "
    "HEAD is answered wherever GET is."
)
# Browsers of other sites may read these of our headers.
EXPOSED_HEADERS = ("ETag", "X-Catalog-Snapshot", "X-Request-ID", "Content-Location", "Retry-After")


def build_application(serving: Serving, lifespan: Lifespan, settings: Settings, *, version: str) -> FastAPI:
    """Return the application around one serving object."""
    app = routed_application(version=version, lifespan=lifespan)
    app.state.serving = serving
    app.add_middleware(ReadCors, origins=settings.cors_origins)
    app.add_middleware(Telemetry, metrics=serving.metrics, is_logging=settings.access_log)
    return app


def routed_application(*, version: str, lifespan: Lifespan | None = None) -> FastAPI:
    """Return an application with every route and nothing behind them: enough to be described."""
    app = FastAPI(
        title="Model Registry",
        version=version,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    install_problem_handlers(app)
    app.include_router(operate.router)
    app.include_router(pages.router)
    # Last, because the path of one model takes everything under /models/ that no other route took.
    app.include_router(models.router)
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    return app


class ReadCors:
    """CORS for what may be read; the operator's routes are never opened to other sites."""

    def __init__(self, app: ASGIApp, *, origins: tuple[str, ...]) -> None:
        self._closed = app
        self._open = CORSMiddleware(
            app,
            allow_origins=list(origins),
            allow_methods=["GET", "HEAD"],
            allow_headers=["If-None-Match", "X-Request-ID", "Authorization"],
            expose_headers=list(EXPOSED_HEADERS),
            max_age=86_400,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with or without CORS."""
        is_closed = scope["type"] != "http" or scope["path"].rstrip("/").endswith("/refresh")
        await (self._closed if is_closed else self._open)(scope, receive, send)


def _operation_id(route: APIRoute) -> str:
    return route.name
