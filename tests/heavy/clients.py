"""Runs a real client in its own environment, against a registry process, and returns what it saw."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

SCRIPTS = Path(__file__).parents[1] / "clients"
RUN_SECONDS = 120.0
PYTHON = Path(os.environ.get("CLIENTS_PYTHON") or f"{sys.prefix}-clients/bin/python")
NODE = shutil.which("node")
needs_python_clients = pytest.mark.skipif(
    not PYTHON.exists(), reason=f"the Python clients are not installed at {PYTHON}; `make clients` brings them"
)
needs_npm_clients = pytest.mark.skipif(
    NODE is None or not (SCRIPTS / "node_modules").is_dir(),
    reason="the npm clients are not installed; with node and npm there, `make clients` brings them",
)


async def told_by(script: str, *arguments: str, **environment: str) -> Any:
    """Run a script of `tests/clients` and return the JSON that it prints; a script that fails fails the test."""
    program = str(NODE) if script.endswith(".mjs") else str(PYTHON)
    process = await asyncio.create_subprocess_exec(
        program,
        str(SCRIPTS / script),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
    )
    try:
        async with asyncio.timeout(RUN_SECONDS):
            output, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        pytest.fail(f"{script} did not end within {RUN_SECONDS:g} s")
    assert process.returncode == 0, f"{script} ended with {process.returncode}:\n{errors.decode()[-4_000:]}"
    return orjson.loads(output)
