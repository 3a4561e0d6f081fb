"""The ring that keeps answers: bounded whatever is asked, and what is in use stays."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from app.keeping import MAX_PASSED, SecondChance


@dataclass
class Thing:
    """Something with a size."""

    size_bytes: int = 100
    was_used: bool = False


def ring(*, max_count: int = 10, max_bytes: int = 100_000) -> SecondChance[Thing]:
    return SecondChance(max_count=max_count, max_bytes=max_bytes)


def test_a_value_that_was_put_is_got() -> None:
    kept, thing = ring(), Thing()
    kept.put(b"key", thing)
    assert kept.get(b"key") is thing
    assert kept.get(b"other") is None
    assert kept.kept_bytes == 100 + len(b"key")


def test_an_attacker_who_varies_keys_for_ever_stays_within_the_count() -> None:
    kept = ring(max_count=10)
    for number in range(5_000):
        kept.put(b"%d" % number, Thing())
        assert len(kept) <= 10
    assert kept.kept_bytes <= 10 * 104


def test_an_attacker_who_varies_large_values_stays_within_the_bytes() -> None:
    kept = ring(max_count=10_000, max_bytes=50_000)
    for number in range(5_000):
        kept.put(b"%d" % number, Thing(size_bytes=5_000))
        assert kept.kept_bytes <= 50_000
    assert len(kept) == 9


def test_long_keys_count_as_memory() -> None:
    kept = ring(max_count=10_000, max_bytes=50_000)
    for number in range(1_000):
        kept.put(b"%06d" % number * 500, Thing(size_bytes=1))
        assert kept.kept_bytes <= 50_000
    assert len(kept) == 16


def test_a_value_in_use_outlives_any_number_of_values_nobody_asked_for_again() -> None:
    kept, hot = ring(), Thing()
    kept.put(b"hot", hot)
    for number in range(5_000):
        kept.get(b"hot")
        hot.was_used = True
        kept.put(b"%d" % number, Thing())
    assert kept.get(b"hot") is hot


def test_values_in_use_stay_even_when_the_attacker_asks_for_each_of_his_twice() -> None:
    kept = ring(max_count=100)
    hot = {b"hot%d" % number: Thing() for number in range(3)}
    for key, thing in hot.items():
        kept.put(key, thing)
    for number in range(5_000):
        for thing in hot.values():
            thing.was_used = True
        for _ in range(3):
            attack = kept.get(b"%d" % number)
            if attack is None:
                kept.put(b"%d" % number, Thing())
            else:
                attack.was_used = True
    assert all(kept.get(key) is thing for key, thing in hot.items())


def test_a_value_that_is_no_longer_used_goes_in_the_end() -> None:
    kept, once_hot = ring(), Thing(was_used=True)
    kept.put(b"once hot", once_hot)
    for number in range(30):
        kept.put(b"%d" % number, Thing())
    assert kept.get(b"once hot") is None


def test_when_everything_is_in_use_the_newcomer_goes() -> None:
    kept = ring(max_count=2 * MAX_PASSED)
    old = [Thing(was_used=True) for _ in range(2 * MAX_PASSED)]
    for number, thing in enumerate(old):
        kept.put(b"%d" % number, thing)
    kept.put(b"new", Thing())
    assert kept.get(b"new") is None
    assert [kept.get(b"%d" % number) for number in range(2 * MAX_PASSED)] == old
    assert sum(thing.was_used for thing in old) == MAX_PASSED


def test_pinned_values_never_go() -> None:
    kept = ring()
    pinned = [Thing(size_bytes=1_000_000) for _ in range(20)]
    for number, thing in enumerate(pinned):
        kept.pin(b"pinned%d" % number, thing)
    for number in range(1_000):
        kept.put(b"%d" % number, Thing(was_used=True))
    assert [kept.get(b"pinned%d" % number) for number in range(20)] == pinned
    assert len(kept) == 30
    assert kept.kept_bytes < 10 * 104


def test_a_pinned_value_is_not_replaced() -> None:
    kept, pinned = ring(), Thing()
    kept.pin(b"key", pinned)
    kept.put(b"key", Thing())
    kept.grew(b"key")
    assert kept.get(b"key") is pinned
    assert kept.kept_bytes == 0


def test_a_value_that_is_pinned_late_leaves_the_ring() -> None:
    kept, pinned = ring(), Thing(size_bytes=100)
    kept.put(b"key", Thing(size_bytes=100))
    kept.pin(b"key", pinned)
    assert kept.kept_bytes == 0
    for number in range(1_000):
        kept.put(b"%d" % number, Thing(size_bytes=100))
    assert kept.get(b"key") is pinned


def test_a_value_above_an_eighth_of_the_bytes_is_refused() -> None:
    kept = ring(max_bytes=80_000)
    kept.put(b"small", Thing())
    kept.put(b"large", Thing(size_bytes=10_000 - len(b"large")))
    kept.put(b"too large", Thing(size_bytes=10_001 - len(b"too large")))
    assert kept.get(b"small") is not None
    assert kept.get(b"large") is not None
    assert kept.get(b"too large") is None


def test_the_first_value_of_a_key_stays() -> None:
    kept, first = ring(), Thing()
    kept.put(b"key", first)
    kept.put(b"key", Thing(size_bytes=7))
    assert kept.get(b"key") is first
    assert kept.kept_bytes == 103


def test_growth_is_counted_and_makes_room() -> None:
    kept = ring(max_count=1_000, max_bytes=10_000)
    things = {b"%d" % number: Thing(size_bytes=999) for number in range(10)}
    for key, thing in things.items():
        kept.put(key, thing)
    assert len(kept) == 10
    things[b"9"].size_bytes = 2_999
    kept.grew(b"9")
    assert kept.kept_bytes == 10_000 == 7 * 1_000 + 3_000
    assert kept.get(b"9") is things[b"9"]
    kept.grew(b"not there")
    assert kept.kept_bytes == 10_000


def test_a_value_that_grows_pushes_out_nothing_that_others_keep_asking_for() -> None:
    """An answer grows when it was asked for twice; going round until there is room took the mark off every other."""
    kept = ring(max_count=100, max_bytes=100_000)
    things = {b"%03d" % number: Thing(size_bytes=997, was_used=True) for number in range(100)}
    for key, thing in things.items():
        kept.put(key, thing)
    for key in [b"%03d" % number for number in range(20, 60)]:
        things[key].size_bytes += 100
        kept.grew(key)
        for other in (b"000", b"050", b"099"):
            things[other].was_used = True
    assert all(kept.get(other) is things[other] for other in (b"000", b"099"))
    assert kept.kept_bytes <= 100_000


def test_growth_beyond_everything_ends_and_leaves_nothing_uncounted() -> None:
    kept, grown = ring(max_bytes=10_000), Thing(was_used=True)
    kept.put(b"a", Thing(was_used=True))
    kept.put(b"b", grown)
    grown.size_bytes = 20_000
    kept.grew(b"b")
    assert (len(kept), kept.kept_bytes) == (0, 0)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("pgug"), st.integers(0, 30), st.integers(1, 2_000)), max_size=120))
def test_whatever_happens_the_bounds_hold_and_the_books_balance(steps: list[tuple[str, int, int]]) -> None:
    kept = ring(max_count=8, max_bytes=8_000)
    for step, number, size in steps:
        key = b"%d" % number
        thing = kept.get(key)
        if step == "p":
            kept.put(key, Thing(size_bytes=size))
        elif thing is not None and step == "u":
            thing.was_used = True
        elif thing is not None and step == "g":
            thing.size_bytes += size
            kept.grew(key)
        there = {key: thing for key in (b"%d" % number for number in range(31)) if (thing := kept.get(key))}
        assert len(kept) == len(there) <= 8
        assert kept.kept_bytes == sum(thing.size_bytes + len(key) for key, thing in there.items()) <= 8_000
