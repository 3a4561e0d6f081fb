"""OpenRouter's model list over HTTP: bounded, patient, and never a word about the key.

Rules:

* One deadline over everything. httpx's own timeouts restart with each byte, so a slow drip never trips them.
* Redirects and next pages stay on the host that the operator named.
* Only SourceError gets out, and no message holds the key.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

import httpx

from app.catalog.model import Record
from app.sources.addresses import is_same_server, joined, may_redirect, shown
from app.sources.document import excerpt, records_of
from app.sources.patience import Patience, retry_after_seconds
from app.sources.protocol import Failure, Fetched, SourceError
from app.sources.wire import Bounds, read_body

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 3
DEFAULT_MODALITIES = ("text",)
"""What upstream lists when nobody asks for anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRouterOptions:
    """How to ask OpenRouter. The read timeout is for one silence, the deadline for the whole fetch."""

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    user_agent: str = "model-registry"
    http_referer: str | None = None
    x_title: str | None = None
    output_modalities: tuple[str, ...] = DEFAULT_MODALITIES
    deadline_seconds: float = 60.0
    connect_timeout_seconds: float = 10.0
    read_timeout_seconds: float = 20.0
    attempts: int = 3
    max_wire_bytes: int = 32 * 1024 * 1024
    max_decoded_bytes: int = 256 * 1024 * 1024
    max_pages: int = 200


