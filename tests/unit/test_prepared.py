"""The choice of a form by Accept-Encoding and If-None-Match, and how much of it is remembered."""

from __future__ import annotations

import tracemalloc
from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.requests import Request

from app.catalog.steps import LONG_BYTES
from app.negotiation import choose_coding, is_known
from app.prepared import MAX_CHOICE_BYTES, MAX_CHOICES_KEPT, MAX_CHOICES_PINNED, Prepared
from app.rendering import CODINGS, QUICK, Rendering, compressed, folded, gathered, render
from app.tally import RouteTally
from app.web.respond import respond

BODY = b'{"id":"acme/one"},' * 200
MORE = [(b"cache-control", b"public, max-age=60"), (b"x-catalog-snapshot", b"1-abc")]


def prepared(rendering: Rendering | None = None) -> Prepared:
    return Prepared(rendering or compressed(render(BODY), QUICK), RouteTally("/models"), MORE)


def etag(answer: Prepared, coding: str | None) -> str:
    return f'"{answer.rendering.digest}-{coding}"' if coding else f'"{answer.rendering.digest}"'


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, br", "br"),
        ("GZIP", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.1, br;q=0.05", "gzip"),
        ("gzip ; q=0.5 , br ; q=0.9", "br"),
        ("br;q=1.0, zstd;q=0.999", "br"),
        ("*", "zstd"),
        ("*;q=0.5, gzip", "gzip"),
        ("zstd;q=0, *", "br"),
        ("*;q=0", None),
        ("identity", None),
        ("identity;q=0.5, gzip;q=0.4", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0", None),
        ("identity;q=0, gzip", "gzip"),
        ("deflate, compress", None),
        ("gzip;q=2", "gzip"),
        ("gzip;q=-1", "gzip"),
        ("gzip;q=nan", "gzip"),
        ("gzip;q=word", "gzip"),
        ("gzip;level=9", "gzip"),
        (",,;;,gzip,", "gzip"),
    ],
)
def test_the_best_coding_that_the_caller_accepts_is_chosen(accept_encoding: str, coding: str | None) -> None:
    answer = prepared()
    for _ in range(2):
        assert answer.form(accept_encoding.encode()).coding == coding
    assert choose_coding(accept_encoding, CODINGS) == coding


def test_every_form_has_an_etag_and_a_length_of_its_own() -> None:
    answer = prepared()
    forms = [answer.form((coding or "").encode()) for coding in (None, *CODINGS)]
    assert len({form.etag for form in forms}) == 4
    for form in forms:
        headers = dict(form.headers)
        assert headers[b"content-length"] == str(len(form.body or b"")).encode()
        assert headers.get(b"content-encoding") == (form.coding.encode() if form.coding else None)
        assert headers[b"content-type"] == b"application/json"


@pytest.mark.parametrize("coding", [None, *CODINGS])
def test_a_304_says_what_the_200_would_have_said_about_the_form(coding: str | None) -> None:
    """RFC 9110, 15.4.5: ETag, Vary, Cache-Control; nothing about the body."""
    form = prepared().form((coding or "").encode())
    of_200, of_304 = dict(form.headers), dict(form.headers_304)
    assert of_304.keys() == {b"etag", b"vary", b"cache-control", b"x-catalog-snapshot"}
    assert of_304.items() <= of_200.items()


def test_an_answer_without_compressed_forms_goes_out_plain_and_still_varies() -> None:
    form = prepared(render(BODY)).form(b"gzip")
    assert (form.coding, form.body) == (None, BODY)
    assert (b"vary", b"Accept-Encoding") in form.headers


