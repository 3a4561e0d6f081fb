"""A marker in every secret, every failure at the level debug, and the marker nowhere that anybody can read."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from app.main import create_app
from app.settings import Settings
from app.web.user_tokens import user_token
from tests.e2e.echoes import REDISES, UPSTREAMS, echoing_redis, echoing_upstream
from tests.e2e.processes import ROOT, ServiceProcess, running
from tests.redis.server import RedisServer, free_port

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]
TOKEN = "canary-token-5c1d+e9/07="
KEY = "canary-key-b4a2+91/7f="
PASSWORD = "canary-password-3e88+d1/06="
USER = "canary-user-77"
PREFERENCES = "canary-preferences-9a40+b7/2c=-9a40b72c"
SECRETS = (TOKEN, KEY, PASSWORD, PREFERENCES)
READS = ("/", "/compat", "/docs", "/models", "/models/search?q=gpt", "/status", "/metrics", "/readyz", "/openapi.json")


def forms(secret: str) -> set[str]:
    """Every way in which a secret, or enough of it to find it again, could be written down."""
    raw = secret.encode()
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        secret.rstrip("="),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        raw.hex(),
        hashlib.sha256(raw).hexdigest(),
        hashlib.sha1(raw, usedforsecurity=False).hexdigest(),
        secret[:-5],
    }


def leaks(text: str) -> list[str]:
    """Return what is found, each with what stands around it."""
    found = ((text.find(form), form) for secret in SECRETS for form in forms(secret))
    return [text[max(0, place - 200) : place + len(form)] for place, form in found if place >= 0]


def told(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.headers} {answer.text}"


class Told:
    """Everything that a service said to its callers."""

    def __init__(self, service: ServiceProcess) -> None:
        self._service = service
        self.texts: list[str] = []

    async def ask(self, method: str, target: str, **headers: str) -> httpx.Response:
        answer = await self._service.client.request(method, target, headers=headers)
        self.texts.append(told(answer))
        return answer

    async def everything(self) -> None:
        """Read what there is to read, with right and wrong credentials in every place where people put them."""
        for target in READS:
            await self.ask("GET", target)
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        for target in ("/status", "/nothing-here", "/api/v1/providers", "/api/v1/models", "/v1/models?limit=x"):
            await self.ask("GET", target, **bearer)
        await self.ask("POST", "/refresh", Authorization=f"Bearer {TOKEN[:-1]}")
        await self.ask("POST", "/refresh", Authorization=f"Basic {TOKEN}")
        await self.ask("POST", f"/refresh?token={quote(TOKEN)}")
        await self.ask("GET", f"/models?token={quote(TOKEN)}")
        await self.ask("PUT", "/refresh", **bearer)
        expires = int(time.time()) + 600
        made = user_token(PREFERENCES, "ada", expires)
        for token in (PREFERENCES, PREFERENCES[:-1], made, made[:-1], user_token(PREFERENCES, "ada", 1)):
            for method in ("GET", "DELETE", "PUT"):
                await self.ask(method, "/users/ada/preferences", Authorization=f"Bearer {token}")
        await self.ask("GET", f"/users/{PREFERENCES[:16]}/preferences", Authorization=f"Basic {PREFERENCES}")


async def test_an_upstream_that_echoes_the_key_does_not_get_it_out(tmp_path: Path) -> None:
    async with echoing_upstream() as upstream:
        service = service_at(tmp_path, f"http://127.0.0.1:{upstream.port}/api/v1")
        async with running(service):
            said = Told(service)
            for way in UPSTREAMS:
                upstream.way = way
                # By force, because an upstream that fails again and again is left to the schedule.
                refused = await said.ask("POST", "/refresh?force=true", Authorization=f"Bearer {TOKEN}")
                assert refused.status_code in {200, 502}, (way, refused.text)
                assert refused.json()["outcome"] in {"failed", "refused"}, way
                await said.ask("GET", "/status")
                await said.ask("GET", "/api/v1/providers")
            await said.everything()
            assert KEY.encode() in upstream.sent, "the key must have been there to be echoed"
            await service.stop()
    assert leaks("\n".join(said.texts)) == []
    assert leaks(service.log) == []
    assert "Traceback" not in service.log


async def test_a_redis_that_echoes_the_password_does_not_get_it_out(tmp_path: Path) -> None:
    async with echoing_redis() as redis:
        closed = free_port()
        url = f"redis://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{redis.port}/0"
        service = service_at(tmp_path, f"http://127.0.0.1:{closed}/api/v1", REDIS_URL=url)
        async with running(service):
            said = Told(service)
            for way in REDISES:
                redis.way = way
                await said.ask("POST", "/refresh", Authorization=f"Bearer {TOKEN}")
                # Long enough for the follower to look, too.
                await asyncio.sleep(0.3)
                await said.ask("GET", "/status")
            await said.everything()
            assert PASSWORD.encode() in redis.sent
            await service.stop()
    assert leaks("\n".join(said.texts)) == []
    assert leaks(service.log) == []


@pytest.mark.redis
async def test_a_real_redis_that_wants_another_password_is_named_without_ours(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--requirepass", "another")
    server.start()
    try:
        url = server.url.replace("redis://", f"redis://:{quote(PASSWORD, safe='')}@")
        service = service_at(tmp_path, f"http://127.0.0.1:{free_port()}/api/v1", REDIS_URL=url)
        async with running(service):
            said = Told(service)
            await said.everything()
            status = await service.status()
            assert "REDIS_URL" in status["stores"][0]["last_error"]["reason"]
            await service.stop()
    finally:
        server.stop()
    assert leaks("\n".join(said.texts)) == []
    assert leaks(service.log) == []


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:6379/0?surprise={PASSWORD}"},
        {"REDIS_URL": f"amqp://:{PASSWORD}@127.0.0.1"},
        {"OPENROUTER_BASE_URL": f"https://user:{KEY}@openrouter.ai/api/v1"},
        {"ADMIN_TOKEN": f"{TOKEN} {TOKEN}"},
        {"OPENROUTER_API_KEY": f"{KEY}\x07"},
        {"PREFERENCES_TOKEN": f"{PREFERENCES}\x07"},
        {"PREFERENCES_TOKEN": PREFERENCES[:31]},
        {"PORT": "no-port"},
    ],
    ids=["redis-option", "redis-scheme", "base-url", "token", "key", "preferences", "preferences-short", "port"],
)
def test_a_start_that_fails_says_why_without_any_secret(wrong: dict[str, str], style: str, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(tmp_path),
        "LOG_LEVEL": "debug",
        "LOG_FORMAT": style,
        "PORT": "0",
        **secret_settings(),
        **wrong,
    }
    ended = subprocess.run(
        [sys.executable, "-m", "app", "serve"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert ended.returncode == 2, ended.stderr
    assert next(iter(wrong)) in ended.stderr
    assert leaks(ended.stdout + ended.stderr) == []


def test_no_part_of_the_application_shows_a_secret_when_it_is_printed(tmp_path: Path) -> None:
    """Debuggers, crash reporters and asserts print what is at hand; so each object's own text is looked at."""
    url = f"redis://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:1/0"
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path,
        admin_token=TOKEN,
        preferences_token=PREFERENCES,
        openrouter_api_key=KEY,
        redis_url=url,
    )
    app = create_app(settings)
    seen: set[int] = set()
    texts: list[str] = [repr(settings), str(settings), repr(settings.model_dump()), settings.model_dump_json()]

    def look(part: object, depth: int) -> None:
        if id(part) in seen or depth > 6 or len(seen) > 20_000:
            return
        seen.add(id(part))
        if not isinstance(part, str):
            texts.append(repr(part)[:5_000])
        inside = [getattr(part, name, None) for name in getattr(type(part), "__slots__", ()) if isinstance(name, str)]
        inside += vars(part).values() if hasattr(part, "__dict__") else []
        for one in inside:
            # Settings and sources hold the secrets themselves; what counts is what they show.
            if type(one).__module__.startswith(("app.", "pydantic.", "tests.")):
                look(one, depth + 1)

    look(app.state.serving, 0)
    look(app.state.serving.refresher, 0)
    assert len(texts) > 10
    assert leaks("\n".join(texts)) == []


def secret_settings() -> dict[str, str]:
    return {"ADMIN_TOKEN": TOKEN, "OPENROUTER_API_KEY": KEY, "PREFERENCES_TOKEN": PREFERENCES}


def service_at(folder: Path, base_url: str, **settings: str) -> ServiceProcess:
    return ServiceProcess(
        folder,
        OPENROUTER_BASE_URL=base_url,
        LOG_LEVEL="debug",
        ACCESS_LOG="true",
        FETCH_ATTEMPTS="2",
        FETCH_DEADLINE_SECONDS="3",
        settings={**secret_settings(), **settings},
    )
