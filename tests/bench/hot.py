"""Hot reads: the same bytes from nginx, a bare ASGI callable, FastAPI, our front, and our protocol class."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from statistics import median
from urllib.parse import quote

from tests.bench.bounds import MODELS, Bench
from tests.bench.nginx import WITH_SENDFILE, nginx
from tests.bench.processes import Served, free_port, get, module, registry, serving
from tests.bench.recorded import Recorded, record
from tests.bench.report import Row, compared, number
from tests.bench.upstream import base_url, upstream
from tests.bench.wrk import BY_CPU, Load, comparable, load

FRONT_OF_BARE = 0.9
PROTOCOL_OF_NGINX = 1.0
PROTOCOL_OF_NGINX_304 = 0.85
LISTS = ("/models", "/v1/models")
SEARCH = "/models/search?q=claude"
# The size of one model, as the aims know it.
ONE_MODEL_BYTES = 2_500
# FastAPI is a yardstick of where we come from: two cases say it all. And sendfile is for what is long and compressed.
_ONLY = {
    "fastapi": frozenset({"/models gzip", "one model"}),
    WITH_SENDFILE: frozenset(f"{target} gzip" for target in LISTS),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request; `form` is empty for the plain body, or `gzip`, or `304`."""

    target: str
    form: str
    body_bytes: int

    @property
    def label(self) -> str:
        """What the table says."""
        shown = self.target if self.target in LISTS or "?" in self.target else "one model"
        return f"{shown} {self.form}".strip()

    @property
    def title(self) -> str:
        """What the table says, with the size of the body."""
        return f"{self.label}, {self.body_bytes / 1000:,.1f} kB" if self.body_bytes else self.label

    def headers(self, served: Served) -> Mapping[str, str]:
        """Return what a client sends; a server's ETags are its own."""
        if self.form == "304":
            return {"If-None-Match": get(served.port, self.target).headers["etag"]}
        return {"Accept-Encoding": "gzip"} if self.form == "gzip" else {}

    @property
    def nginx_aim(self) -> float | None:
        """How much of nginx the protocol class should reach."""
        if self.form == "304":
            return PROTOCOL_OF_NGINX_304
        is_small = self.label == "one model"
        return PROTOCOL_OF_NGINX if is_small or (self.target in LISTS and self.form == "gzip") else None


def hot_reads(bench: Bench) -> list[Row]:
    """Measure every case on every server, in turn, as many rounds as there are."""
    with ExitStack() as stack:
        feed = base_url(stack.enter_context(upstream(bench, MODELS)))
        front = stack.enter_context(registry(bench, "front", feed, fast_protocol=False))
        protocol = stack.enter_context(registry(bench, "protocol", feed, fast_protocol=True))
        targets = [*LISTS, one_model(protocol), SEARCH]
        folder = bench.folder / "recorded"
        recorded = record(protocol, targets, folder)
        _say_missing(bench, targets, recorded)
        servers = [front, protocol]
        for kind in ("bare", "fastapi"):
            port = free_port()
            command = module("tests.bench.yardsticks", kind, folder, port)
            servers.append(stack.enter_context(serving(bench, kind, command, port, core=bench.server_core)))
        if bench.has_nginx:
            servers += [stack.enter_context(nginx(bench, recorded, with_sendfile=on)) for on in (False, True)]
        cases = _cases(recorded)
        _warm_up(servers, cases)
        found = _measure(bench, servers, cases)
    return [row for case in cases for row in _rows(case, found)] + _costs(cases, found)


def one_model(served: Served) -> str:
    """Return the target of the model whose document is nearest to the size that the aims speak of."""
    models = json.loads(get(served.port, "/models").body)["models"]
    nearest = min(models, key=lambda model: abs(len(json.dumps(model, separators=(",", ":"))) - ONE_MODEL_BYTES))
    return "/models/" + quote(nearest["id"], safe="/:~")


def _say_missing(bench: Bench, targets: Sequence[str], recorded: Sequence[Recorded]) -> None:
    known = {answer.target for answer in recorded}
    bench.left_out.extend(f"{target}: the service does not answer it" for target in targets if target not in known)


def _cases(recorded: Sequence[Recorded]) -> list[Case]:
    cases = [Case(answer.target, answer.coding or "", answer.body_bytes) for answer in recorded]
    return cases + [Case(case.target, "304", 0) for case in cases if not case.form]


def _warm_up(servers: Sequence[Served], cases: Sequence[Case]) -> None:
    """Ask for everything a few times, and check that everybody gives the same bytes."""
    for case in cases:
        sizes = {}
        for served in servers:
            headers = case.headers(served)
            got = [get(served.port, case.target, headers) for _ in range(3)][-1]
            sizes[served.name] = (got.status, len(got.body))
        # The front's own search may still be compressing; the load comes later.
        if case.form != "gzip" and len(set(sizes.values())) > 1:
            raise RuntimeError(f"{case.label}: the servers disagree: {sizes}")


Found = dict[tuple[Case, str], list[Load]]


def _measure(bench: Bench, servers: Sequence[Served], cases: Sequence[Case]) -> Found:
    found: Found = {}
    for _ in range(bench.rounds):
        for case in cases:
            for served in servers:
                if served.name in _ONLY and case.label not in _ONLY[served.name]:
                    continue
                figure = load(bench, served, case.target, case.headers(served))
                found.setdefault((case, served.name), []).append(figure)
    return found


def _rows(case: Case, found: Found) -> list[Row]:
    def against(yardstick: str, ours: str, aim: float | None) -> Row:
        rates, is_waiting = comparable(found[case, yardstick], found[case, ours])
        return compared(
            "Hot reads, requests per second on one core",
            f"{case.title} ({BY_CPU})" if is_waiting else case.title,
            yardstick=(yardstick, rates[0]),
            ours=(ours, rates[1]),
            unit="/s",
            at_least=aim,
        )

    rows = [against("bare", "front", FRONT_OF_BARE)]
    if (case, "nginx") in found:
        rows.append(against("nginx", "protocol", case.nginx_aim))
    else:
        rows.append(against("bare", "protocol", None))
    rows += [against(yardstick, "protocol", None) for yardstick in _ONLY if (case, yardstick) in found]
    return rows


def _costs(cases: Sequence[Case], found: Found) -> list[Row]:
    """Return what a request costs each server in CPU; this tells even where wrk or the network is the slower side."""
    section = "Microseconds of CPU per request"
    rows = []
    for case in cases:
        figures = {name: loads for (known, name), loads in found.items() if known == case}
        spent = {name: median(one.cpu_microseconds for one in loads) for name, loads in figures.items()}
        samples = {name: [asdict(one) for one in loads] for name, loads in figures.items()}
        ours, yardsticks = (
            ", ".join(f"{name} {number(spent[name])}" for name in names if name in spent)
            for names in (("protocol", "front"), ("nginx", WITH_SENDFILE, "bare", "fastapi"))
        )
        rows.append(Row(section, case.title, ours, yardsticks, samples=samples))
    return rows
