"""What was found: rows with a yardstick, our figure, the aim, and whether it is met; as a table and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `is_met` is None where there is no aim."""

    section: str
    what: str
    ours: str
    yardstick: str = ""
    ratio: float | None = None
    aim: str = ""
    is_met: bool | None = None
    samples: Mapping[str, Any] = field(default_factory=dict)


def compared(
    section: str,
    what: str,
    *,
    yardstick: tuple[str, Sequence[float]],
    ours: tuple[str, Sequence[float]],
    unit: str,
    at_least: float | None = None,
    at_most: float | None = None,
    note: str = "",
) -> Row:
    """Return a row about our figures over the yardstick's; one aim at most.

    The ratio is the median over the rounds, because a round's two figures were taken seconds apart.
    """
    ratio = median(own / other for own, other in zip(ours[1], yardstick[1], strict=True))
    is_met = None
    if at_least is not None:
        is_met = ratio >= at_least
    if at_most is not None:
        is_met = ratio <= at_most
    return Row(
        section,
        what,
        f"{ours[0]} {spread(ours[1], unit)}" + (f", {note}" if note else ""),
        f"{yardstick[0]} {spread(yardstick[1], unit)}",
        ratio,
        _aim(at_least, at_most, ""),
        is_met,
        {yardstick[0]: list(yardstick[1]), ours[0]: list(ours[1])},
    )


def measured(
    section: str,
    what: str,
    samples: Sequence[float],
    unit: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    note: str = "",
) -> Row:
    """Return a row about a figure of ours alone, the median of its samples."""
    figure = median(samples)
    is_met = None
    if at_least is not None:
        is_met = figure >= at_least
    if at_most is not None:
        is_met = figure <= at_most
    ours = spread(samples, unit) + (f", {note}" if note else "")
    return Row(section, what, ours, aim=_aim(at_least, at_most, unit), is_met=is_met, samples={"ours": list(samples)})


def spread(samples: Sequence[float], unit: str) -> str:
    """Return the median, and the least and the most where there are several."""
    text = f"{number(median(samples))}{unit}"
    if len(samples) > 1:
        text += f" ({number(min(samples))}–{number(max(samples))})"
    return text


def number(value: float) -> str:
    """Return a figure with as many digits as mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _aim(at_least: float | None, at_most: float | None, unit: str) -> str:
    if at_least is not None:
        return f"≥ {at_least:,g}{unit}"
    return f"≤ {at_most:,g}{unit}" if at_most is not None else ""


def wide_console() -> Console:
    """Return a console that does not fold the table when its output goes to a file."""
    return Console(width=None if sys.stdout.isatty() else 170)


def show(rows: Iterable[Row], machine: Mapping[str, Any], left_out: Sequence[str], console: Console) -> None:
    """Print the table, the machine, and what was left out."""
    table = Table(title="A read costs what writing the bytes costs", title_justify="left", show_lines=False)
    for heading in ("what", "yardstick", "ours"):
        table.add_column(heading, overflow="fold")
    table.add_column("ratio", justify="right")
    table.add_column("aim", justify="right")
    table.add_column("met?")
    section = ""
    for row in rows:
        if row.section != section:
            section = row.section
            table.add_section()
            table.add_row(f"[bold]{section}[/bold]")
        met = {True: "yes", False: "[bold]NO[/bold]", None: ""}[row.is_met]
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(f"  {row.what}", row.yardstick, row.ours, ratio, row.aim, met)
    console.print(table)
    console.print("Medians; least and most in brackets. " + "; ".join(f"{k} {v}" for k, v in machine.items()))
    for reason in left_out:
        console.print(f"[bold]Left out:[/bold] {reason}")


def write_json(folder: Path, rows: Iterable[Row], machine: Mapping[str, Any], left_out: Sequence[str]) -> Path:
    """Write everything to a file named by the moment; returns its path."""
    document = {"machine": dict(machine), "left_out": list(left_out), "rows": [asdict(row) for row in rows]}
    return write_document(folder, "", document)


def write_document(folder: Path, prefix: str, document: Mapping[str, Any]) -> Path:
    """Write a document to a file named by the moment; returns its path."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{prefix}{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.json"
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return path
