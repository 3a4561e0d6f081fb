"""OpenRouter's own API about models, below /api/v1: an SDK that is given this address sees no difference.

Errors are OpenRouter's, also for what OpenRouter would answer and this registry can't.
"""

from __future__ import annotations

from collections.abc import Awaitable
from math import ceil

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import mirror_answers
from app.answers import UnknownModelError
from app.catalog.model import Model
from app.dialects.openrouter import OPENROUTER
from app.dialects.openrouter_feed import MEDIA_TYPE as RSS
from app.live import Live, NotLiveError
from app.prepared import Prepared, RawHeaders
from app.prerender import STALE_MAX_AGE_SECONDS
from app.web.mirror_parameters import parameters
from app.web.problems import Problem
from app.web.read import Question, read
from app.web.respond import respond
from app.web.serving import serving_of
from app.web.told import Responses, told

router = APIRouter(tags=["dialects"])
READ = ["GET", "HEAD"]
_ONE_MODEL = "/api/v1/model/{author}/{slug}"
_ENDPOINTS = "/api/v1/models/{author}/{slug}/endpoints"
_PROVIDERS = "/api/v1/providers"
_REFUSED: Responses = {
    400: told(
        "OpenRouterError", "The query is malformed, or asks for what this catalog can't answer; the parameter is named."
    )
}
_UNKNOWN: Responses = {404: told("OpenRouterError", "OpenRouter's list has no such model.")}
_EMPTY: Responses = {503: told("OpenRouterError", "There is no list now; keep what you have.")}
_NOT_LIVE: Responses = {503: told("OpenRouterError", "OpenRouter can't be asked now, and nothing is kept from before.")}
_LIST = Question(OPENROUTER.path, mirror_answers.models_list, words=mirror_answers.LIST_WORDS)
_FEED = Question(OPENROUTER.path, mirror_answers.models_feed, words=mirror_answers.LIST_WORDS, media_type=RSS)
_COUNT = Question(f"{OPENROUTER.path}/count", mirror_answers.count, words=mirror_answers.COUNT_WORDS)
_EMBEDDINGS = Question(mirror_answers.EMBEDDINGS_PATH, mirror_answers.embedding_models, words=mirror_answers.PAGE_WORDS)


@router.api_route(
    OPENROUTER.path,
    methods=READ,
    summary=OPENROUTER.summary,
    response_model=None,
    responses={
        200: told("OpenRouterModelList", content={RSS: {"schema": {"type": "string"}}}),
        **_REFUSED,
        **_EMPTY,
    },
    openapi_extra=parameters(),
)
async def list_openrouter_models(request: Request) -> Response:
    """Return upstream's records in upstream's order, then the models that only this registry knows."""
    is_feed = request.query_params.get("use_rss") == "true"
    return await read(request, _FEED if is_feed else _LIST)


@router.api_route(
    _COUNT.route,
    methods=READ,
    summary="How many models OpenRouter's list holds",
    response_model=None,
    responses={200: told("OpenRouterCountAnswer"), **_REFUSED, **_EMPTY},
    openapi_extra=parameters(*mirror_answers.COUNT_WORDS),
)
async def count_openrouter_models(request: Request) -> Response:
    """Return the number of models that the filters leave; those that put out text unless said otherwise."""
    return await read(request, _COUNT)


@router.api_route(f"{OPENROUTER.path}/user", methods=READ, include_in_schema=False)
async def list_user_models() -> Response:
    """Refuse the one list that depends on an OpenRouter account."""
    raise Problem(
        404,
        "not-ours",
        "This registry knows no OpenRouter account and its preferences; /api/v1/models lists every model.",
    )


@router.api_route(
    _EMBEDDINGS.route,
    methods=READ,
    summary="Embedding models in OpenRouter's words",
    response_model=None,
    responses={
        200: told("OpenRouterModelList"),
        404: told("OpenRouterError", "No embedding model is loaded."),
        **_REFUSED,
        **_EMPTY,
    },
    openapi_extra=parameters("offset", "limit"),
)
async def list_embedding_models(request: Request) -> Response:
    """Return the models that put out embeddings, where these are loaded."""
    if not mirror_answers.has_embeddings(serving_of(request).registry.published):
        # Not 503: the SDKs would ask again for an hour. Not an empty list: there are such models.
        raise Problem(
            404,
            "not-loaded",
            "No embedding models are loaded here; OPENROUTER_OUTPUT_MODALITIES decides what is.",
        )
    return await read(request, _EMBEDDINGS)


