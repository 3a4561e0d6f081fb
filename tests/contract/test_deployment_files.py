"""The files that deploy the service, read and, as far as no Docker engine is needed, tried."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from app.main import STOP_SECONDS
from app.settings import Settings
from tests.redis.server import free_port, redis_server_program

ROOT = Path(__file__).parents[2]
PASSWORD = "correcthorse9"


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, continued lines joined, comments left out."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def final_stage() -> list[tuple[str, str]]:
    """The instructions of the image itself."""
    every = instructions()
    last = max(place for place, (word, _) in enumerate(every) if word == "FROM")
    return every[last:]


def image_environment() -> dict[str, str]:
    [line] = [rest for word, rest in final_stage() if word == "ENV"]
    return dict(pair.split("=", 1) for pair in shlex.split(line))


def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def seconds(duration: str) -> float:
    assert duration.endswith("s")
    return float(duration.removesuffix("s"))


def services() -> list[str]:
    return list(compose()["services"])


# --- Dockerfile ---


def test_the_image_has_two_stages_of_one_pinned_image() -> None:
    froms = [rest for word, rest in instructions() if word == "FROM"]
    assert froms == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]
    [image] = [rest for word, rest in instructions() if word == "ARG"]
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.1[1-9](\.\d+)?-slim-[a-z]+", image)


def test_the_image_installs_only_what_the_locks_name_by_hash() -> None:
    [run_1, run_2] = [rest for word, rest in instructions()[: -len(final_stage())] if word == "RUN"]
    installations = [command for run in (run_1, run_2) for command in run.split("&&") if " install " in command]
    assert len(installations) == 3
    for command in installations:
        locked = "--require-hashes" in command and re.search(r"-r requirements(-build)?\.lock", command)
        ours = "--no-index" in command and "--no-deps" in command
        assert locked or ours, command
    assert "--no-build-isolation" in run_2, "isolation would fetch a build backend that no lock names"


def test_the_image_itself_has_no_pip_and_no_sources() -> None:
    copied = [rest for word, rest in final_stage() if word in {"COPY", "ADD"}]
    assert copied == ["--from=build /opt/venv /opt/venv"]
    assert "--without-pip /opt/venv" in " ".join(rest for word, rest in instructions() if word == "RUN")
    assert not any(tool in rest for _, rest in final_stage() for tool in ("curl", "wget", "pip install", "apt-get"))


def test_the_image_runs_as_a_user_without_root_shell_or_home() -> None:
    [user] = [rest for word, rest in final_stage() if word == "USER"]
    assert user == "10001:10001"
    [made] = [rest for word, rest in final_stage() if word == "RUN"]
    assert "useradd --uid 10001" in made
    assert "--shell /usr/sbin/nologin" in made
    assert "--no-create-home" in made


def test_the_image_writes_nowhere_but_its_volume() -> None:
    environment = image_environment()
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"
    assert environment["DATA_DIR"] == "/data"
    assert ("VOLUME", '["/data"]') in final_stage()


def test_every_setting_in_the_image_is_one_and_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {name.upper() for name in Settings.model_fields}
    assert set(image_environment()) - known == {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    for name in known & set(image_environment()):
        monkeypatch.setenv(name, image_environment()[name])
    settings = Settings(_env_file=None)
    assert str(ip_address(settings.host)) == str(IPv4Address(0)), "every interface of the container"
    assert (settings.port, settings.log_format) == (8000, "json")
    assert ("EXPOSE", "8000") in final_stage()


def test_the_image_starts_stops_and_checks_itself_without_a_shell() -> None:
    stage = dict(final_stage())
    assert stage["CMD"] == '["model-registry", "serve"]'
    assert stage["STOPSIGNAL"] == "SIGTERM"
    assert stage["HEALTHCHECK"].endswith('CMD ["model-registry", "health"]')
    assert "ENTRYPOINT" not in stage


def test_nothing_gets_into_the_image_but_what_is_let_in_by_name() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    sources = {
        word for word, rest in instructions() if word == "COPY" and "--from" not in rest for word in rest.split()[:-1]
    }
    assert let_in == sources
    assert all((ROOT / name).exists() for name in let_in)


# --- docker-compose.yml ---


@pytest.mark.parametrize("name", services())
def test_an_image_is_named_with_its_version(name: str) -> None:
    """By digest only where somebody says which: it can't be known without asking a registry of images."""
    image = compose()["services"][name]["image"]
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?", image), image


def test_compose_builds_on_the_image_of_the_dockerfile_unless_told_otherwise() -> None:
    [default] = [rest for word, rest in instructions() if word == "ARG"]
    name, _, image = default.partition("=")
    assert compose()["services"]["registry"]["build"]["args"] == {name: f"${{{name}:-{image}}}"}


