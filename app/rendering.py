"""Bodies as bytes: hashed once, compressed once."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import brotli
import zstandard

JSON: Final = "application/json"
# Below this a compressed body saves less than a packet.
MIN_COMPRESSED_BYTES = 1_024
CODINGS = ("zstd", "br", "gzip")
"""What we compress to, best first."""

_Compressors = Mapping[str, Callable[[bytes], bytes]]
# Read thousands of times: more time for smaller bodies, up to where time runs away. Over twelve documents of 421 models
# brotli 9 takes 161 ms for 3 % less than 7 in 35 ms, zstd 12 takes 63 ms for 4 % less than 9 in 27 ms.
THOROUGH: _Compressors = {
    "gzip": lambda body: gzip.compress(body, 9, mtime=0),
    "br": lambda body: brotli.compress(body, quality=7),
    "zstd": lambda body: zstandard.ZstdCompressor(level=9).compress(body),
}
QUICK: _Compressors = {
    "gzip": lambda body: gzip.compress(body, 2, mtime=0),
    "br": lambda body: brotli.compress(body, quality=3),
    "zstd": lambda body: zstandard.ZstdCompressor(level=3).compress(body),
}


@dataclass(frozen=True, slots=True)
class Rendering:
    """One body: its bytes, their type, the hash behind its ETags, and its compressed forms."""

    body: bytes
    media_type: str
    digest: str
    encoded: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def is_compressible(self) -> bool:
        """Whether compressed forms are worth making and not made yet."""
        return not self.encoded and len(self.body) >= MIN_COMPRESSED_BYTES


def render(body: bytes, media_type: str = JSON) -> Rendering:
    """Return a rendering without compressed forms."""
    return Rendering(body, media_type, hashlib.blake2b(body, digest_size=12).hexdigest())


def render_list(body: bytes, *facts: bytes) -> Rendering:
    """Return the rendering of a long body that follows from a few facts; their hash says as much as the body's."""
    return Rendering(body, JSON, hashlib.blake2b(b"\0".join(facts), digest_size=12).hexdigest())


def compressed(rendering: Rendering, compressors: _Compressors) -> Rendering:
    """Return the rendering with every compressed form that is smaller; milliseconds, so in a thread if it is long."""
    if not rendering.is_compressible:
        return rendering
    made = {coding: compressors[coding](rendering.body) for coding in CODINGS}
    smaller = {coding: body for coding, body in made.items() if len(body) < len(rendering.body)}
    return replace(rendering, encoded=smaller)
