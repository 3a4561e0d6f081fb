"""The cost map that LiteLLM's dialect is laid over: a file or an address, read within bounds.

LiteLLM calls `.get` on every value at the top of a map, so a map with any that is no object is refused whole: handing
it on would break the clients' import. Only SourceError gets out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson

from app.sources.addresses import shown
from app.sources.document import excerpt
from app.sources.openrouter_client import OpenRouterClient, OpenRouterOptions
from app.sources.protocol import Failure, SourceError
from app.sources.wire import SLICE_BYTES, BoundedDecoder, Bounds

CostMap = Mapping[str, Mapping[str, Any]]
SETTING = "LITELLM_BASE_MAP"
# Whose messages name a way out that fits here as well.
_SAME_WAY_OUT = {Failure.TOO_LARGE, Failure.TIMEOUT}


class BaseMapSource:
    """Reads LITELLM_BASE_MAP; `options` say how an address is asked, its own address and key aside."""

    def __init__(
        self, where: str, options: OpenRouterOptions, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._where = where
        self._bounds = Bounds(options.max_wire_bytes, options.max_decoded_bytes)
        self._deadline_seconds = options.deadline_seconds
        self._url = httpx.URL(where) if "://" in where else None
        self._subject = f"the cost map of {shown(self._url)}" if self._url else f"{SETTING} {excerpt(Path(where).name)}"
        self._client = OpenRouterClient(options, transport=transport)

    @property
    def is_remote(self) -> bool:
        """Whether it is asked over the network."""
        return self._url is not None

    async def fetch(self) -> CostMap:
        """Return the map as it is now. Raises SourceError."""
        if self._url is None:
            return await asyncio.to_thread(self._read_file, Path(self._where))
        try:
            async with asyncio.timeout(self._deadline_seconds):
                body = await self._client.body(self._url, self._bounds, self._subject)
        except TimeoutError:
            reason = f"{self._subject} was not complete after {self._deadline_seconds:g} s"
            raise SourceError(Failure.TIMEOUT, f"{reason}; raise FETCH_DEADLINE_SECONDS if that is too short") from None
        except SourceError as error:
            if error.kind in _SAME_WAY_OUT:
                raise
            reason = str(error).partition(";")[0]
            raise SourceError(error.kind, f"{reason}; check {SETTING}", status=error.status) from None
        return await asyncio.to_thread(cost_map_of, body.content, self._subject)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _read_file(self, path: Path) -> CostMap:
        decoder = BoundedDecoder(self._bounds, self._subject, is_compressed=False)
        try:
            with path.open("rb") as file:
                while chunk := file.read(SLICE_BYTES):
                    decoder.feed(chunk)
        except (OSError, ValueError) as error:
            # ValueError: a path that holds a NUL byte.
            reason = error.strerror if isinstance(error, OSError) else "no valid path"
            raise SourceError(Failure.UNREACHABLE, f"{self._subject} cannot be read ({reason}); correct it") from None
        return cost_map_of(decoder.finish().content, self._subject)


def cost_map_of(body: bytes | bytearray, subject: str) -> CostMap:
    """Return the map that a body holds. Raises SourceError, with the first key that breaks LiteLLM."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SourceError(Failure.NOT_JSON, f"{subject} is not JSON ({excerpt(error.msg)}); check {SETTING}") from None
    try:
        # It reads deeper nesting than it writes: what could not be served must not be taken over.
        orjson.dumps(document)
    except TypeError as error:
        raise SourceError(Failure.NOT_A_CATALOG, f"{subject} can't be served ({excerpt(str(error))})") from None
    if not isinstance(document, dict) or not document:
        raise SourceError(Failure.NOT_A_CATALOG, f"{subject} is no cost map: expected an object of rows by model")
    for key, row in document.items():
        if not isinstance(row, dict):
            raise SourceError(
                Failure.NOT_A_CATALOG,
                f"{subject} would break LiteLLM: {excerpt(repr(key), 80)} is no object but {excerpt(repr(row))}",
            )
    return document
