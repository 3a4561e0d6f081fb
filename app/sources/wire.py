"""Bodies of unknown size and honesty, read within bounds.

httpx would inflate whole chunks before anybody can count: a 261 kB body made a process peak at 259 MiB under an
8 MiB cap. So the raw bytes are read and inflated here, a slice at a time, and both sides are counted.
"""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass

import httpx

from app.sources.protocol import Failure, SourceError

SLICE_BYTES = 4_096
"""Deflate expands at most 1032-fold, so that one slice can't hold the event loop for longer than 4 MiB take."""

GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})
PLAIN = frozenset({"", "identity"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may be read: bytes as they come, and bytes after decompression.

    What earlier pages of the same list took is spent.
    """

    max_wire_bytes: int
    max_decoded_bytes: int
    spent_wire_bytes: int = 0
    spent_decoded_bytes: int = 0

    @property
    def wire_room_bytes(self) -> int:
        """How much may still come over the wire."""
        return self.max_wire_bytes - self.spent_wire_bytes

    @property
    def decoded_room_bytes(self) -> int:
        """How much may still come out of decompression."""
        return self.max_decoded_bytes - self.spent_decoded_bytes


@dataclass(frozen=True, slots=True)
class Body:
    """A complete body, what it took to bring it here, and what the server calls it."""

    content: bytearray
    wire_bytes: int
    validator: str | None = None


class BoundedDecoder:
    """Collects a body and refuses to let it grow past its bounds.

    `subject` names the body in messages. Every method raises SourceError.
    """

    def __init__(self, bounds: Bounds, subject: str, *, is_compressed: bool) -> None:
        self._bounds = bounds
        self._subject = subject
        self._inflater = zlib.decompressobj(GZIP_OR_ZLIB) if is_compressed else None
        self._content = bytearray()
        self._wire_bytes = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes as they came; at most SLICE_BYTES keep a single call short."""
        self._wire_bytes += len(chunk)
        if self._wire_bytes > self._bounds.wire_room_bytes:
            raise too_large(self._subject, "on the wire", self._bounds.max_wire_bytes, "FETCH_MAX_WIRE_BYTES")
        self._content += chunk if self._inflater is None else self._inflate(self._inflater, chunk)
        if len(self._content) > self._bounds.decoded_room_bytes:
            raise too_large(self._subject, "decoded", self._bounds.max_decoded_bytes, "FETCH_MAX_DECODED_BYTES")

    def finish(self) -> Body:
        """Return the body, now that no more bytes will come."""
        if self._inflater is not None and not self._inflater.eof:
            raise SourceError(Failure.TRUNCATED, f"{self._subject} ends in the middle of its compressed data")
        return Body(self._content, self._wire_bytes)

    def _inflate(self, inflater: zlib._Decompress, chunk: bytes) -> bytes:
        room = self._bounds.decoded_room_bytes - len(self._content)
        try:
            # One byte more than allowed is enough to know; 0 would mean no limit.
            inflated = inflater.decompress(chunk, room + 1)
        except zlib.error as error:
            raise SourceError(Failure.TRUNCATED, f"{self._subject} holds damaged compressed data: {error}") from None
        if inflater.unused_data:
            raise SourceError(Failure.NOT_JSON, f"{self._subject} goes on after the end of its compressed data")
        return inflated


async def read_body(response: httpx.Response, bounds: Bounds, subject: str) -> Body:
    """Read the whole body of a streamed response.

    Raises SourceError: TOO_LARGE, TRUNCATED, TIMEOUT, or NOT_JSON for an encoding that nobody asked for.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in COMPRESSED | PLAIN:
        raise SourceError(
            Failure.NOT_JSON, f"{subject} came with Content-Encoding {encoding[:60]!r}, though only gzip was asked for"
        )
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > bounds.wire_room_bytes:
        raise too_large(subject, "on the wire", bounds.max_wire_bytes, "FETCH_MAX_WIRE_BYTES")
    decoder = BoundedDecoder(bounds, subject, is_compressed=encoding in COMPRESSED)
    try:
        async for chunk in response.aiter_raw():
            for start in range(0, len(chunk), SLICE_BYTES):
                decoder.feed(chunk[start : start + SLICE_BYTES])
                await asyncio.sleep(0)
    except httpx.TimeoutException:
        raise SourceError(Failure.TIMEOUT, f"{subject} stopped coming in the middle") from None
    except httpx.TransportError as error:
        # The name alone: httpx puts header values into some of its texts.
        raise SourceError(Failure.TRUNCATED, f"{subject} broke off before its end ({type(error).__name__})") from None
    return decoder.finish()


def too_large(subject: str, where: str, limit_bytes: int, setting: str) -> SourceError:
    """Return the error for a body over its bound."""
    return SourceError(
        Failure.TOO_LARGE,
        f"{subject} is larger than {limit_bytes} bytes {where}; raise {setting} if that much is right",
    )
