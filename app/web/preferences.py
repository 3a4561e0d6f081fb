"""Preferences of one user: read, replaced, patched, deleted, with conditions for those who care who wrote last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from app import choices
from app.catalog.errors import QueryError, QueryFault
from app.catalog.text import one_line
from app.dialects.native import timestamp, to_json
from app.negotiation import is_known
from app.preferences import MAX_TOLD, Preferences, changed
from app.prepared import Prepared
from app.rendering import render
from app.web.problems import Problem
from app.web.respond import BytesResponse, respond
from app.web.serving import Serving, serving_of
from app.web.target import read_pairs
from app.web.told import Responses, told, told_body, told_problem
from app.web.user_paths import MAX_USER_ID_CHARS, PATH, USER_ID, user_id_flaw

router = APIRouter(tags=["preferences"])
# For the browser that asked, which must ask again each time.
_PRIVATE: Final = [(b"cache-control", b"private, no-cache")]
_JSON: Final = "application/json"
_MERGE_PATCH: Final = "application/merge-patch+json"
UserId = Annotated[
    str,
    Path(
        description="Opaque to us: letters, digits and . _ ~ -, at most 128; not . or .. alone.",
        json_schema_extra={"pattern": f"^{USER_ID}$", "minLength": 1, "maxLength": MAX_USER_ID_CHARS},
    ),
]


_ANSWERS: Final[Responses] = {
    400: told_problem("The query is malformed."),
    401: told_problem("The token is missing, wrong or expired."),
    403: told_problem("No PREFERENCES_TOKEN is set and the caller is not on this machine."),
    404: told_problem("The path leads to nobody's preferences."),
    422: told_problem("The user id, or a word of the query, can't be."),
    429: told_problem("Too often from here."),
    503: told_problem("The store of preferences, or the catalog, is not there; `Retry-After` says when to try again."),
}
_CHANGES: Final[Responses] = {412: told_problem("The document is not the one that If-Match or If-None-Match asks for.")}
_WRITES: Final[Responses] = {
    **_ANSWERS,
    **_CHANGES,
    400: told_problem("The body is not JSON, or the query is malformed."),
    408: told_problem("The body does not come."),
    413: told_problem("The body, or the document that it makes, is too large, or the body does not say its length."),
    415: told_problem("The body is of another type; `Accept-Patch` names those of a patch."),
    422: told_problem(
        "Members that can't be, or models that were never known here: `faults` names the first, `more_faults` counts "
        "the others."
    ),
}
_CONDITIONS: Final = [
    {
        "name": name,
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "description": meaning,
    }
    for name, meaning in (
        ("If-Match", "An ETag of this document, or * for any that is stored; else 412."),
        ("If-None-Match", "* changes nothing when a document is stored, an ETag when it is that one; then 412."),
    )
]
_SECURITY: Final[list[dict[str, list[str]]]] = [{"preferences": []}]


@router.api_route(
    PATH,
    methods=["GET", "HEAD"],
    summary="What a user keeps",
    response_model=None,
    responses={200: told("PreferencesDocument"), **_ANSWERS},
    openapi_extra={"security": _SECURITY},
)
async def show_preferences(request: Request, user_id: UserId) -> Response:
    """Return a user's choices; an empty document for a user who has stored none."""
    serving = _admitted(request, user_id)
    kept = await serving.preferences.read(user_id)
    return respond(request, _prepared(serving, user_id, kept))


@router.put(
    PATH,
    summary="Keep this and nothing else",
    response_model=None,
    responses={200: told("PreferencesDocument"), **_WRITES},
    openapi_extra={
        "security": _SECURITY,
        "parameters": _CONDITIONS,
        "requestBody": told_body("Preferences", _JSON),
    },
)
async def put_preferences(request: Request, user_id: UserId) -> Response:
    """Replace what a user keeps; the last writer wins unless a condition is given."""
    return await _write(request, user_id, (_JSON,), is_patch=False)


@router.patch(
    PATH,
    summary="Keep this, too",
    response_model=None,
    responses={200: told("PreferencesDocument"), **_WRITES},
    openapi_extra={
        "security": _SECURITY,
        "parameters": _CONDITIONS,
        "requestBody": told_body("PreferencesPatch", _MERGE_PATCH, _JSON),
    },
)
async def patch_preferences(request: Request, user_id: UserId) -> Response:
    """Change some members of what a user keeps, by a JSON merge patch."""
    return await _write(request, user_id, (_MERGE_PATCH, _JSON), is_patch=True)


