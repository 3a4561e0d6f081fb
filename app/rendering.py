"""Answers as bytes: rendered once, compressed once, validated by a strong ETag, kept within bounds."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final

import brotli
import zstandard

JSON: Final = "application/json"
# Below this a compressed body saves less than a packet.
MIN_COMPRESSED_BYTES = 1_024
CODINGS = ("zstd", "br", "gzip")
"""What we compress to, best first."""

_THOROUGH: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 9, mtime=0),
    "br": lambda body: brotli.compress(body, quality=9),
    "zstd": lambda body: zstandard.ZstdCompressor(level=12).compress(body),
}
_QUICK: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 1, mtime=0),
    "br": lambda body: brotli.compress(body, quality=1),
    "zstd": lambda body: zstandard.ZstdCompressor(level=1).compress(body),
}


@dataclass(frozen=True, slots=True)
class Rendering:
    """One answer: its bytes, their type, the hash behind its ETags, and its compressed forms."""

    body: bytes
    media_type: str
    digest: str
    encoded: Mapping[str, bytes] = field(default_factory=dict)

    def etag(self, coding: str | None) -> str:
        """Return the strong ETag of one form; None stands for the uncompressed one."""
        return f'"{self.digest}-{coding}"' if coding else f'"{self.digest}"'

    @property
    def size_bytes(self) -> int:
        """What it takes in memory, compressed forms included."""
        return len(self.body) + sum(map(len, self.encoded.values()))


def render(body: bytes, media_type: str = JSON, *, is_hot: bool = False) -> Rendering:
    """Return a rendering with its compressed forms.

    `is_hot` spends more time for smaller bodies: for what is rendered at publish and read thousands of times.
    """
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    if len(body) < MIN_COMPRESSED_BYTES:
        return Rendering(body, media_type, digest)
    compressors = _THOROUGH if is_hot else _QUICK
    encoded = {coding: compressors[coding](body) for coding in CODINGS}
    return Rendering(body, media_type, digest, {name: data for name, data in encoded.items() if len(data) < len(body)})


class Renderings:
    """Renderings of one snapshot, by target, bounded in count and bytes.

    New ones start on probation and move up when they are asked for again, so that somebody who varies a query
    for ever pushes out only what was asked for once. Pinned ones are never pushed out.
    """

    def __init__(self, *, max_count: int, max_bytes: int) -> None:
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._pinned: dict[Hashable, Rendering] = {}
        self._probation: OrderedDict[Hashable, Rendering] = OrderedDict()
        self._proven: OrderedDict[Hashable, Rendering] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def pin(self, target: Hashable, rendering: Rendering) -> None:
        """Keep a rendering for as long as the snapshot lives."""
        self._pinned[target] = rendering

    def get(self, target: Hashable) -> Rendering | None:
        """Return a rendering; None when it was never made or was pushed out."""
        pinned = self._pinned.get(target)
        if pinned is not None:
            return pinned
        with self._lock:
            proven = self._proven.get(target)
            if proven is not None:
                self._proven.move_to_end(target)
                return proven
            fresh = self._probation.pop(target, None)
            if fresh is not None:
                self._proven[target] = fresh
                while len(self._proven) > self._max_count * 4 // 5:
                    demoted, rendering = self._proven.popitem(last=False)
                    self._probation[demoted] = rendering
            return fresh

    def put(self, target: Hashable, rendering: Rendering) -> None:
        """Keep a new rendering, pushing out older ones that were asked for only once."""
        if rendering.size_bytes > self._max_bytes // 8:
            return
        with self._lock:
            if target in self._proven or target in self._probation:
                return
            self._probation[target] = rendering
            self._bytes += rendering.size_bytes
            while self._bytes > self._max_bytes or len(self._probation) + len(self._proven) > self._max_count:
                pool = self._probation if len(self._probation) > 1 or not self._proven else self._proven
                _, pushed_out = pool.popitem(last=False)
                self._bytes -= pushed_out.size_bytes

    def __len__(self) -> int:
        return len(self._pinned) + len(self._probation) + len(self._proven)

    @property
    def kept_bytes(self) -> int:
        """Bytes of the renderings that can be pushed out."""
        return self._bytes
