"""Measure our search beside four others: `python -m tests.bench.search [--all] [--json] [SIZE ...]`.

The same generated models, the same queries, in the same run, one engine at a time. Each query is asked for its best
20 hits; a time is one query. 100,000 models take Fuse.js many minutes, so they are only measured with `--all`.
Fuse.js and MiniSearch run under node and are installed from npm into a temporary folder; where that fails, their
lines say so. `NODE_ENGINES` names a folder that has them already.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import os
import sqlite3
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any

from app.catalog.model import Model
from app.catalog.parse import parse_records
from app.catalog.search import SearchIndex
from app.catalog.snapshot import default_order
from app.catalog.terms import MAX_QUERY_CHARS
from app.catalog.words import words_of
from tests.bench.bounds import ROOT
from tests.bench.report import write_document
from tests.simulator import generate_catalog

SIZES = (421, 5_000)
LARGEST = 100_000
LIMIT = 20
QUERIES_PER_KIND = 40
# A kind of query is asked for in rounds until its time is up, so that a run stays within minutes.
ROUNDS = 20
SECONDS_PER_KIND = 1.0
NODE_SECONDS = 600
SHARED = Path(__file__).parents[3] / "shared"
CATALOG = SHARED / "catalogs" / "openrouter-2026-08-22-421models.json.gz"
QUERIES = SHARED / "search" / "queries.jsonl"
Find = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one engine needed at one size; times in milliseconds by kind of query, None for what was not measured."""

    build_ms: float
    memory_bytes: int
    times_ms: Mapping[str, Sequence[float]]
    first_right: float | None = None


def queries_for(models: Sequence[Model], seed: int = 0) -> dict[str, list[str]]:
    """Return what people would type to find some of these models, by kind of query."""
    random = Random(seed)
    kinds: dict[str, list[str]] = {"short": [], "long": [], "typo": [], "no hit": [], "hostile": hostile()}
    for model in random.sample(models, min(len(models), QUERIES_PER_KIND)):
        words = [word.text for word in words_of(model.name)]
        long = next((word for word in words if word.isalpha() and len(word) > 4), "claude")
        kinds["short"].append(long[: random.randint(2, len(long))])
        kinds["long"].append(" ".join(words))
        at = random.randrange(1, len(long) - 1)
        kinds["typo"].append(f"{long[:at]}{long[at + 1]}{long[at]}{long[at + 2 :]} {words[-1]}")
        kinds["no hit"].append("".join(random.choices("qxzjkvw", k=random.randint(4, 12))))
    return kinds


def hostile() -> list[str]:
    """Return queries that nobody types, each of the greatest length."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    made = [" ".join(letters * 5), "a" * 256, "🐬" * 256, "1." * 128, "4-5 " * 64, "claude" * 43, "a1" * 128]
    made += [" ".join(f"{a}{b}" for a in letters[at:] for b in letters) for at in range(3)]
    return [query[:MAX_QUERY_CHARS] for query in made]


def ours(models: Sequence[Model]) -> Find:
    """Return our own search, without what it remembers of the latest queries: nobody asked for these before."""
    index, everything = SearchIndex(models), (1 << len(models)) - 1

    def find(query: str, limit: int) -> list[str]:
        return [models[place].id for place in index.find_terms(index.look_up(query), everything, limit).places]

    return find


def fts5(models: Sequence[Model]) -> Find:
    """Return SQLite's full-text search over trigrams, best rank first."""
    connection = sqlite3.connect(":memory:")
    connection.execute("create virtual table models using fts5(id, name, tokenize='trigram')")
    connection.executemany("insert into models values (?, ?)", ((model.id, model.name) for model in models))

    def find(query: str, limit: int) -> list[str]:
        words = [f'"{word}"' for word in query.replace('"', " ").replace("\0", " ").split() if len(word) > 2]
        if not words:
            return []
        statement = "select id from models where models match ? order by rank limit ?"
        return [row[0] for row in connection.execute(statement, (" ".join(words), limit))]

    return find