@dataclass(frozen=True, slots=True)
class _Page:
    records: tuple[Record, ...]
    next_link: str | None
    wire_bytes: int
    decoded_bytes: int


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
        self._transport = transport
        self._sleep = sleep
        self._draw = draw
        self._now = now
        self._client: httpx.AsyncClient | None = None
        self._first_url = _first_url(options)
        self._subject = f"the answer of {shown(self._first_url)}"

    @property
    def name(self) -> str:
        """Return the word that appears in `sources`, `/status` and metrics."""
        return "openrouter"

    async def fetch(self) -> Fetched:
        """Return every model that OpenRouter lists now. Raises SourceError."""
        deadline_seconds = self._options.deadline_seconds
        patience = Patience(self._options.attempts, self._draw)
        try:
            async with asyncio.timeout(deadline_seconds) as deadline:
                return await self._fetch_pages(patience, deadline)
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
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _fetch_pages(self, patience: Patience, deadline: asyncio.Timeout) -> Fetched:
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
            page = await self._page_with_retries(url, room, patience, deadline)
            records += page.records
            wire_bytes += page.wire_bytes
            decoded_bytes += page.decoded_bytes
            if page.next_link is None:
                return Fetched(records=tuple(records), wire_bytes=wire_bytes, pages=len(seen))
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
        self, url: httpx.URL, room: Bounds, patience: Patience, deadline: asyncio.Timeout
    ) -> _Page:
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await self._page(url, room)
            except SourceError as error:
                remaining_seconds = (deadline.when() or 0.0) - loop.time()
                wait_seconds = patience.wait_seconds(error, remaining_seconds)
                if wait_seconds is None:
                    raise
                await self._sleep(wait_seconds)

    async def _page(self, url: httpx.URL, room: Bounds) -> _Page:
        client = self._open_client()
        for _ in range(MAX_REDIRECTS + 1):
            try:
                async with client.stream("GET", url) as response:
                    if response.status_code in REDIRECT_STATUSES:
                        url = self._redirect_url(url, response.headers.get("location"))
                        continue
                    if response.status_code != httpx.codes.OK:
                        raise self._status_error(response)
                    body = await read_body(response, room, self._subject)
            except httpx.TimeoutException as error:
                raise SourceError(Failure.TIMEOUT, f"{self._subject} did not come ({type(error).__name__})") from None
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                # ValueError: httpx looks at each Location, and idna's errors for a malformed one pass through it.
                raise SourceError(Failure.UNREACHABLE, self._unreachable(error)) from None
            # Tens of milliseconds for a real catalog, seconds for a hostile one: not on the event loop.
            records, next_link = await asyncio.to_thread(records_of, body.content, self._subject)
            return _Page(records, next_link, body.wire_bytes, len(body.content))
        raise SourceError(Failure.REDIRECTED, f"{self._subject} is a chain of more than {MAX_REDIRECTS} redirects")

    def _open_client(self) -> httpx.AsyncClient:
        if self._client is None:
            options = self._options
            try:
                self._client = httpx.AsyncClient(
                    transport=self._transport,
                    headers=_headers(options),
                    timeout=httpx.Timeout(options.read_timeout_seconds, connect=options.connect_timeout_seconds),
                    limits=httpx.Limits(max_connections=4, max_keepalive_connections=1),
                    follow_redirects=False,
                )
            except (OSError, ValueError, ImportError) as error:
                # From the environment: SSL_CERT_FILE, HTTPS_PROXY. Their values may hold a password.
                raise SourceError(
                    Failure.UNREACHABLE,
                    f"no HTTP client could be set up ({type(error).__name__}); "
                    "check SSL_CERT_FILE, SSL_CERT_DIR and the *_PROXY variables",
                ) from None
        return self._client

    def _redirect_url(self, url: httpx.URL, location: str | None) -> httpx.URL:
        target = joined(url, location or "")
        if not location or target is None or not may_redirect(url, target):
            raise SourceError(
                Failure.REDIRECTED,
                f"{self._subject} is a redirect to {shown(target) if target else 'no valid address'}, which is not "
                "followed; if that is where the API lives now, set OPENROUTER_BASE_URL to it",
            )
        return target

    def _next_url(self, link: str) -> httpx.URL:
        url = joined(self._first_url, link)
        if url is None or not is_same_server(self._first_url, url):
            raise SourceError(
                Failure.NOT_A_CATALOG,
                f"{self._subject} names a next page that is not on the same server: "
                + (shown(url) if url else "no valid address"),
            )
        return url

    def _status_error(self, response: httpx.Response) -> SourceError:
        status = response.status_code
        way_out = {
            401: "; check OPENROUTER_API_KEY: the key is wrong or has expired",
            403: "; check OPENROUTER_API_KEY: the key may not read the list, or this address is blocked",
            404: "; check OPENROUTER_BASE_URL: it should end with /api/v1",
            429: "; too many requests: raise REFRESH_INTERVAL_MINUTES, or use a key of your own",
        }.get(status, "; upstream is in trouble, the next refresh tries again" if status >= 500 else "")
        return SourceError(
            Failure.STATUS,
            f"{self._subject} was {status} {excerpt(response.reason_phrase)}".rstrip() + way_out,
            status=status,
            retry_after_seconds=retry_after_seconds(response.headers.get("retry-after"), self._now()),
        )

    def _unreachable(self, error: Exception) -> str:
        # Only the words of a failed connection are known to be harmless; others may quote headers or a proxy's URL.
        why = f": {excerpt(str(error), 120)}" if isinstance(error, httpx.ConnectError) else ""
        return (
            f"{self._subject} did not come ({type(error).__name__}{why}); "
            "check OPENROUTER_BASE_URL, the network and the proxy"
        )

    def _finished(self, error: SourceError, failures: int) -> SourceError:
        message = f"{error} (tried {failures} times)" if failures > 1 else str(error)
        if self._options.api_key:
            # A server that echoes what it got could put the key into an excerpt of its answer.
            message = message.replace(self._options.api_key, "[key]")
        return SourceError(error.kind, message, status=error.status, retry_after_seconds=error.retry_after_seconds)


def _first_url(options: OpenRouterOptions) -> httpx.URL:
    url = f"{options.base_url.rstrip('/')}/models"
    if options.output_modalities != DEFAULT_MODALITIES:
        url += "?output_modalities=" + ",".join(quote(word, safe="") for word in options.output_modalities)
    return httpx.URL(url)


def _headers(options: OpenRouterOptions) -> list[tuple[bytes, bytes]]:
    values = {
        "Accept": "application/json",
        # What we can inflate within bounds ourselves; httpx would offer brotli and zstd too.
        "Accept-Encoding": "gzip",
        "User-Agent": options.user_agent,
        "HTTP-Referer": options.http_referer,
        "X-Title": options.x_title,
        "Authorization": f"Bearer {options.api_key}" if options.api_key else None,
    }
    return [(name.encode(), value.encode()) for name, value in values.items() if value]
