"""Bodies as bytes: one hash, compressed forms that give the body back, and none that does not pay."""

from __future__ import annotations

import gzip
import hashlib

import brotli
import pytest
import zstandard

from app.rendering import CODINGS, MIN_COMPRESSED_BYTES, QUICK, THOROUGH, Rendering, compressed, render

BODY = b'{"id":"acme/one","context":1000},' * 200
UNPACK = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}


@pytest.mark.parametrize("compressors", [QUICK, THOROUGH], ids=["quick", "thorough"])
def test_every_compressed_form_gives_the_body_back_and_is_smaller(compressors: dict[str, object]) -> None:
    made = compressed(render(BODY), compressors)  # type: ignore[arg-type]
    assert set(made.encoded) == set(CODINGS)
    for coding, body in made.encoded.items():
        assert UNPACK[coding](body) == BODY
        assert len(body) < len(BODY) / 2
    assert (made.body, made.digest) == (BODY, render(BODY).digest)


@pytest.mark.parametrize("compressors", [QUICK, THOROUGH], ids=["quick", "thorough"])
def test_the_same_body_gives_the_same_bytes_on_every_instance(compressors: dict[str, object]) -> None:
    first, second = (compressed(render(BODY), compressors) for _ in range(2))  # type: ignore[arg-type]
    assert first == second


def test_different_bodies_have_different_digests() -> None:
    assert render(b"one").digest != render(b"two").digest
    assert len(render(b"one").digest) == 24


def test_what_is_too_small_to_gain_is_not_compressed() -> None:
    short = render(b"x" * (MIN_COMPRESSED_BYTES - 1))
    assert not short.is_compressible
    assert compressed(short, THOROUGH) is short
    assert render(b"x" * MIN_COMPRESSED_BYTES).is_compressible


def test_a_form_that_is_not_smaller_is_left_out() -> None:
    """Bytes without any pattern can't be compressed."""
    body = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(64))
    made = compressed(render(body), THOROUGH)
    assert all(len(form) < len(body) for form in made.encoded.values())
    assert "gzip" not in made.encoded


def test_compressing_again_changes_nothing() -> None:
    once = compressed(render(BODY), QUICK)
    assert not once.is_compressible
    assert compressed(once, THOROUGH) is once


def test_a_rendering_says_what_it_is() -> None:
    assert render(b"{}") == Rendering(b"{}", "application/json", render(b"{}").digest)
    assert render(b"<p>", "text/html").media_type == "text/html"