@pytest.mark.parametrize("known", [None, *CODINGS])
@pytest.mark.parametrize(
    ("accept_encoding", "accepted"),
    [
        ("", {None}),
        ("gzip", {None, "gzip"}),
        ("gzip, br;q=0.5", {None, "gzip", "br"}),
        ("identity, gzip;q=0.5", {None, "gzip"}),
        ("*", {None, *CODINGS}),
        ("gzip, identity;q=0", {"gzip"}),
        ("gzip, *;q=0", {"gzip"}),
        ("gzip;q=0", {None}),
        # Nothing that we have is accepted: the plain form is what goes out, so it is what may be known.
        ("identity;q=0", {None}),
    ],
)
def test_any_form_that_the_caller_has_and_accepts_is_a_304(
    known: str | None, accept_encoding: str, accepted: set[str | None]
) -> None:
    answer = prepared()
    for given in (etag(answer, known), f'"other", W/{etag(answer, known)}'):
        choice = answer.choice(accept_encoding.encode(), given.encode())
        if known in accepted:
            assert (choice.status, choice.form.etag) == (304, etag(answer, known))
        else:
            assert (choice.status, choice.form.coding) == (200, choose_coding(accept_encoding, CODINGS))


@pytest.mark.parametrize(
    ("if_none_match", "expected"),
    [
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x","abc"', True),
        (' "x" , W/"abc" ', True),
        ("*", True),
        ('"x", *', True),
        ('"abcd"', False),
        ("abc", False),
        ('w/"abc"', False),
        ('"abc', False),
        ('"ab"c"', False),
        ("", False),
        (",,,", False),
        ("\xff\x00", False),
    ],
)
def test_if_none_match_is_a_list_compared_weakly(if_none_match: str, expected: bool) -> None:
    assert is_known(if_none_match.encode("latin-1"), '"abc"') is expected


def test_a_star_is_answered_with_the_best_form() -> None:
    choice = prepared().choice(b"br", b"*")
    assert (choice.status, choice.form.coding) == (304, "br")


def test_the_choices_that_are_remembered_are_bounded_in_number_and_in_length() -> None:
    """Somebody who varies Accept-Encoding for ever, or makes it long, must not fill the memory."""
    answer = prepared()
    answer.use.was_used = True
    for number in range(1_000):
        assert answer.form(b"gzip;q=0.5, x%d" % number).coding == "gzip"
        assert answer.choice(b"gzip;q=0.5, x%d" % number, b"").form.coding == "gzip"
    assert len(answer._choices) == MAX_CHOICES_KEPT
    fresh = prepared()
    fresh.use.was_used = True
    long = b"gzip" + b", x" * MAX_CHOICE_BYTES
    assert fresh.choice(long, b"").form.coding == "gzip"
    assert not fresh._choices


def test_of_an_answer_that_nobody_asked_for_again_nothing_more_is_kept() -> None:
    """Python's cycle collector looks at all that is kept; 2,000 answers of twenty objects each stopped it for 20 ms."""
    answer = prepared()
    before = answer.choice(b"gzip", b"")
    assert (answer._choices, answer._forms) == ({}, None)
    answer.use.was_used = True
    again = answer.choice(b"gzip", b"")
    assert (again.status, again.form.etag, again.headers) == (before.status, before.form.etag, before.headers)
    assert answer.choice(b"gzip", b"") is again


def test_what_an_answer_remembers_is_counted_in_what_it_takes() -> None:
    """Somebody who asks for each of many answers in many ways must not fill more memory than is counted."""
    answer = prepared(render(BODY))
    answer.use.was_used = True
    tracemalloc.start()
    try:
        for number in range(1_000):
            accept_encoding = b"br, x%d" % number
            assert answer.form(accept_encoding).coding is None
            etags = f'"{answer.rendering.digest}-br",'.encode() + b"," * number
            for asked, status in ((etags, 304), (b'"%d"' % number, 200)):
                choice = answer.choice(accept_encoding, asked)
                assert choice.status == status
                choice.sealed = [*choice.headers, *([(b"name", b"value")] * 8)]
        assert tracemalloc.get_traced_memory()[0] < answer.size_bytes - len(BODY)
    finally:
        tracemalloc.stop()


def test_a_pinned_answer_remembers_more_choices() -> None:
    answer = prepared()
    answer.is_pinned = True
    for number in range(1_000):
        answer.choice(b"gzip;q=0.5, x%d" % number, b"")
    assert len(answer._choices) == MAX_CHOICES_PINNED


