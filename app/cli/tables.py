"""What people read: tables and short reports; plain text where there is no terminal."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.standing import IN_WORDS, Standing, has_stored
from app.dialects.lately import ago

Document = Mapping[str, Any]
_WORDS = {"free": "free", "dynamic": "varies", "per_unit": "per unit", "unknown": "unknown"}
_PIPE_COLUMNS = 200


def console() -> Console:
    """Return the console for standard output; wide where nobody looks, so that nothing is cut."""
    return Console(width=None if sys.stdout.isatty() else _PIPE_COLUMNS, highlight=False, soft_wrap=False)


def models_table(models: Sequence[Document]) -> Table:
    """Return models as a table: id, name, context, price per million tokens, what they can do."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id", no_wrap=True)
    table.add_column("name", overflow="ellipsis", no_wrap=True)
    for name in ("context", "in $/M", "out $/M"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("can")
    for model in models:
        prompt, completion = price_cells(model["price"])
        cells = (model["id"], model["name"], tokens(model["context_tokens"]), prompt, completion)
        table.add_row(*map(Text, cells), Text(", ".join(model["capabilities"])))
    return table


def price_cells(price: Document) -> tuple[str, str]:
    """Return the input and output price; a price that is no number is a word."""
    if price["state"] != "priced":
        return _WORDS[price["state"]], ""
    rates = price["usd_per_million_tokens"]
    return rates.get("prompt", "?"), rates.get("completion", "?")


def tokens(count: int | None) -> str:
    """Return a number of tokens with separators; a question mark when nobody knows."""
    return "?" if count is None else f"{count:,}"


def pairs_table(pairs: Iterable[tuple[str, object]]) -> Table:
    """Return names and values as two columns, without the values that are empty."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        if value not in (None, "", [], {}):
            table.add_row(Text(name), Text(str(value)))
    return table


def model_report(model: Document) -> Table:
    """Return everything readable about one model."""
    price = model["price"]
    rates = ", ".join(f"{key} {rate}" for key, rate in price["usd_per_million_tokens"].items())
    units = ", ".join(f"{key} {rate}" for key, rate in price["usd_per_unit"].items())
    lifecycle = model["lifecycle"]
    return pairs_table(
        [
            ("id", model["id"]),
            ("name", model["name"]),
            ("author", model["author"]),
            ("description", model["description"]),
            ("category", model["category"]),
            ("context", tokens(model["context_tokens"]) + " tokens"),
            ("output", tokens(model["max_output_tokens"]) + " tokens at most"),
            ("reads", ", ".join(model["input_modalities"])),
            ("writes", ", ".join(model["output_modalities"])),
            ("can", ", ".join(model["capabilities"])),
            ("price", f"{price['state']}" + (f", USD per million tokens: {rates}" if rates else "")),
            ("per unit", f"USD: {units}" if units else None),
            *[(f"above {tokens(tier['min_prompt_tokens'])}", _rates(tier)) for tier in price["tiers"]],
            *[(f"{at['utc_start']}-{at['utc_end']} UTC", _rates(at)) for at in price["windows"]],
            ("lifecycle", lifecycle["state"]),
            ("expires", lifecycle["expires_on"]),
            ("last seen", lifecycle["last_seen_at"]),
            ("aliases", ", ".join(model["aliases"])),
            ("notes", model["notes"]),
            *[
                (f"via {route['provider']}", f"{route['upstream_id']} at {route['base_url'] or 'an unknown address'}")
                for route in model["routes"]
            ],
            ("sources", ", ".join(model["sources"])),
        ]
    )


def _rates(part: Document) -> str:
    return ", ".join(f"{key} {rate}" for key, rate in part["usd_per_million_tokens"].items())


def status_report(status: Document, standing: Standing, *, is_running: bool, now: datetime) -> Table:
    """Return the honest summary: what is served or stored, how old it is, what is wrong."""
    snapshot, upstream, refresh = status["snapshot"] or {}, status["upstream"], status["refresh"]
    age = snapshot.get("age_seconds")
    checked = "never" if age is None else ago(now, now - timedelta(seconds=age))
    is_made_up = not is_running and not has_stored(status)
    error, base_map = upstream["last_error"] or {}, status["litellm_base_map"]
    return pairs_table(
        [
            ("status", IN_WORDS[standing]),
            ("models", f"{snapshot.get('models', 0):,} (and {snapshot.get('delisted', 0)} delisted)"),
            ("snapshot", "none is stored" if is_made_up else f"{snapshot.get('id')} from {snapshot.get('origin')}"),
            ("checked", checked + (", stale" if snapshot.get("is_stale") else "")),
            ("upstream", f"{upstream['state']} since {when(upstream['since'], now)}"),
            ("last error", error.get("reason")),
            *[
                (f"store {store['name']}", f"{store['state']} since {when(store['since'], now)}" + _reason(store))
                for store in status["stores"]
            ],
            *[(f"file {file['source']}", file["reason"]) for file in status["local_files"]],
            *[
                ("file bootstrap", row["last_error"]["reason"])
                for row in status["sources"]
                if row["name"] == "bootstrap" and row["last_error"]
            ],
            ("base map", base_map["last_error"]["reason"] if base_map["state"] == "interrupted" else None),
            ("held back", ", ".join(f"{rule} {count}" for rule, count in snapshot.get("held_back", {}).items())),
            ("quarantined", snapshot.get("quarantined_total") or None),
            ("next refresh", when(refresh["next_at"], now) if is_running else None),
            *[
                (_moment(entry["started_at"]), entry["outcome"] + (f": {entry['reason']}" if entry["reason"] else ""))
                for entry in status["outcomes"][:5]
            ],
        ]
    )


def when(moment: str | None, now: datetime) -> str:
    """Return a moment of a status document as people read it, and how far it is from now; None never came."""
    if moment is None:
        return "never"
    at = datetime.fromisoformat(moment)
    minutes = math.ceil((at - now).total_seconds() / 60)
    return f"{_moment(moment)}, " + (f"in {minutes} min" if minutes > 0 else ago(now, at))


def _moment(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _reason(store: Document) -> str:
    return f" ({store['last_error']['reason']})" if store["last_error"] else ""


def outcome_report(outcome: Document) -> Table:
    """Return what came of a refresh, with the names of what changed."""
    diff = outcome.get("diff") or {}
    return pairs_table(
        [
            ("outcome", outcome["outcome"] + (" (dry run)" if outcome["dry_run"] else "")),
            ("reason", outcome["reason"]),
            ("snapshot", outcome["snapshot"]),
            ("seconds", outcome["seconds"]),
            *[("warning", warning) for warning in outcome["warnings"]],
            *[("added", model_id) for model_id in diff.get("added", [])],
            *[("removed", model_id) for model_id in diff.get("removed", [])],
            *[
                ("re-priced", f"{at['id']}: {_was(at['before'])} -> {_was(at['after'])}")
                for at in diff.get("repriced", [])
            ],
            *[("changed", f"{at['id']}: {', '.join(at['fields'])}") for at in diff.get("changed", [])],
            ("everywhere", ", ".join(diff.get("changed_everywhere", []))),
        ]
    )


def _was(price: Document) -> str:
    rates = price.get("rates", {})
    if price["state"] != "priced":
        return str(price["state"])
    return f"{rates.get('prompt', '?')} / {rates.get('completion', '?')} USD per token"
