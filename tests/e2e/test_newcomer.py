"""What somebody meets who clones this and types the two commands, with and without the internet."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app import __version__
from app.settings import Settings
from tests.e2e.processes import ROOT, ServiceProcess, running
from tests.simulator import Simulator

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

NOBODY = "http://127.0.0.1:9"
"""Port 9 is `discard`; nobody serves it."""
STOPPED = {0, -signal.SIGTERM, 128 + signal.SIGTERM}
VENV = Path(sys.prefix)
INSTALLED = ("-o", f"{VENV}/run.stamp", "-o", f"{VENV}/dev.stamp", f"VENV={VENV}")
"""Tells make that this environment is up to date."""


def make(*words: str) -> subprocess.CompletedProcess[str]:
    # `make test` leaves marks for those that it calls, and they would speak more.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


async def test_without_the_internet_the_core_models_are_there_at_once(tmp_path: Path) -> None:
    service = ServiceProcess(tmp_path, OPENROUTER_BASE_URL=NOBODY)
    async with running(service):
        seconds = time.monotonic() - service.started
        found = (await service.client.get("/models")).json()
        assert found["total"] >= 40
        named = (await service.client.get("/models/gpt-4o")).json()
        assert named["id"] == "openai/gpt-4o"
        page = await service.client.get("/", headers={"Accept": "text/html"})
        assert "core models only" in page.text
    print(f"ready with {found['total']} core models {seconds:.2f} s after the start of the interpreter")
    assert seconds < 5, "0.5 s on an idle machine"


async def failed(service: ServiceProcess, times: int) -> None:
    """Wait until so many refreshes in a row have failed."""
    for _ in range(200):
        if (await service.status())["refresh"]["failures_in_a_row"] >= times:
            return
        await asyncio.sleep(0.1)
    pytest.fail(service.log)


async def test_without_the_internet_the_log_says_so_once(tmp_path: Path) -> None:
    service = ServiceProcess(tmp_path, period_seconds=0.5, OPENROUTER_BASE_URL=NOBODY, FETCH_ATTEMPTS="1")
    async with running(service):
        await failed(service, 4)
    told = [event for event in service.events if event["level"] == "warning" and "127.0.0.1:9" in str(event)]
    assert len(told) == 1, service.log
    assert "check OPENROUTER_BASE_URL, the network and the proxy" in told[0]["reason"]


async def test_the_log_says_in_plain_words_what_is_served_and_where_to_look(
    tmp_path: Path, simulator: Simulator
) -> None:
    settings = {"OPENROUTER_BASE_URL": simulator.base_url, "PORT": "0"}
    with program(tmp_path, sys.executable, "-m", "app", "serve", PYTHONPATH=str(ROOT), **settings) as process:
        first, second, *_ = (await logged(tmp_path, "refreshed")).splitlines()
        process.terminate()
        assert await asyncio.to_thread(process.wait, 20) in STOPPED
    assert "serving the model registry at=http://127.0.0.1:" in first
    assert "/docs" in first
    assert "/status" in first
    assert simulator.base_url in second
    assert "stopped" in await logged(tmp_path, "stopped")
    stored = tmp_path / "data" / "registry.sqlite3"
    assert stored.is_file(), "the store is where DATA_DIR says by default"


@contextmanager
def program(folder: Path, *words: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a session of its own, as a terminal would start it; what it says goes into `log`."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            words, cwd=folder, env=kept | environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


async def logged(folder: Path, words: str) -> str:
    """Wait until a program said something and return all it said."""
    log = folder / "log"
    for _ in range(300):
        if words in log.read_text():
            break
        await asyncio.sleep(0.1)
    text = log.read_text()
    assert words in text, text
    return text


def address_in(text: str) -> str:
    return text.partition(" at=")[2].split()[0]


async def test_told_to_stop_it_ends_cleanly_and_says_so(tmp_path: Path, simulator: Simulator) -> None:
    service = ServiceProcess(tmp_path, OPENROUTER_BASE_URL=simulator.base_url)
    async with running(service):
        assert await service.stop() in STOPPED
    assert service.events[-1]["event"] == "stopped"
    assert "Traceback" not in service.log


def test_make_alone_lists_every_target_with_its_meaning() -> None:
    listed = {line.split()[1] for line in make().stdout.splitlines()}
    assert {"run", "demo", "test", "test-all", "lint", "bench", "openapi", "env-example", "lock", "clean"} <= listed
    assert listed == phony()


def phony() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    [line] = [line for line in text.splitlines() if line.startswith(".PHONY:")]
    return set(line.split()[1:])


def test_an_old_python_is_refused_with_the_way_out(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && { echo Python 3.9.2; exit; }\nexit 1\n')
    old.chmod(0o755)
    answer = make("run", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")
    assert answer.returncode == 2
    assert "Python 3.11 or newer is needed" in answer.stderr
    assert "is Python 3.9.2" in answer.stderr
    assert "make run PYTHON=" in answer.stderr
    assert not (tmp_path / "venv").exists()


def test_env_example_is_what_make_writes() -> None:
    written = make(*INSTALLED, "--dry-run", "env-example").stdout
    assert "-m app.env_example > .env.example.new" in written
    shown = subprocess.run(
        [sys.executable, "-m", "app.env_example"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert all(f"#{name.upper()}=" in shown for name in Settings.model_fields)


async def test_make_demo_serves_a_simulated_catalog_and_ctrl_c_ends_all_of_it(tmp_path: Path) -> None:
    words = ("make", "-C", str(ROOT), *INSTALLED, "demo")
    with program(tmp_path, *words, PORT="0", TMPDIR=str(tmp_path)) as process:
        address = address_in(await logged(tmp_path, "refreshed"))
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            assert (await client.get("/readyz")).json()["state"] == "upstream"
        os.killpg(process.pid, signal.SIGINT)
        await asyncio.to_thread(process.wait, 20)
    log = await logged(tmp_path, "stopped")
    assert "A simulated OpenRouter answers at" in log
    assert "Traceback" not in log
    assert left_in(tmp_path) == ["log"], "the demonstration leaves nothing behind"


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def carry_out(step: str) -> None:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(step.split(), cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{step}\n{done.stdout}\n{done.stderr}"


@pytest.mark.heavy
async def test_the_steps_of_the_dockerfile_give_a_registry_that_serves(tmp_path: Path, simulator: Simulator) -> None:
    """There is no Docker engine in a test, so its commands run here, in folders of the test's own."""
    venv, wheels, source = tmp_path / "venv", tmp_path / "wheels", tmp_path / "src"
    build = tmp_path / "build" / "bin" / "python"
    into_image = f"{build} -m pip --python {venv}/bin/python install"
    source.mkdir()
    for step in (
        f"{sys.executable} -m venv {tmp_path / 'build'}",
        f"{build} -m venv --without-pip {venv}",
        f"{into_image} --require-hashes --only-binary :all: -r requirements.lock",
        f"{build} -m pip install --require-hashes --only-binary :all: -r requirements-build.lock",
        f"cp -r app pyproject.toml README.md {source}",
        f"{build} -m pip wheel --no-deps --no-build-isolation --wheel-dir {wheels} {source}",
        f"{into_image} --no-deps --no-index {wheels}/model_registry-{__version__}-py3-none-any.whl",
    ):
        await asyncio.to_thread(carry_out, step)
    settings = {"OPENROUTER_BASE_URL": simulator.base_url, "PORT": "0", "DATA_DIR": str(tmp_path / "data")}
    with program(tmp_path, str(venv / "bin" / "model-registry"), "serve", **settings) as process:
        address = address_in(await logged(tmp_path, "refreshed"))
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            assert (await client.get("/readyz")).json()["state"] == "upstream"
            for name in ("page.css", "docs.js", "swagger-ui.css", "swagger-ui-bundle.js"):
                assert (await client.get(f"/static/{name}")).status_code == 200
        # As in the container: it listens on every interface, and asks itself.
        port = address.rpartition(":")[2]
        asked = [str(venv / "bin" / "model-registry"), "health"]
        for answered, at in ((0, port), (1, "9")):
            environment = {"PATH": os.environ["PATH"], "HOST": "0.0.0.0", "PORT": at}  # noqa: S104 - asked, not bound
            check = await asyncio.to_thread(subprocess.run, asked, env=environment, cwd=tmp_path, check=False)
            assert check.returncode == answered
        process.terminate()
        assert await asyncio.to_thread(process.wait, 20) in STOPPED