@pytest.mark.parametrize("name", services())
def test_a_service_is_hardened(name: str) -> None:
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] <= 256
    assert service["mem_limit"]
    assert service["init"] is True
    [scratch] = service["tmpfs"]
    assert {"noexec", "nosuid", "nodev"} <= set(scratch.split(":")[1].split(","))
    assert service["user"].split(":")[0] not in {"0", "root"}
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", [name for name in services() if name != "edge"])
def test_what_a_service_stores_is_in_a_named_volume(name: str) -> None:
    document = compose()
    [mounted] = document["services"][name]["volumes"]
    volume, _, folder = mounted.partition(":")
    assert volume in document["volumes"]
    assert folder == "/data"


def test_the_registry_scales() -> None:
    """A fixed name or a fixed port lets only one instance start."""
    registry = compose()["services"]["registry"]
    assert "container_name" not in registry
    assert "hostname" not in registry
    [port] = registry["ports"]
    assert port == "${BIND:-127.0.0.1}:${PORT_RANGE:-8000-8009}:8000"


def test_the_registry_gets_more_time_to_stop_than_it_takes() -> None:
    registry = compose()["services"]["registry"]
    graceful = Settings.model_fields["graceful_seconds"].default
    assert seconds(registry["stop_grace_period"]) > graceful + STOP_SECONDS


def test_the_registry_shares_one_redis_by_password() -> None:
    registry = compose()["services"]["registry"]
    assert re.match(r"redis://:\$\{REDIS_PASSWORD:\?[^}]+\}@redis:6379/0$", registry["environment"]["REDIS_URL"])
    known = {name.upper() for name in Settings.model_fields}
    assert set(registry["environment"]) <= known
    assert registry["environment"]["PORT"] == "8000"
    assert registry["healthcheck"]["test"] == ["CMD", "model-registry", "health"]


def test_only_the_registry_reaches_redis() -> None:
    document = compose()
    assert "ports" not in document["services"]["redis"]
    assert document["services"]["redis"]["networks"] == ["store"]
    assert document["networks"]["store"] == {"internal": True}
    assert set(document["services"]["registry"]["networks"]) == {"front", "store"}


def test_the_edge_is_there_on_demand_and_reaches_the_registries_alone() -> None:
    """What it does is in test_edge.py."""
    document = compose()
    edge = document["services"]["edge"]
    assert edge["profiles"] == ["edge"]
    assert edge["networks"] == ["front"]
    assert "volumes" not in edge
    assert {name for name in services() if "profiles" not in document["services"][name]} == {"registry", "redis"}
    [mounted] = edge["configs"]
    config = (ROOT / document["configs"][mounted["source"]]["file"]).read_text(encoding="utf-8")
    assert mounted["target"] in edge["command"]
    assert "set $registry http://registry:8000;" in config
    [port] = edge["ports"]
    assert f"listen {port.rpartition(':')[2]};" in config
    # What it writes goes to the scratch in memory, and the cache leaves room there.
    folders = re.findall(r"(?:_path|pid) (/[^ ;]+)", config)
    assert folders
    assert all(folder.startswith("/tmp/") for folder in folders)  # noqa: S108 - in the container
    [scratch] = edge["tmpfs"]
    [cache_mb], [scratch_mb] = re.findall(r"max_size=(\d+)m", config), re.findall(r"size=(\d+)m", scratch)
    assert int(cache_mb) < int(scratch_mb) < int(edge["mem_limit"].removesuffix("m"))


def test_the_password_stands_in_no_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for line in text.splitlines():
        if "PASSWORD" in line and not line.lstrip().startswith("#"):
            assert "$$REDIS_PASSWORD" in line or "${REDIS_PASSWORD:?" in line, line


@contextmanager
def composed_redis(folder: Path) -> Iterator[int]:
    """Redis, started by the very command of docker-compose.yml, but on a free port of this machine."""
    port = free_port()
    shell, switch, script = compose()["services"]["redis"]["command"]
    script = script.replace("$$", "$").replace("\nCONFIGURATION", f"\nport {port}\nbind 127.0.0.1\nCONFIGURATION", 1)
    program = redis_server_program()
    environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "REDIS_PASSWORD": PASSWORD}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([shell, switch, script], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def answer(port: int, password: str | None, *words: str) -> Any:
    client: Any = redis.Redis(port=port, password=password, socket_timeout=2)
    try:
        return client.execute_command(*words)
    finally:
        client.close()


@pytest.mark.redis
def test_the_redis_of_the_compose_file_wants_the_password_and_evicts_nothing(tmp_path: Path) -> None:
    with composed_redis(tmp_path) as port:
        give_up_at = time.monotonic() + 10
        while True:
            try:
                assert answer(port, PASSWORD, "PING") is True
                break
            except redis.ConnectionError:
                assert time.monotonic() < give_up_at, (tmp_path / "log").read_text()
                time.sleep(0.02)
        with pytest.raises(redis.AuthenticationError):
            answer(port, None, "PING")
        options = {
            name: answer(port, PASSWORD, "CONFIG", "GET", name)
            for name in ("maxmemory-policy", "appendonly", "maxmemory", "save")
        }
    assert b"noeviction" in repr(options["maxmemory-policy"]).encode()
    assert "yes" in repr(options["appendonly"])
    assert str(128 * 1024**2) in repr(options["maxmemory"])
