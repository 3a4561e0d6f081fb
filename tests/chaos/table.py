"""What a storm was like, as a table for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from tests.chaos.storm import AGREE_SECONDS, Report


def storm_table(report: Report) -> Table:
    """Return the table of one storm."""
    plan, tally = report.plan, report.tally
    title = f"{plan.members} instances on {report.store}, {report.seconds:.0f} s, seed {plan.seed}"
    table = Table("what", "count", "details", title=title, title_justify="left")
    table.add_row("faults injected", str(sum(report.blows.values())), counts(report.blows))
    table.add_row("reads served", f"{tally.reads:,}", f"{tally.not_here_yet} answered 412 to min_snapshot")
    table.add_row("reads cut by our own blows", str(tally.cut), "on an instance that was killed or frozen meanwhile")
    table.add_row("reads failed", str(len(tally.failed)), "on instances that were alive")
    table.add_row("regressions", str(len(tally.regressions)), f"newest snapshot {tally.told}")
    table.add_row("refreshes by hand", str(sum(report.triggers.values())), counts(report.triggers))
    table.add_row("upstream calls", str(report.calls), f"at most {report.calls_allowed} are allowed")
    table.add_row("starts", str(report.lives), f"ready after {span(report.start_seconds)}")
    table.add_row(
        "recovery seconds",
        span(report.agree_seconds),
        f"from calm until all serve one snapshot; {AGREE_SECONDS:g} s allowed",
    )
    table.add_row("", span(report.works_again_seconds), "from there until a refresh by hand brings something new")
    table.add_row("", span(report.spread_seconds), f"from there until all serve it; {AGREE_SECONDS:g} s allowed")
    return table


def counts(numbers: Mapping[str, int]) -> str:
    """Return words with their counts, the most frequent first."""
    return "\n".join(f"{count} {word}" for word, count in sorted(numbers.items(), key=lambda item: -item[1]))


def span(seconds: Sequence[float]) -> str:
    """Return the least and the most."""
    return f"{min(seconds):.1f} to {max(seconds):.1f}" if seconds else "-"


def show(table: Table) -> None:
    """Print a table at its full width, wherever the output goes."""
    Console(width=130).print(table)
