"""Questions that make no sense get a clear 4xx in the house's one form; nothing makes the service fall over."""

from __future__ import annotations

import string

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.catalog.query import WORDS
from tests.api.catalog import BATCH, PLAIN, VISION
from tests.api.service import Service, assert_hardened, assert_problem

pytestmark = pytest.mark.anyio
CANARY = "input-canary-4711"


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("limit=1e3", "limit"),
        ("limit=%D9%A3", "limit"),
        ("limit=", "limit"),
        ("limit=999999999999999999999", "limit"),
        ("limit=5&limit=6", "limit"),
        ("offset=-1", "offset"),
        ("offset=9999999999", "offset"),
        ("offset=x", "offset"),
        ("min_context=lots", "min_context"),
        ("max_context=-5", "max_context"),
        ("max_prompt_price=-1", "max_prompt_price"),
        ("max_prompt_price=NaN", "max_prompt_price"),
        ("max_prompt_price=Infinity", "max_prompt_price"),
        ("max_prompt_price=1e400", "max_prompt_price"),
        ("min_prompt_price=-1", "min_prompt_price"),
        ("min_completion_price=cheap", "min_completion_price"),
        ("max_completion_price=", "max_completion_price"),
        ("max_completion_price=1,5", "max_completion_price"),
        ("provider=nobody", "provider"),
        ("author=", "author"),
        ("source=nowhere", "source"),
        ("category=unheard-of", "category"),
        ("family=none", "family"),
        ("input_modality=smell", "input_modality"),
        ("output_modality=text,", "output_modality"),
        ("supports=flying", "supports"),
        ("supported_parameters=nope", "supported_parameters"),
        ("price=cheap", "price"),
        ("variant=huge", "variant"),
        ("lifecycle=dead", "lifecycle"),
        ("ids=", "ids"),
        ("ids=,,%20,", "ids"),
        (f"ids={'a' * 300}", "ids"),
        ("ids=" + ",".join(f"a/{number}" for number in range(501)), "ids"),
        ("sort=beauty", "sort"),
        ("sort=--id", "sort"),
        ("sort=", "sort"),
        ("fields=secret", "fields"),
        ("facets=name", "facets"),
        ("format=xml", "format"),
        ("format=full,frontend", "format"),
        (f"q={'a' * 300}", "q"),
        ("q=a%00b", "q"),
        ("q=a%0d%0ab", "q"),
        ("q=%1b%5b31m", "q"),
        ("q=%7f", "q"),
        ("author=ac%09me", "author"),
        ("ids=a/b%0a", "ids"),
        ("Q=a", "Q"),
        ("=a", ""),
        ("%00=a", "\x00"),
        (f"{'w' * 500}=a", "w" * 80),
        ("<script>=1", "<script>"),
    ],
)
async def test_a_bad_value_is_422_and_names_its_word(service: Service, question: str, word: str) -> None:
    for path in ("/models", "/models/search", "/models/core"):
        if word == "source" and path == "/models/core":
            continue
        document = assert_problem(await service.get(f"{path}?{question}"), 422, "query")
        assert document["title"] == "Query not understood"
        assert [fault["word"] for fault in document["faults"]] == [word]
        assert len(document["detail"]) <= 2_000
        assert document["faults"][0]["reason"] in document["detail"]


async def test_a_closed_set_of_values_is_named_in_the_refusal(service: Service) -> None:
    for name, word in WORDS.items():
        if word.choices:
            document = assert_problem(await service.get(f"/models?{name}=nonsense"), 422, "query")
            assert document["faults"][0]["allowed"] == list(word.choices)
            assert all(choice in document["detail"] for choice in word.choices[:3]) or len(word.choices) > 12


async def test_values_from_the_catalog_are_named_too(service: Service) -> None:
    document = assert_problem(await service.get("/models?author=acmee"), 422, "query")
    assert "did you mean acme?" in document["detail"]
    assert "acme" in document["faults"][0]["allowed"]


