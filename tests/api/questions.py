"""Generated requests: every kind of target, method and header that a reader, a cache or a fool may send."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from urllib.parse import quote

from tests.api.two_ways import Headers

GOOD_IDS = (b"a", b"trace-1.2_3", b"x" * 64)
BAD_IDS = (b"", b"x" * 65, b"with space", b"a;b", b"\xff\xfe", b"a\tb", b"<script>")
WORDS = ("claude", "gpt", "widget", "lama-3", "mistral large", "nothing at all", "gpt 4o mini", "wiget", "%C3%A9")
MALFORMED = (
    "/models?q=%zz",
    "/models?q=%ff",
    "/models?limit=many",
    "/models?limit=-1",
    "/models?nonsense=1",
    "/models?=1",
    "/models/search?limit=5",
    "/models/categories?x=1",
    "/models/%ff%fe",
    "/models/%00",
    "/models/..%2f..%2fetc",
    "/models/" + "x" * 300,
    "/models?q=" + "x" * 17_000,
)
OTHERS = (
    "/",
    "/docs",
    "/livez",
    "/readyz",
    "/nothing",
    "/refresh",
    "/refresh/",
    "/static/page.css",
    "/models/statistics",
)
LISTS = ("/models", "/models/core", "/models/openrouter", "/models/categories", "/models/providers", "/models/search")
QUERIES = (
    "format=frontend",
    "limit=5&offset=3",
    "offset=3&limit=5",
    "offset=3&&limit=5&",
    "supports=tools&supports=vision",
    "price=free",
    "facets=provider,author",
    "fields=id,name",
    "fields=name,id",
    "sort=-context_tokens",
    "ids=acme/widget-1.5,nobody/nothing",
    "min_context=100000&max_prompt_price=1.5",
    "min_prompt_price=0.2&min_completion_price=1",
    "author=acme",
    "author=%61cme",
    "source=core",
    "",
)
ACCEPT_ENCODINGS = (
    b"gzip",
    b"gzip, deflate, br, zstd",
    b"br;q=0.5, gzip;q=0.4",
    b"GZIP ; Q=0.3",
    b"identity",
    b"identity;q=0",
    b"identity;q=0, gzip;q=0.1",
    b"*;q=0",
    b"*",
    b"gzip;q=0, *;q=0.5",
    b"zstd;q=nan, br;q=2",
    b"deflate",
    b",;q=,\xff",
    b"x" * 9_000 + b", gzip",
    b"",
)


class Questions:
    """Draws requests; the same seed draws the same ones."""

    def __init__(self, ids: Sequence[str], *, seed: int) -> None:
        self._ids = ids
        self._random = Random(seed)
        self._etags: dict[str, str] = {}

    def saw(self, target: str, etag: bytes | None) -> None:
        """Take note of a target's ETag, to ask with it later."""
        if etag:
            self._etags[target] = etag.decode().strip('"').partition("-")[0]

    def target(self) -> str:
        """Draw a request target."""
        draw = self._random
        kind = draw.random()
        if kind < 0.40:
            target = self._of_one_model()
        elif kind < 0.72:
            query = draw.choice(QUERIES)
            target = draw.choice(LISTS) + (f"?{query}" if query or draw.random() < 0.5 else "")
        elif kind < 0.84:
            target = f"/models/search?q={quote(draw.choice(WORDS), safe='%')}&limit={draw.randrange(1, 9)}"
        elif kind < 0.94:
            target = draw.choice(MALFORMED)
        else:
            target = draw.choice(OTHERS)
        return target

    def _of_one_model(self) -> str:
        draw = self._random
        model_id = draw.choice(self._ids)
        spell: Callable[[str], str] = draw.choice(
            (
                str,
                str,
                str.upper,
                lambda text: text.replace("/", "%2F"),
                lambda text: text.replace(".", "-"),
                lambda text: text.partition("/")[2],
                lambda text: f"openrouter/{text}",
                lambda text: f"{text}/",
                lambda text: f"{text}//",
                lambda text: "".join(f"%{ord(letter):02x}" for letter in text),
                lambda text: text + "-no-such",
                lambda text: text.replace("%", "%25"),
            )
        )
        route = draw.choice(("/models/", "/models/", "/models/", "/models/provider/"))
        return route + spell(model_id) + draw.choice(("", "", "", "?", "?fields=id,name", "?fields=none", "?x=1"))

    def method(self) -> str:
        """Draw a method; mostly reads, and none that an operator's route would act on."""
        return self._random.choices(("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "get"), (70, 20, 4, 2, 2, 2))[0]

    def headers(self, target: str) -> Headers:
        """Draw the header lines of a request, some of them twice."""
        draw = self._random
        made: list[tuple[bytes, bytes]] = [(b"host", b"127.0.0.1:8000"), (b"user-agent", b"questions")]
        if draw.random() < 0.6:
            lines = draw.choices((1, 2), (9, 1))[0]
            made += [(b"accept-encoding", draw.choice(ACCEPT_ENCODINGS)) for _ in range(lines)]
        if draw.random() < 0.4:
            lines = draw.choices((1, 2), (8, 2))[0]
            made += [(b"if-none-match", self._if_none_match(target)) for _ in range(lines)]
        if draw.random() < 0.2:
            made.append((b"origin", draw.choice((b"https://one.example", b"https://evil.example", b"null", b""))))
            if draw.random() < 0.3:
                made.append((b"access-control-request-method", b"GET"))
        if draw.random() < 0.1:
            made.append((b"range", draw.choice((b"bytes=0-9", b"bytes=-1", b"lines=2"))))
        if draw.random() < 0.15:
            made += [(b"x-request-id", draw.choice(GOOD_IDS + BAD_IDS)) for _ in range(draw.choice((1, 1, 2)))]
        if draw.random() < 0.06:
            made.append((b"content-length", draw.choice((b"0", b"5", b"00", b"many", b"-1", b"5000"))))
        if draw.random() < 0.03:
            made.append((b"transfer-encoding", b"chunked"))
        if draw.random() < 0.03:
            made.append((b"expect", b"100-continue"))
        if draw.random() < 0.04:
            made.append((b"cookie", b"a=" + b"b" * draw.choice((10, 5_000, 70_000))))
        if draw.random() < 0.04:
            made.append((b"cache-control", b"no-cache"))
        draw.shuffle(made)
        return made

    def _if_none_match(self, target: str) -> bytes:
        draw = self._random
        digest = self._etags.get(target, "0" * 24)
        coding = draw.choice(("", "", "-gzip", "-br", "-zstd", "-other"))
        etag = f'"{digest}{coding}"'
        return draw.choice(
            (etag, etag, f"W/{etag}", f'"x", {etag}', f"{etag},{etag}", "*", etag[:-1], digest, '"x"', "", ",,", "\xff")
        ).encode("latin-1")


def has_good_id(headers: Headers) -> bool:
    """Whether the first request id is one that is kept."""
    return next((value for name, value in headers if name == b"x-request-id"), b"") in GOOD_IDS