@router.api_route(
    _ONE_MODEL,
    methods=READ,
    summary="One model in OpenRouter's words",
    response_model=None,
    responses={200: told("OpenRouterModelAnswer"), **_REFUSED, **_UNKNOWN},
)
async def show_openrouter_model(request: Request, author: str, slug: str) -> Response:
    """Return one record by any spelling of its id, also with a variant that only says how to route."""
    model = looked_up(request, f"{author}/{slug}")
    count = serving_of(request).metrics.usage.of(model.id).add
    question = Question(
        _ONE_MODEL,
        mirror_answers.one_model(model),
        path=f"/api/v1/model/{model.id}",
        note=lambda _body: count,
        words=(),
    )
    return await read(request, question)


@router.api_route(
    _ENDPOINTS,
    methods=READ,
    summary="Who serves a model, as OpenRouter tells it now",
    response_model=None,
    responses={200: told("OpenRouterEndpointsAnswer"), **_UNKNOWN, **_NOT_LIVE},
)
async def list_endpoints(request: Request, author: str, slug: str) -> Response:
    """Return upstream's own answer, at most some minutes old; `X-Upstream-Stale` marks one that is older."""
    model = looked_up(request, f"{author}/{slug}")
    if model.upstream is None:
        detail = f"OpenRouter does not serve {model.id}; /models/provider/{model.id} says who does."
        raise Problem(404, "not-upstream", detail)
    return await _live(request, _ENDPOINTS, serving_of(request).live.endpoints(model.id))


@router.api_route(
    _PROVIDERS,
    methods=READ,
    summary="Who serves models through OpenRouter, as it tells it now",
    response_model=None,
    responses={200: told("OpenRouterProvidersAnswer"), **_UNKNOWN, **_NOT_LIVE},
)
async def list_openrouter_providers(request: Request) -> Response:
    """Return upstream's own answer, at most some minutes old; `X-Upstream-Stale` marks one that is older."""
    return await _live(request, _PROVIDERS, serving_of(request).live.providers())


async def _live(request: Request, route: str, answer: Awaitable[Live]) -> Response:
    """Return what upstream told, under the same conditions as every other read."""
    serving = serving_of(request)
    try:
        live = await answer
    except NotLiveError as error:
        if error.retry_after_seconds is None:
            # Not a 503: the SDKs ask again for up to an hour then.
            raise Problem(404, "never-live", f"{error}.") from None
        wait = {"Retry-After": str(ceil(error.retry_after_seconds))}
        raise Problem(503, "not-live", f"{error}.", headers=wait) from None
    if live.rendering is None:
        raise Problem(404, "not-upstream", "OpenRouter itself has no answer to this; its list may be newer than ours.")
    max_age = STALE_MAX_AGE_SECONDS if live.is_stale else serving.cache_max_age_seconds
    current = serving.registry.published.snapshot.id
    headers: RawHeaders = [
        (b"cache-control", f"public, max-age={min(max_age, serving.cache_max_age_seconds)}".encode()),
        (b"x-catalog-snapshot", current.encode()),
        # Not `Age`: caches would subtract it from the time for which they may keep the answer.
        (b"x-upstream-age", str(int(live.age_seconds)).encode()),
    ]
    if live.is_stale:
        headers.append((b"x-upstream-stale", b"true"))
    return respond(request, Prepared(live.rendering, serving.metrics.tallies.of(route), headers))


def looked_up(request: Request, spelling: str) -> Model:
    """Return the model that a path means; a miss is counted."""
    serving = serving_of(request)
    try:
        return mirror_answers.resolve(serving.registry.published, spelling)
    except UnknownModelError as error:
        serving.metrics.usage.missed(error.spelling[:200])
        raise
