"""The machine and the versions that figures belong to."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from tests.bench.bounds import Bench

_PACKAGES = ("uvicorn", "uvloop", "httptools", "fastapi", "starlette", "orjson")


def describe(bench: Bench) -> dict[str, str]:
    """Return what somebody needs to know before comparing figures."""
    facts = {
        "cores": f"{os.cpu_count()} ({_processor()})",
        "load average at the start": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "Python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
    }
    if bench.has_nginx:
        facts["nginx"] = _said(["nginx", "-v"]).rpartition("/")[2]
    if bench.has_wrk:
        facts["wrk"] = _said(["wrk", "-v"]).partition("[")[0].removeprefix("wrk ").strip()
    return facts


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines()[0].strip()
