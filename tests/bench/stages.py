"""A refresh, stage by stage, in one thread: where its CPU time goes.

`python -m tests.bench.stages MODELS` prints JSON by stage, for a changed catalog: the median of the CPU time, and the
longest time for which the stage kept every other thread waiting.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TypeVar

import orjson

from app.building.ready import ready_answers
from app.candidate import Rules
from app.catalog.diff import diff
from app.catalog.guard import judge
from app.catalog.merge import merge
from app.catalog.parse import parse_records
from app.catalog.snapshot import Origin, Snapshot
from app.memory import limit_allocator, without_collections
from app.parts import build_sources, build_store, guard_limits
from app.published import publish_snapshot
from app.runtime import calm_interpreter
from app.settings import Settings
from app.sources.document import records_of
from app.store.envelope import seal
from tests.bench.upstream import catalog_of, changed
from tests.simulator import records_in

TICK_SECONDS = 0.001
T = TypeVar("T")


@dataclass(slots=True)
class Stage:
    """What one stage took, and for how long at most no other thread got its turn."""

    cpu_ms: float = 0.0
    longest_hold_ms: float = 0.0


class StopWatch:
    """Times stages, while a thread beside them looks how long it is kept waiting, as the event loop would be."""

    def __init__(self) -> None:
        self.stages: dict[str, Stage] = {}
        self._longest_seconds = 0.0
        self._is_over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._ticker.start()

    def time(self, name: str, work: Callable[[], T]) -> T:
        """Run a part of a stage."""
        self._longest_seconds = 0.0
        started = time.process_time()
        made = work()
        spent = time.process_time() - started
        # Lets the other thread say how long it has just waited.
        time.sleep(3 * TICK_SECONDS)
        stage = self.stages.setdefault(name, Stage())
        stage.cpu_ms += spent * 1e3
        stage.longest_hold_ms = max(stage.longest_hold_ms, self._longest_seconds * 1e3)
        return made

    def stop(self) -> None:
        """End the thread."""
        self._is_over.set()
        self._ticker.join()

    def _tick(self) -> None:
        last = time.perf_counter()
        while not self._is_over.is_set():
            time.sleep(TICK_SECONDS)
            now = time.perf_counter()
            self._longest_seconds = max(self._longest_seconds, now - last - TICK_SECONDS)
            last = now


def refresh_once(watch: StopWatch, body: bytes, settings: Settings, last_good: Snapshot | None) -> Snapshot:
    """Do what a refresh does, in its order, and time each stage."""
    now = datetime.now(UTC)
    records, _ = watch.time("decode", lambda: records_of(body))
    parsed = watch.time("parse", lambda: parse_records(records, base_url=settings.openrouter_base_url))
    models = last_good.models if last_good else ()
    rules = Rules(guard_limits(settings), settings.openrouter_base_url)
    watch.time("judge, merge, diff", lambda: judge(parsed, models, rules.limits))
    ingredients = build_sources(settings).files.read()
    contents = watch.time(
        "judge, merge, diff",
        lambda: merge(parsed, ingredients, origin=Origin.UPSTREAM, last_good=last_good, last_seen_at=now, now=now),
    )
    watch.time("judge, merge, diff", lambda: diff(models, contents.models))
    snapshot = Snapshot((last_good.generation if last_good else 0) + 1, now, now, contents)
    watch.time("hash", lambda: snapshot.id)
    sealed = watch.time("seal", lambda: seal(snapshot))
    store = build_store(settings)
    watch.time("save", lambda: asyncio.run(store.save(sealed)))
    published = watch.time(
        "index, rows",
        lambda: publish_snapshot(snapshot, is_stale=False, at=snapshot.updated_at),
    )
    watch.time("render, compress", lambda: ready_answers(published))
    return snapshot


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the stages as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.stages", description=__doc__)
    parser.add_argument("models", type=int)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--catalog", type=Path)
    options = parser.parse_args(arguments)
    limit_allocator()
    calm_interpreter()
    records = records_in(options.catalog.read_bytes()) if options.catalog else catalog_of(options.models)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            _env_file=None,
            data_dir=Path(folder),
            store_deadline_seconds=30,
        )
        snapshot: Snapshot | None = None
        watches = []
        for step in range(options.times + 1):
            body = orjson.dumps({"data": changed(records, step)})
            if step == options.times:
                # The last one is measured with nothing of the generator left in memory.
                records = []
            watches.append(StopWatch())
            # As the service does: a collection in the middle would count against whichever stage it hits.
            with without_collections():
                snapshot = refresh_once(watches[-1], body, settings, snapshot)
            watches[-1].stop()
    runs = [watch.stages for watch in (watches[1:] or watches)]
    summary = {
        name: {
            "cpu_ms": median(run[name].cpu_ms for run in runs),
            "longest_hold_ms": max(run[name].longest_hold_ms for run in runs),
        }
        for name in runs[0]
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
