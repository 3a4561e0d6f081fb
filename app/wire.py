"""An answer as it goes over the wire: status line, headers and body, ready but for the date and the request id."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus

from app.prepared import Prepared, RawHeaders
from app.tally import StatusTally

# Above this, head and body are written apart rather than joined.
JOINED_BODY_BYTES = 32768


@lru_cache
def status_line(status: int) -> bytes:
    """Return the first line of an answer."""
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()


def header_lines(headers: RawHeaders) -> bytes:
    """Return headers as they go over the wire."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


class WireAnswer:
    """What answers one exact sequence of request bytes.

    `head` is everything between the date and the request id. `target_use` is the mark of the target's own answer,
    which is not held here: its other forms may go while this one stays. `tally` counts the requests of its route and
    status. `begun` is the head up to the request id, with the server's own headers `begun_with`.
    """

    __slots__ = (
        "_is_pinned",
        "begun",
        "begun_with",
        "body",
        "head",
        "method",
        "note",
        "path",
        "status",
        "tally",
        "target_use",
        "was_used",
    )

    def __init__(self, prepared: Prepared, *, status: int, head: bytes, body: bytes, method: str, path: str) -> None:
        self.target_use = prepared.use
        self._is_pinned = prepared.is_pinned
        self.status = status
        self.head = head
        self.body = body
        self.method = method
        self.path = path
        self.note: Callable[[], None] | None = prepared.note
        self.tally: StatusTally = prepared.tally.of(status)
        self.was_used = False
        self.begun = b""
        self.begun_with: RawHeaders | None = None

    def begin(self, server_headers: RawHeaders) -> bytes:
        """Return the head up to the request id; made anew when the server's headers change, once a second."""
        self.begun = status_line(self.status) + header_lines(server_headers) + self.head
        self.begun_with = server_headers
        return self.begun

    @property
    def size_bytes(self) -> int:
        """What it takes in memory; the body of a pinned answer is there anyway."""
        return 512 + 2 * len(self.head) + (0 if self._is_pinned else len(self.body))
