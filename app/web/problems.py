"""Errors as RFC 9457 problem documents: what happened, to which value, and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.answers import UnknownModelError
from app.catalog.errors import QueryError
from app.catalog.text import one_line
from app.dialects.dialect import JSON
from app.dialects.native import to_json
from app.preference_keeper import PreferencesAwayError
from app.preferences import PreferenceError, TooLargeError
from app.registry import NothingPublishedError
from app.spoken_answers import NotSpokenError, PageError
from app.web.dialect_errors import error_document
from app.web.user_paths import METHODS, is_preferences

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:model-registry:problem:"
# What RFC 3986 lets stand in a path.
_PATH_SAFE = "/:@!$&'()*+,;=~"
NEAR_EXPIRED = {"Cache-Control": "no-store"}


class Problem(Exception):  # noqa: N818 - the RFC's own word
    """A request that can't be answered as asked.

    `slug` names the kind of problem in the document's `type`; `more` are further members of the document.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        *,
        title: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.title = title or HTTPStatus(status).phrase
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more


def problem_response(problem: Problem, request: Request) -> Response:
    """Return the response of a problem, in the words of the dialect that its path speaks."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    headers = {**NEAR_EXPIRED, **problem.headers}
    spoken = error_document(path, problem.status, problem.slug, problem.detail, problem.more.get("param"))
    if spoken is not None:
        return Response(to_json(spoken), problem.status, headers, media_type=JSON)
    members = {
        "type": TYPE_PREFIX + problem.slug,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": quote(request.scope["path"][:500], safe=_PATH_SAFE, errors="replace"),
        "request_id": request.scope.get("request_id"),
    }
    # Further members never take the place of the RFC's own: an outcome has an `instance`, too.
    document = {**members, **problem.more, **members}
    return Response(to_json(document), problem.status, headers, media_type=MEDIA_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of an application a problem document."""

    def of_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 - FastAPI hands over what was registered
        return problem_response(error, request)

    def of_query(request: Request, error: Exception) -> Response:
        assert isinstance(error, QueryError)  # noqa: S101 - as above
        faults = [{"word": fault.word, "reason": fault.reason, "allowed": fault.allowed} for fault in error.faults]
        return problem_response(
            Problem(422, "query", str(error)[:2_000], title="Query not understood", faults=faults), request
        )

    def of_unknown(request: Request, error: Exception) -> Response:
        assert isinstance(error, UnknownModelError)  # noqa: S101 - as above
        return problem_response(unknown_model(error), request)

    def of_unready(request: Request, error: Exception) -> Response:
        problem = Problem(503, "not-ready", str(error), headers={"Retry-After": "1"})
        return problem_response(problem, request)

    def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - as above
        return problem_response(_of_http(error, request), request)

    def of_unspoken(request: Request, error: Exception) -> Response:
        problem = Problem(503, "not-spoken", str(error), headers={"Retry-After": "60"})
        return problem_response(problem, request)

    def of_page(request: Request, error: Exception) -> Response:
        assert isinstance(error, PageError)  # noqa: S101 - as above
        return problem_response(Problem(400, "page", str(error), param=error.word), request)

    def of_preferences(request: Request, error: Exception) -> Response:
        assert isinstance(error, PreferenceError)  # noqa: S101 - as above
        faults = [
            {"member": fault.member, "reason": fault.reason, "suggestions": fault.suggestions} for fault in error.faults
        ]
        title = "Preferences not understood"
        # Behind the cut, so that it is always told.
        detail = str(error)[:2_000] + (f"; and {error.more} more" if error.more else "")
        return problem_response(
            Problem(422, "preferences", detail, title=title, faults=faults, more_faults=error.more), request
        )

    def of_away(request: Request, error: Exception) -> Response:
        detail = f"Preferences can't be reached now ({error}). The catalog is not affected; try again soon."
        return problem_response(Problem(503, "preferences-away", detail, headers={"Retry-After": "5"}), request)

    def of_too_large(request: Request, error: Exception) -> Response:
        return problem_response(Problem(413, "preferences-too-large", f"{error}; leave some ids out."), request)

    app.add_exception_handler(Problem, of_problem)
    app.add_exception_handler(PreferenceError, of_preferences)
    app.add_exception_handler(PreferencesAwayError, of_away)
    app.add_exception_handler(TooLargeError, of_too_large)
    app.add_exception_handler(NotSpokenError, of_unspoken)
    app.add_exception_handler(PageError, of_page)
    app.add_exception_handler(QueryError, of_query)
    app.add_exception_handler(UnknownModelError, of_unknown)
    app.add_exception_handler(NothingPublishedError, of_unready)
    app.add_exception_handler(HTTPException, of_http)


def defect(request_id: str) -> Problem:
    """Return the 500 of a defect; it says nothing about the defect itself."""
    return Problem(500, "internal", f"Something broke here; the log has the details under request_id {request_id}.")


def pathless_document(problem: Problem, request_id: str) -> bytes:
    """Return the document of a problem with what is no request yet; there is no path that it could name."""
    document = {
        "type": TYPE_PREFIX + problem.slug,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": request_id,
    }
    return to_json(document)


def headers_too_large(most_bytes: int) -> Problem:
    """Return the 431 of a request whose headers have more bytes together."""
    return Problem(431, "headers-too-large", f"All headers together may have at most {most_bytes} bytes.")


def unknown_path(path: str, headers: Mapping[str, str] | None = None) -> Problem:
    """Return the 404 of a path that no route answers to."""
    detail = f"There is nothing at {one_line(path)[:200]}; /docs lists what there is."
    return Problem(404, "unknown-path", detail, headers=headers)


def unknown_model(error: UnknownModelError) -> Problem:
    """Return the 404 of a spelling that no model answers to."""
    shown = one_line(error.spelling)[:200]
    if not shown:
        return Problem(
            404, "unknown-model", "The model id is empty; leave the last slash away for the list.", suggestions=[]
        )
    hint = f" Did you mean {error.suggestions[0]}?" if error.suggestions else " Search with /models/search?q=..."
    return Problem(
        404,
        "unknown-model",
        f"No model is known as {shown!r}.{hint}",
        title="Unknown model",
        suggestions=error.suggestions,
    )


def _of_http(error: HTTPException, request: Request) -> Problem:
    headers = dict(error.headers or {})
    if error.status_code == 404:
        return unknown_path(request.scope["path"], headers)
    if error.status_code == 405:
        if is_preferences(request.scope["path"].removeprefix(request.scope.get("root_path", ""))):
            # Starlette names the methods of the first route of a path alone.
            headers["Allow"] = METHODS
        elif "Allow" in headers:
            # Starlette joins a set, whose order is another in each process.
            headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
        detail = f"{request.method[:20]} is not possible here; allowed: {headers.get('Allow', 'see /docs')}."
        return Problem(405, "method-not-allowed", detail, headers=headers)
    return Problem(error.status_code, "http", str(error.detail)[:500], headers=headers)