@router.delete(
    PATH,
    status_code=204,
    summary="Forget a user",
    response_model=None,
    responses={**_ANSWERS, **_CHANGES, 413: told_problem("There is a body, and it is too large.")},
    openapi_extra={"security": _SECURITY, "parameters": _CONDITIONS},
)
async def delete_preferences(request: Request, user_id: UserId) -> Response:
    """Delete what is stored for a user; answers the same when there was nothing."""
    serving = _admitted(request, user_id)
    allow = _condition(request, serving, user_id)

    def decide(kept: Preferences) -> None:
        allow(kept)

    await serving.preferences.change(user_id, decide)
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


async def _write(request: Request, user_id: str, media_types: tuple[str, ...], *, is_patch: bool) -> Response:
    serving = _admitted(request, user_id)
    members = _json(await _body_of(request, serving.body_seconds), request.headers.get("content-type", ""), media_types)
    allow = _condition(request, serving, user_id)

    def decide(kept: Preferences) -> Preferences:
        index = serving.registry.published.index
        wanted = choices.confirmed(changed(kept, members, is_patch=is_patch), index)
        # Last, as RFC 9110 has it (13.2.1): conditions don't matter to what can't be done anyway.
        allow(kept)
        return replace(wanted, updated_at=timestamp(serving.clock.now()))

    kept = await serving.preferences.change(user_id, decide)
    prepared = _prepared(serving, user_id, kept)
    return BytesResponse(200, prepared.form(b"").headers, prepared.rendering.body)


def _admitted(request: Request, user_id: str) -> Serving:
    """Return the application's parts to a caller who may see this user; raises Problem to any other."""
    serving = serving_of(request)
    serving.user_gate.admit(request, user_id)
    flaw = user_id_flaw(user_id)
    if flaw is not None:
        detail = (
            f"The user id {one_line(user_id)[:40]!r} {flaw}; use 1 to {MAX_USER_ID_CHARS} of A-Z a-z 0-9 . _ ~ -, "
            "but not . or .. alone. A hash of any other id fits."
        )
        raise Problem(422, "user-id", detail)
    pairs = read_pairs(request.scope["query_string"])
    if pairs:
        raise QueryError(
            [QueryFault(name[:80], "is no word here: preferences take none") for name, _ in pairs[:MAX_TOLD]]
        )
    return serving


async def _body_of(request: Request, seconds: float) -> bytes:
    """Return the body; its length was looked at before, so what remains is who sends it slowly or not at all."""
    try:
        async with asyncio.timeout(seconds):
            return await request.body()
    except TimeoutError:
        detail = f"The body did not come within {seconds:g} s."
        raise Problem(408, "slow-body", detail, headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise Problem(400, "cut-off", "The caller left in the middle of the body.") from None


def _json(body: bytes, content_type: str, media_types: tuple[str, ...]) -> Any:
    # Nor is a body without a type taken: pages of any site may send one of those without being asked.
    if content_type.partition(";")[0].strip().lower() not in media_types:
        detail = f"The body must be {' or '.join(media_types)}, not {one_line(content_type)[:80]!r}."
        raise Problem(415, "media-type", detail, headers={"Accept-Patch": f"{_MERGE_PATCH}, {_JSON}"})
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "not-json", f"The body is not JSON: {str(error)[:200]}.") from None


def _condition(request: Request, serving: Serving, user_id: str) -> Callable[[Preferences], None]:
    """Return what raises Problem 412 when a document is not the one that the caller means."""
    if_match = request.headers.getlist("if-match")
    if_none_match = request.headers.getlist("if-none-match")

    def allow(kept: Preferences) -> None:
        if not if_match and not if_none_match:
            return
        is_stored = kept.updated_at is not None
        etag = _prepared(serving, user_id, kept).form(b"").etag
        named = [part.strip() for part in ",".join(if_match).split(",")]
        if if_match and etag not in named and not ("*" in named and is_stored):
            raise _not_the_one("If-Match", etag)
        excluded = ",".join(if_none_match)
        if if_none_match and (is_stored if excluded.strip() == "*" else is_known(excluded.encode("latin-1"), etag)):
            raise _not_the_one("If-None-Match", etag)

    return allow


def _not_the_one(header: str, etag: str) -> Problem:
    detail = f"{header} does not hold: the document is {etag} now. Read it again, then decide."
    return Problem(412, "precondition", detail, headers={"ETag": etag})


def _prepared(serving: Serving, user_id: str, kept: Preferences) -> Prepared:
    published = serving.registry.published
    document = choices.document(user_id, kept, published, has_upstream=serving.has_upstream)
    return Prepared(render(to_json(document)), serving.metrics.tallies.of(PATH), _PRIVATE)
