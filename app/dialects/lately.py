"""What changed lately, for the landing page: what refreshes brought, the newest models, and those about to leave.

Every text from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from typing import Any

from app.catalog.index import Index
from app.catalog.model import LifecycleState, Model
from app.dialects.dropdown import author_name, label_of, price_texts

CHANGES_SHOWN = 5
NAMES_SHOWN = 4
NEWEST_SHOWN = 8
LEAVING_SHOWN = 8
# Announced ends lie years ahead, too; those are no news.
LEAVING_WITHIN = timedelta(days=90)
_KINDS = (("added", "New"), ("removed", "Gone"), ("repriced", "Other price"))


@dataclass(frozen=True, slots=True)
class Change:
    """One refresh that brought something else.

    `counts` tells by kind (added, removed, repriced, changed) how many models; `ids` names the first of them. The
    first catalog is told by the number of its models alone.
    """

    at: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    first_models: int | None = None


def changes_of(outcomes: Iterable[Mapping[str, Any]]) -> list[Change]:
    """Return the changes that outcomes of refreshing tell, in the same order; most outcomes tell none."""
    changes = []
    for outcome in outcomes:
        at, told = datetime.fromisoformat(outcome["started_at"]), outcome.get("changes")
        if outcome["outcome"] == "updated" and told:
            changes.append(Change(at, told["counts"], {kind: told[kind] for kind, _ in _KINDS}))
        elif outcome["outcome"] == "updated" and outcome.get("first_models") is not None:
            changes.append(Change(at, first_models=outcome["first_models"]))
    return changes


def ago(now: datetime, moment: datetime) -> str:
    """Return how long ago a moment is, as people say it."""
    minutes = max(0, int((now - moment).total_seconds() // 60))
    if minutes < 1:
        return "just now"
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"


def changes_list(index: Index, changes: Sequence[Change], now: datetime, *, root_path: str) -> str:
    """Return what the newest refreshes brought, as HTML."""
    told = changes[:CHANGES_SHOWN]
    if not told:
        return '<p class="quiet">Nothing has changed since the registry began to look.</p>'
    wanted = {model_id for change in told for ids in change.ids.values() for model_id in ids}
    models = {model_id: index.models[index.places[model_id]] for model_id in wanted if model_id in index.places}
    items = []
    for change in told:
        parts = [
            f"<b>{words}</b> {_named(change.counts[kind], change.ids.get(kind, ()), models, root_path)}"
            for kind, words in _KINDS
            if change.counts.get(kind)
        ]
        if others := change.counts.get("changed"):
            parts.append(f"<b>Other facts</b> {_models(others)}")
        if change.first_models is not None:
            parts.append(f"<b>First catalog</b> {_models(change.first_models)}")
        moment = f'<time datetime="{escape(change.at.isoformat())}">{ago(now, change.at)}</time>'
        items.append(f"<li>{moment}<div>{''.join(f'<p>{part}</p>' for part in parts)}</div></li>")
    return f'<ol class="changes">{"".join(items)}</ol>'


def _named(count: int, ids: Sequence[str], models: Mapping[str, Model], root_path: str) -> str:
    """Return the first names as links, and how many more there are; what is forgotten has no page to link to."""
    shown = [
        model_link(models[model_id], root_path) if model_id in models else escape(model_id)
        for model_id in ids[:NAMES_SHOWN]
    ]
    more = count - len(shown)
    if not shown:
        return _models(count)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _models(count: int) -> str:
    return f"{count:,} {'model' if count == 1 else 'models'}"


def newest_table(index: Index, *, root_path: str) -> str:
    """Return the newest models as HTML; empty when no model has a date."""
    newest = [index.models[place] for place in index.newest(NEWEST_SHOWN)]
    names = index.snapshot.contents.provider_names
    rows = [
        (model, escape(author_name(model, names)), escape(str(price_texts(model.price)["text"]))) for model in newest
    ]
    return _table("Newest", rows, root_path)


def leaving_table(index: Index, now: datetime, *, root_path: str) -> str:
    """Return the listed models whose last day is near, as HTML; empty when there is none."""
    last = (now + LEAVING_WITHIN).date()
    # Whatever has a last day is deprecated; the others need not be looked at.
    announced = index.facets["lifecycle"].get(LifecycleState.DEPRECATED.value, 0)
    leaving = [
        (model.lifecycle.expires_on, model)
        for model in map(index.models.__getitem__, index.places_in(announced))
        if model.lifecycle.expires_on and now.date() <= model.lifecycle.expires_on <= last
    ]
    leaving.sort(key=lambda pair: (pair[0], pair[1].id))
    names = index.snapshot.contents.provider_names
    rows = [
        (model, escape(author_name(model, names)), f"{day.day} {day:%B %Y}") for day, model in leaving[:LEAVING_SHOWN]
    ]
    return _table("Leaving soon", rows, root_path)


def _table(title: str, rows: Sequence[tuple[Model, str, str]], root_path: str) -> str:
    lines = "".join(
        f"<tr><td>{model_link(model, root_path)}</td><td>{author}</td><td>{last}</td></tr>"
        for model, author, last in rows
    )
    return f"<h2>{title}</h2><table><tbody>{lines}</tbody></table>" if rows else ""


def model_link(model: Model, root_path: str) -> str:
    """Return a link to a model's document, with its name."""
    return f'<a href="{escape(f"{root_path}/models/{model.id}")}">{escape(label_of(model))}</a>'
