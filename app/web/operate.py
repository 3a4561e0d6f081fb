"""For operators and orchestrators: refresh, status, probes, metrics."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from app.catalog.errors import QueryError, QueryFault
from app.dialects.native import to_json
from app.metrics import CONTENT_TYPE
from app.outcome import Result, Trigger
from app.period import CIRCUIT_FAILURES
from app.web.problems import Problem
from app.web.serving import Serving, serving_of
from app.web.target import read_pairs
from app.web.told import told, told_problem

router = APIRouter(tags=["operation"])
NOT_KEPT = {"Cache-Control": "no-store"}
READ = ["GET", "HEAD"]
# What a restart takes; whoever serves instead is there at once.
RESTART_SECONDS = 5
_SWITCHES = ("dry_run", "force")
_YES_NO = {"true": True, "1": True, "false": False, "0": False}


@router.post(
    "/refresh",
    summary="Refresh now",
    response_model=None,
    responses={
        200: told("OutcomeDocument", "It ran; `outcome` says how it ended."),
        401: told_problem("The token is missing or wrong."),
        403: told_problem("No token is set and the caller is not on this machine."),
        422: told_problem("An unknown switch or value."),
        429: told_problem("Too soon after the last refresh by hand, or too often from here."),
        502: told_problem("Upstream gave nothing usable, or it could not be built; the last good catalog stays."),
        503: told_problem("Upstream failed five times in a row: only the schedule asks it, or the process stops."),
    },
    openapi_extra={
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "schema": {"type": "boolean", "default": False},
                "description": meaning,
            }
            for name, meaning in (
                ("dry_run", "Only show what would change."),
                (
                    "force",
                    "Accept a catalog that the guard refuses, and ask however often upstream failed. Recorded.",
                ),
            )
        ],
        "security": [{"bearer": []}],
    },
)
async def refresh(request: Request) -> Response:
    """Fetch upstream's catalog now and adopt it, unless the guard refuses."""
    serving = serving_of(request)
    serving.gate.admit(request)
    switches = _switches(request)
    is_dry_run = switches["dry_run"]
    # A dry run calls upstream as well, but must not keep its caller from doing what it showed.
    _cool_down(serving, is_dry_run=is_dry_run)
    if not switches["force"]:
        _leave_to_the_schedule(serving)
    try:
        outcome = await serving.refresher.refresh(Trigger.OPERATOR, is_dry_run=is_dry_run, is_forced=switches["force"])
    except asyncio.CancelledError:
        if not serving.is_draining:
            raise
        # The server's patience is over; by itself it answers this as a defect, and logs it as one.
        detail = "The process is stopping and gave the refresh up. The last good catalog stays; ask again later."
        raise Problem(503, "draining", detail, headers=_retry_after(RESTART_SECONDS)) from None
    serving.manual_refresh_at[is_dry_run] = serving.clock.monotonic()
    document = outcome.document(with_diff=True)
    if outcome.result is Result.FAILED:
        detail = f"{(outcome.reason or '').rstrip('.')}. The last good catalog stays."
        headers = _retry_after(outcome.retry_after_seconds) if outcome.retry_after_seconds else {}
        raise Problem(502, "refresh-failed", detail, title="Refresh failed", headers=headers, **document)
    headers = _retry_after(outcome.retry_after_seconds) if outcome.retry_after_seconds else {}
    return Response(to_json(document), 200, {**NOT_KEPT, **headers}, media_type="application/json")


def _switches(request: Request) -> dict[str, bool]:
    switches = dict.fromkeys(_SWITCHES, False)
    faults = []
    for name, value in read_pairs(request.scope["query_string"]):
        if name not in switches:
            faults.append(QueryFault(name[:80], "is not a switch of /refresh", _SWITCHES))
        elif value.lower() not in _YES_NO:
            faults.append(QueryFault(name, f"must be true or false, got {value[:40]!r}", ("true", "false")))
        else:
            switches[name] = _YES_NO[value.lower()]
    if faults:
        raise QueryError(faults)
    return switches


def _cool_down(serving: Serving, *, is_dry_run: bool) -> None:
    """Raise Problem 429 soon after a refresh by hand; joining one that is under way is always possible."""
    last_at = serving.manual_refresh_at.get(is_dry_run)
    if serving.refresher.is_refreshing or last_at is None:
        return
    left = last_at + serving.cooldown_seconds - serving.clock.monotonic()
    if left > 0:
        detail = f"The catalog was refreshed by hand just now; try again in {math.ceil(left)} s."
        raise Problem(429, "cooling-down", detail, headers=_retry_after(left))


def _leave_to_the_schedule(serving: Serving) -> None:
    """Raise Problem 503 while upstream fails again and again; joining an attempt that is under way is possible."""
    left = serving.timetable.seconds_until_probe
    if left > 0 and not serving.refresher.is_refreshing:
        detail = (
            f"OpenRouter failed {CIRCUIT_FAILURES} times in a row or more; the schedule asks again in "
            f"{math.ceil(left)} s. The last good catalog stays. dry_run=true&force=true looks now; force=true "
            "alone asks now, too, and accepts whatever the guard would refuse."
        )
        raise Problem(503, "upstream-failing", detail, title="Upstream keeps failing", headers=_retry_after(left))


def _retry_after(seconds: float) -> dict[str, str]:
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


@router.api_route(
    "/status",
    methods=READ,
    summary="The state of everything",
    response_model=None,
    responses={200: told("StatusDocument")},
)
async def status(request: Request) -> Response:
    """Return one honest document: snapshot, age, sources, store, lease, last outcomes, next run."""
    return Response(to_json(serving_of(request).status_document()), 200, NOT_KEPT, media_type="application/json")


@router.api_route(
    "/livez",
    methods=READ,
    summary="Is the process alive?",
    response_model=None,
    responses={200: told("LiveDocument")},
)
async def livez() -> Response:
    """Return 200; touches nothing."""
    return Response(b'{"status":"ok"}', 200, NOT_KEPT, media_type="application/json")


@router.api_route(
    "/readyz",
    methods=READ,
    summary="May traffic come here?",
    response_model=None,
    responses={
        200: told("ReadyDocument"),
        503: told_problem("Nothing is published yet, or the process is stopping."),
    },
)
async def readyz(request: Request) -> Response:
    """Return 200 when a snapshot is published and the process is not about to stop."""
    serving = serving_of(request)
    if serving.is_draining:
        raise Problem(503, "draining", "The process is stopping; send traffic elsewhere.")
    published = serving.registry.published
    document: dict[str, Any] = {
        "status": "ready",
        "state": published.snapshot.contents.origin.value,
        "models": published.index.listed.bit_count(),
        "snapshot": published.snapshot.id,
    }
    return Response(to_json(document), 200, NOT_KEPT, media_type="application/json")


@router.api_route(
    "/metrics", methods=READ, summary="Prometheus metrics", response_model=None, response_class=PlainTextResponse
)
async def metrics(request: Request) -> Response:
    """Return the metrics in Prometheus' text format."""
    return Response(serving_of(request).metrics.render(), 200, NOT_KEPT, media_type=CONTENT_TYPE)
