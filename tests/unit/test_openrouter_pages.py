"""Documents on demand, read from an upstream that does everything wrong that can be done wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import httpx
import orjson
import pytest

from app.sources.openrouter_client import OpenRouterOptions
from app.sources.openrouter_pages import MAX_PAGE_BYTES, OpenRouterPages
from app.sources.protocol import Failure, SourceError
from tests.simulator import Fault, Simulator, make_record

pytestmark = pytest.mark.anyio
KEY = "sk-or-v1-canary-5f2a"
PLAIN = "acme/anvil-1"


@pytest.fixture
async def upstream() -> AsyncIterator[Simulator]:
    async with Simulator([make_record(PLAIN), make_record(f"{PLAIN}:free"), make_record("~acme/latest")]) as running:
        yield running


@pytest.fixture
async def pages(upstream: Simulator) -> AsyncIterator[OpenRouterPages]:
    made = OpenRouterPages(OpenRouterOptions(base_url=upstream.base_url, api_key=KEY, read_timeout_seconds=0.2))
    yield made
    await made.close()


@pytest.mark.parametrize("model_id", [PLAIN, f"{PLAIN}:free", "~acme/latest"])
async def test_endpoints_come_as_upstream_wrote_them(
    pages: OpenRouterPages, upstream: Simulator, model_id: str
) -> None:
    body = await pages.endpoints(model_id)
    assert body is not None
    assert orjson.loads(body)["data"]["id"] == model_id
    request = upstream.requests[-1]
    assert request.target == f"/api/v1/models/{model_id}/endpoints"
    assert request.headers["authorization"] == f"Bearer {KEY}"


async def test_providers_come_as_upstream_wrote_them(pages: OpenRouterPages) -> None:
    body = await pages.providers()
    assert body is not None
    assert [entry["slug"] for entry in orjson.loads(body)["data"]] == ["acme"]


async def test_a_model_that_upstream_does_not_have_is_none(pages: OpenRouterPages) -> None:
    assert await pages.endpoints("acme/unheard-of") is None


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.UNAVAILABLE, Failure.STATUS),
        (Fault.TOO_MANY_REQUESTS_SECONDS, Failure.STATUS),
        (Fault.REFUSE, Failure.UNREACHABLE),
        (Fault.HANG, Failure.TIMEOUT),
        (Fault.RESET, Failure.TRUNCATED),
        (Fault.TRUNCATED_WITH_LENGTH, Failure.TRUNCATED),
        (Fault.HTML, Failure.NOT_JSON),
        (Fault.EMPTY_BODY, Failure.NOT_JSON),
        (Fault.EMPTY_LIST, Failure.NOT_A_CATALOG),
        (Fault.NULL_DATA, Failure.NOT_A_CATALOG),
        (Fault.REDIRECT_OTHER_HOST, Failure.REDIRECTED),
    ],
)
async def test_a_fault_is_a_source_error_without_the_key(
    pages: OpenRouterPages, upstream: Simulator, fault: Fault, kind: Failure
) -> None:
    upstream.other_fault = fault
    for ask in (partial(pages.endpoints, PLAIN), pages.providers):
        with pytest.raises(SourceError) as raised:
            async with asyncio.timeout(5):
                await ask()
        assert raised.value.kind is kind
        assert KEY not in str(raised.value)


async def test_a_body_over_its_bound_is_refused() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=bytes(MAX_PAGE_BYTES + 1)))
    pages = OpenRouterPages(OpenRouterOptions(base_url="https://openrouter.ai/api/v1"), transport=transport)
    with pytest.raises(SourceError) as raised:
        await pages.providers()
    assert raised.value.kind is Failure.TOO_LARGE


async def test_an_echoed_key_is_taken_out_of_the_message() -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        # The reason phrase is the one thing of a failed answer that gets into the message.
        return httpx.Response(500, extensions={"reason_phrase": request.headers["authorization"].encode()})

    options = OpenRouterOptions(base_url="https://openrouter.ai/api/v1", api_key=KEY)
    with pytest.raises(SourceError) as raised:
        await OpenRouterPages(options, transport=httpx.MockTransport(echo)).providers()
    assert KEY not in str(raised.value)
    assert "[key]" in str(raised.value)
