"""The simulator as a command: `python -m tests.simulator --help`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.simulated_catalog import generate_catalog
from tests.simulated_faults import Fault
from tests.simulator import Simulator, records_in


class Series:
    """Catalog files, one after the other: the next with each call, or each so many seconds; the last one stays.

    `clock` is monotonic, in seconds.
    """

    def __init__(
        self, paths: Sequence[Path], step_seconds: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._paths = paths
        self._step_seconds = step_seconds
        self._clock = clock
        self._started = clock()
        self._calls = 0
        self._shown: int | None = None

    def __call__(self) -> list[Any] | None:
        """Return the catalog whose turn it is; None when that is the one returned before."""
        steps = self._calls
        if self._step_seconds:
            steps = int((self._clock() - self._started) / self._step_seconds)
        self._calls += 1
        index = min(steps, len(self._paths) - 1)
        if index == self._shown:
            return None
        self._shown = index
        return records_in(self._paths[index].read_bytes())


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    options = _parser().parse_args(arguments)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options))


async def _serve(options: argparse.Namespace) -> None:
    catalog: list[Any]
    next_catalog: Callable[[], list[Any] | None] = lambda: None  # noqa: E731 - replaced only when there are files
    if options.source:
        paths = catalog_files(options.source)
        catalog = records_in(paths[0].read_bytes())
        next_catalog = Series(paths, options.step_seconds)
    else:
        catalog = generate_catalog(options.models, options.seed)
    async with Simulator(catalog, port=options.port, seed=options.seed, next_catalog=next_catalog) as simulator:
        if options.fault:
            simulator.misbehave(options.fault)
        print(f"Simulated OpenRouter with {len(catalog)} models at {simulator.base_url}")
        print(f"Use it:   OPENROUTER_BASE_URL={simulator.base_url} python -m app serve")
        print(f'Break it: curl {simulator.origin}/_control/fault -d \'{{"fault": "unavailable", "times": 3}}\'')
        print(f"Heal it:  curl {simulator.origin}/_control/fault -d '{{\"fault\": null}}'", flush=True)
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        await stopped.wait()


def catalog_files(source: Path) -> list[Path]:
    """Return the file itself, or the catalogs of a folder in the order of their names."""
    if not source.exists():
        raise SystemExit(f"there is no {source}; name a catalog file, plain or gzip, or a folder of them")
    if not source.is_dir():
        return [source]
    paths = sorted(path for path in source.iterdir() if path.name.endswith((".json", ".json.gz")))
    if not paths:
        raise SystemExit(f"{source} holds no .json and no .json.gz file")
    return paths


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description="An OpenRouter that can lie.")
    parser.add_argument("source", nargs="?", type=Path, help="catalog file, plain or gzip, or a folder of them")
    parser.add_argument("--models", type=int, default=400, help="size of a generated catalog (default: %(default)s)")
    parser.add_argument("--port", type=int, default=9_000, help="0 picks a free one (default: %(default)s)")
    parser.add_argument("--fault", type=Fault, choices=list(Fault), metavar="NAME", help=", ".join(Fault))
    parser.add_argument("--seed", type=int, default=0, help="of the generated catalog and of the order of ties")
    parser.add_argument("--step-seconds", type=float, help="pace of a folder; without it each request steps on")
    return parser
