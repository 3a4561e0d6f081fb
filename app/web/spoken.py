"""The dialects over HTTP: one route for each document, and OpenAI's list with its single models.

No path here redirects: LiteLLM and Claude Code don't follow. Queries that a dialect doesn't know are ignored, as
clients add their own (`user`, `client_version`); only words that count make another answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import answers, spoken_answers
from app.dialects.dialect import Dialect
from app.dialects.openai import OPENAI
from app.dialects.table import DOCUMENTS
from app.web.dialect_errors import error_shape
from app.web.read import Question, read
from app.web.serving import serving_of
from app.web.told import Responses, told

router = APIRouter(tags=["dialects"])
READ = ["GET", "HEAD"]
_ONE_OPENAI_MODEL = "/v1/models/{model_id:path}"
_PAGE_WORDS = {
    "limit": ("At most so many rows; without it, all of them.", {"type": "integer", "minimum": 1, "maximum": 1_000}),
    "after_id": ("Begin behind this id.", {"type": "string"}),
    "before_id": ("End before this id.", {"type": "string"}),
}


def _nothing_to_say(path: str) -> Responses:
    return {503: told(error_shape(path), "No model fits the dialect now; keep what you have.")}


@router.api_route(
    OPENAI.path,
    methods=READ,
    summary=OPENAI.summary,
    response_model=None,
    responses={
        200: told("OpenAIModelList"),
        400: told("OpenAIError", "The query is malformed, or there is no such page."),
        **_nothing_to_say(OPENAI.path),
    },
    openapi_extra={
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": schema, "description": meaning}
            for name, (meaning, schema) in _PAGE_WORDS.items()
        ]
    },
)
async def list_openai_models(request: Request) -> Response:
    """Return every model in one superset row that OpenAI's, Anthropic's and OpenRouter's clients read."""
    question = Question(OPENAI.path, spoken_answers.openai_models, words=frozenset(_PAGE_WORDS))
    return await read(request, question)


@router.api_route(
    _ONE_OPENAI_MODEL,
    methods=READ,
    summary="One model as OpenAI's clients read it",
    response_model=None,
    responses={
        200: told("OpenAIModel"),
        400: told("OpenAIError", "The query is malformed."),
        404: told("OpenAIError", "No model is known under this id."),
    },
)
async def show_openai_model(request: Request, model_id: str) -> Response:
    """Return one row by any spelling of its id."""
    serving = serving_of(request)
    usage = serving.metrics.usage
    try:
        model = answers.resolve(serving.registry.published, model_id.rstrip("/"))
    except answers.UnknownModelError as error:
        usage.missed(error.spelling[:200])
        raise
    count = usage.of(model.id).add
    question = Question(
        _ONE_OPENAI_MODEL,
        spoken_answers.row_of(OPENAI, model),
        path=f"{OPENAI.path}/{model.id}",
        note=lambda _body: count,
        words=(),
    )
    return await read(request, question)


def _endpoint(dialect: Dialect) -> Callable[[Request], Awaitable[Response]]:
    question = Question(dialect.path, spoken_answers.whole(dialect), words=(), media_type=dialect.media_type)

    async def show_document(request: Request) -> Response:
        """Return the document of one dialect, the same whatever the query says."""
        return await read(request, question)

    return show_document


for _dialect in DOCUMENTS:
    router.add_api_route(
        _dialect.path,
        _endpoint(_dialect),
        methods=READ,
        name=f"show_{_dialect.name.replace('-', '_').replace('.', '_')}",
        summary=_dialect.summary,
        response_model=None,
        responses={
            200: {"content": {_dialect.media_type: {"schema": {}}}, "description": _dialect.summary},
            400: told(error_shape(_dialect.path), "The query is malformed."),
            **_nothing_to_say(_dialect.path),
        },
    )
