"""Who may read and write a user's preferences: backends, browsers with a user token, pages of some sites."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.web.user_tokens import MAX_AHEAD_SECONDS, _mac, user_token
from tests.api.catalog import PLAIN
from tests.api.service import OWN_ORIGIN, Service, SteeredClock, assert_problem, bearer, client_of, serving

pytestmark = pytest.mark.anyio
KEY = "preferences-canary-31d0c6aa9b7f4e52"
README = Path(__file__).parents[2] / "README.md"
STRANGER = ("203.0.113.9", 4_711)
SITE = "https://app.example"
ADA = "/users/ada/preferences"


def guarded(folder: Path, **options: Any) -> Any:
    return serving(folder, **{"preferences_token": KEY, **options})


async def ask(client: httpx.AsyncClient, token: str | None, path: str = ADA, method: str = "GET") -> httpx.Response:
    content = b'{"selected": null}' if method in {"PUT", "PATCH"} else None
    headers = [*bearer(token).raw, (b"Content-Type", b"application/json")]
    return await client.request(method, path, headers=headers, content=content)


def expiring(clock: SteeredClock, seconds: float = 3_600) -> int:
    return int(clock.now().timestamp() + seconds)


async def test_the_token_opens_every_user_and_nothing_else_does(tmp_path: Path) -> None:
    async with guarded(tmp_path, admin_token="operator-canary-0001") as service:
        async with client_of(service.app, address=STRANGER) as backend:
            for path in (ADA, "/users/bob/preferences"):
                for method in ("GET", "PUT", "PATCH", "DELETE"):
                    assert (await ask(backend, KEY, path, method)).is_success
                    for wrong in (None, "", KEY[:-1], f"{KEY}x", "operator-canary-0001"):
                        refused = await ask(backend, wrong, path, method)
                        assert_problem(refused, 401, "unauthorized")
                        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
                        assert KEY not in refused.text
        assert_problem(await service.client.post("/refresh", headers=bearer(KEY)), 401, "unauthorized")


async def test_without_a_token_only_direct_callers_from_this_machine_are_let_in(service: Service) -> None:
    assert (await ask(service.client, None)).status_code == 200
    own = await service.get(ADA, origin=OWN_ORIGIN)
    assert own.status_code == 200
    for headers in ({"origin": SITE}, {"x_forwarded_for": "127.0.0.1"}, {"host": "registry.example"}):
        problem = assert_problem(await service.get(ADA, **headers), 403, "preferences-closed")
        assert problem["setting"] == "PREFERENCES_TOKEN"
    async with client_of(service.app, address=STRANGER) as stranger:
        for token in (None, KEY, user_token("", "ada", 1_900_000_000)):
            assert_problem(await ask(stranger, token), 403, "preferences-closed")


async def test_a_user_token_opens_one_user_until_it_expires(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with guarded(tmp_path, clock=clock) as service, client_of(service.app, address=STRANGER) as browser:
        token = user_token(KEY, "ada", expiring(clock))
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            assert (await ask(browser, token, method=method)).is_success
            for path in ("/users/bob/preferences", "/users/ad/preferences", "/users/ada%3A/preferences"):
                assert_problem(await ask(browser, token, path, method), 401, "unauthorized")
        clock.advance(hours=1.01)
        expired = assert_problem(await ask(browser, token), 401, "unauthorized")
        assert "has expired" in expired["detail"]


async def test_a_user_token_lasts_for_a_day_at_most(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with guarded(tmp_path, clock=clock) as service:
        assert (await ask(service.client, user_token(KEY, "ada", expiring(clock, MAX_AHEAD_SECONDS)))).is_success
        for ahead in (MAX_AHEAD_SECONDS + 3_600, 10**11):
            refused = await ask(service.client, user_token(KEY, "ada", expiring(clock, ahead)))
            assert "at most 86400 s" in assert_problem(refused, 401, "unauthorized")["detail"]


async def test_a_user_token_that_was_changed_is_none(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with guarded(tmp_path, clock=clock) as service:
        expires = expiring(clock)
        good = user_token(KEY, "ada", expires)
        mac = good.rpartition(".")[2]
        spoiled = [
            f"u1.{expires + 60}.{mac}",
            f"u2.{expires}.{mac}",
            f"u1.0{expires}.{mac}",
            f"u1.0{expires}.{_mac(KEY.encode(), 'ada', f'0{expires}')}",
            f"u1.{expires}.{mac.upper()}",
            f"u1.{expires}.{'0' * 64}",
            f"u1.{expires}.{mac[:-1]}",
            f"u1.{expires}.",
            f"u1.-1.{mac}",
            user_token(KEY[:-1], "ada", expires),
            user_token(KEY, "ada:", expires),
        ]
        assert len(set(spoiled) - {good}) == len(spoiled)
        for token in spoiled:
            refused = assert_problem(await ask(service.client, token), 401, "unauthorized")
            assert "expired" not in refused["detail"], "only who holds a true token is told about it"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl on PATH")
def test_the_shell_command_of_the_readme_makes_a_user_token() -> None:
    [command] = re.findall(r"^MAC=.*$", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    script = f'{command}\nprintf %s "$MAC"'
    environment = {"PATH": os.environ["PATH"], "EXPIRES": "1790000000", "PREFERENCES_TOKEN": KEY}
    made = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert user_token(KEY, "ada", 1_790_000_000) == f"u1.1790000000.{made.stdout}"


async def test_who_knocks_too_often_waits_whatever_the_token(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with guarded(tmp_path, clock=clock, preferences_requests_per_minute=5) as service:
        async with client_of(service.app, address=STRANGER) as guesser:
            for number in range(5):
                assert_problem(await ask(guesser, f"guess-{number}"), 401, "unauthorized")
            held_back = await ask(guesser, KEY)
            problem = assert_problem(held_back, 429, "too-many-attempts")
            assert "PREFERENCES_REQUESTS_PER_MINUTE" in problem["detail"]
            assert int(held_back.headers["Retry-After"]) > 0
            assert (await guesser.get("/models")).status_code == 200
        assert (await ask(service.client, KEY)).status_code == 200
        clock.advance(hours=13 / 3_600)
        async with client_of(service.app, address=STRANGER) as guesser:
            assert (await ask(guesser, KEY)).status_code == 200


def preflight(origin: str, method: str = "PUT") -> dict[str, str]:
    wanted = "authorization,content-type,if-match"
    return {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": wanted}


async def test_pages_of_the_sites_in_the_settings_may_use_it(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with guarded(tmp_path, clock=clock, preferences_cors_origins=f"{SITE}, https://b.example") as service:
        asked = await service.client.options(ADA, headers=preflight(SITE))
        assert asked.status_code == 204
        assert asked.headers["Access-Control-Allow-Origin"] == SITE
        assert {"PUT", "PATCH", "DELETE"} <= set(asked.headers["Access-Control-Allow-Methods"].split(", "))
        allowed = asked.headers["Access-Control-Allow-Headers"].lower()
        assert all(name in allowed for name in ("authorization", "content-type", "if-match"))
        token = user_token(KEY, "ada", expiring(clock))
        headers = {"Origin": SITE, "Authorization": f"Bearer {token}"}
        put = await service.client.put(ADA, json={"selected": PLAIN}, headers=headers)
        for answer in (put, await service.client.get(ADA, headers={"Origin": SITE})):
            assert answer.headers["Access-Control-Allow-Origin"] == SITE
            assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
            assert "Origin" in answer.headers["Vary"]
            assert "Access-Control-Allow-Credentials" not in answer.headers
        assert put.status_code == 200


@pytest.mark.parametrize("sites", ["", SITE])
async def test_pages_of_other_sites_may_not(tmp_path: Path, sites: str) -> None:
    async with guarded(tmp_path, preferences_cors_origins=sites, cors_origins="*") as service:
        for origin in ("https://evil.example", "null", f"{SITE}.evil.example"):
            answers = [
                await service.client.options(ADA, headers=preflight(origin)),
                await service.client.get(ADA, headers={"Origin": origin, "Authorization": f"Bearer {KEY}"}),
            ]
            for answer in answers:
                assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert answers[0].status_code == 405
        catalog = await service.get("/models", origin="https://evil.example")
        assert catalog.headers["Access-Control-Allow-Origin"] == "*"
