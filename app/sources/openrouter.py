"""OpenRouter's model list over HTTP: bounded, patient, and never a word about the key.

Rules:

* One deadline over everything. httpx's own timeouts restart with each byte, so a slow drip never trips them.
* Next pages stay on the host that the operator named, as redirects do.
* Only SourceError gets out, and no message holds the key.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

import httpx

from app.catalog.model import Record
from app.gradual import gradually
from app.sources.addresses import is_same_server, joined, shown
from app.sources.document import content_of, document_in_pieces, excerpt, whole_document
from app.sources.openrouter_client import DEFAULT_MODALITIES, OpenRouterClient, OpenRouterOptions
from app.sources.patience import Patience
from app.sources.protocol import Failure, Fetched, SourceError
from app.sources.wire import Bounds


@dataclass(frozen=True, slots=True)
class _Page:
    records: tuple[Record, ...]
    next_link: str | None
    wire_bytes: int
    decoded_bytes: int
    validator: str | None


class OpenRouterSource:
    """Fetches the model list, with every page of it.

    `sleep`, `draw` (a random number from 0 to 1) and `now` (wall clock, for Retry-After dates) are for tests, as is
    `transport`.
    """

    def __init__(
        self,
        options: OpenRouterOptions,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._options = options
        self._sleep = sleep
        self._draw = draw
        self._client = OpenRouterClient(options, transport=transport, now=now)
        self._first_url = _first_url(options)
        self._subject = f"the answer of {shown(self._first_url)}"

    @property
    def name(self) -> str:
        """Return the word that appears in `sources`, `/status` and metrics."""
        return "openrouter"

    async def fetch(self, validator: str | None = None, /) -> Fetched:
        """Return every model that OpenRouter lists now. Raises SourceError, and UnmodifiedError.

        OpenRouter itself has sent no validator yet; whoever mirrors it may.
        """
        deadline_seconds = self._options.deadline_seconds
        patience = Patience(self._options.attempts, self._draw)
        try:
            async with asyncio.timeout(deadline_seconds) as deadline:
                return await self._fetch_pages(validator, patience, deadline)
        except TimeoutError:
            failed = f" ({patience.failures} tries failed before)" if patience.failures else ""
            raise SourceError(
                Failure.TIMEOUT,
                f"{self._subject} was not complete after {deadline_seconds:g} s{failed}; "
                "raise FETCH_DEADLINE_SECONDS if the connection is slow",
            ) from None
        except SourceError as error:
            raise self._finished(error, patience.failures) from None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _fetch_pages(self, validator: str | None, patience: Patience, deadline: asyncio.Timeout) -> Fetched:
        url = self._first_url
        seen = {url}
        records: list[Record] = []
        wire_bytes = decoded_bytes = 0
        while True:
            room = Bounds(
                self._options.max_wire_bytes,
                self._options.max_decoded_bytes,
                spent_wire_bytes=wire_bytes,
                spent_decoded_bytes=decoded_bytes,
            )
            known = validator if url == self._first_url else None
            page = await self._page_with_retries(url, room, known, patience, deadline)
            records += page.records
            wire_bytes += page.wire_bytes
            decoded_bytes += page.decoded_bytes
            if page.next_link is None:
                # Of several pages the first may stay while the others change.
                called = page.validator if len(seen) == 1 else None
                return Fetched(records=tuple(records), wire_bytes=wire_bytes, pages=len(seen), validator=called)
            url = self._next_url(page.next_link)
            if url in seen:
                raise SourceError(
                    Failure.NOT_A_CATALOG,
                    f"{self._subject} leads in a circle: its next page {excerpt(page.next_link)!r} was read already",
                )
            if len(seen) >= self._options.max_pages:
                raise SourceError(Failure.TOO_LARGE, f"{self._subject} has more than {len(seen)} pages")
            seen.add(url)

    async def _page_with_retries(
        self, url: httpx.URL, room: Bounds, known: str | None, patience: Patience, deadline: asyncio.Timeout
    ) -> _Page:
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await self._page(url, room, known)
            except SourceError as error:
                remaining_seconds = (deadline.when() or 0.0) - loop.time()
                wait_seconds = patience.wait_seconds(error, remaining_seconds)
                if wait_seconds is None:
                    raise
                await self._sleep(wait_seconds)

    async def _page(self, url: httpx.URL, room: Bounds, known: str | None) -> _Page:
        body = await self._client.body(url, room, self._subject, validator=known)
        document = await gradually(document_in_pieces(body.content))
        if document is None:
            # Tens of milliseconds for a real catalog, seconds for a hostile one: not on the event loop.
            document = await asyncio.to_thread(whole_document, body.content, self._subject)
        records, next_link = content_of(document, self._subject)
        return _Page(records, next_link, body.wire_bytes, len(body.content), body.validator)

    def _next_url(self, link: str) -> httpx.URL:
        url = joined(self._first_url, link)
        if url is None or not is_same_server(self._first_url, url):
            raise SourceError(
                Failure.NOT_A_CATALOG,
                f"{self._subject} names a next page that is not on the same server: "
                + (shown(url) if url else "no valid address"),
            )
        return url

    def _finished(self, error: SourceError, failures: int) -> SourceError:
        message = f"{error} (tried {failures} times)" if failures > 1 else str(error)
        message = self._client.without_key(message)
        return SourceError(error.kind, message, status=error.status, retry_after_seconds=error.retry_after_seconds)


def _first_url(options: OpenRouterOptions) -> httpx.URL:
    url = f"{options.base_url.rstrip('/')}/models"
    if options.output_modalities != DEFAULT_MODALITIES:
        url += "?output_modalities=" + ",".join(quote(word, safe="") for word in options.output_modalities)
    return httpx.URL(url)
