"""Cold reads: filtered lists and searches that nobody asked for before, so that nothing is rendered yet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random
from statistics import median

from tests.bench.bounds import MODELS, Bench
from tests.bench.pace import Pace, pace
from tests.bench.processes import Served, get, registry
from tests.bench.report import Row, measured
from tests.bench.upstream import base_url, upstream
from tests.bench.wrk import TRIES, Load, load

SECTION = f"First-use reads of {MODELS} models, on one core, through the front"
LEAST_PER_SECOND = 8_000
MOST_P99_MS = 8.0
# Targets are numbered, and each round has numbers of its own. wrk's own language is Lua.
SCRIPT = """
local heads = {%s}
local tails = {%s}
local number = 0
function init(arguments)
  number = tonumber(arguments[1])
end
function request()
  local place = number
  number = number + 1
  return wrk.format("GET", heads[place %% #heads + 1] .. tails[math.floor(place / #heads) + 1])
end
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of question: every head with every tail is a target of its own."""

    name: str
    heads: list[str]
    tails: list[str]
    has_aim: bool

    @property
    def targets(self) -> int:
        """How many targets there are."""
        return len(self.heads) * len(self.tails)

    def written(self, folder: Path) -> Path:
        """Write wrk's script for it."""
        script = folder / f"{self.name}.lua"
        script.write_text(SCRIPT % tuple(", ".join(map(json.dumps, words)) for words in (self.heads, self.tails)))
        return script


def cold_reads(bench: Bench) -> list[Row]:
    """Measure first-use lists and searches; the protocol class has no part in them."""
    found: dict[str, list[Load]] = {}
    with (
        upstream(bench, MODELS) as feed,
        registry(bench, "cold", base_url(feed), fast_protocol=False) as served,
        pace(bench) as known,
    ):
        kinds = _kinds(served)
        scripts = {kind.name: kind.written(bench.folder) for kind in kinds}
        for number in range(bench.rounds):
            known.look()
            for kind in kinds:
                script, share = scripts[kind.name], kind.targets // (bench.rounds * TRIES)
                runs: list[Load] = []
                # A repeat asks for targets of its own, because what was asked for once is rendered.
                while len(runs) < TRIES and (not runs or bench.should_repeat(runs[-1].foreign, kind.name)):
                    first = (number * TRIES + len(runs)) * share
                    runs.append(load(bench, served, "/", script=script, arguments=[first], tries=1))
                figure = min(runs, key=lambda run: run.foreign)
                if figure.requests > share:
                    bench.left_out.append(f"{kind.name}: asked for more than {share} targets, so some were not new")
                found.setdefault(kind.name, []).append(figure)
    return [row for kind in kinds for row in _rows(kind, found[kind.name], known)]


def _rows(kind: Kind, figures: list[Load], known: Pace) -> list[Row]:
    rates, p99s = [figure.per_second for figure in figures], [figure.p99_ms for figure in figures]
    rate, p99 = known.note(median(rates), "/s", is_rate=True), known.note(median(p99s), " ms")
    return [
        measured(SECTION, kind.name, rates, "/s", at_least=LEAST_PER_SECOND if kind.has_aim else None, note=rate),
        measured(SECTION, f"{kind.name}: p99", p99s, " ms", at_most=MOST_P99_MS if kind.has_aim else None, note=p99),
    ]


def _kinds(served: Served) -> list[Kind]:
    """Return the questions, in words that the catalog has."""
    models = json.loads(get(served.port, "/models").body)["models"]
    authors = sorted({model["author"] for model in models})
    words = sorted({word.lower() for model in models for word in model["name"].split() if word.isalpha()})
    filters = _tails(
        ("", "&input_modality=text", "&input_modality=image", "&input_modality=file", "&input_modality=audio"),
        ("", *(f"&supports={word}" for word in ("tools", "vision", "reasoning", "structured_outputs", "files"))),
        ("", "&supported_parameters=temperature", "&supported_parameters=seed", "&supported_parameters=stop"),
        ("", "&lifecycle=active"),
        ("", "&variant=base"),
        ("", "&price=priced"),
        [f"&limit={limit}" for limit in range(15, 21)],
    )
    pages = _tails([f"&limit={limit}" for limit in range(MODELS, 1_000)], [f"&offset={offset}" for offset in range(40)])
    return [
        Kind("filtered list, 20 models at most", [f"/models?author={author}" for author in authors], filters, True),
        Kind("search for a word, 20 models at most", [f"/models/search?q={word}" for word in words], filters, True),
        Kind(
            "search for two words, mostly in vain",
            [f"/models/search?q={word}" for word in words],
            _tails([f"+{word}" for word in words], [f"&limit={limit}" for limit in range(15, 21)]),
            False,
        ),
        Kind("every model that takes tools", ["/models?supports=tools"], pages, False),
    ]


def _tails(*parts: list[str] | tuple[str, ...]) -> list[str]:
    """Return every combination, shuffled, so that each round gets some of all kinds."""
    tails = ["".join(chosen) for chosen in product(*parts)]
    Random(0).shuffle(tails)
    return tails
