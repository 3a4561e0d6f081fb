"""LiteLLM's proxy, started on a config file: the models that it lists and what it tells of them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

START_SECONDS = 100.0
KEY = f"sk-{secrets.token_hex(16)}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


port = free_port()
environment = {
    **os.environ,
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "OPENROUTER_API_KEY": "unused",
    # It refuses to start without one.
    "LITELLM_MASTER_KEY": KEY,
    "NO_DOCS": "True",
    "NO_PROXY": "*",
}
command = [str(Path(sys.executable).with_name("litellm")), "--config", sys.argv[1], "--port", str(port)]
with tempfile.TemporaryFile() as log:
    proxy = subprocess.Popen([*command, "--host", "127.0.0.1"], env=environment, stdout=log, stderr=subprocess.STDOUT)

    def read(path: str) -> dict[str, object]:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {KEY}"})
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own proxy
            return json.load(answer)

    try:
        give_up_at = time.monotonic() + START_SECONDS
        models = None
        while models is None and proxy.poll() is None and time.monotonic() < give_up_at:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                models = read("/v1/models")
            time.sleep(0.2)
        if models is None:
            log.seek(0)
            sys.exit(f"the proxy did not answer:\n{log.read().decode(errors='replace')[-3_000:]}")
        print(
            json.dumps(
                {
                    "models": [row["id"] for row in models["data"]],
                    "info": read("/v1/model/info")["data"],
                    "groups": read("/model_group/info")["data"],
                }
            )
        )
    finally:
        proxy.kill()
        proxy.wait()
