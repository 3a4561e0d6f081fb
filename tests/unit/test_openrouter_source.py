"""The OpenRouter source against an upstream that does everything wrong that can be done wrong."""

from __future__ import annotations

import asyncio
import gzip
import logging
import tracemalloc
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx

from app.sources.openrouter import OpenRouterSource
from app.sources.openrouter_client import OpenRouterOptions
from app.sources.patience import retry_after_seconds
from app.sources.protocol import Failure, Fetched, RecordSource, SourceError, UnmodifiedError
from tests.simulator import Fault, Simulator, generate_catalog, make_record

pytestmark = pytest.mark.anyio

KEY = "sk-or-v1-canary-5f2a"
UPSTREAM = "https://openrouter.ai/api/v1/models"

HARMLESS = {
    Fault.REDIRECT_SAME_HOST,
    Fault.DUPLICATE_IDS,
    Fault.BAD_RECORD,
    Fault.MANY_BAD_RECORDS,
    Fault.SHRUNK,
    Fault.ALL_ZERO_PRICES,
    Fault.BENCHMARK_NOISE,
    Fault.FLOAT_NOISE,
    Fault.SHUFFLED,
    Fault.PAGES,
}
"""The document arrives whole; whether it is plausible is for the catalog to judge."""

EXPECTED = {
    Fault.REDIRECT_OTHER_HOST: Failure.REDIRECTED,
    Fault.REDIRECT_LOOP: Failure.REDIRECTED,
    Fault.RESET: Failure.TRUNCATED,
    Fault.REFUSE: Failure.UNREACHABLE,
    Fault.HANG: Failure.TIMEOUT,
    Fault.DRIP: Failure.TIMEOUT,
    Fault.TRUNCATED_WITH_LENGTH: Failure.TRUNCATED,
    Fault.TRUNCATED_WITHOUT_LENGTH: Failure.TRUNCATED,
    Fault.LENGTH_TOO_LONG: Failure.TRUNCATED,
    Fault.LENGTH_TOO_SHORT: Failure.TRUNCATED,
    Fault.HTML: Failure.NOT_JSON,
    Fault.EMPTY_BODY: Failure.NOT_JSON,
    Fault.EMPTY_OBJECT: Failure.NOT_A_CATALOG,
    Fault.EMPTY_LIST: Failure.NOT_A_CATALOG,
    Fault.NULL_DATA: Failure.NOT_A_CATALOG,
    Fault.NAN: Failure.NOT_JSON,
    Fault.DEEP_NESTING: Failure.NOT_JSON,
    Fault.GZIP_BOMB: Failure.TOO_LARGE,
    Fault.GZIP_TRUNCATED: Failure.TRUNCATED,
    Fault.NOT_UTF8: Failure.NOT_JSON,
}
"""Every other fault is a status."""

RETRIED_TO_THE_END = {
    Fault.REFUSE,
    Fault.REQUEST_TIMEOUT,
    Fault.TOO_MANY_REQUESTS,
    Fault.TOO_MANY_REQUESTS_SECONDS,
    Fault.TOO_MANY_REQUESTS_DATE,
    Fault.TOO_MANY_REQUESTS_NEGATIVE,
    Fault.TOO_MANY_REQUESTS_GARBAGE,
    Fault.INTERNAL,
    Fault.BAD_GATEWAY,
    Fault.UNAVAILABLE,
    Fault.GATEWAY_TIMEOUT,
}


class Upstream:
    """The source under test, with a sleep that takes no time and writes down how long it should have been."""

    def __init__(self, base_url: str) -> None:
        self.options = OpenRouterOptions(
            base_url=base_url, api_key=KEY, deadline_seconds=20, read_timeout_seconds=5, max_decoded_bytes=8 << 20
        )
        self.waits: list[float] = []
        self.draw = 1.0
        self.transport: httpx.AsyncBaseTransport | None = None

    async def fetch(self, **changes: Any) -> Fetched:
        """Fetch once, with changed options; the source is closed whatever happens."""
        source = OpenRouterSource(
            replace(self.options, **changes), transport=self.transport, sleep=self._sleep, draw=lambda: self.draw
        )
        try:
            return await source.fetch()
        finally:
            await source.close()

    async def failure(self, **changes: Any) -> SourceError:
        """Fetch once and return how it failed."""
        with pytest.raises(SourceError) as caught:
            await self.fetch(**changes)
        return caught.value

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def upstream(simulator: Simulator) -> Upstream:
    return Upstream(simulator.base_url)


