"""The whole service in this process: the real application, a simulated OpenRouter, and clients that talk to it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp

from app.clock import Clock
from app.main import create_app
from app.settings import Settings
from app.store.preferences import PreferenceStore
from tests.api.catalog import CATALOG
from tests.simulator import Simulator

TOKEN = "token-canary-8c1f02"
UPSTREAM_KEY = "key-canary-77aa31"
LOOPBACK = ("127.0.0.1", 50_123)
OWN_ORIGIN = "http://127.0.0.1:8000"
URI_PATH = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})*")
PROBLEM_MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}
# What no answer may hold: the secrets of every service here, and what a traceback looks like.
NEVER_SHOWN = (TOKEN, UPSTREAM_KEY, "Traceback", 'File "', "site-packages")


@dataclass(frozen=True)
class Service:
    """A running application, a client on this machine, and the OpenRouter that it fetches from."""

    app: FastAPI
    client: httpx.AsyncClient
    simulator: Simulator

    async def get(self, target: str, **headers: str) -> httpx.Response:
        """Read a target uncompressed, unless the headers ask for more; `_` in their names stands for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(target, headers={"Accept-Encoding": "identity", **sent})

    async def read(self, target: str) -> Any:
        """Return the JSON of a target that is there."""
        response = await self.get(target)
        assert response.status_code == 200, response.text
        return response.json()

    async def ids(self, target: str) -> list[str]:
        """Return the ids of a list, in its order."""
        return [model["id"] for model in (await self.read(target))["models"]]

    async def refresh(self, switches: str = "") -> httpx.Response:
        """Refresh by hand."""
        return await self.client.post(f"/refresh{switches}")


class SteeredClock:
    """The real clock, until a test lets hours pass."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self.is_broken = False

    def now(self) -> datetime:
        """Return the wall clock; a broken one raises something with a secret in it."""
        if self.is_broken:
            raise RuntimeError(f"the clock knows {TOKEN}")
        return datetime.now(UTC).replace(microsecond=0) + self._ahead

    def monotonic(self) -> float:
        """Return seconds that pass with the wall clock."""
        return datetime.now(UTC).timestamp() + self._ahead.total_seconds()

    def advance(self, hours: float) -> None:
        """Let time pass."""
        self._ahead += timedelta(hours=hours)


def settings_for(simulator: Simulator, folder: Path, **options: Any) -> Settings:
    """Return settings for a service that fetches from a simulator and never waits for anything."""
    calm: dict[str, Any] = {
        "data_dir": folder,
        "openrouter_base_url": simulator.base_url,
        "openrouter_api_key": UPSTREAM_KEY,
        "admin_token": None,
        "refresh_cooldown_seconds": 0,
        "admin_requests_per_minute": 1_000_000,
        "preferences_requests_per_minute": 1_000_000,
        "fetch_attempts": 1,
        "fetch_deadline_seconds": 10,
        "follow_seconds": 0.1,
    }
    return Settings(_env_file=None, **{**calm, **options})


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    catalog: Iterable[Mapping[str, Any]] = CATALOG,
    clock: Clock | None = None,
    preferences: PreferenceStore | None = None,
    **options: Any,
) -> AsyncIterator[Service]:
    """Run a service that has read its catalog once."""
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(Simulator(catalog))
        app = create_app(settings_for(simulator, folder, **options), clock=clock, preferences=preferences)
        await stack.enter_async_context(app.router.lifespan_context(app))
        client = await stack.enter_async_context(client_of(app))
        service = Service(app, client, simulator)
        first = await service.client.post("/refresh", headers=bearer(options.get("admin_token")))
        assert first.status_code == 200, first.text
        yield service


def bearer(token: str | None) -> httpx.Headers:
    """Return the header that shows a token, in UTF-8; none for none."""
    return httpx.Headers([(b"Authorization", f"Bearer {token}".encode())] if token else None)


def client_of(
    app: ASGIApp, *, address: tuple[str, int] = LOOPBACK, origin: str = OWN_ORIGIN, root_path: str = ""
) -> httpx.AsyncClient:
    """Return a client that calls an application from an address, and names it by an origin.

    `root_path` is what the server was told that a proxy strips; requests carry it, as uvicorn puts it back.
    """
    transport = httpx.ASGITransport(app, client=address, root_path=root_path)
    return httpx.AsyncClient(transport=transport, base_url=origin, timeout=20)


def assert_problem(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """Return the problem document of a response, after checking everything that holds for every problem."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert_hardened(response)
    document: dict[str, Any] = response.json()
    assert document.keys() >= PROBLEM_MEMBERS
    assert document["type"] == f"urn:model-registry:problem:{slug}"
    assert document["status"] == status
    assert document["title"].strip()
    assert document["detail"].strip()
    assert document["request_id"] == response.headers["X-Request-ID"]
    asked = response.request.url.path
    assert unquote(document["instance"]) == asked[:500]
    assert URI_PATH.fullmatch(document["instance"])
    return document


def assert_hardened(response: httpx.Response) -> None:
    """Check what every answer carries and what none may hold."""
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert len(response.headers.get_list("X-Request-ID")) == 1
    for text in (response.text, str(response.headers)):
        assert not [secret for secret in NEVER_SHOWN if secret in text]
