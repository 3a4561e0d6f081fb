"""The admin gate under attack: guessed tokens, forged addresses, as the server that listens hands them on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.serve import _config
from tests.api.service import TOKEN, Service, SteeredClock, assert_problem, bearer, client_of, serving, settings_for

pytestmark = pytest.mark.anyio
STRANGER = ("203.0.113.9", 4_711)
PROXY = ("10.1.2.3", 4_711)


@asynccontextmanager
async def behind_uvicorn(
    service: Service, folder: Path, address: tuple[str, int], **options: Any
) -> AsyncIterator[Any]:
    """A client of the application with the layers that uvicorn puts around it; it decides who the caller is."""
    config = _config(service.app, settings_for(service.simulator, folder, **options))
    config.load()
    async with client_of(config.loaded_app, address=address) as client:
        yield client


async def knock(client: httpx.AsyncClient, token: str | None = None, **headers: str) -> httpx.Response:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return await client.post("/refresh?dry_run=true", headers=[*bearer(token).raw, *sent])


async def test_after_too_many_wrong_tokens_the_right_one_has_to_wait_too(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with serving(tmp_path, clock=clock, admin_token=TOKEN, admin_requests_per_minute=5) as service:
        async with client_of(service.app, address=STRANGER) as stranger:
            for number in range(5):
                assert_problem(await knock(stranger, f"guess-{number}"), 401, "unauthorized")
            for token in ("guess", TOKEN, None):
                held_back = await knock(stranger, token)
                assert_problem(held_back, 429, "too-many-attempts")
                assert 1 <= int(held_back.headers["Retry-After"]) <= 12
        assert (await knock(service.client, TOKEN)).status_code == 200, "the operator calls from elsewhere"
        clock.advance(hours=13 / 3_600)
        async with client_of(service.app, address=STRANGER) as stranger:
            assert (await knock(stranger, TOKEN)).status_code == 200


async def test_http_1_0_is_a_proxy_that_was_told_nothing(service: Service) -> None:
    """nginx with `proxy_pass` alone names this machine as the Host and adds no header."""
    for version, status in (("1.1", 200), ("1.0", 403)):

        async def spoken(scope: Any, receive: Any, send: Any, version: str = version) -> None:
            await service.app({**scope, "http_version": version}, receive, send)

        async with client_of(spoken, address=("127.0.0.1", 1), origin="http://127.0.0.1:8000") as client:
            assert (await knock(client)).status_code == status


async def test_reads_are_never_held_back(tmp_path: Path) -> None:
    options: dict[str, Any] = {"admin_requests_per_minute": 1}
    async with serving(tmp_path, **options) as service, client_of(service.app, address=STRANGER) as stranger:
        for _ in range(5):
            await knock(stranger)
        assert (await stranger.get("/models")).status_code == 200


async def test_an_address_that_a_stranger_claims_is_not_believed(tmp_path: Path) -> None:
    """Neither to get past the gate without a token, nor to be counted as somebody else."""
    async with serving(tmp_path, admin_requests_per_minute=3) as service:
        trusted = {"forwarded_allow_ips": PROXY[0]}
        async with behind_uvicorn(service, tmp_path, STRANGER, **trusted) as stranger:
            claims = ["127.0.0.1", "::1", "localhost", "127.0.0.1, 10.1.2.3"]
            answers = [await knock(stranger, x_forwarded_for=claim) for claim in claims]
        assert [answer.status_code for answer in answers] == [403, 403, 403, 429]


async def test_a_proxy_that_is_trusted_tells_who_calls(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, admin_token=TOKEN, admin_requests_per_minute=2) as service,
        behind_uvicorn(service, tmp_path, PROXY, forwarded_allow_ips=PROXY[0]) as proxied,
    ):
        for _ in range(3):
            held_back = await knock(proxied, "guess", x_forwarded_for="198.51.100.7")
        assert_problem(held_back, 429, "too-many-attempts")
        # The client wrote the first address itself; the proxy appended where it really came from.
        forged = await knock(proxied, "guess", x_forwarded_for="192.0.2.55, 198.51.100.7")
        assert_problem(forged, 429, "too-many-attempts")
        assert (await knock(proxied, TOKEN, x_forwarded_for="198.51.100.8")).status_code == 200


@pytest.mark.parametrize("claim", ["127.0.0.1", "::1", "127.0.0.1, 127.0.0.1", "127.0.0.1\t", ""])
async def test_what_comes_through_a_trusted_proxy_is_never_this_machine(tmp_path: Path, claim: str) -> None:
    """A proxy on this machine that passes on what clients send must not open the gate that has no token."""
    async with (
        serving(tmp_path) as service,
        behind_uvicorn(service, tmp_path, ("127.0.0.1", 1), forwarded_allow_ips="127.0.0.1") as proxied,
    ):
        assert_problem(await knock(proxied, x_forwarded_for=claim), 403, "admin-closed")


async def test_the_time_of_a_refusal_does_not_depend_on_how_much_of_the_token_is_right(tmp_path: Path) -> None:
    """Digests of one length are compared, by a function whose time depends on nothing but that length."""
    async with serving(tmp_path, admin_token=TOKEN) as service:
        bodies = set()
        for guess in ("", TOKEN[0], TOKEN[:-1], f"{TOKEN}x", "я" * len(TOKEN), "\x7f", "x" * 4_000):
            refused = await knock(service.client, guess)
            document = assert_problem(refused, 401, "unauthorized")
            bodies.add((document["detail"], refused.headers["Content-Length"]))
        assert len(bodies) == 1
