"""What LiteLLM's clients ask for besides the documents: the cost map's checksum, and model info by its short path."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import spoken_answers
from app.dialects.litellm_config import LITELLM_MODEL_INFO
from app.dialects.litellm_cost_map import LITELLM_COST_MAP, sha256_of
from app.published import Published
from app.web.read import Question, read
from app.web.told import Responses, told

router = APIRouter(tags=["dialects"])
READ = ["GET", "HEAD"]
PLAIN_TEXT = "text/plain; charset=utf-8"
_CHECKSUM = f"{LITELLM_COST_MAP.path}.sha256"
_SHORT_MODEL_INFO = "/model/info"
_REFUSALS: Responses = {
    400: told("LiteLLMError", "The query is malformed."),
    503: told("LiteLLMError", "No model fits the dialect now; keep what you have."),
}


def _checksum(published: Published, _pairs: object) -> bytes:
    return sha256_of(spoken_answers.body_of(LITELLM_COST_MAP, published))


@router.api_route(
    _CHECKSUM,
    methods=READ,
    summary="SHA-256 of LiteLLM's cost map as it goes out uncompressed, in hex",
    response_model=None,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}}},
        **_REFUSALS,
    },
)
async def show_litellm_cost_map_checksum(request: Request) -> Response:
    """Return what sub2api and claude-relay-service compare before they load the map anew."""
    return await read(request, Question(_CHECKSUM, _checksum, words=(), media_type=PLAIN_TEXT))


@router.api_route(
    _SHORT_MODEL_INFO,
    methods=READ,
    summary=LITELLM_MODEL_INFO.summary,
    response_model=None,
    responses={200: {"content": {"application/json": {"schema": {}}}}, **_REFUSALS},
)
async def show_litellm_model_info_short(request: Request) -> Response:
    """Return the same as /v1/model/info; Cline asks here."""
    return await read(request, Question(_SHORT_MODEL_INFO, spoken_answers.whole(LITELLM_MODEL_INFO), words=()))
