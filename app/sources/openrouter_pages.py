"""OpenRouter's documents that are read on demand: who serves one model, and who serves at all.

They are handed on as the bytes that came, once it is certain that they are what was asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from app.sources.addresses import shown
from app.sources.document import excerpt
from app.sources.openrouter_client import OpenRouterClient, OpenRouterOptions
from app.sources.protocol import Failure, SourceError
from app.sources.wire import Bounds

# The largest seen has 60 kB; a thousand endpoints would fit.
MAX_PAGE_BYTES = 2 * 1024 * 1024


class OpenRouterPages:
    """Fetches single documents; each call asks once. `transport` is for tests."""

    def __init__(self, options: OpenRouterOptions, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = OpenRouterClient(options, transport=transport)
        self._base_url = options.base_url.rstrip("/")

    async def endpoints(self, model_id: str) -> bytes | None:
        """Return who serves a model; None when OpenRouter has no such model. Raises SourceError."""
        return await self._page(f"/models/{quote(model_id, safe='/:~')}/endpoints", _is_endpoints)

    async def providers(self) -> bytes | None:
        """Return who serves models; None when OpenRouter has no such document. Raises SourceError."""
        return await self._page("/providers", _is_providers)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _page(self, path: str, is_right: Callable[[Any], bool]) -> bytes | None:
        url = httpx.URL(self._base_url + path)
        subject = f"the answer of {shown(url)}"
        try:
            body = await self._client.body(url, Bounds(MAX_PAGE_BYTES, MAX_PAGE_BYTES), subject)
            return await asyncio.to_thread(_checked, bytes(body.content), is_right, subject)
        except SourceError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            message = self._client.without_key(str(error))
            raise SourceError(
                error.kind, message, status=error.status, retry_after_seconds=error.retry_after_seconds
            ) from None


def _checked(body: bytes, is_right: Callable[[Any], bool], subject: str) -> bytes:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SourceError(Failure.NOT_JSON, f"{subject} is not JSON ({excerpt(error.msg)})") from None
    if not isinstance(document, dict) or not is_right(document.get("data")):
        raise SourceError(Failure.NOT_A_CATALOG, f"{subject} is JSON of another shape than OpenRouter documents")
    return body


def _is_endpoints(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("endpoints"), list) and isinstance(data.get("id"), str)


def _is_providers(data: Any) -> bool:
    return isinstance(data, list) and bool(data) and all(isinstance(entry, dict) for entry in data)
