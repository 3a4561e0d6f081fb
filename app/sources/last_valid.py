"""Keep the last valid version of a local file while a newer one is broken, half-written or gone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

from app.catalog.errors import DocumentError
from app.sources.kept_copy import KeptCopy
from app.sources.local_file import body_of

T = TypeVar("T")
_Signature = tuple[int, int, int, int] | None


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FileStanding(Generic[T]):
    """What of a file is in force, and what is wrong with its newest version.

    `error` says why the newest read failed, None when it did not; `error_since` is when the first failure in a row
    happened, `read_at` when the version in force was read, None while none was; `is_from_before` says that this was
    before the start.
    """

    value: T | None = None
    error: str | None = None
    error_since: datetime | None = None
    read_at: datetime | None = None
    is_from_before: bool = False


class LastValid(Generic[T]):
    """The last valid result of reading a file.

    `initial` stands in until a first read succeeds; without it a broken first read raises. `path` is the file
    behind `read`; None for one that never changes. `now` is the clock. `standing` is replaced as a whole: whoever
    reads the file is in a thread, and others look meanwhile. `copy_error` is why no copy is kept for the next start.
    """

    def __init__(
        self,
        read: Callable[[], T],
        initial: T | None = None,
        *,
        path: Path | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._read = read
        self._path = path
        self._now = now
        self._was_tried = False
        self._signature: _Signature = None
        self.standing = FileStanding(initial)
        self.copy_error: str | None = None

    def changed(self) -> bool:
        """Whether the file is another than the one last tried; true before the first try."""
        return not self._was_tried or self._signature != _signature(self._path)

    def current(self) -> T:
        """Return the newest valid version; reads anew when the file changed or the last read failed.

        Raises DocumentError only while there is no valid version at all.
        """
        if self.standing.value is None or self.standing.error is not None or self.changed():
            # Taken before the read, so that a write while reading shows as a change afterwards.
            self._signature = _signature(self._path)
            self._was_tried = True
            self.standing = self._tried()
        if self.standing.value is None:
            raise DocumentError(self.standing.error or "nothing was read")
        return self.standing.value

    def _tried(self) -> FileStanding[T]:
        try:
            return FileStanding(self._read(), read_at=self._now())
        except DocumentError as error:
            since = self.standing.error_since or self._now()
            return replace(self.standing, error=str(error), error_since=since)


class LastValidFile(LastValid[T]):
    """The last valid result of parsing the file at `path`, kept in `copy` for a start at which the file is broken."""

    def __init__(
        self,
        path: Path,
        parse: Callable[[bytes], T],
        initial: T | None = None,
        *,
        copy: KeptCopy | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(self._read_and_keep, initial, path=path, now=now)
        self._file = path
        self._parse = parse
        self._copy = copy

    def _read_and_keep(self) -> T:
        body = body_of(self._file)
        value = self._parse(body)
        if self._copy is not None:
            try:
                self._copy.keep(body)
            except OSError as error:
                self.copy_error = error.strerror or str(error)
            else:
                self.copy_error = None
        return value

    def _tried(self) -> FileStanding[T]:
        standing = super()._tried()
        if standing.read_at is None and self._copy is not None:
            # A copy of another release of this service may be none that this one reads.
            with suppress(OSError, DocumentError):
                read_at = self._copy.kept_at()
                return replace(standing, value=self._parse(self._copy.read()), read_at=read_at, is_from_before=True)
        return standing


def _signature(path: Path | None) -> _Signature:
    """Return what tells one version of a file from another; None when there is no file to look at."""
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