def test_new_forms_replace_what_was_remembered() -> None:
    answer = prepared(render(BODY))
    assert answer.choice(b"gzip", b"").form.coding is None
    before = answer.size_bytes
    answer.adopt(compressed(answer.rendering, QUICK))
    assert answer.choice(b"gzip", b"").form.coding == "gzip"
    assert answer.size_bytes == before + sum(map(len, answer.rendering.encoded.values()))


def test_the_plain_etag_is_the_same_before_and_after_compression() -> None:
    answer = prepared(render(BODY))
    before = answer.form(b"").etag
    answer.adopt(compressed(answer.rendering, QUICK))
    assert answer.form(b"").etag == before


@pytest.mark.parametrize(
    ("accept_encoding", "is_settled"),
    [(b"", True), (b"identity", True), (b"gzip;q=0", True), (b"deflate", True), (b"gzip", False), (b"*", False)],
)
def test_what_compressed_forms_would_not_change_is_settled_before_they_are_made(
    accept_encoding: bytes, is_settled: bool
) -> None:
    answer = prepared(render(BODY))
    assert answer.is_settled_for(accept_encoding) is is_settled
    before = answer.form(accept_encoding).etag
    answer.adopt(compressed(answer.rendering, QUICK))
    assert (answer.form(accept_encoding).etag == before) is is_settled
    assert answer.is_settled_for(accept_encoding)


def test_whatever_gives_an_answer_marks_the_same_use() -> None:
    answer = prepared()
    assert not answer.was_used
    answer.use.was_used = True
    assert answer.was_used
    answer.was_used = False
    assert not answer.use.was_used


def test_another_spelling_of_a_pinned_answer_takes_no_room_for_its_body() -> None:
    answer = prepared()
    assert answer.size_bytes > len(BODY)
    answer.is_pinned = True
    assert answer.size_bytes < len(BODY)


def test_a_choice_keeps_what_others_sealed_for_it() -> None:
    answer = prepared()
    answer.use.was_used = True
    answer.choice(b"gzip", b"").sealed = [(b"a", b"b")]
    assert answer.choice(b"gzip", b"").sealed == [(b"a", b"b")]
    assert answer.choice(b"br", b"").sealed is None


def test_the_tag_of_a_form_that_is_not_made_yet_is_known_and_one_that_is_refused_is_not() -> None:
    """After a restart, compressed forms take a moment; callers still hold their tags."""
    body = b"a" * 4_000
    before, after = prepared(compressed(render(body), QUICK)), prepared(render(body))
    tag = before.form(b"zstd").etag.encode()
    assert tag.endswith(b'-zstd"')
    known = after.choice(b"gzip, zstd", tag)
    assert (known.status, known.form.etag.encode(), (b"etag", tag) in known.headers) == (304, tag, True)
    assert after.choice(b"gzip", tag).status == 200
    assert after.choice(b"zstd", tag.replace(b"-zstd", b"-lzma")).status == 200


def test_a_folded_form_is_unfolded_once_and_then_kept() -> None:
    form = prepared(folded(compressed(render(BODY), QUICK))).form(b"")
    assert form.body is None
    assert dict(form.headers)[b"content-length"] == str(len(BODY)).encode()
    assert form.whole() == BODY
    assert form.body is form.whole()


def test_a_long_form_is_never_whole_and_comes_in_pieces() -> None:
    long = gathered(BODY for _ in range(LONG_BYTES // len(BODY) + 1))
    form = prepared(long).form(b"")
    assert form.whole() is None
    assert dict(form.headers)[b"content-length"] == str(long.length).encode()
    assert sum(map(len, form.pieces())) == long.length


@pytest.mark.anyio
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_long_body_is_sent_in_pieces_with_its_length_told_before(method: str) -> None:
    long = gathered(BODY for _ in range(LONG_BYTES // len(BODY) + 1))
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": method, "path": "/models", "query_string": b"", "headers": []}
    await respond(Request(scope), prepared(long))(scope, receive, send)
    assert sent[0]["status"] == 200
    assert dict(sent[0]["headers"])[b"content-length"] == str(long.length).encode()
    bodies = [message["body"] for message in sent[1:]]
    assert [message.get("more_body", False) for message in sent[1:]] == [True] * (len(bodies) - 1) + [False]
    assert b"".join(bodies) == (long.body if method == "GET" else b"")
