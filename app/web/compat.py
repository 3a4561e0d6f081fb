"""`/compat`: which clients can be pointed here and how their dialects fared; a page for people, JSON for programs."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.catalog.errors import QueryError, QueryFault
from app.catalog.query import MIN_SNAPSHOT
from app.dialects.compat import compat_document, compat_page
from app.dialects.native import to_json
from app.dialects.table import DIALECTS
from app.prepared import Prepared, RawHeaders
from app.rendering import QUICK, compressed, render
from app.web.pages import HTML, PAGE_POLICY
from app.web.respond import respond
from app.web.serving import serving_of
from app.web.target import read_pairs
from app.web.told import told, told_problem

router = APIRouter(tags=["dialects"])
_FORMATS = ("html", "json")


@router.api_route(
    "/compat",
    methods=["GET", "HEAD"],
    summary="Clients, their switches, and how each dialect fared",
    response_model=None,
    responses={
        200: told("CompatDocument", content={"text/html": {}}),
        400: told_problem("The query is malformed."),
        422: told_problem("An unknown word or format."),
    },
    openapi_extra={
        "parameters": [
            {
                "name": "format",
                "in": "query",
                "required": False,
                "schema": {"type": "string", "enum": list(_FORMATS)},
                "description": "`html` is the page, `json` the table; else the Accept header decides.",
            }
        ]
    },
)
async def show_compat(request: Request) -> Response:
    """Return a page to browsers and JSON to everybody else."""
    serving = serving_of(request)
    published = serving.registry.published
    root_path = request.scope.get("root_path", "")
    url = str(request.base_url).rstrip("/")
    document = compat_document(
        DIALECTS,
        published.spoken,
        url=url,
        snapshot=published.snapshot.id,
        checked_at=published.published_at,
    )
    headers: RawHeaders = [
        (b"cache-control", b"no-cache"),
        (b"vary", b"Accept"),
        (b"x-catalog-snapshot", published.snapshot.id.encode()),
    ]
    if _is_page(request):
        rendering = render(compat_page(document, root_path=root_path), HTML)
        headers.append((b"content-security-policy", PAGE_POLICY))
    else:
        rendering = render(to_json(document))
    tally = serving.metrics.tallies.of("/compat")
    return respond(request, Prepared(compressed(rendering, QUICK), tally, headers))


def _is_page(request: Request) -> bool:
    """Whether the caller wants the page; raises QueryError for an unknown word or format."""
    given = None
    for name, value in read_pairs(request.scope["query_string"]):
        if name != "format":
            raise QueryError([QueryFault(name, f"{name[:40]!r} is not known here", ("format", MIN_SNAPSHOT))])
        if value not in _FORMATS:
            raise QueryError([QueryFault(name, f"{value[:40]!r} is not a format", _FORMATS)])
        given = value
    return given == "html" if given else "text/html" in request.headers.get("accept", "")
