"""The bootstrap file: an OpenRouter-shaped catalog to start from when nothing is stored and nothing answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.sources.document import records_of
from app.sources.protocol import Failure, Fetched, SourceError
from app.sources.wire import SLICE_BYTES, BoundedDecoder, Bounds

GZIP_MAGIC = b"\x1f\x8b"


class BootstrapSource:
    """Reads BOOTSTRAP_FILE, plain or gzip; which of both, its first bytes say, not its name."""

    def __init__(self, path: Path, *, max_decoded_bytes: int) -> None:
        self._path = path
        self._bounds = Bounds(max_wire_bytes=max_decoded_bytes, max_decoded_bytes=max_decoded_bytes)

    @property
    def name(self) -> str:
        """Return the word that appears in `sources`, `/status` and metrics."""
        return "bootstrap"

    async def fetch(self, _validator: str | None = None, /) -> Fetched:
        """Return the records of the file. Raises SourceError."""
        return await asyncio.to_thread(self._read)

    async def close(self) -> None:
        """Do nothing: the file is open only while it is read."""

    def _read(self) -> Fetched:
        subject = f"BOOTSTRAP_FILE {self._path}"
        try:
            with self._path.open("rb") as file:
                chunk = file.read(SLICE_BYTES)
                decoder = BoundedDecoder(self._bounds, subject, is_compressed=chunk.startswith(GZIP_MAGIC))
                while chunk:
                    decoder.feed(chunk)
                    chunk = file.read(SLICE_BYTES)
        except (OSError, ValueError) as error:
            # ValueError: a path that holds a NUL byte.
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise SourceError(
                Failure.UNREACHABLE, f"{subject} cannot be read ({reason}); correct the path or leave it empty"
            ) from error
        body = decoder.finish()
        records, _ = records_of(body.content, subject)
        return Fetched(records=records, wire_bytes=body.wire_bytes)