@pytest.fixture
def internet() -> Upstream:
    """The source as it talks to the real address; nothing gets there, respx answers."""
    return Upstream("https://openrouter.ai/api/v1")


async def test_the_whole_list_arrives(simulator: Simulator, upstream: Upstream) -> None:
    fetched = await upstream.fetch()
    assert {record["id"] for record in fetched.records} == {record["id"] for record in simulator.catalog}
    assert fetched.pages == 1
    assert 1_000 < fetched.wire_bytes < 100_000  # As it came: compressed.


async def test_records_come_untouched(simulator: Simulator, upstream: Upstream) -> None:
    record = make_record("a/b", brand_new_key={"deep": [1, None, "x"]}, name=" spaces ")
    simulator.catalog = [record]
    assert (await upstream.fetch()).records == (record,)


@pytest.mark.parametrize("fault", sorted(HARMLESS))
async def test_a_strange_but_whole_list_is_passed_on(fault: Fault, simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(fault)
    assert len((await upstream.fetch()).records) >= 60
    assert upstream.waits == []


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault not in HARMLESS])
async def test_every_fault_has_its_word(fault: Fault, simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(fault)
    # The bomb takes a busy machine a while to make; some of the others would never end.
    deadline_seconds = 30.0 if fault is Fault.GZIP_BOMB else 1.5
    error = await upstream.failure(deadline_seconds=deadline_seconds, read_timeout_seconds=deadline_seconds / 3)
    assert error.kind is EXPECTED.get(fault, Failure.STATUS)
    assert (error.status is not None) == (error.kind is Failure.STATUS)
    assert KEY not in str(error) + repr(error)
    assert str(error).isprintable()


@pytest.mark.parametrize("fault", sorted(RETRIED_TO_THE_END))
async def test_passing_trouble_is_tried_again(fault: Fault, simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(fault, times=2)
    assert len((await upstream.fetch()).records) == 120
    assert len(upstream.waits) == 2
    assert len(simulator.requests) == 3


@pytest.mark.parametrize("fault", sorted(RETRIED_TO_THE_END))
async def test_tries_are_limited(fault: Fault, simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(fault)
    error = await upstream.failure(attempts=3)
    assert "tried 3 times" in str(error)
    assert len(simulator.requests) == 3
    assert len(upstream.waits) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault.UNAUTHORIZED,
        Fault.FORBIDDEN,
        Fault.NOT_FOUND,
        Fault.REDIRECT_OTHER_HOST,
        Fault.HTML,
        Fault.EMPTY_LIST,
        Fault.NAN,
        Fault.GZIP_BOMB,
    ],
)
async def test_lasting_trouble_is_not_tried_again(fault: Fault, simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(fault)
    await upstream.failure()
    assert len(simulator.requests) == 1
    assert upstream.waits == []


@pytest.mark.parametrize(
    "fault", [Fault.RESET, Fault.TRUNCATED_WITH_LENGTH, Fault.TRUNCATED_WITHOUT_LENGTH, Fault.GZIP_TRUNCATED]
)
async def test_a_body_that_was_cut_off_gets_one_more_try(
    fault: Fault, simulator: Simulator, upstream: Upstream
) -> None:
    simulator.misbehave(fault, times=1)
    assert len((await upstream.fetch()).records) == 120
    simulator.misbehave(fault)
    await upstream.failure(attempts=5)
    assert len(simulator.requests) == 2 + 2


async def test_nobody_listening_is_unreachable(upstream: Upstream) -> None:
    error = await upstream.failure(base_url="http://127.0.0.1:1/api/v1")
    assert error.kind is Failure.UNREACHABLE
    assert "http://127.0.0.1:1/api/v1/models" in str(error)
    assert "OPENROUTER_BASE_URL" in str(error)
    assert len(upstream.waits) == 2


async def test_the_deadline_ends_a_drip(simulator: Simulator, upstream: Upstream) -> None:
    """Each byte comes in time; httpx alone would wait for days."""
    simulator.misbehave(Fault.DRIP)
    loop = asyncio.get_running_loop()
    started = loop.time()
    error = await upstream.failure(deadline_seconds=0.5, read_timeout_seconds=5)
    assert loop.time() - started < 2
    assert error.kind is Failure.TIMEOUT
    assert "0.5 s" in str(error)
    assert "FETCH_DEADLINE_SECONDS" in str(error)


async def test_a_silence_in_the_middle_is_a_timeout(simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(Fault.DRIP, times=1)
    error = await upstream.failure(read_timeout_seconds=0.02, attempts=1)
    assert error.kind is Failure.TIMEOUT
    assert "stopped coming" in str(error)


async def test_a_source_works_again_after_a_deadline(simulator: Simulator) -> None:
    source = OpenRouterSource(OpenRouterOptions(base_url=simulator.base_url, deadline_seconds=1))
    simulator.misbehave(Fault.HANG, times=1)
    with pytest.raises(SourceError):
        await source.fetch()
    assert len((await source.fetch()).records) == 120
    await source.close()


async def test_a_gzip_bomb_never_unfolds(simulator: Simulator, upstream: Upstream) -> None:
    """320 MiB behind 330 kB; the cap is 8 MiB and the bytes themselves cost a little."""
    simulator.misbehave(Fault.GZIP_BOMB)
    await upstream.failure()  # Builds the bomb, which takes memory of its own.
    tracemalloc.start()
    error = await upstream.failure()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.kind is Failure.TOO_LARGE
    assert "FETCH_MAX_DECODED_BYTES" in str(error)
    assert peak_bytes < 20 << 20


async def test_a_long_answer_is_refused_by_its_announced_length(upstream: Upstream) -> None:
    error = await upstream.failure(max_wire_bytes=1_000)
    assert error.kind is Failure.TOO_LARGE
    assert "1000 bytes on the wire" in str(error)
    assert "FETCH_MAX_WIRE_BYTES" in str(error)


async def test_a_long_answer_without_a_length_is_refused_as_it_grows(simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(Fault.TRUNCATED_WITHOUT_LENGTH)
    assert (await upstream.failure(max_wire_bytes=1_000)).kind is Failure.TOO_LARGE


async def test_pages_share_one_bound(simulator: Simulator, upstream: Upstream) -> None:
    simulator.catalog = generate_catalog(300)
    simulator.misbehave(Fault.PAGES)
    whole = await upstream.fetch()
    assert (await upstream.failure(max_wire_bytes=whole.wire_bytes - 1)).kind is Failure.TOO_LARGE
    assert len((await upstream.fetch(max_wire_bytes=whole.wire_bytes)).records) == 300


async def test_pages_are_followed_to_the_last(simulator: Simulator, upstream: Upstream) -> None:
    simulator.catalog = generate_catalog(450)
    simulator.misbehave(Fault.PAGES)
    fetched = await upstream.fetch(output_modalities=("text", "image"))
    assert fetched.pages == 5
    assert len({record["id"] for record in fetched.records}) == 450
    assert all("output_modalities=text" in request.target for request in simulator.requests)


async def test_a_page_that_fails_once_is_tried_again_alone(simulator: Simulator, upstream: Upstream) -> None:
    simulator.catalog = generate_catalog(250)
    for fault in (Fault.PAGES, Fault.UNAVAILABLE, Fault.PAGES, Fault.PAGES):
        simulator.misbehave(fault, times=1)
    assert len((await upstream.fetch()).records) == 250
    assert [request.target[-17:] for request in simulator.requests].count("set=100&limit=100") == 2


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/v1/models?offset=1",
        "//evil.example/api/v1/models",
        "http://openrouter.ai/api/v1/models?offset=1",
        "https://openrouter.ai:8443/api/v1/models",
        "https://user:word@openrouter.ai/api/v1/models?offset=1",
        "https://[/",
        "//[::1",
        "https://xn--/",
        "/nul\0",
        "javascript:alert(1)",
        "mailto:a@b",
    ],
)
async def test_a_next_page_elsewhere_is_refused(link: str, internet: Upstream, respx_mock: respx.MockRouter) -> None:
    respx_mock.get(UPSTREAM).respond(json={"data": [make_record("a/b")], "links": {"next": link}})
    error = await internet.failure()
    assert error.kind is Failure.NOT_A_CATALOG
    assert "word" not in str(error)


@pytest.mark.parametrize("link", ["/api/v1/models", UPSTREAM, "?", "#top"])
async def test_a_list_that_leads_in_a_circle_is_refused(
    link: str, internet: Upstream, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(url__startswith=UPSTREAM).respond(json={"data": [make_record("a/b")], "links": {"next": link}})
    error = await internet.failure(max_pages=10)
    assert error.kind in {Failure.NOT_A_CATALOG, Failure.TOO_LARGE}
    assert respx_mock.calls.call_count <= 2


async def test_an_absolute_link_to_the_same_server_is_followed(
    internet: Upstream, respx_mock: respx.MockRouter
) -> None:
    pages = [
        {"data": [make_record("a/1")], "links": {"next": f"{UPSTREAM}?offset=1"}},
        {"data": [make_record("a/2")], "links": {"next": None}},
    ]
    respx_mock.get(url__startswith=UPSTREAM).mock(side_effect=[httpx.Response(200, json=page) for page in pages])
    assert [record["id"] for record in (await internet.fetch()).records] == ["a/1", "a/2"]


async def test_endless_pages_come_to_an_end(internet: Upstream, respx_mock: respx.MockRouter) -> None:
    def page(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params.get("offset", "0")) + 1
        links = {"next": f"/api/v1/models?offset={offset}"}
        return httpx.Response(200, json={"data": [make_record(f"a/{offset}")], "links": links})

    route = respx_mock.get(url__startswith=UPSTREAM).mock(side_effect=page)
    error = await internet.failure(max_pages=7)
    assert error.kind is Failure.TOO_LARGE
    assert route.call_count == 7


async def test_an_empty_next_page_is_refused(internet: Upstream, respx_mock: respx.MockRouter) -> None:
    pages: list[dict[str, Any]] = [{"data": [make_record("a/1")], "links": {"next": "?offset=1"}}, {"data": []}]
    respx_mock.get(url__startswith=UPSTREAM).mock(side_effect=[httpx.Response(200, json=page) for page in pages])
    assert (await internet.failure()).kind is Failure.NOT_A_CATALOG


@pytest.mark.parametrize(
    ("location", "is_followed"),
    [
        ("/elsewhere", True),
        ("https://openrouter.ai/elsewhere", True),
        ("https://openrouter.ai:443/elsewhere", True),
        ("http://openrouter.ai/elsewhere", False),
        ("https://openrouter.ai:8443/elsewhere", False),
        ("https://openrouter.ai.evil.example/elsewhere", False),
        ("https://user:word@openrouter.ai/elsewhere", False),
        ("https://[", False),
        ("", False),
    ],
)
@pytest.mark.respx(assert_all_called=False)
async def test_redirects_stay_on_the_server(
    location: str, is_followed: bool, internet: Upstream, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(UPSTREAM).respond(302, headers={"location": location})
    target = respx_mock.get("https://openrouter.ai/elsewhere").respond(json={"data": [make_record("a/b")]})
    if is_followed:
        assert len((await internet.fetch()).records) == 1
        return
    error = await internet.failure()
    assert error.kind is Failure.REDIRECTED
    assert "OPENROUTER_BASE_URL" in str(error)
    assert "word" not in str(error)
    assert not target.called


@pytest.mark.parametrize("location", ["//[::1", "https://xn--/"])
async def test_a_redirect_to_nonsense_is_a_source_error(
    location: str, internet: Upstream, respx_mock: respx.MockRouter
) -> None:
    """httpx trips over these before we see them."""
    respx_mock.get(UPSTREAM).respond(302, headers={"location": location})
    assert (await internet.failure()).kind is Failure.UNREACHABLE


async def test_three_redirects_are_enough(internet: Upstream, respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(url__startswith=UPSTREAM).respond(308, headers={"location": "/api/v1/models/"})
    assert (await internet.failure()).kind is Failure.REDIRECTED
    assert route.call_count == 4


async def test_waits_grow_and_stay_below_eight_seconds(simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(Fault.UNAVAILABLE)
    await upstream.failure(attempts=8, deadline_seconds=100)
    assert upstream.waits == [0.5, 1, 2, 4, 8, 8, 8]


async def test_waits_are_random_so_that_instances_do_not_return_together(
    simulator: Simulator, upstream: Upstream
) -> None:
    upstream.draw = 0.25
    simulator.misbehave(Fault.BAD_GATEWAY)
    await upstream.failure(attempts=3)
    assert upstream.waits == [0.125, 0.25]


async def test_a_wait_that_the_deadline_forbids_is_not_begun(simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(Fault.UNAVAILABLE)
    error = await upstream.failure(attempts=9, deadline_seconds=3)
    assert error.kind is Failure.STATUS
    assert upstream.waits == [0.5, 1, 2]


async def test_retry_after_is_obeyed(simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(Fault.TOO_MANY_REQUESTS_SECONDS, times=1)
    await upstream.fetch()
    assert upstream.waits == [2]


async def test_retry_after_as_a_date_is_obeyed(simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(Fault.TOO_MANY_REQUESTS_DATE, times=1)
    await upstream.fetch()
    assert 1 <= upstream.waits[0] <= 3


@pytest.mark.parametrize("fault", [Fault.TOO_MANY_REQUESTS_NEGATIVE, Fault.TOO_MANY_REQUESTS_GARBAGE])
async def test_a_senseless_retry_after_is_ignored(fault: Fault, simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(fault, times=1)
    await upstream.fetch()
    assert upstream.waits == [0.5]


async def test_a_retry_after_beyond_the_deadline_ends_the_fetch(simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(Fault.TOO_MANY_REQUESTS_HUGE)
    error = await upstream.failure()
    assert (error.status, error.retry_after_seconds) == (429, 3_600)
    assert len(simulator.requests) == 1
    assert upstream.waits == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 1),
        (" 7 ", 7),
        ("9" * 5_000, 3_600),
        ("1.5", None),
        ("-5", None),
        ("٣", None),
        ("", None),
        ("soon", None),
        ("Thu, 01 Oct 2026 12:00:30 GMT", 30),
        ("Thu, 01 Oct 2026 12:00:30 -0000", 30),
        ("Thu, 01 Oct 2026 12:00:00 GMT", 1),
        ("Thu, 01 Oct 2026 11:59:00 GMT", None),
        ("Fri, 02 Oct 2026 12:00:00 GMT", 3_600),
        ("Thursday, 01-Oct-26 12:00:30 GMT", 30),
        ("Thu, 99 Oct 2026 12:00:30 GMT", None),
        ("Thu, 01 Oct 99999 12:00:30 GMT", None),
    ],
)
async def test_retry_after_is_read_in_both_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, datetime(2026, 10, 1, 12, tzinfo=UTC)) == seconds


async def test_headers_say_who_asks(simulator: Simulator, upstream: Upstream) -> None:
    await upstream.fetch(user_agent="me/1", http_referer="https://me.example", x_title="Me")
    headers = simulator.requests[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["user-agent"] == "me/1"
    assert headers["http-referer"] == "https://me.example"
    assert headers["x-title"] == "Me"
    assert headers["accept"] == "application/json"
    assert headers["accept-encoding"] == "gzip"


async def test_without_a_key_none_is_sent(simulator: Simulator, upstream: Upstream) -> None:
    await upstream.fetch(api_key=None)
    assert not {"authorization", "http-referer", "x-title"} & set(simulator.requests[0].headers)


@pytest.mark.parametrize(
    ("modalities", "target"),
    [
        (("text",), "/api/v1/models"),
        (("all",), "/api/v1/models?output_modalities=all"),
        (("text", "image"), "/api/v1/models?output_modalities=text,image"),
        (("a&b=c",), "/api/v1/models?output_modalities=a%26b%3Dc"),
    ],
)
async def test_modalities_are_asked_for_only_when_they_differ(
    modalities: tuple[str, ...], target: str, simulator: Simulator, upstream: Upstream
) -> None:
    simulator.catalog = [
        make_record("a/b", architecture={"output_modalities": ["text", "image", "a&b=c"], "modality": None})
    ]
    await upstream.fetch(output_modalities=modalities)
    assert simulator.requests[0].target == target


def raw(encoding: str, body: bytes) -> httpx.MockTransport:
    """Answer with these very bytes; respx would decode them on the way."""
    return httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-encoding": encoding}, stream=httpx.ByteStream(body))
    )


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "aes128gcm"])
async def test_an_encoding_that_nobody_asked_for_is_refused(encoding: str, internet: Upstream) -> None:
    internet.transport = raw(encoding, b"whatever it is")
    error = await internet.failure()
    assert error.kind is Failure.NOT_JSON
    assert encoding in str(error)


@pytest.mark.parametrize("encoding", ["deflate", "GZip", "x-gzip"])
async def test_every_spelling_of_deflate_is_understood(encoding: str, internet: Upstream) -> None:
    body = b'{"data":[{"id":"a/b"}]}'
    internet.transport = raw(encoding, zlib.compress(body) if encoding == "deflate" else gzip.compress(body, mtime=0))
    assert (await internet.fetch()).records == ({"id": "a/b"},)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (gzip.compress(b'{"data":[{"id":"a/b"}]}', mtime=0) + b"more", Failure.NOT_JSON),
        (gzip.compress(b'{"data":[{"id":"a/b"}]}', mtime=0)[:-1], Failure.TRUNCATED),
        (b"this is not compressed at all", Failure.TRUNCATED),
        (b"", Failure.TRUNCATED),
    ],
)
async def test_compressed_data_is_checked(body: bytes, kind: Failure, internet: Upstream) -> None:
    internet.transport = raw("gzip", body)
    assert (await internet.failure()).kind is kind


@pytest.mark.parametrize("status", [201, 204, 206, 304, 300, 400, 402, 410, 418, 451])
async def test_any_other_status_is_named(status: int, internet: Upstream, respx_mock: respx.MockRouter) -> None:
    respx_mock.get(UPSTREAM).respond(status, json={"data": [make_record("a/b")]})
    error = await internet.failure()
    assert (error.kind, error.status) == (Failure.STATUS, status)
    assert str(status) in str(error)


@pytest.mark.parametrize("fault", [Fault.UNAUTHORIZED, Fault.FORBIDDEN])
async def test_a_refused_key_names_its_setting(fault: Fault, simulator: Simulator, upstream: Upstream) -> None:
    simulator.misbehave(fault)
    assert "OPENROUTER_API_KEY" in str(await upstream.failure())


async def test_a_list_with_an_etag_is_asked_for_by_it_and_not_read_again(
    simulator: Simulator, upstream: Upstream
) -> None:
    simulator.has_etags = True
    source = OpenRouterSource(upstream.options)
    fetched = await source.fetch()
    assert fetched.validator is not None
    with pytest.raises(UnmodifiedError):
        await source.fetch(fetched.validator)
    simulator.catalog = simulator.catalog[1:]
    again = await source.fetch(fetched.validator)
    assert again.validator not in {None, fetched.validator}
    assert len(again.records) == len(fetched.records) - 1
    await source.close()
    asked = [request.headers.get("if-none-match") for request in simulator.requests]
    assert asked == [None, fetched.validator, fetched.validator]


async def test_a_list_of_several_pages_has_no_validator(simulator: Simulator, upstream: Upstream) -> None:
    simulator.has_etags = True
    simulator.misbehave(Fault.PAGES)
    fetched = await upstream.fetch()
    assert fetched.pages > 1
    assert fetched.validator is None


@pytest.mark.parametrize("etag", ["", "bare", '"', 'w/"a"', '"a b"', '"a"b"', '"' + "a" * 500 + '"', '"\xe9"'])
async def test_an_etag_that_is_none_is_not_sent_back(
    etag: str, internet: Upstream, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(UPSTREAM).respond(json={"data": [make_record("a/b")]}, headers=[(b"ETag", etag.encode("latin-1"))])
    assert (await internet.fetch()).validator is None


async def test_a_304_that_nobody_asked_for_is_a_failure(internet: Upstream, respx_mock: respx.MockRouter) -> None:
    respx_mock.get(UPSTREAM).respond(304)
    error = await internet.failure()
    assert (error.kind, error.status) == (Failure.STATUS, 304)


async def test_a_server_that_echoes_the_key_does_not_get_it_into_messages(
    internet: Upstream, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(UPSTREAM).respond(text=f"You sent Bearer {KEY}")
    assert KEY not in str(await internet.failure())


async def test_a_list_that_holds_the_key_is_not_published(internet: Upstream, respx_mock: respx.MockRouter) -> None:
    """A proxy that adds what it saw to each record would put the key before everybody's eyes, in the mirror."""
    record = make_record("openai/gpt-9", debug={"headers": f"Authorization: Bearer {KEY}"})
    respx_mock.get(UPSTREAM).respond(json={"data": [record] * 60})
    error = await internet.failure()
    assert error.kind is Failure.NOT_A_CATALOG
    assert "OPENROUTER_API_KEY" in str(error)
    assert KEY not in str(error)


async def test_a_key_too_short_to_be_one_may_stand_in_a_list_by_chance(
    internet: Upstream, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(UPSTREAM).respond(json={"data": [make_record("openai/gpt-9")]})
    assert len((await internet.fetch(api_key="gpt-9")).records) == 1


async def test_the_key_stays_out_of_representations(upstream: Upstream) -> None:
    assert KEY not in repr(upstream.options)
    assert KEY not in repr(OpenRouterSource(upstream.options))


async def test_debug_logs_do_not_hold_the_key(
    simulator: Simulator, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await upstream.fetch()
    simulator.misbehave(Fault.RESET)
    await upstream.failure()
    assert "httpcore" in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("key", ["line\nbreak", "nul\0"])
async def test_a_key_that_no_header_can_hold_is_no_crash(key: str, simulator: Simulator, upstream: Upstream) -> None:
    error = await upstream.failure(api_key=key, attempts=1)
    assert error.kind is Failure.UNREACHABLE
    assert key not in str(error)
    assert repr(key)[1:-1] not in str(error)


async def test_a_broken_certificate_setting_is_a_source_error(
    internet: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks7://me:secret-word@127.0.0.1")
    error = await internet.failure()
    assert error.kind is Failure.UNREACHABLE
    assert "_PROXY" in str(error)
    assert "secret-word" not in str(error)


async def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    options = OpenRouterOptions(base_url="https://does-not-exist.invalid/api/v1", attempts=1, deadline_seconds=5)
    source = OpenRouterSource(options)
    with pytest.raises(SourceError) as caught:
        await source.fetch()
    assert caught.value.kind in {Failure.UNREACHABLE, Failure.TIMEOUT}
    await source.close()


async def test_closing_twice_and_unused_is_fine(simulator: Simulator) -> None:
    source: RecordSource = OpenRouterSource(OpenRouterOptions(base_url=simulator.base_url))
    await source.close()
    await source.fetch()
    await source.close()
    await source.close()
    assert source.name == "openrouter"
