"""One application, asked two ways: through its front and without it, by plain ASGI calls."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Scope

from app.main import create_app
from app.settings import Settings
from app.web.application import with_front
from app.web.front import Front
from app.web.serving import Serving
from tests.simulator import generate_catalog, make_record

Headers = Sequence[tuple[bytes, bytes]]
SPECIAL_IDS = ("acme/refresh", "acme/widget-1.5", "~acme/widget-latest")


class StoppedClock:
    """Always noon, so that two applications publish the very same snapshot."""

    def now(self) -> datetime:
        return datetime(2026, 8, 20, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 1_000.0


@dataclass(frozen=True, slots=True)
class Got:
    """An answer; the request id stands apart from headers and body, because every request has another."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    request_id: bytes = field(compare=False)

    def header(self, name: bytes) -> bytes | None:
        """Return the one value of a header; None when it is not there."""
        values = [value for key, value in self.headers if key == name]
        assert len(values) <= 1, values
        return values[0] if values else None


def settings_for(folder: Path, **options: Any) -> Settings:
    """Return settings that start from generated models and fetch nothing."""
    catalog = folder / "catalog.json"
    if not catalog.exists():
        records = [*generate_catalog(120), *(make_record(model_id) for model_id in SPECIAL_IDS)]
        catalog.write_text(json.dumps({"data": records}))
    return Settings(
        _env_file=None,
        data_dir=options.pop("data_dir", folder),
        bootstrap_file=catalog,
        openrouter_enabled=False,
        follow_seconds=60,
        **options,
    )


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[tuple[FastAPI, Front]]:
    """Run an application with its front."""
    app = create_app(settings, clock=StoppedClock())
    async with app.router.lifespan_context(app):
        yield app, with_front(app, settings)


@contextmanager
def one_worker() -> Iterator[ThreadPoolExecutor]:
    """Let a single thread do what the loop hands over."""
    with ThreadPoolExecutor(1) as executor:
        asyncio.get_running_loop().set_default_executor(executor)
        yield executor


@contextmanager
def held_back(executor: ThreadPoolExecutor) -> Iterator[None]:
    """Keep the one worker busy, so that nothing is compressed meanwhile."""
    release = threading.Event()
    executor.submit(release.wait)
    try:
        yield
    finally:
        release.set()


def serving(app: FastAPI) -> Serving:
    """Return what its handlers share."""
    shared: Serving = app.state.serving
    return shared


def scope_for(target: str, method: str = "GET", headers: Headers = (), *, prefix: str = "") -> Scope:
    """Return the scope that uvicorn would make of a request, behind a proxy that takes a prefix away."""
    path, _, query = f"{prefix}{target}".partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": prefix,
        "headers": list(headers),
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8_000),
        "state": {},
    }


async def ask(
    application: ASGIApp, target: str, method: str = "GET", headers: Headers = (), *, prefix: str = ""
) -> Got:
    """Ask once."""
    sent: list[Message] = []
    received: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return received.pop() if received else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await application(scope_for(target, method, headers, prefix=prefix), receive, send)
    start, *parts = sent
    assert start["type"] == "http.response.start"
    assert not parts[-1].get("more_body", False)
    given: list[tuple[bytes, bytes]] = [(name.lower(), value) for name, value in start["headers"]]
    (request_id,) = (value for name, value in given if name == b"x-request-id")
    others = sorted(header for header in given if header[0] != b"x-request-id")
    whole = b"".join(part.get("body", b"") for part in parts)
    return Got(start["status"], tuple(others), whole.replace(request_id, b"<request id>"), request_id)


def counted(app: FastAPI) -> dict[str, Any]:
    """Return everything that an application counts of its requests, but for how long they took."""
    metrics = serving(app).metrics
    families = {family.name: family for family in metrics.registry.collect()}
    counts: dict[str, Any] = {
        name: {
            tuple(sample.labels.values()): sample.value for sample in families[name].samples if "_total" in sample.name
        }
        for name in ("registry_requests", "registry_searches", "registry_lookups")
    }
    latency = families["registry_request_seconds"].samples
    counts["timed"] = {s.labels["route"]: s.value for s in latency if s.name.endswith("_count")}
    counts["usage"] = serving(app).metrics.usage.document()
    return counts
