"""Bodies as bytes: one hash, compressed forms that give the body back, and none that does not pay."""

from __future__ import annotations

import gzip
import hashlib

import brotli
import pytest
import zstandard

from app.catalog.steps import LONG_BYTES
from app.rendering import (
    CODINGS,
    MIN_COMPRESSED_BYTES,
    PART_BYTES,
    QUICK,
    THOROUGH,
    UNFOLDED_BYTES,
    Parts,
    Rendering,
    compressed,
    folded,
    gathered,
    render,
)

BODY = b'{"id":"acme/one","context":1000},' * 200
UNPACK = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}
# A form that was made from pieces does not say how long the body is.
UNPACK_LONG = UNPACK | {"zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body)}


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


def test_a_folded_body_is_given_back_from_its_compressed_form() -> None:
    whole = compressed(render(BODY), QUICK)
    small = folded(whole)
    assert small.kept is None
    assert (small.body, small.length, small.digest) == (whole.body, whole.length, whole.digest)
    assert folded(small) is small
    without_forms = render(BODY)
    assert folded(without_forms) is without_forms


def test_pieces_are_gathered_into_the_same_rendering_as_the_whole() -> None:
    assert gathered([BODY[:7], b"", BODY[7:]], "text/plain") == render(BODY, "text/plain")
    assert gathered([BODY], digest="of-few-facts").digest == "of-few-facts"
    assert gathered([]).body == b""


def test_a_long_body_is_kept_in_its_compressed_forms_alone() -> None:
    pieces = [b"%d," % number * 16_384 for number in range(1_000, 1_110)]
    body = b"".join(pieces)
    assert len(body) > LONG_BYTES
    made = gathered(iter(pieces))
    assert made.kept is None
    assert (made.length, made.digest) == (len(body), render(body).digest)
    # Brotli takes longer than both of these together.
    assert made.encoded.keys() == {"gzip", "zstd"}
    for coding, form in made.encoded.items():
        assert isinstance(form, Parts)
        assert UNPACK_LONG[coding](b"".join(form.parts)) == body
        assert len(form) == sum(map(len, form.parts))
        assert max(map(len, form.parts)) <= PART_BYTES
    unfolded = list(made.pieces())
    assert b"".join(unfolded) == body
    assert max(map(len, unfolded)) <= UNFOLDED_BYTES
    assert compressed(made, THOROUGH) is made


def test_compressing_again_changes_nothing() -> None:
    once = compressed(render(BODY), QUICK)
    assert not once.is_compressible
    assert compressed(once, THOROUGH) is once


def test_a_rendering_says_what_it_is() -> None:
    assert render(b"{}") == Rendering(b"{}", "application/json", render(b"{}").digest)
    assert render(b"<p>", "text/html").media_type == "text/html"