def substring(models: Sequence[Model]) -> Find:
    """Return a scan for ids and names that hold the query as it stands."""
    texts = [(f"{model.id}\n{model.name}".lower(), model.id) for model in models]

    def find(query: str, limit: int) -> list[str]:
        wanted = query.lower()
        return [model_id for text, model_id in texts if wanted in text][:limit]

    return find


ENGINES: Mapping[str, Callable[[Sequence[Model]], Find]] = {
    "this": ours,
    "FTS5 trigram": fts5,
    "substring scan": substring,
}
NODE_ENGINES = {"Fuse.js": "fuse", "MiniSearch": "minisearch"}


def measure(make: Callable[[Sequence[Model]], Find], models: Sequence[Model], real: Real | None) -> Figures:
    """Build an engine and ask it every query, over and over."""
    gc.collect()
    started = time.perf_counter()
    find = make(models)
    build_ms = (time.perf_counter() - started) * 1e3
    times = {kind: _timed(find, queries) for kind, queries in queries_for(models).items()}
    del find
    first_right = None
    if real is not None:
        find_real = make(real.models)
        first_right = real.share([find_real(query, 5) for query in real.texts])
    return Figures(build_ms, _memory_of(make, models), times, first_right)


def _memory_of(make: Callable[[Sequence[Model]], Find], models: Sequence[Model]) -> int:
    """Return what an engine keeps, by the allocator of Python; for SQLite, the size of its pages."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = make(models)
    gc.collect()
    memory = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    for cell in getattr(kept, "__closure__", None) or ():
        if isinstance(cell.cell_contents, sqlite3.Connection):
            pages = cell.cell_contents.execute("pragma page_count").fetchone()[0]
            memory += pages * cell.cell_contents.execute("pragma page_size").fetchone()[0]
    return int(memory)


def _timed(find: Find, queries: Sequence[str]) -> list[float]:
    find(queries[0], LIMIT)
    times: list[float] = []
    end = time.perf_counter() + SECONDS_PER_KIND
    for query in islice(cycle(queries), ROUNDS * len(queries)):
        started = time.perf_counter()
        if started > end:
            break
        find(query, LIMIT)
        times.append((time.perf_counter() - started) * 1e3)
    return times


@dataclass(frozen=True, slots=True)
class Real:
    """A real catalog with queries and the ids that may come first."""

    models: Sequence[Model]
    queries: Sequence[Mapping[str, Any]]

    @property
    def texts(self) -> list[str]:
        """The queries as typed."""
        return [query["q"] for query in self.queries]

    def share(self, answers: Sequence[Sequence[str]]) -> float:
        """Return the share of queries whose first hit is an acceptable one."""
        right = 0
        for query, ids in zip(self.queries, answers, strict=True):
            right += any(fnmatchcase(model_id, glob) for model_id in ids[:1] for glob in query["first"])
        return right / len(self.queries)


def read_real() -> Real | None:
    """Return the real catalog and its queries; None where they don't lie beside the checkout."""
    if not QUERIES.exists() or not CATALOG.exists():
        return None
    records = json.loads(gzip.decompress(CATALOG.read_bytes()))["data"]
    queries = [json.loads(line) for line in QUERIES.read_text("utf-8").splitlines()]
    return Real(sorted(parse_records(records).models, key=default_order), queries)


def node_modules(folder: Path) -> Path | str:
    """Return a folder that has the engines of npm, or why there is none."""
    given = os.environ.get("NODE_ENGINES")
    if given:
        return Path(given)
    try:
        subprocess.run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "fuse.js", "minisearch"],
            check=True,
            capture_output=True,
            timeout=120,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"npm can't install it here ({type(error).__name__})"
    return folder


