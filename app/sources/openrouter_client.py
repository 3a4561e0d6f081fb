"""One connection to OpenRouter for everything that is read there: bounded bodies, and never a word about the key.

Redirects stay on the host that the operator named. Only SourceError gets out.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import anyio
import httpx

from app.sources.addresses import joined, may_redirect, shown
from app.sources.document import excerpt
from app.sources.patience import retry_after_seconds
from app.sources.protocol import Failure, SourceError, UnmodifiedError
from app.sources.wire import Body, Bounds, read_body

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 3
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,200}"')
# Something shorter is no key, and may well stand in a list by chance.
KEY_MIN_CHARS = 16
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


class OpenRouterClient:
    """Reads bodies from OpenRouter; `now` (wall clock, for Retry-After dates) is for tests, as is `transport`."""

    def __init__(
        self,
        options: OpenRouterOptions,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._options = options
        self._transport = transport
        self._now = now
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def body(self, url: httpx.URL, room: Bounds, subject: str, *, validator: str | None = None) -> Body:
        """Return the body behind a URL, redirects followed; `subject` names it in messages.

        Raises SourceError, and UnmodifiedError when the body is still the one that has the validator.
        """
        client = await self._opened()
        headers = {"If-None-Match": validator} if validator else {}
        for _ in range(MAX_REDIRECTS + 1):
            try:
                async with client.stream("GET", url, headers=headers) as response:
                    if response.status_code in REDIRECT_STATUSES:
                        url = _redirect_url(url, response.headers.get("location"), subject)
                        continue
                    if validator and response.status_code == httpx.codes.NOT_MODIFIED:
                        raise UnmodifiedError
                    if response.status_code != httpx.codes.OK:
                        raise self._status_error(response, subject)
                    body = self._harmless(await read_body(response, room, subject), subject)
                    return replace(body, validator=_validator(response.headers.get("etag", "")))
            except httpx.TimeoutException as error:
                raise SourceError(Failure.TIMEOUT, f"{subject} did not come ({type(error).__name__})") from None
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                # ValueError: httpx looks at each Location, and idna's errors for a malformed one pass through it.
                raise SourceError(Failure.UNREACHABLE, _unreachable(error, subject)) from None
        raise SourceError(Failure.REDIRECTED, f"{subject} is a chain of more than {MAX_REDIRECTS} redirects")

    def _harmless(self, body: Body, subject: str) -> Body:
        """Return a body that does not hold our key: what it says is published, ids and unread members included."""
        key = (self._options.api_key or "").encode()
        if len(key) >= KEY_MIN_CHARS and key in body.content:
            reason = f"{subject} holds the very OPENROUTER_API_KEY that was sent, so nothing of it is used"
            raise SourceError(Failure.NOT_A_CATALOG, f"{reason}; look at what answers at OPENROUTER_BASE_URL")
        return body

    def without_key(self, text: str) -> str:
        """Return a text without the key: a server that echoes what it got could put it into an excerpt."""
        return text.replace(self._options.api_key, "[key]") if self._options.api_key else text

    async def close(self) -> None:
        """Close the connections."""
        async with self._opening:
            if self._client is not None:
                await self._client.aclose()
                self._client = None

    async def _opened(self) -> httpx.AsyncClient:
        async with self._opening:
            if self._client is None:
                # To read the certificates of all authorities takes 60 ms: not on the event loop. Nor in its context,
                # in which anyio may believe that it runs already.
                self._client = await asyncio.get_running_loop().run_in_executor(None, self._made)
            return self._client

    def _made(self) -> httpx.AsyncClient:
        options = self._options
        try:
            # Loads what httpx would load when it connects for the first time, for 40 ms on the event loop.
            anyio.run(anyio.sleep, 0)
            return httpx.AsyncClient(
                transport=self._transport,
                headers=_headers(options),
                timeout=httpx.Timeout(options.read_timeout_seconds, connect=options.connect_timeout_seconds),
                limits=httpx.Limits(max_connections=4, max_keepalive_connections=1),
                follow_redirects=False,
            )
        except (OSError, ValueError, ImportError) as error:
            # Files that can't be opened, or from the environment: SSL_CERT_FILE, HTTPS_PROXY, whose values may hold a
            # password.
            raise SourceError(
                Failure.UNREACHABLE,
                f"no HTTP client could be set up ({type(error).__name__}); "
                "check SSL_CERT_FILE, SSL_CERT_DIR, the *_PROXY variables, and how many files the process may open",
            ) from None

    def _status_error(self, response: httpx.Response, subject: str) -> SourceError:
        status = response.status_code
        way_out = {
            401: "; check OPENROUTER_API_KEY: the key is wrong or has expired",
            403: "; check OPENROUTER_API_KEY: the key may not read the list, or this address is blocked",
            404: "; check OPENROUTER_BASE_URL: it should end with /api/v1",
            429: "; too many requests: raise REFRESH_INTERVAL_MINUTES, or use a key of your own",
        }.get(status, "; upstream is in trouble, the next refresh tries again" if status >= 500 else "")
        return SourceError(
            Failure.STATUS,
            f"{subject} was {status} {excerpt(response.reason_phrase)}".rstrip() + way_out,
            status=status,
            retry_after_seconds=retry_after_seconds(response.headers.get("retry-after"), self._now()),
        )


def _redirect_url(url: httpx.URL, location: str | None, subject: str) -> httpx.URL:
    target = joined(url, location or "")
    if not location or target is None or not may_redirect(url, target):
        raise SourceError(
            Failure.REDIRECTED,
            f"{subject} is a redirect to {shown(target) if target else 'no valid address'}, which is not "
            "followed; if that is where the API lives now, set OPENROUTER_BASE_URL to it",
        )
    return target


def _unreachable(error: Exception, subject: str) -> str:
    distrust = _distrust(error)
    if distrust is not None:
        return (
            f"{subject} did not come: its certificate is not trusted ({distrust}); check OPENROUTER_BASE_URL, the "
            "proxy and the clock of this machine, and name the authority of a certificate of your own in SSL_CERT_FILE"
        )
    # Only the words of a failed connection are known to be harmless; others may quote headers or a proxy's URL.
    why = f": {excerpt(str(error), 120)}" if isinstance(error, httpx.ConnectError) else ""
    return f"{subject} did not come ({type(error).__name__}{why}); check OPENROUTER_BASE_URL, the network and the proxy"


def _distrust(error: BaseException | None) -> str | None:
    """Return in OpenSSL's words why a certificate was refused; None when that was not it."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    # Of what the other side sent, only the name that was expected can stand in these words.
    return excerpt(error.verify_message, 120) if error is not None else None


def _validator(etag: str) -> str | None:
    """Return an ETag as it may be sent back; None when there is none, or none that is sound."""
    return etag if _ETAG.fullmatch(etag) else None


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
