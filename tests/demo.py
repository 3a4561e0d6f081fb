"""The demonstration: a simulated OpenRouter and a registry against it, both gone with Ctrl-C.

`python -m tests.demo [FILE|FOLDER]` serves that catalog, or a generated one. What the registry stores goes into a
folder that is removed at the end, so that no made-up catalog is ever taken for a real one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.simulator import Simulator, generate_catalog, records_in
from tests.simulator_command import Series, catalog_files

ROOT = Path(__file__).parents[1]
MODELS = 400
SECONDS_TO_STOP = 20.0
SECONDS_PER_DAY_OF_A_FOLDER = 60.0


def main(arguments: Sequence[str]) -> int:
    """Run both until one is told to stop; returns the registry's exit code."""
    return asyncio.run(_demonstrate(Path(arguments[0]) if arguments else None))


async def _demonstrate(source: Path | None) -> int:
    with tempfile.TemporaryDirectory(prefix="model-registry-demo-") as folder:
        async with _simulator(source) as simulator:
            print(
                f"A simulated OpenRouter answers at {simulator.base_url}; Ctrl-C stops it and the registry.", flush=True
            )
            # In a group of its own: Ctrl-C reaches this process alone, which then tells the registry once.
            registry = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "app", "serve"),
                cwd=folder,
                env=_environment(simulator.base_url, folder),
                process_group=0,
            )
            told = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, told.set)
            ended = asyncio.create_task(registry.wait())
            await asyncio.wait({ended, asyncio.create_task(told.wait())}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                registry.terminate()
                await asyncio.wait({ended}, timeout=SECONDS_TO_STOP)
            if not ended.done():
                registry.kill()
            return 0 if told.is_set() else await ended


def _environment(base_url: str, folder: str) -> dict[str, str]:
    """Return the caller's settings, but for what would let the made-up catalog into a real store."""
    kept = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    kept.setdefault("REFRESH_INTERVAL_MINUTES", "1")
    return kept | {"OPENROUTER_BASE_URL": base_url, "DATA_DIR": folder, "PYTHONPATH": str(ROOT)}


def _simulator(source: Path | None) -> Simulator:
    if source is None:
        return Simulator(generate_catalog(MODELS))
    paths = catalog_files(source)
    return Simulator(records_in(paths[0].read_bytes()), next_catalog=Series(paths, SECONDS_PER_DAY_OF_A_FOLDER))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
