"""Measure the service against its yardsticks: `make bench`, or `python -m tests.bench --help`.

Linux only. wrk makes the load and nginx is the first yardstick: `apt-get install -y wrk nginx-light`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.bench.bounds import MAX_REPEATS, ROOT, Bench, cores
from tests.bench.cold import cold_reads
from tests.bench.hot import hot_reads
from tests.bench.life import memory, reads_meanwhile, starts
from tests.bench.machine import describe
from tests.bench.processes import module, running
from tests.bench.refresh import refreshes, refreshes_of_many, very_many
from tests.bench.report import Row, show, wide_console, write_json

INSTALL = "apt-get install -y wrk nginx-light"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the table."""
    options = _parser().parse_args(arguments)
    console = wide_console()
    started = time.monotonic()
    with _bench(options) as bench:
        machine = describe(bench)
        rows: list[Row] = []
        for name, part in _parts(bench, options.only).items():
            console.print(f"{time.monotonic() - started:4.0f} s  {name}", style="dim")
            rows += part(bench)
        machine["seconds"] = f"{time.monotonic() - started:.0f}"
        machine["runs that others disturbed"] = f"{len(bench.disturbed)}, repeated {len(bench.repeated)}"
        machine["load average at the end"] = " ".join(f"{load:.2f}" for load in os.getloadavg())
    if len(bench.disturbed) > MAX_REPEATS:
        bench.left_out.append("trust: others used the cores in too many runs; measure again on a quiet machine")
    show(rows, machine, bench.left_out, console)
    for text in bench.printed:
        console.print(text, markup=False, highlight=False)
    if options.json:
        console.print(f"Written: {write_json(ROOT / 'bench-results', rows, machine, bench.left_out)}")


def _parts(bench: Bench, only: Sequence[str]) -> dict[str, Callable[[Bench], list[Row]]]:
    """Return what is to be measured, in order; says what is left out."""
    loaded = {"hot": hot_reads, "cold": cold_reads, "meanwhile": reads_meanwhile}
    parts: dict[str, Callable[[Bench], list[Row]]] = {
        "hot": hot_reads,
        "cold": cold_reads,
        "refresh": refreshes,
        "meanwhile": reads_meanwhile,
        "start": starts,
        "memory": _memory_and_many,
    }
    if only:
        parts = {name: part for name, part in parts.items() if name in only}
        bench.left_out.append(f"everything but {', '.join(parts)} (--only)")
    if not bench.has_wrk:
        for name in [name for name in parts if name in loaded]:
            del parts[name]
            bench.left_out.append(f"{name}: wrk is not installed; {INSTALL}")
    if "hot" in parts and not bench.has_nginx:
        bench.left_out.append(f"the yardstick nginx: it is not installed; {INSTALL}")
    if bench.is_quick:
        bench.left_out.append(
            "5,000 and 100,000 models, 70 of 100 refreshes, repeats, the search beside others (--quick)"
        )
    if bench.server_core == bench.load_core:
        bench.left_out.append("a second core: servers and load share the only one, so no figure means much")
    return parts


def _memory_and_many(bench: Bench) -> list[Row]:
    """Measure memory, 5,000 models and the search beside 100,000 models, on a core each.

    None of it is about requests per second, and one after the other it would take two minutes more.
    """
    if bench.is_quick:
        return memory(bench, core=bench.load_core)
    with ThreadPoolExecutor() as pool:
        huge = pool.submit(very_many, bench)
        rows = memory(bench, core=bench.load_core) + refreshes_of_many(bench, core=bench.load_core)
        bench.printed.append(_search_beside_others(bench, core=bench.load_core))
        return rows + huge.result()


def _search_beside_others(bench: Bench, *, core: int) -> str:
    """Return the tables of the bench of the search, which also writes its figures."""
    name = "search"
    # Whatever npm needs to know of the machine stands in the environment.
    with running(bench, name, module("tests.bench.search", "--json"), core=core, env=os.environ) as process:
        process.wait()
    printed = (bench.folder / f"{name}.log").read_text()
    if process.returncode:
        raise RuntimeError(f"the bench of the search failed: {printed[-2_000:]}")
    return printed


@contextmanager
def _bench(options: argparse.Namespace) -> Iterator[Bench]:
    server_core, load_core = cores()
    catalog = os.environ.get("BENCH_CATALOG")
    with tempfile.TemporaryDirectory(prefix="model-registry-bench-") as folder:
        yield Bench(
            folder=Path(folder),
            rounds=1 if options.quick else options.rounds,
            seconds=options.seconds,
            is_quick=options.quick,
            server_core=server_core,
            load_core=load_core,
            catalog=Path(catalog).resolve() if catalog else None,
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure the service against nginx, bare uvicorn and FastAPI, with the same bytes on one core.",
        epilog="BENCH_CATALOG names a catalog file, plain or gzip, to use instead of a generated one.",
    )
    parser.add_argument("--json", action="store_true", help="write bench-results/<date>.json, too")
    parser.add_argument("--quick", action="store_true", help="under two minutes: one round, small catalogs only")
    parser.add_argument("--rounds", type=int, default=2, help="interleaved repeats (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=1, help="load per figure (default: %(default)s)")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        choices=("hot", "cold", "refresh", "meanwhile", "start", "memory"),
        help="measure only these parts",
    )
    return parser


if __name__ == "__main__":
    main()
