"""Our own answers, taken down once, so that every yardstick sends the same bytes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.processes import Got, Served, get

# What a server adds by itself.
_OWN = frozenset({"date", "server", "connection", "keep-alive"})
COMPRESS_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """One answer in one coding: its headers, and the file with its body."""

    target: str
    coding: str | None
    headers: list[tuple[str, str]]
    file: str
    body_bytes: int


def record(served: Served, targets: Iterable[str], folder: Path) -> list[Recorded]:
    """Ask for every target, plain and as gzip, and write down what came; targets that don't exist are left out."""
    answers: list[tuple[str, str | None, Got]] = []
    for target in targets:
        plain = get(served.port, target)
        if plain.status != 200:
            continue
        answers.append((target, None, plain))
        compressed = _as_gzip(served, target)
        if compressed is not None:
            answers.append((target, "gzip", compressed))
    return write_down(answers, folder)


def write_down(answers: Iterable[tuple[str, str | None, Got]], folder: Path) -> list[Recorded]:
    """Keep answers by target and coding in a folder, for `recall`."""
    folder.mkdir(exist_ok=True)
    places: dict[str, int] = {}
    recorded = []
    for target, coding, got in answers:
        # A compressed body beside the plain file, where nginx looks for it.
        file = folder / f"{places.setdefault(target, len(places))}.json{'.gz' if coding else ''}"
        recorded.append(_keep(target, coding, got, file))
    (folder / "answers.index").write_text(json.dumps([asdict(answer) for answer in recorded]))
    return recorded


def recall(folder: Path) -> list[Recorded]:
    """Return what was written down."""
    return [Recorded(**answer) for answer in json.loads((folder / "answers.index").read_text())]


def _as_gzip(served: Served, target: str) -> Got | None:
    """Return the compressed answer; it is made in the background when a target is asked for again."""
    give_up_at = time.monotonic() + COMPRESS_SECONDS
    while time.monotonic() < give_up_at:
        got = get(served.port, target, {"Accept-Encoding": "gzip"})
        if got.headers.get("content-encoding") == "gzip":
            return got
        time.sleep(0.05)
    return None


def _keep(target: str, coding: str | None, got: Got, file: Path) -> Recorded:
    file.write_bytes(got.body)
    headers = [(name, value) for name, value in got.headers.items() if name not in _OWN]
    return Recorded(target, coding, headers, str(file), len(got.body))
