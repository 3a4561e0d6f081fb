"""Answers as bytes: each form says the same, and an attacker who varies a query can't push out what people read."""

from __future__ import annotations

import gzip
import random
import threading
from dataclasses import FrozenInstanceError

import brotli
import pytest
import zstandard

from app.prerender import target
from app.rendering import CODINGS, Rendering, Renderings, render

WORDS = b'{"id":"author/model","name":"A model of a list"},' * 200
DECODERS = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}


def rendering(size_bytes: int = 100) -> Rendering:
    return Rendering(b"x" * size_bytes, "application/json", "digest")


def sizes(renderings: Renderings) -> tuple[int, int]:
    """Return how many are held that can be pushed out, and their bytes counted anew."""
    held = [*renderings._probation.values(), *renderings._proven.values()]
    return len(held), sum(each.size_bytes for each in held)


class TestRender:
    """One body, its hash, its compressed forms."""

    @pytest.mark.parametrize("is_hot", [True, False])
    def test_every_form_says_the_same(self, is_hot: bool) -> None:
        made = render(WORDS, is_hot=is_hot)
        assert made.encoded.keys() == set(CODINGS)
        for coding, body in made.encoded.items():
            assert DECODERS[coding](body) == WORDS
            assert len(body) < len(WORDS)
        assert made.size_bytes == len(WORDS) + sum(map(len, made.encoded.values()))

    def test_every_form_has_an_etag_of_its_own(self) -> None:
        made = render(WORDS)
        etags = {made.etag(coding) for coding in (None, *CODINGS)}
        assert len(etags) == 4
        assert all(etag.startswith('"') and etag.endswith('"') and "W/" not in etag for etag in etags)

    def test_the_same_bytes_have_the_same_etag_and_other_bytes_another(self) -> None:
        assert render(WORDS).etag("gzip") == render(WORDS, is_hot=True).etag("gzip")
        assert render(WORDS).etag(None) != render(WORDS + b" ").etag(None)

    def test_the_same_bytes_compress_to_the_same_bytes(self) -> None:
        """A strong ETag promises it, on every instance and at every time."""
        assert render(WORDS).encoded == render(WORDS).encoded

    def test_a_small_body_is_left_alone(self) -> None:
        assert render(b'{"status":"ok"}').encoded == {}

    def test_a_form_that_is_no_smaller_is_not_kept(self) -> None:
        assert render(random.Random(0).randbytes(5_000)).encoded == {}

    def test_it_never_changes(self) -> None:
        with pytest.raises(FrozenInstanceError):
            rendering().body = b""  # type: ignore[misc]


class TestBounds:
    """However many are asked for, the bounds hold."""

    def test_what_was_put_is_there(self) -> None:
        renderings = Renderings(max_count=10, max_bytes=10_000)
        one = rendering()
        renderings.put("one", one)
        assert renderings.get("one") is one
        assert renderings.get("two") is None
        assert (len(renderings), renderings.kept_bytes) == (1, 100)

    def test_the_count_holds_under_one_who_varies_keys(self) -> None:
        renderings = Renderings(max_count=50, max_bytes=1_000_000)
        for number in range(5_000):
            renderings.put(number, rendering())
            assert len(renderings) <= 50
        assert sizes(renderings) == (50, renderings.kept_bytes)

    def test_the_bytes_hold_under_one_who_asks_for_much(self) -> None:
        renderings = Renderings(max_count=10_000, max_bytes=100_000)
        draw = random.Random(0)
        for number in range(3_000):
            renderings.put(number, rendering(draw.randrange(1, 12_500)))
            if draw.random() < 0.3:
                renderings.get(draw.randrange(number + 1))
            assert renderings.kept_bytes <= 100_000
        assert sizes(renderings)[1] == renderings.kept_bytes

    def test_one_that_is_too_large_pushes_nothing_out(self) -> None:
        renderings = Renderings(max_count=10, max_bytes=8_000)
        renderings.put("small", rendering())
        renderings.put("huge", rendering(1_001))
        assert renderings.get("huge") is None
        assert renderings.get("small") is not None

    def test_putting_the_same_twice_counts_once(self) -> None:
        renderings = Renderings(max_count=10, max_bytes=10_000)
        for _ in range(5):
            renderings.put("one", rendering())
        renderings.get("one")
        renderings.put("one", rendering())
        assert (len(renderings), renderings.kept_bytes) == (1, 100)

    @pytest.mark.parametrize("asks", [1, 2])
    def test_what_is_read_stays_under_one_who_varies_keys(self, asks: int) -> None:
        """Also under one who knows that asking twice moves an answer up."""
        renderings = Renderings(max_count=100, max_bytes=1_000_000)
        hot = [f"hot-{number}" for number in range(20)]
        for name in hot:
            renderings.put(name, rendering())
            renderings.get(name)
        for number in range(10_000):
            renderings.put(number, rendering())
            for _ in range(asks - 1):
                renderings.get(number)
            if number % 3 == 0:
                assert renderings.get(hot[number // 3 % len(hot)]) is not None
        assert all(renderings.get(name) for name in hot)

    def test_what_was_hot_once_makes_room_at_last(self) -> None:
        renderings = Renderings(max_count=100, max_bytes=1_000_000)
        renderings.put("old", rendering())
        renderings.get("old")
        for number in range(500):
            renderings.put(number, rendering())
            renderings.get(number)
        assert renderings.get("old") is None

    def test_pinned_ones_never_go_and_count_for_nothing(self) -> None:
        renderings = Renderings(max_count=10, max_bytes=10_000)
        pinned = rendering(50_000)
        renderings.pin("list", pinned)
        for number in range(1_000):
            renderings.put(number, rendering(1_000))
            renderings.get(number)
        assert renderings.get("list") is pinned
        assert renderings.kept_bytes <= 10_000
        assert len(renderings) <= 11

    def test_many_threads_keep_the_books_right(self) -> None:
        renderings = Renderings(max_count=64, max_bytes=40_000)
        faults: list[BaseException] = []

        def work(seed: int) -> None:
            draw = random.Random(seed)
            try:
                for _ in range(4_000):
                    key = draw.randrange(200)
                    found = renderings.get(key)
                    if found is None:
                        renderings.put(key, rendering(100 + key))
                    else:
                        assert len(found.body) == 100 + key
            except BaseException as fault:  # noqa: BLE001 - the main thread raises it
                faults.append(fault)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        count, held_bytes = sizes(renderings)
        assert count <= 64
        assert held_bytes == renderings.kept_bytes <= 40_000
        assert not renderings._probation.keys() & renderings._proven.keys()


def test_the_order_of_different_words_is_one_target_and_that_within_a_word_is_not() -> None:
    one = target("models", "", (("q", "a"), ("limit", "5")))
    assert one == target("models", "", (("limit", "5"), ("q", "a")))
    assert target("models", "", (("sort", "a"), ("sort", "b"))) != target("models", "", (("sort", "b"), ("sort", "a")))
    assert target("models", "a/b") != target("models", "a/c")