async def test_too_many_words_are_refused_as_a_whole(service: Service) -> None:
    assert_problem(await service.get("/models?" + "&".join(["author=acme"] * 65)), 422, "query")
    assert (await service.get("/models?" + "&".join(["author=acme"] * 64))).status_code == 200


@pytest.mark.parametrize("query", ["q=%", "q=100%", "q=%zz", "%=1", "q=%4", "a=%u0041", "q=%C3%28", "q=%ff", "%fe=1"])
async def test_a_malformed_query_string_is_400_and_says_how_to_write_it(service: Service, query: str) -> None:
    # httpx would mend the escapes, so the target is given to it ready-made.
    url = httpx.URL(scheme="http", host="127.0.0.1", raw_path=f"/models?{query}".encode())
    for path in (b"/models?", b"/models/search?", b"/models/statistics?", f"/models/{PLAIN}?".encode()):
        response = await service.client.get(url.copy_with(raw_path=path + query.encode()))
        document = assert_problem(response, 400, "malformed-query")
        assert "percent escape" in document["detail"]


async def test_a_long_query_is_414(service: Service) -> None:
    assert_problem(await service.get(f"/models?ids={'a/b,' * 5_000}"), 414, "query-too-long")


async def test_text_of_every_script_is_searched_for_without_complaint(service: Service) -> None:
    for q in (
        "模型",
        "модель",
        "نموذج",
        "🦊🦊",
        "e\u0301",
        "\u202eabc",
        "%",
        "+",
        "&",
        "=",
        "'",
        '"',
        "\\",
        "<b>",
        "?",
    ):
        response = await service.client.get("/models/search", params={"q": q})
        assert response.status_code == 200, q


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("target", ["/models", f"/models/{PLAIN}", "/livez", "/status", "/nix"])
async def test_a_body_on_a_read_is_refused(service: Service, method: str, target: str) -> None:
    response = await service.client.request(method, target, content=b"{}")
    if method == "HEAD":
        assert response.status_code == 400
    else:
        assert "takes no body" in assert_problem(response, 400, "unexpected-body")["detail"]


async def test_a_body_without_a_length_is_refused(service: Service) -> None:
    for method, status, slug in (("GET", 400, "unexpected-body"), ("POST", 413, "body-too-large")):
        response = await service.client.request(method, "/refresh", headers={"Transfer-Encoding": "chunked"})
        assert_problem(response, status, slug)


@pytest.mark.parametrize("length", [b"\xb2", b"9" * 5_000, b"-1", b"+5", b"5, 5", b"abc", b"", b"0x5", b"1e1"])
async def test_a_length_that_is_no_number_is_refused(service: Service, length: bytes) -> None:
    headers = [(b"Content-Length", length)]
    assert_problem(await service.client.post("/refresh", headers=headers), 413, "body-too-large")
    assert_problem(await service.client.get("/models", headers=headers), 400, "unexpected-body")


async def test_a_large_body_is_refused_and_a_small_one_ignored(service: Service) -> None:
    assert_problem(await service.client.post("/refresh", content=b"x" * 4_097), 413, "body-too-large")
    assert (await service.client.post("/refresh", content=b"x" * 4_096)).status_code == 200


async def test_too_many_header_bytes_are_431(service: Service) -> None:
    assert_problem(await service.get("/models", x_long="a" * 70_000), 431, "headers-too-large")
    many = {f"X-Filler-{number}": "a" * 100 for number in range(700)}
    assert_problem(await service.client.get("/livez", headers=many), 431, "headers-too-large")
    assert (await service.get("/livez", x_long="a" * 30_000)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/nix", "/model", "/models2", "//models", "/Models", "/refresh/", "/api", "/.env", "/a%0Ab"]
)
async def test_an_unknown_path_is_404_and_points_to_the_reference(service: Service, path: str) -> None:
    url = httpx.URL(scheme="http", host="127.0.0.1", port=8000, raw_path=path.encode())
    assert "/docs" in assert_problem(await service.client.get(url), 404, "unknown-path")["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize(
    "target", ["/models", "/models/search", f"/models/{PLAIN}", "/status", "/", "/livez", "/openapi.json"]
)
async def test_reads_take_only_get_and_head(service: Service, method: str, target: str) -> None:
    response = await service.client.request(method, target)
    assert_problem(response, 405, "method-not-allowed")
    assert response.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("host", ["", "[", "[::1", "a b", "a/b", "127.0.0.1:notaport", "x" * 300, "évil", "a,b", "@"])
