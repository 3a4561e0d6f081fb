"""One connection to one instance, so cheap that thousands of reads cost the machine little besides the service."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple


class Answer(NamedTuple):
    """One answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Line:
    """Asks one question after the other over one connection, and opens a new one when it broke."""

    def __init__(self) -> None:
        self._port = 0
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, port: int, method: str, target: str, patience_seconds: float) -> Answer:
        """Return the answer; raises OSError or EOFError when the connection breaks, TimeoutError when nothing comes."""
        try:
            async with asyncio.timeout(patience_seconds):
                return await self._ask(port, method, target)
        except (OSError, EOFError, TimeoutError, asyncio.CancelledError):
            self.close()
            raise

    async def _ask(self, port: int, method: str, target: str) -> Answer:
        if self._reader is None or self._writer is None or self._port != port:
            self.close()
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
            self._port = port
        self._writer.write(
            f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        status_line, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()[:-1]
        pairs = (line.partition(": ") for line in lines)
        headers = {name.lower(): value for name, _, value in pairs}
        body = await self._reader.readexactly(int(headers["content-length"]))
        return Answer(int(status_line.split(" ")[1]), headers, body)

    def close(self) -> None:
        """Drop the connection."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
