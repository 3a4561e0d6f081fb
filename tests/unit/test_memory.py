"""A catalog that nobody needs goes in small steps, and what others hold stays as it is."""

from __future__ import annotations

import gc
import threading
import weakref
from dataclasses import dataclass
from itertools import pairwise

from app.memory import let_go, let_go_in_steps, without_collections


@dataclass(eq=False)
class Part:
    name: str


@dataclass(eq=False)
class Whole:
    parts: tuple[Part, ...]
    by_name: dict[str, Part]
    shared: list[Part]


def test_what_nobody_else_holds_is_gone_and_what_somebody_holds_is_whole() -> None:
    shared = [Part("shared")]
    parts = tuple(Part(str(number)) for number in range(5_000))
    kept = parts[17]
    whole = Whole(parts, {part.name: part for part in parts}, shared)
    gone = [weakref.ref(part) for part in (parts[0], parts[4_999])]
    last = [whole]
    del parts, whole
    let_go(last)
    assert last == []
    assert [ref() for ref in gone] == [None, None]
    assert (kept.name, [part.name for part in shared]) == ("17", ["shared"])


def test_a_catalog_of_few_models_goes_a_few_at_a_time() -> None:
    parts = tuple(Part(str(number)) for number in range(200))
    last = [Whole(parts, {part.name: part for part in parts}, [])]
    watched = [weakref.ref(part) for part in parts]
    del parts
    left = [sum(ref() is not None for ref in watched) for _ in let_go_in_steps(last)]
    assert left[0] == 200
    assert max(before - after for before, after in pairwise(left)) <= 32
    assert [ref() for ref in watched] == [None] * 200


def test_a_catalog_that_a_reader_still_holds_is_not_changed() -> None:
    whole = Whole(tuple(Part(str(number)) for number in range(5_000)), {}, [])
    let_go([whole])
    assert [part.name for part in whole.parts] == [str(number) for number in range(5_000)]


def test_builds_side_by_side_leave_the_collector_on() -> None:
    assert gc.isenabled()
    inside = threading.Barrier(2)

    def build() -> None:
        with without_collections():
            inside.wait(10)
            assert not gc.isenabled()
            inside.wait(10)

    other = threading.Thread(target=build)
    other.start()
    build()
    other.join(10)
    assert gc.isenabled()