async def test_an_odd_host_header_breaks_nothing(service: Service, host: str) -> None:
    sent = [(b"Host", host.encode())]
    assert (await service.client.get("/models?limit=1", headers=sent)).status_code == 200
    assert_problem(await service.client.get("/models/acme/none", headers=sent), 404, "unknown-model")


async def test_the_instance_of_a_problem_is_the_path_as_a_uri(service: Service) -> None:
    for path, instance in (
        ("/models/a%3Fb%23c", "/models/a%3Fb%23c"),
        ("/models/%E6%A8%A1 x", "/models/%E6%A8%A1%20x"),
        ("/models/a%0d%0ab%00", "/models/a%0D%0Ab%00"),
        ("/models/~a/b:free", "/models/~a/b:free"),
    ):
        assert (await service.get(path)).json()["instance"] == instance


async def test_refusals_do_not_echo_more_than_a_word(service: Service) -> None:
    long = CANARY + "x" * 190
    response = await service.get(f"/models?author={long}&limit={long}&max_prompt_price={long}&nix={long}")
    document = assert_problem(response, 422, "query")
    assert "x" * 60 not in response.text
    assert len(document["faults"]) == 4


TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=string.printable, max_size=60),
    st.sampled_from(["", "%", "%00", "..", "../", "a" * 300, PLAIN, VISION, BATCH, "free", "-id", "1e9", "null", "*"]),
)
NAMES = st.one_of(st.sampled_from(sorted(WORDS)), st.sampled_from(["dry_run", "force", "page", "token"]), TEXTS)
PATHS = st.one_of(
    st.sampled_from(
        ["/models", "/models/search", "/models/core", "/models/statistics", "/models/categories", "/status"]
    ),
    st.sampled_from([f"/models/{PLAIN}", f"/models/provider/{VISION}", "/readyz", "/", "/static/page.css", "/refresh"]),
    TEXTS.map(lambda text: f"/models/{text}"),
    TEXTS.map(lambda text: f"/models/provider/{text}"),
    TEXTS.map(lambda text: f"/{text}"),
)
HEADERS = st.dictionaries(
    st.sampled_from(["Accept-Encoding", "If-None-Match", "Origin", "Host", "X-Request-ID", "Accept", "Content-Length"]),
    st.one_of(st.text(max_size=30), st.sampled_from(["*", "gzip;q=0", 'W/"x", "y"', "null", "\xb2", "9" * 5000, "0"])),
    max_size=3,
)


@given(
    method=st.sampled_from(["GET", "GET", "GET", "HEAD", "OPTIONS", "PUT", "BREW"]),
    path=PATHS,
    words=st.lists(st.tuples(NAMES, TEXTS), max_size=4),
    headers=HEADERS,
)
@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
async def test_no_request_makes_it_fall_over(
    service: Service, method: str, path: str, words: list[tuple[str, str]], headers: dict[str, str]
) -> None:
    """Every answer is below 500, in the house's form, and hides what it must."""
    sent = [(name.encode(), value.encode("utf-8", "replace")) for name, value in headers.items()]
    raw_path = path.encode("utf-8", "replace")
    try:
        url = httpx.URL(scheme="http", host="127.0.0.1", port=8000, path=path, params=words)
    except httpx.InvalidURL:
        url = httpx.URL(scheme="http", host="127.0.0.1", port=8000, raw_path=b"/models/" + raw_path.hex().encode())
    response = await service.client.request(method, url, headers=sent)
    assert response.status_code < 500, response.text
    assert_hardened(response)
    if response.status_code >= 400 and method != "HEAD":
        assert_problem(response, response.status_code, response.json()["type"].rpartition(":")[2])
