"""The reads: lists, search, one model, groups, statistics."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import answers
from app.catalog.model import Model
from app.catalog.query import WORDS
from app.dialects.native import to_json
from app.prepared import Prepared
from app.rendering import QUICK, compressed, render
from app.statistics import statistics
from app.web.lists import LISTS
from app.web.one_model import ROUTE, counting, question_about
from app.web.parameters import parameters_for
from app.web.read import Question, read
from app.web.respond import respond
from app.web.serving import serving_of
from app.web.target import read_pairs
from app.web.told import Responses, told, told_problem

router = APIRouter(tags=["models"])
READ = ["GET", "HEAD"]
_BAD_QUERY: Responses = {
    400: told_problem("The query is malformed."),
    422: told_problem("The query holds an unknown word or value; the allowed ones are named."),
}
_UNKNOWN: Responses = {
    404: told_problem("No model is known under this id; near ones are suggested."),
}
_LIST_WORDS = parameters_for(WORDS)
_SOURCE_WORDS = parameters_for(word for word in WORDS if word != "source")
_DETAIL_WORDS = parameters_for(answers.DETAIL_WORDS)


@router.api_route(
    "/models",
    methods=READ,
    summary="The catalog",
    response_model=None,
    responses={200: told("ModelList"), **_BAD_QUERY},
    openapi_extra=_LIST_WORDS,
)
async def list_models(request: Request) -> Response:
    """Return the models that match, in the order asked for, with counts on request."""
    return await read(request, LISTS["/models"](serving_of(request)))


@router.api_route(
    "/models/search",
    methods=READ,
    summary="Ranked search",
    response_model=None,
    responses={200: told("SearchList"), **_BAD_QUERY},
    openapi_extra=_LIST_WORDS,
)
async def search_models(request: Request) -> Response:
    """Return the models that the words of `q` mean, best first, with what matched."""
    return await read(request, LISTS["/models/search"](serving_of(request)))


@router.api_route(
    "/models/core",
    methods=READ,
    summary="Core models only",
    response_model=None,
    responses={200: told("ModelList"), **_BAD_QUERY},
    openapi_extra=_SOURCE_WORDS,
)
async def list_core(request: Request) -> Response:
    """Return the models that the core file knows."""
    return await read(request, LISTS["/models/core"](serving_of(request)))


@router.api_route(
    "/models/openrouter",
    methods=READ,
    summary="OpenRouter's models only",
    response_model=None,
    responses={200: told("ModelList"), **_BAD_QUERY},
    openapi_extra=_SOURCE_WORDS,
)
async def list_openrouter(request: Request) -> Response:
    """Return the models that OpenRouter lists."""
    return await read(request, LISTS["/models/openrouter"](serving_of(request)))


@router.api_route(
    "/models/categories",
    methods=READ,
    summary="Categories with counts",
    response_model=None,
    responses={200: told("CategoryList"), **_BAD_QUERY},
)
async def list_categories(request: Request) -> Response:
    """Return the curated categories and how many models each has."""
    return await read(request, Question("/models/categories", answers.categories, is_list=True))


@router.api_route(
    "/models/providers",
    methods=READ,
    summary="Providers and authors with counts",
    response_model=None,
    responses={200: told("ProviderList"), **_BAD_QUERY},
)
async def list_providers(request: Request) -> Response:
    """Return who serves models and who made them, with the number of models."""
    return await read(request, Question("/models/providers", answers.providers, is_list=True))


@router.api_route(
    "/models/statistics",
    methods=READ,
    summary="Counts, distributions, usage",
    response_model=None,
    responses={200: told("Statistics"), **_BAD_QUERY},
)
async def show_statistics(request: Request) -> Response:
    """Return counts and distributions of the catalog, and what this process was asked for."""
    serving = serving_of(request)
    published = serving.registry.published
    answers.no_words(published, read_pairs(request.scope["query_string"]))
    document = {**statistics(published), "usage": serving.metrics.usage.document()}
    headers = [(b"cache-control", b"no-cache"), (b"x-catalog-snapshot", published.snapshot.id.encode())]
    rendering = compressed(render(to_json(document)), QUICK)
    return respond(request, Prepared(rendering, serving.metrics.tallies.of("/models/statistics"), headers))


@router.api_route(
    "/models/provider/{model_id:path}",
    methods=READ,
    summary="Who serves a model",
    response_model=None,
    responses={200: told("RouteList"), **_UNKNOWN, **_BAD_QUERY},
)
async def show_routes(request: Request, model_id: str) -> Response:
    """Return every way to reach a model: source, base URL and the id to use there."""
    model = _looked_up(request, model_id)
    question = Question(
        "/models/provider/{model_id:path}",
        answers.routes_of(model),
        path=f"/models/provider/{model.id}",
        note=counting(serving_of(request), model),
    )
    return await read(request, question)


@router.api_route(
    ROUTE,
    methods=READ,
    summary="One model",
    response_model=None,
    responses={200: told("OneModel"), **_UNKNOWN, **_BAD_QUERY},
    openapi_extra=_DETAIL_WORDS,
)
async def show_model(request: Request, model_id: str) -> Response:
    """Return one model by any spelling of its id; `Content-Location` names the id proper."""
    model = _looked_up(request, model_id)
    return await read(request, question_about(serving_of(request), model, request.scope.get("root_path", "")))


def _looked_up(request: Request, spelling: str) -> Model:
    """Return the model that a path means; a trailing slash does not matter, a miss is counted."""
    serving = serving_of(request)
    try:
        return answers.resolve(serving.registry.published, spelling.rstrip("/"))
    except answers.UnknownModelError as error:
        serving.metrics.usage.missed(error.spelling[:200])
        raise
