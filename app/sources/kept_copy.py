"""Keep a document on disk as it was when it was last good, for a start at which its own place has nothing good."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path


class KeptCopy:
    """The copy at `path`; whoever reads it checks it as if it came from outside. Every method may raise OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> bytes:
        """Return the document."""
        return self._path.read_bytes()

    def kept_at(self) -> datetime:
        """Return since when the copy is what it is."""
        return datetime.fromtimestamp(self._path.stat().st_mtime, UTC).replace(microsecond=0)

    def keep(self, body: bytes) -> None:
        """Put a document in the place of the last one at once; the same one again leaves its age as it is."""
        with suppress(OSError):
            if self.read() == body:
                return
        beside = self._path.with_suffix(f".{os.getpid()}.new")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
