"""Two ways to ask: a running registry over HTTP, or the local store with the same code that the server runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import orjson

from app.settings import Settings

Pairs = Sequence[tuple[str, str]]


class NotReachableError(Exception):
    """Nothing answered; the message says what was tried and what to do."""


class UnusableSettingError(Exception):
    """A setting turned out to be of no use when its part was built; the message names it and holds no secret."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: an HTTP status, 200 from a local store, and a JSON document; `body` has every digit of it."""

    status: int
    document: Any
    body: bytes = b""

    @property
    def is_fine(self) -> bool:
        """Whether the question was answered."""
        return self.status < 400


class Way(Protocol):
    """A way to ask a registry; `is_running` says that one answered over HTTP."""

    name: str
    is_running: bool

    def get(self, path: str, pairs: Pairs = ()) -> Reply:
        """Ask for a document. Raises NotReachableError."""
        ...

    def refresh(self, *, is_dry_run: bool, is_forced: bool) -> Reply:
        """Refresh now. Raises NotReachableError."""
        ...


class RunningRegistry:
    """Asks over HTTP."""

    is_running = True

    def __init__(self, url: str, token: str | None) -> None:
        self.name = url.rstrip("/")
        self._token = token

    def get(self, path: str, pairs: Pairs = ()) -> Reply:
        """Ask for a document."""
        return self._ask("GET", path, pairs, 30.0)

    def refresh(self, *, is_dry_run: bool, is_forced: bool) -> Reply:
        """Ask for a refresh; may take minutes."""
        pairs = [("dry_run", str(is_dry_run).lower()), ("force", str(is_forced).lower())]
        return self._ask("POST", "/refresh", pairs, 660.0)

    def _ask(self, method: str, path: str, pairs: Pairs, timeout_seconds: float) -> Reply:
        import httpx

        query = f"?{urlencode(pairs)}" if pairs else ""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token and method == "POST" else {}
        try:
            response = httpx.request(
                method, f"{self.name}{quote(path, safe='/:~')}{query}", headers=headers, timeout=timeout_seconds
            )
            return Reply(response.status_code, orjson.loads(response.content), response.content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise NotReachableError(
                f"{self.name} does not answer ({reason}); check --url or start the service"
            ) from None
        except orjson.JSONDecodeError:
            raise NotReachableError(f"{self.name} answers, but not as a model registry does; check --url") from None


class LocalStore:
    """Asks the application itself, in this process, on the store of the settings; nothing listens on a port."""

    is_running = False

    def __init__(self, settings: Settings, why: str = "") -> None:
        # A command must not fetch on its own: only `refresh` does.
        self._settings = settings
        self.name = f"the local store under {settings.data_dir}{why}"

    def get(self, path: str, pairs: Pairs = ()) -> Reply:
        """Answer from what is stored."""
        return asyncio.run(self._ask("GET", path, pairs))

    def refresh(self, *, is_dry_run: bool, is_forced: bool) -> Reply:
        """Refresh the store once."""
        pairs = [("dry_run", str(is_dry_run).lower()), ("force", str(is_forced).lower())]
        return asyncio.run(self._ask("POST", "/refresh", pairs))

    async def _ask(self, method: str, path: str, pairs: Pairs) -> Reply:
        import httpx

        from app.main import create_app

        try:
            app = create_app(self._settings.model_copy(update={"admin_token": None}), is_ringing=False)
        except ValueError as error:
            raise UnusableSettingError(str(error)) from None
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 0))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
        ):
            query = f"?{urlencode(pairs)}" if pairs else ""
            response = await client.request(method, quote(path, safe="/:~") + query, timeout=None)
            return Reply(response.status_code, orjson.loads(response.content), response.content)


def way_to(settings: Settings, *, url: str | None, is_local: bool, token: str | None) -> Way:
    """Return the way to ask: the address given, else a registry that runs where the settings say, else the store."""
    given = url or os.environ.get("MODEL_REGISTRY_URL")
    if given and not is_local:
        return RunningRegistry(given, token)
    if not is_local:
        here = RunningRegistry(own_url(settings), token)
        if answers(here.name, "/livez", 0.5):
            return here
        return LocalStore(settings, f" (nothing answers at {here.name})")
    return LocalStore(settings)


def own_url(settings: Settings) -> str:
    """Return where a service with these settings listens, as seen from this machine."""
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def answers(url: str, path: str, timeout_seconds: float) -> bool:
    """Whether a service answers a probe with 200; by the standard library alone, because probes must be quick."""
    from urllib.error import URLError
    from urllib.request import ProxyHandler, build_opener

    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(url.rstrip("/") + path, timeout=timeout_seconds) as response:
            return bool(response.status == 200)
    except (URLError, OSError, ValueError):
        return False
