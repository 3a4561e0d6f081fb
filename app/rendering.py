"""Bodies as bytes: hashed once, compressed once; the plain form of a whole list is kept when somebody asks for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import IO, Final, Protocol, cast

import brotli
import zstandard
from zlib_ng import zlib_ng

from app.catalog.steps import LONG_BYTES

JSON: Final = "application/json"
# Below this a compressed body saves less than a packet.
MIN_COMPRESSED_BYTES = 1_024
_DIGEST_BYTES = 12
CODINGS = ("zstd", "br", "gzip")
"""What we compress to, best first."""
# A fifth of a millisecond of the event loop.
UNFOLDED_BYTES = 262_144
PART_BYTES = 262_144

Compressors = Mapping[str, Callable[[bytes], bytes]]
# 16 more bits of the window make zlib write gzip.
_GZIP_WINDOW = 16 + zlib_ng.MAX_WBITS
_GZIP_LEVEL, _ZSTD_LEVEL = 6, 7
# Read thousands of times: more time for smaller bodies, up to where time runs away. Over sixteen documents of 421
# models brotli 9 takes five times as long as 7 for 3 % less, zstd 9 takes 36 ms for 2 % less than 7 in 26 ms, gzip 8
# takes 37 ms for 2 % less than 6 in 21 ms. Python's own zlib needs 50 ms for that.
THOROUGH: Compressors = {
    "gzip": lambda body: zlib_ng.compress(body, _GZIP_LEVEL, _GZIP_WINDOW),
    "br": lambda body: brotli.compress(body, quality=7),
    "zstd": lambda body: _zstd(body, _ZSTD_LEVEL),
}
QUICK: Compressors = {
    "gzip": lambda body: zlib_ng.compress(body, 3, _GZIP_WINDOW),
    "br": lambda body: brotli.compress(body, quality=3),
    "zstd": lambda body: _zstd(body, 3),
}


def _zstd(body: bytes, level: int) -> bytes:
    # Copied, because python-zstandard leaves its buffer at the size of the plain body.
    return bytes(memoryview(zstandard.ZstdCompressor(level=level).compress(body)))


@dataclass(frozen=True, slots=True)
class Parts:
    """A long body in parts: to ask the kernel for 16 MB at once takes 50 ms, in which nobody is answered."""

    parts: tuple[bytes, ...]
    length: int

    def __len__(self) -> int:
        """Return how many bytes all parts have."""
        return self.length


@dataclass(frozen=True, slots=True)
class Rendering:
    """One body: its bytes, their type, the hash behind its ETags, and its compressed forms.

    `kept` is None for a body of which only the compressed forms are kept; it takes `unfolded_bytes`.
    """

    kept: bytes | None
    media_type: str
    digest: str
    encoded: Mapping[str, bytes | Parts] = field(default_factory=dict)
    unfolded_bytes: int = 0

    @property
    def length(self) -> int:
        """How many bytes the plain body has."""
        return self.unfolded_bytes if self.kept is None else len(self.kept)

    @property
    def body(self) -> bytes:
        """The plain body, unfolded each time where it is not kept: 1 MB takes a millisecond."""
        return b"".join(self.pieces()) if self.kept is None else self.kept

    def pieces(self) -> Iterator[bytes]:
        """Return the plain body piece by piece; a long one never lies in memory whole."""
        if self.kept is not None:
            yield self.kept
            return
        folded = self.encoded["zstd"]
        source = cast(IO[bytes], _PartsFile(folded.parts)) if isinstance(folded, Parts) else folded
        with zstandard.ZstdDecompressor().stream_reader(source) as reader:
            while piece := reader.read(UNFOLDED_BYTES):
                yield piece

    @property
    def is_compressible(self) -> bool:
        """Whether compressed forms are worth making and not made yet."""
        return not self.encoded and self.length >= MIN_COMPRESSED_BYTES


def render(body: bytes, media_type: str = JSON, digest: str | None = None) -> Rendering:
    """Return a rendering without compressed forms; `digest` stands for the body where it follows from a few facts."""
    return Rendering(body, media_type, digest or digest_of(body))


def digest_of(*facts: bytes) -> str:
    """Return the hash of a body, or of all that a body follows from."""
    return hashlib.blake2b(b"\0".join(facts), digest_size=_DIGEST_BYTES).hexdigest()


def compressed(rendering: Rendering, compressors: Compressors) -> Rendering:
    """Return the rendering with every compressed form that is smaller; milliseconds, so in a thread if it is long."""
    if not rendering.is_compressible:
        return rendering
    plain = rendering.body
    made = {coding: compressors[coding](plain) for coding in CODINGS}
    smaller = {coding: body for coding, body in made.items() if len(body) < len(plain)}
    return replace(rendering, encoded=smaller)


def folded(rendering: Rendering) -> Rendering:
    """Return the rendering without its plain body, where a compressed form can give that back."""
    if rendering.kept is None or "zstd" not in rendering.encoded:
        return rendering
    return replace(rendering, kept=None, unfolded_bytes=len(rendering.kept))


class _PartsFile:
    """Parts as a file to read from."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._coming = iter(parts)
        self._held = memoryview(b"")

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most so many; none at the end."""
        if not self._held:
            self._held = memoryview(next(self._coming, b""))
        taken, self._held = self._held[:size], self._held[size:]
        return bytes(taken)


class _Compressor(Protocol):
    """Takes a body piece by piece and gives its compressed form piece by piece."""

    def compress(self, piece: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


# As THOROUGH, for bodies that come in pieces. No brotli: it takes longer than the two others together, and who takes it
# takes one of them.
_STREAMING: Mapping[str, Callable[[], _Compressor]] = {
    "gzip": lambda: zlib_ng.compressobj(_GZIP_LEVEL, zlib_ng.DEFLATED, _GZIP_WINDOW),
    "zstd": lambda: zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj(),
}


def gathered(pieces: Iterable[bytes], media_type: str = JSON, digest: str | None = None) -> Rendering:
    """Return the rendering of a body that comes in pieces; a long one is never joined, and has its compressed forms.

    Joining 180 MB holds the interpreter for half a second.
    """
    coming = iter(pieces)
    held: list[bytes] = []
    length = 0
    for piece in coming:
        held.append(piece)
        length += len(piece)
        if length >= LONG_BYTES:
            return _folded(chain(held, coming), media_type, digest)
    return render(b"".join(held), media_type, digest)


def _folded(pieces: Iterable[bytes], media_type: str, digest: str | None) -> Rendering:
    compressors = {coding: start() for coding, start in _STREAMING.items()}
    made = {coding: _Gathering() for coding in compressors}
    of_body, length = hashlib.blake2b(digest_size=_DIGEST_BYTES), 0
    for piece in pieces:
        of_body.update(piece)
        length += len(piece)
        for coding, compressor in compressors.items():
            made[coding].add(compressor.compress(piece))
    for coding, compressor in compressors.items():
        made[coding].add(compressor.flush())
    encoded = {coding: gathering.parts() for coding, gathering in made.items()}
    return Rendering(None, media_type, digest or of_body.hexdigest(), encoded, length)


class _Gathering:
    """Collects what a compressor gives, here and there some bytes, into parts of one size."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._open = bytearray()

    def add(self, some: bytes) -> None:
        """Take the next bytes."""
        self._open += some
        while len(self._open) >= PART_BYTES:
            self._parts.append(bytes(self._open[:PART_BYTES]))
            del self._open[:PART_BYTES]

    def parts(self) -> Parts:
        """Return everything."""
        parts = (*self._parts, bytes(self._open)) if self._open else tuple(self._parts)
        return Parts(parts, sum(map(len, parts)))