def measure_node(engine: str, modules: Path, models: Sequence[Model], real: Real | None, folder: Path) -> Figures | str:
    """Measure an engine of npm in a process of its own."""
    job = folder / "job.json"
    document = {
        "models": _documents(models),
        "kinds": queries_for(models),
        "rounds": ROUNDS,
        "seconds": SECONDS_PER_KIND,
        "relevance": {"models": _documents(real.models), "queries": real.texts} if real else None,
    }
    job.write_text(json.dumps(document), "utf-8")
    script = Path(__file__).with_suffix(".js")
    command = ["node", "--expose-gc", "--max-old-space-size=4096", str(script), engine, str(modules), str(job)]
    try:
        done = subprocess.run(command, check=True, capture_output=True, timeout=NODE_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        return f"node did not finish it ({type(error).__name__})"
    answer = json.loads(done.stdout)
    first_right = real.share(answer["answers"]) if real else None
    return Figures(answer["build_ms"], answer["memory_bytes"], answer["times_ms"], first_right)


def _documents(models: Sequence[Model]) -> list[dict[str, str]]:
    return [{"id": model.id, "name": model.name} for model in models]


def percentile(times: Sequence[float], share: float) -> float:
    """Return the time that a share of all stays under."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def table_row(name: str, figures: Figures | str) -> str:
    """Return one engine as a line of the table."""
    if isinstance(figures, str):
        return f"{name:<15} skipped: {figures}"
    cells = [f"{name:<15} {figures.build_ms:>8.0f} ms {figures.memory_bytes / 1e6:>7.1f} MB"]
    cells += [f"{percentile(times, 0.5):>8.3f} {percentile(times, 0.99):>8.3f}" for times in figures.times_ms.values()]
    cells.append("   -" if figures.first_right is None else f"{figures.first_right:>6.3f}")
    return "  ".join(cells)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table for each size; write all figures as JSON when asked."""
    options = _parser().parse_args(arguments)
    sizes = options.sizes or (*SIZES, LARGEST) if options.all else options.sizes or SIZES
    left_out = [] if LARGEST in sizes else [f"{LARGEST:,} models (--all)"]
    real = read_real()
    if real is None:
        left_out.append("relevance: the real catalog and its queries don't lie beside the checkout")
    document: dict[str, Any] = {"left_out": left_out}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        modules = node_modules(folder)
        if isinstance(modules, str):
            left_out.append(f"{', '.join(NODE_ENGINES)}: {modules}; apt-get install -y nodejs npm")
        for size in sizes:
            document[f"{size} models"] = {
                engine: asdict(figures) if isinstance(figures, Figures) else figures
                for engine, figures in _compared(size, real, modules, folder)
            }
    for reason in left_out:
        print(f"Left out: {reason}")
    if options.json:
        print(f"Written: {write_document(ROOT / 'bench-results', 'search-', document)}")


def _compared(size: int, real: Real | None, modules: Path | str, folder: Path) -> Iterator[tuple[str, Figures | str]]:
    """Measure every engine at one size, and print a line for each."""
    models = sorted(parse_records(generate_catalog(size)).models, key=default_order)
    kinds = queries_for(models)
    print(f"\n{len(models):,} models; p50 and p99 in ms for the best {LIMIT} of each kind of query")
    heads = "  ".join(f"{kind:>8} {'p99':>8}" for kind in kinds)
    print(f"{'engine':<15} {'build':>11} {'memory':>10}  {heads}  first right")
    for engine, make in ENGINES.items():
        found = measure(make, models, real)
        print(table_row(engine, found), flush=True)
        yield engine, found
    for engine, word in NODE_ENGINES.items():
        figures = modules if isinstance(modules, str) else measure_node(word, modules, models, real, folder)
        print(table_row(engine, figures), flush=True)
        yield engine, figures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.search", description="Measure search beside others.")
    parser.add_argument(
        "sizes", nargs="*", type=int, help=f"how many models (default: {' and '.join(map(str, SIZES))})"
    )
    parser.add_argument("--all", action="store_true", help=f"{LARGEST:,} models, too: a quarter of an hour")
    parser.add_argument("--json", action="store_true", help="write bench-results/search-<date>.json, too")
    return parser


if __name__ == "__main__":
    main()
