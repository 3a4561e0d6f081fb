"""What upstream alone knows, asked when somebody asks us: kept for a while, and as last good for longer.

Rules:

* One question at a time for each document, a few in all; everybody who waits gets the same answer.
* A caller never waits past the deadline, and a caller who leaves stops nothing.
* What failed is not asked again at once; meanwhile the last good answer is given and says that it is old.
* "There is no such thing" is an answer, and kept like one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from app.clock import Clock
from app.rendering import QUICK, Rendering, compressed, render
from app.sources.protocol import Failure, SourceError

MAX_KEPT = 2_000
MAX_CALLS_AT_ONCE = 4
PAUSE_SECONDS = 10.0
MAX_PAUSE_SECONDS = 300.0
PROVIDERS = "providers"
log = structlog.get_logger("live")


class Pages(Protocol):
    """Where the documents come from."""

    async def endpoints(self, model_id: str) -> bytes | None:
        """Return who serves a model; None when there is no such model. Raises SourceError."""
        ...

    async def providers(self) -> bytes | None:
        """Return who serves models; None when there is no such document. Raises SourceError."""
        ...

    async def close(self) -> None:
        """Let go of connections; called once."""
        ...


class NotLiveError(LookupError):
    """Upstream gave nothing, and nothing is kept; the message says why.

    `retry_after_seconds` is None when asking again is of no use.
    """

    def __init__(self, message: str, retry_after_seconds: float | None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Live:
    """A document as it is given out; `rendering` is None where upstream has no such thing.

    `is_stale` says that upstream could not be asked again when it should have been.
    """

    rendering: Rendering | None
    age_seconds: float
    is_stale: bool


_Ask = Callable[[Pages], Awaitable[bytes | None]]


@dataclass(slots=True)
class _Kept:
    """The last good answer, when it came, and until when it is not asked for again."""

    rendering: Rendering | None = None
    fetched_at: float | None = None
    paused_until: float = 0.0
    failure: str = ""

    @property
    def size_bytes(self) -> int:
        if self.rendering is None:
            return 0
        return self.rendering.length + sum(map(len, self.rendering.encoded.values()))


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """How long an answer is fresh, how long a caller waits at most, and how much is kept."""

    fresh_seconds: float = 300.0
    deadline_seconds: float = 8.0
    max_bytes: int = 16 * 1024**2


class LivePages:
    """Endpoints and providers, as upstream tells them."""

    def __init__(self, pages: Pages | None, clock: Clock, options: LiveOptions | None = None) -> None:
        self._pages = pages
        self._clock = clock
        self._options = options or LiveOptions()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._calls = asyncio.Semaphore(MAX_CALLS_AT_ONCE)
        # While upstream as a whole is away, no document is asked for.
        self._paused_until = 0.0
        self._failure = ""

    async def endpoints(self, model_id: str) -> Live:
        """Return who serves a model that upstream lists; raises NotLiveError."""
        return await self._get(model_id, lambda pages: pages.endpoints(model_id))

    async def providers(self) -> Live:
        """Return who serves models; raises NotLiveError."""
        return await self._get(PROVIDERS, lambda pages: pages.providers())

    async def close(self) -> None:
        """Stop asking."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        if self._pages is not None:
            await self._pages.close()

    @property
    def kept_bytes(self) -> int:
        """Bytes of the documents that are kept."""
        return sum(kept.size_bytes for kept in self._kept.values())

    async def _get(self, key: str, ask: _Ask) -> Live:
        if self._pages is None:
            raise NotLiveError("only OpenRouter knows this, and OPENROUTER_ENABLED is off here", None)
        kept = self._kept.get(key)
        if not self._is_fresh(kept) and not self._is_paused(kept):
            task = self._asking.get(key)
            if task is None:
                task = asyncio.create_task(self._ask(key, ask, self._pages))
                self._asking[key] = task
                task.add_done_callback(lambda _: self._asking.pop(key, None))
            await asyncio.shield(task)
            kept = self._kept.get(key)
        if kept is None or kept.fetched_at is None:
            raise self._nothing(kept or _Kept())
        self._kept.move_to_end(key)
        age_seconds = max(0.0, self._clock.monotonic() - kept.fetched_at)
        return Live(kept.rendering, age_seconds, is_stale=not self._is_fresh(kept))

    def _nothing(self, kept: _Kept) -> NotLiveError:
        wait_seconds = max(self._paused_until, kept.paused_until) - self._clock.monotonic()
        why = kept.failure or self._failure
        message = f"OpenRouter could not be asked ({why}), and nothing is kept from before"
        return NotLiveError(message, max(1.0, wait_seconds))

    def _is_fresh(self, kept: _Kept | None) -> bool:
        if kept is None or kept.fetched_at is None:
            return False
        return self._clock.monotonic() - kept.fetched_at < self._options.fresh_seconds

    def _is_paused(self, kept: _Kept | None) -> bool:
        return self._clock.monotonic() < max(self._paused_until, kept.paused_until if kept else 0.0)

    async def _ask(self, key: str, ask: _Ask, pages: Pages) -> None:
        """Ask upstream and keep what comes of it."""
        try:
            async with asyncio.timeout(self._options.deadline_seconds), self._calls:
                body = await ask(pages)
        except TimeoutError:
            waited = f"nothing came within {self._options.deadline_seconds:g} s"
            self._failed(key, SourceError(Failure.TIMEOUT, waited))
            return
        except SourceError as error:
            self._failed(key, error)
            return
        rendering = None if body is None else await asyncio.to_thread(compressed, render(body), QUICK)
        self._keep(key, _Kept(rendering, self._clock.monotonic()))

    def _failed(self, key: str, error: SourceError) -> None:
        log.warning("a document could not be fetched", document=key, kind=error.kind.value, reason=str(error))
        pause = min(max(error.retry_after_seconds or 0.0, PAUSE_SECONDS), MAX_PAUSE_SECONDS)
        until = self._clock.monotonic() + pause
        # The message is for the log; who asks us learns the kind.
        failure = error.kind.value if error.status is None else f"{error.kind.value} {error.status}"
        if _is_everywhere(error):
            self._paused_until, self._failure = until, failure
        kept = self._kept.get(key) or _Kept()
        kept.paused_until, kept.failure = until, failure
        self._keep(key, kept)

    def _keep(self, key: str, kept: _Kept) -> None:
        """Keep an answer, and let go of what was asked for longest ago."""
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and (len(self._kept) > MAX_KEPT or self.kept_bytes > self._options.max_bytes):
            self._kept.popitem(last=False)


def _is_everywhere(error: SourceError) -> bool:
    """Whether a failure says something about upstream as a whole."""
    status = error.status or 0
    return error.kind is Failure.UNREACHABLE or status >= 500 or status in {401, 403, 429}
