"""Run the service in the foreground: one process, uvicorn, uvloop and httptools."""

from __future__ import annotations

import asyncio
import socket
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from app.building.in_child import ChildBuilder
from app.logs import configure_logs
from app.main import create_app
from app.memory import limit_allocator
from app.protocol import protocol_for
from app.runtime import calm_interpreter, patient_threads
from app.settings import Settings
from app.web.application import overload_of, with_front
from app.web.middleware import MAX_HEADER_BYTES, log_access

log = structlog.get_logger("serve")
KEEP_ALIVE_SECONDS = 75


def serve(settings: Settings) -> int:
    """Serve until told to stop; returns the exit code, 1 when the address can't be had."""
    configure_logs(settings.log_level, settings.log_format)
    limit_allocator()
    try:
        app = create_app(settings, builder=ChildBuilder())
    except ValueError as error:
        # What only the part that uses it can tell, such as an option in REDIS_URL; worded without secrets there.
        log.error("a setting can't be used", reason=str(error))
        return 2
    try:
        listener = _listen(settings.host, settings.port)
    except OSError as error:
        reason = error.strerror or str(error)
        log.error(
            "can't listen; choose another address with HOST or PORT",
            host=settings.host,
            port=settings.port,
            reason=reason,
        )
        return 1
    calm_interpreter()
    port = listener.getsockname()[1]
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    reachable = "127.0.0.1" if settings.host == "0.0.0.0" else shown  # noqa: S104 - shown, not bound
    where = f"http://{reachable}:{port}"
    minutes = settings.refresh_interval_minutes
    log.info("serving the model registry", at=where, reference=f"{where}/docs", state=f"{where}/status")
    log.info("fetching the catalog", upstream=_upstream(settings), again_every_minutes=minutes)
    server = _DrainingServer(_config(app, settings), app)
    server.run(sockets=[listener])
    return 0


def _upstream(settings: Settings) -> str:
    return settings.openrouter_base_url if settings.openrouter_enabled else "none, local files only"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    front = with_front(app, settings)
    registry = app.state.serving.registry
    access_log = log_access if settings.access_log else None
    overload = overload_of(app, settings) if settings.limit_concurrency else None
    protocol = protocol_for(front, registry, access_log, overload, is_fast=settings.fast_protocol)
    return uvicorn.Config(
        front,
        http=protocol or "auto",
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        root_path=settings.root_path,
        # Behind the front, who reads need not be known.
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.graceful_seconds,
        limit_concurrency=settings.limit_concurrency,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )


class _DrainingServer(uvicorn.Server):
    """Turns readiness off the moment a signal asks it to stop, before connections are closed."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve, with threads that let the event loop go first."""
        asyncio.get_running_loop().set_default_executor(patient_threads())
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop taking part, then stop."""
        self._app.state.serving.is_draining = True
        super().handle_exit(sig, frame)
