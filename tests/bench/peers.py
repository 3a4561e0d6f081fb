"""Measure LiteLLM's `/v1/models` against ours, with the same models: `make bench-peers`.

LiteLLM is installed from the package index into an environment of its own, which takes minutes and a gigabyte;
`--environment` keeps it for the next time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from tests.bench.bounds import ROOT, Bench, cores
from tests.bench.machine import describe
from tests.bench.processes import Served, free_port, get, registry, serving
from tests.bench.report import Row, compared, show, wide_console, write_json
from tests.bench.upstream import base_url, upstream
from tests.bench.wrk import BY_CPU, Load, comparable, load

REQUIREMENT = "litellm[proxy]"
MODELS = 400
TARGET = "/v1/models"
TIMES_LITELLM = 1_000
START_SECONDS = 180.0
PEER_SECONDS = 10


def main(arguments: Sequence[str] | None = None) -> None:
    """Install, measure, print."""
    options = _parser().parse_args(arguments)
    server_core, load_core = cores()
    console = wide_console()
    with tempfile.TemporaryDirectory(prefix="model-registry-peers-") as folder:
        bench = Bench(
            folder=Path(folder),
            rounds=options.rounds,
            seconds=2,
            is_quick=False,
            server_core=server_core,
            load_core=load_core,
            catalog=None,
        )
        if not bench.has_wrk:
            raise SystemExit("wrk is not installed: apt-get install -y wrk")
        environment = options.environment or Path(folder) / "environment"
        version = _installed(environment, console)
        machine = {**describe(bench), "LiteLLM": version}
        rows = _measure(bench, environment)
    show(rows, machine, bench.left_out, console)
    if options.json:
        console.print(f"Written: {write_json(ROOT / 'bench-results', rows, machine, bench.left_out)}")


def _installed(environment: Path, console: Console) -> str:
    """Install LiteLLM unless it is there; returns its version."""
    python = environment / "bin" / "python"
    if not (environment / "bin" / "litellm").exists():
        console.print(f"Installing {REQUIREMENT} into {environment}")
        venv.create(environment, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", REQUIREMENT], check=True, timeout=1_800)
    ask = "from importlib.metadata import version; print(version('litellm'))"
    return subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def _litellm(bench: Bench, environment: Path, model_ids: Sequence[str]) -> Iterator[Served]:
    """Run LiteLLM's proxy with models of these names that lead nowhere, until the block ends."""
    config = bench.folder / "litellm.yaml"
    entry = '  - model_name: "{0}"\n    litellm_params: {{model: "openrouter/{0}", api_key: none}}\n'
    config.write_text("model_list:\n" + "".join(map(entry.format, model_ids)))
    port = free_port()
    command = [
        str(environment / "bin" / "litellm"),
        "--config",
        str(config),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    env = {
        # It must neither look for newer prices nor report home.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_TELEMETRY": "False",
        "LITELLM_LOG": "ERROR",
        # Without a key it checks none, which is the faster way; it listens on this machine only.
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
    }
    with serving(
        bench, "LiteLLM", command, port, core=bench.server_core, env=env, start_seconds=START_SECONDS
    ) as served:
        yield served


def _measure(bench: Bench, environment: Path) -> list[Row]:
    with upstream(bench, MODELS) as feed, registry(bench, "registry", base_url(feed)) as ours:
        listed = _ids(ours)
        with _litellm(bench, environment, listed) as peer:
            if _ids(peer) != listed:
                raise RuntimeError(f"LiteLLM does not list the same {len(listed)} models")
            found: dict[str, list[Load]] = {"LiteLLM": [], "plain": [], "gzip": []}
            for _ in range(bench.rounds):
                found["LiteLLM"].append(load(bench, peer, TARGET, seconds=PEER_SECONDS))
                found["plain"].append(load(bench, ours, TARGET))
                found["gzip"].append(load(bench, ours, TARGET, {"Accept-Encoding": "gzip"}))
    section = f"{TARGET} with the same {len(listed)} models, requests per second on one core"
    rows = []
    for form in ("plain", "gzip"):
        rates, is_waiting = comparable(found["LiteLLM"], found[form])
        rows.append(
            compared(
                section,
                f"ours {form} ({BY_CPU})" if is_waiting else f"ours {form}",
                yardstick=("LiteLLM", rates[0]),
                ours=("registry", rates[1]),
                unit="/s",
                at_least=TIMES_LITELLM,
            )
        )
    return rows


def _ids(served: Served) -> list[str]:
    """Return what a server lists, in alphabetical order."""
    return sorted(model["id"] for model in json.loads(get(served.port, TARGET, timeout=120).body)["data"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--environment", type=Path, help="where LiteLLM is, or is to stay; temporary without it")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved repeats (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="write bench-results/<date>.json, too")
    return parser


if __name__ == "__main__":
    main()
