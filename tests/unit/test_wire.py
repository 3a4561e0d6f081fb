"""An answer as bytes for the wire, and the memory that it holds on to."""

from __future__ import annotations

import gc
import weakref

import pytest

from app.prepared import Prepared
from app.rendering import QUICK, compressed, render
from app.tally import RouteTally
from app.wire import WireAnswer, header_lines

BODY = b'{"id":"acme/one"},' * 200


class WatchedPrepared(Prepared):
    """One whose end can be seen."""

    __slots__ = ("__weakref__",)


def prepared() -> WatchedPrepared:
    return WatchedPrepared(compressed(render(BODY), QUICK), RouteTally("/models"), [(b"a", b"1")])


def wire(answer: Prepared, *, status: int = 200, body: bytes = BODY) -> WireAnswer:
    head = header_lines([(b"a", b"1"), (b"b", b"2")]) + b"x-request-id: "
    return WireAnswer(answer, status=status, head=head, body=body, method="GET", path="/x")


@pytest.mark.parametrize(("status", "line"), [(200, b"HTTP/1.1 200 OK\r\n"), (304, b"HTTP/1.1 304 Not Modified\r\n")])
def test_it_is_a_whole_head_but_for_the_request_id(status: int, line: bytes) -> None:
    answer = wire(prepared(), status=status)
    assert answer.head == b"a: 1\r\nb: 2\r\nx-request-id: "
    assert answer.begin([(b"date", b"now")]) == line + b"date: now\r\n" + answer.head


def test_the_head_begins_anew_with_the_servers_headers() -> None:
    answer = wire(prepared())
    noon, later = [(b"date", b"noon")], [(b"date", b"later"), (b"server", b"s")]
    assert answer.begin(noon) == b"HTTP/1.1 200 OK\r\ndate: noon\r\na: 1\r\nb: 2\r\nx-request-id: "
    assert (answer.begun, answer.begun_with) == (answer.begin(noon), noon)
    assert answer.begin(later).startswith(b"HTTP/1.1 200 OK\r\ndate: later\r\nserver: s\r\na: 1\r\n")
    assert answer.begun_with is later


def test_it_counts_and_notes_like_the_answer_it_was_made_from() -> None:
    seen: list[int] = []
    tally = RouteTally("/models")
    answer = wire(Prepared(render(BODY), tally, [], lambda: seen.append(1)))
    answer.tally.count(0.00001)
    assert tally.statuses == {200: 1}
    assert answer.note is not None
    answer.note()
    assert seen == [1]


def test_marking_it_keeps_the_target_in_use() -> None:
    target = prepared()
    wire(target).target_use.was_used = True
    assert target.was_used


@pytest.mark.parametrize("body", [b"", BODY])
def test_it_does_not_keep_alive_a_target_that_made_room(body: bytes) -> None:
    """Otherwise 4,096 short HEAD requests could hold as many large bodies that nobody accounts for."""
    target = prepared()
    seen = weakref.ref(target)
    answer = wire(target, body=body)
    del target
    gc.collect()
    assert seen() is None
    assert answer.body == body


def test_its_own_body_counts_unless_the_snapshot_holds_it_anyway() -> None:
    target = prepared()
    with_body, without = wire(target).size_bytes, wire(target, body=b"").size_bytes
    assert with_body - without == len(BODY)
    target.is_pinned = True
    assert wire(target).size_bytes == without
