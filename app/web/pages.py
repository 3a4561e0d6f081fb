"""What people look at: the landing page, the API reference, and the files that they load. No CDN, no inline script."""

from __future__ import annotations

import asyncio
from functools import cache
from html import escape
from importlib import resources

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from app import __version__
from app.dialects.landing import Freshness, landing_page
from app.dialects.lately import changes_of
from app.dialects.native import to_json
from app.prepared import Prepared, RawHeaders
from app.rendering import QUICK, THOROUGH, Rendering, compressed, render
from app.web.picker_script import picker_script
from app.web.problems import Problem
from app.web.respond import respond
from app.web.serving import serving_of

router = APIRouter(include_in_schema=False)
READ = ["GET", "HEAD"]
HTML = "text/html; charset=utf-8"
PAGE_POLICY = (
    b"default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)
# The picker is one of our scripts, reads this server, and brings its style as a constructed sheet.
_PICKER_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Swagger UI writes style attributes and asks this server; nothing else is opened.
_DOCS_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_STATIC = {
    "page.css": ("app.web.static", "page.css", "text/css; charset=utf-8"),
    "compat.css": ("app.web.static", "compat.css", "text/css; charset=utf-8"),
    "operate.js": ("app.web.static", "operate.js", "text/javascript; charset=utf-8"),
    "docs.js": ("app.web.static", "docs.js", "text/javascript; charset=utf-8"),
    "swagger-ui-bundle.js": (
        "fastapi_swagger.resources",
        "swagger-ui-bundle.js",
        "text/javascript; charset=utf-8",
    ),
    "swagger-ui.css": ("fastapi_swagger.resources", "swagger-ui.css", "text/css; charset=utf-8"),
}


@router.api_route("/", methods=READ)
async def landing(request: Request) -> Response:
    """Return the landing page."""
    serving = serving_of(request)
    published = serving.registry.published
    freshness = Freshness(serving.clock.now(), serving.timetable.period.checked_at, published.is_stale)
    root_path = request.scope.get("root_path", "")
    changes = changes_of(serving.outcomes())
    body = landing_page(published.index, freshness, changes, version=__version__, root_path=root_path)
    return _page(request, "/", render(body, HTML), _PICKER_POLICY)


@router.api_route("/docs", methods=READ)
async def docs(request: Request) -> Response:
    """Return the API reference; everything that it loads comes from this server."""
    root = escape(request.scope.get("root_path", ""))
    body = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Model Registry · API</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="{root}/static/swagger-ui.css"></head>
<body data-base="{root}"><div id="swagger-ui"></div><noscript>The reference needs JavaScript; the same facts are at
<a href="{root}/openapi.json">openapi.json</a>.</noscript>
<script src="{root}/static/swagger-ui-bundle.js"></script><script src="{root}/static/docs.js"></script></body></html>
"""
    return _page(request, "/docs", render(body.encode(), HTML), _DOCS_POLICY)


@router.api_route("/openapi.json", methods=READ)
async def openapi(request: Request) -> Response:
    """Return the OpenAPI document, which is made once, and beside the readers."""
    state = request.app.state
    async with state.making_openapi:
        if state.openapi is None:
            state.openapi = await asyncio.to_thread(_openapi, request.app, request.scope.get("root_path", ""))
    return _fixed(request, "/openapi.json", state.openapi)


@router.api_route("/picker.js", methods=READ)
async def picker(request: Request) -> Response:
    """Return the picker, a custom element for pages of any site."""
    return _fixed(request, "/picker.js", _picker())


@router.api_route("/static/{name}", methods=READ)
async def static_file(request: Request, name: str) -> Response:
    """Return one of the files that our pages load."""
    if name not in _STATIC:
        raise Problem(404, "unknown-file", f"There is no file {name[:80]!r} here.")
    return _fixed(request, "/static/{name}", _static(name))


def _openapi(app: FastAPI, root_path: str) -> Rendering:
    # Else the reference, and clients made from it, would ask beside the prefix that a proxy strips.
    servers = {"servers": [{"url": root_path}]} if root_path else {}
    return compressed(render(to_json({**app.openapi(), **servers})), QUICK)


@cache
def _picker() -> Rendering:
    return compressed(render(picker_script(), "text/javascript; charset=utf-8"), THOROUGH)


@cache
def _static(name: str) -> Rendering:
    package, file, media_type = _STATIC[name]
    return compressed(render((resources.files(package) / file).read_bytes(), media_type), QUICK)


def _page(request: Request, route: str, rendering: Rendering, policy: bytes) -> Response:
    return _respond(request, route, compressed(rendering, QUICK), b"no-cache", [(b"content-security-policy", policy)])


def _fixed(request: Request, route: str, rendering: Rendering) -> Response:
    """Return a file that changes only with the version."""
    return _respond(request, route, rendering, b"public, max-age=3600", [])


def _respond(request: Request, route: str, rendering: Rendering, reuse: bytes, more: RawHeaders) -> Response:
    serving = serving_of(request)
    current = serving.registry.current
    snapshot_id = current.snapshot.id if current else ""
    headers = [(b"cache-control", reuse), (b"x-catalog-snapshot", snapshot_id.encode()), *more]
    return respond(request, Prepared(rendering, serving.metrics.tallies.of(route), headers))
