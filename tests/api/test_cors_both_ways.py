"""Who may read from a browser: every site, or those that are listed; the operator's routes never."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from app.web.cors import EXPOSED
from tests.api.two_ways import Got, ask, settings_for, started

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("is_fronted", [True, False], ids=["fronted", "bare"])]
LISTED = ("https://one.example", "https://two.example")
ALLOWED = b"access-control-allow-origin"
READS = ("/models", "/models/acme/widget-1.5", "/models/search?q=widget", "/models/nobody/nothing", "/livez", "/docs")


@asynccontextmanager
async def reader(folder: Path, is_fronted: bool, **options: Any) -> AsyncIterator[ASGIApp]:
    async with started(settings_for(folder, **options)) as (app, front):
        yield front if is_fronted else app


def of(origin: bytes, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return [(b"origin", origin), *more]


def vary(got: Got) -> set[bytes]:
    """Return the words of every Vary line."""
    return {word.strip() for name, value in got.headers if name == b"vary" for word in value.split(b",")}


async def test_by_default_every_site_may_read(tmp_path: Path, is_fronted: bool) -> None:
    async with reader(tmp_path, is_fronted) as application:
        for target, headers in product(READS, ([], of(b"https://one.example"), of(b"null")) * 2):
            got = await ask(application, target, headers=headers)
            assert got.header(ALLOWED) == b"*"
            assert got.header(b"access-control-expose-headers") == EXPOSED
            assert got.header(b"access-control-allow-credentials") is None
            assert b"Origin" not in vary(got)


async def test_with_a_list_only_its_sites_may_read(tmp_path: Path, is_fronted: bool) -> None:
    """`Vary: Origin` stands on every answer, so that no cache hands one site's permission to another."""
    strangers = (b"https://evil.example", b"null", b"", b"https://one.example.evil.example", b"\xff")
    asked = [*[of(stranger) for stranger in strangers], *[of(site.encode()) for site in LISTED], []]
    async with reader(tmp_path, is_fronted, cors_origins=LISTED) as application:
        for target, headers in product(READS, asked * 2):
            got = await ask(application, target, headers=headers)
            origin = dict(headers).get(b"origin", b"").decode("latin-1")
            assert got.header(ALLOWED) == (origin.encode() if origin in LISTED else None)
            assert got.header(b"access-control-expose-headers") == (EXPOSED if origin in LISTED else None)
            assert b"Origin" in vary(got)


@pytest.mark.parametrize("origins", [("*",), LISTED])
async def test_a_304_and_a_head_carry_the_same_permission(
    tmp_path: Path, is_fronted: bool, origins: tuple[str, ...]
) -> None:
    async with reader(tmp_path, is_fronted, cors_origins=origins) as application:
        headers = of(b"https://one.example", (b"if-none-match", b"*"))
        for _ in range(3):
            got = await ask(application, "/models", headers=headers)
            head = await ask(application, "/models", "HEAD", headers=headers[:1])
            whole = await ask(application, "/models", headers=headers[:1])
            assert (got.status, head.status, head.body) == (304, 200, b"")
            assert got.header(ALLOWED) == whole.header(ALLOWED) in {b"*", b"https://one.example"}
            assert head.headers == whole.headers


async def test_a_preflight_for_a_read_is_answered(tmp_path: Path, is_fronted: bool) -> None:
    async with reader(tmp_path, is_fronted) as application:
        headers = of(
            b"https://one.example",
            (b"access-control-request-method", b"GET"),
            (b"access-control-request-headers", b"if-none-match"),
        )
        got = await ask(application, "/models", "OPTIONS", headers)
        assert (got.status, got.body) == (204, b"")
        assert got.header(ALLOWED) == b"*"
        assert got.header(b"access-control-allow-methods") == b"GET, HEAD"
        assert b"If-None-Match" in (got.header(b"access-control-allow-headers") or b"")
        assert got.header(b"access-control-allow-credentials") is None


async def test_a_preflight_of_a_site_that_is_not_listed_gets_no_permission(tmp_path: Path, is_fronted: bool) -> None:
    async with reader(tmp_path, is_fronted, cors_origins=LISTED) as application:
        headers = of(b"https://evil.example", (b"access-control-request-method", b"GET"))
        got = await ask(application, "/models", "OPTIONS", headers)
        assert got.header(ALLOWED) is None
        assert b"Origin" in vary(got)


async def test_the_operators_route_is_never_opened(tmp_path: Path, is_fronted: bool) -> None:
    paths = ("/refresh", "/refresh/", "/refresh?dry_run=true", "/%72efresh")
    headers = of(b"https://one.example", (b"access-control-request-method", b"POST"))
    async with reader(tmp_path, is_fronted) as application:
        for path, method, prefix in product(paths, ("OPTIONS", "GET", "PUT"), ("", "/registry")):
            got = await ask(application, path, method, headers, prefix=prefix)
            assert got.status in {404, 405}
            assert not [name for name, _ in got.headers if name.startswith(b"access-control-")]


async def test_a_refresh_that_a_foreign_page_sends_is_refused_unread(tmp_path: Path, is_fronted: bool) -> None:
    async with reader(tmp_path, is_fronted) as application:
        headers = of(b"https://evil.example", (b"host", b"127.0.0.1:8000"), (b"content-length", b"0"))
        got = await ask(application, "/refresh", "POST", headers)
        assert got.status == 403
        assert got.header(ALLOWED) is None


async def test_a_model_that_is_named_refresh_may_be_read_like_any_other(tmp_path: Path, is_fronted: bool) -> None:
    async with reader(tmp_path, is_fronted) as application:
        for _ in range(3):
            got = await ask(application, "/models/acme/refresh", headers=of(b"https://one.example"))
            assert (got.status, got.header(ALLOWED)) == (200, b"*")
