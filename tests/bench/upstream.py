"""Upstream for the bench: the simulator with a catalog that changes as often as asked.

`python -m tests.bench.upstream PORT --models N --every K`: each K-th list is another catalog than the one before. With
`--prepared` the answers are made beforehand, and come round: to make one takes 10 ms, in which wrk, on the same core,
would not look at what it is waiting for.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench.bounds import Bench
from tests.bench.processes import START_SECONDS, Served, free_port, module, serving
from tests.simulator import Simulator, generate_catalog, records_in

Records = list[dict[str, Any]]
# The generator slows down when the ids of one seed run out.
_PART = 5_000
_REPRICED_EACH = 20
_COMES_AND_GOES_EACH = 100
_PREPARED = 8


def catalog_of(count: int) -> Records:
    """Return as many generated models as asked for, put together from parts with names of their own."""
    if count <= _PART:
        return generate_catalog(count)
    records: Records = []
    for part in range(-(-count // _PART)):
        for record in generate_catalog(min(_PART, count - len(records)), part):
            record["id"] += f"-p{part}"
            record["canonical_slug"] += f"-p{part}"
            records.append(record)
    return records


def changed(records: Records, step: int) -> Records:
    """Return the catalog of a step: every 20th model has another price, every 100th comes and goes."""
    made = []
    for place, record in enumerate(records):
        if place % _COMES_AND_GOES_EACH == 50 and step % 2:
            continue
        if (place + step) % _REPRICED_EACH == 0 and record["pricing"].get("completion") not in {"0", "-1", None}:
            price = f"0.0000{step % 997 + 1:05d}"
            made.append({**record, "pricing": {**record["pricing"], "completion": price}})
        else:
            made.append(record)
    return made


def stepping(records: Records, every: int) -> Callable[[], Records | None]:
    """Return what the simulator asks before each list; None keeps the catalog as it is."""
    calls = 0

    def following() -> Records | None:
        nonlocal calls
        calls += 1
        if every == 0 or (calls - 1) % every:
            return None
        return changed(records, (calls - 1) // every)

    return following


@contextmanager
def upstream(
    bench: Bench,
    count: int,
    *,
    every: int = 0,
    start_seconds: float = START_SECONDS,
    is_prepared: bool = False,
    core: int | None = None,
) -> Iterator[Served]:
    """Run it until the block ends, beside the load unless told otherwise.

    The operator's own catalog is served where 421 models are asked for.
    """
    port = free_port()
    command = module("tests.bench.upstream", port, "--models", count, "--every", every)
    command += ["--prepared"] if is_prepared else []
    if bench.catalog is not None and count < _PART:
        command += ["--catalog", str(bench.catalog)]
    name = f"upstream-{count}-{every}-{port}"
    core = bench.load_core if core is None else core
    with serving(bench, name, command, port, core=core, start_seconds=start_seconds) as served:
        yield served


def base_url(served: Served) -> str:
    """Return what OPENROUTER_BASE_URL should be."""
    return served.url("/api/v1")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.upstream", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--models", type=int, required=True)
    parser.add_argument("--every", type=int, default=0)
    parser.add_argument("--catalog", type=Path)
    parser.add_argument("--prepared", action="store_true")
    options = parser.parse_args(arguments)
    if options.models <= _PART:
        # It shares a core with wrk here and is another machine elsewhere: what wrk waits for must not be its turn.
        os.nice(19)
    records = records_in(options.catalog.read_bytes()) if options.catalog else catalog_of(options.models)
    asyncio.run(_serve(options.port, records, options.every, is_prepared=options.prepared))


async def _serve(port: int, records: Records, every: int, *, is_prepared: bool) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    if is_prepared:
        async with Simulator(records, next_catalog=stepping(records, every)) as simulator:
            answers = [await _list_of(simulator) for _ in range(_PREPARED * max(1, every))]
        async with await asyncio.start_server(partial(_replay, cycle(answers)), "127.0.0.1", port):
            await stopped.wait()
    else:
        async with Simulator(records, port=port, next_catalog=stepping(records, every)):
            await stopped.wait()


async def _list_of(simulator: Simulator) -> bytes:
    """Return what the simulator answers, as it comes over the wire, but for the end of the connection."""
    url = urlsplit(simulator.base_url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(f"GET {url.path}/models HTTP/1.1\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


async def _replay(answers: Iterator[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Give the next answer for each request, whatever it asks for."""
    with contextlib.suppress(OSError, EOFError):
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(next(answers))
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    main()
