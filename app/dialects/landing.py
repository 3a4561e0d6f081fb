"""The landing page: how many models there are, how fresh they are, the picker, where to go.

The picker needs scripts; everything else is plain HTML.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape

from app.catalog.price import PriceState
from app.catalog.snapshot import Origin, Snapshot
from app.dialects.dropdown import author_name, label_of, price_texts

NEWEST_SHOWN = 8
LINKS = (
    ("/docs", "API reference", "every endpoint, tried from the browser"),
    ("/models", "/models", "the whole catalog as JSON"),
    ("/models/search?q=claude+sonnet", "/models/search", "ranked search"),
    ("/models?format=frontend", "/models?format=frontend", "a dropdown, ready to print"),
    ("/models/statistics", "/models/statistics", "counts and distributions"),
    ("/models/providers", "/models/providers", "who serves and who makes models"),
    ("/status", "/status", "sources, store, last refreshes"),
    ("/metrics", "/metrics", "for Prometheus"),
)
_ORIGIN_WORDS = {
    Origin.CORE: "core models only; OpenRouter has not answered yet",
    Origin.BOOTSTRAP: "from the bootstrap file; OpenRouter has not answered yet",
    Origin.UPSTREAM: "from OpenRouter, merged with core models",
}


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the page says about time; both moments are None when upstream was never reached."""

    now: datetime
    checked_at: datetime | None
    is_stale: bool


def landing_page(snapshot: Snapshot, freshness: Freshness, *, version: str, root_path: str) -> bytes:
    """Return the page as UTF-8 HTML; every text from outside is escaped."""
    listed = [model for model in snapshot.models if model.is_listed]
    free = sum(model.price.state is PriceState.FREE for model in listed)
    authors = len({model.author for model in listed})
    figures = "".join(
        f"<div><dt>{name}</dt><dd>{value}</dd></div>"
        for name, value in (
            ("models", f"{len(listed):,}"),
            ("authors", f"{authors:,}"),
            ("free", f"{free:,}"),
            ("last check", escape(_ago(freshness))),
        )
    )
    links = "".join(
        f'<li><a href="{escape(root_path + target)}">{escape(name)}</a><span>{escape(meaning)}</span></li>'
        for target, name, meaning in LINKS
    )
    names = snapshot.contents.provider_names
    dated = [(model.created_at, model) for model in listed if model.created_at]
    newest = [model for _, model in sorted(dated, key=lambda pair: pair[0], reverse=True)][:NEWEST_SHOWN]
    rows = "".join(
        f'<tr><td><a href="{escape(f"{root_path}/models/{model.id}")}">{escape(label_of(model))}</a></td>'
        f"<td>{escape(author_name(model, names))}</td><td>{escape(str(price_texts(model.price)['text']))}</td></tr>"
        for model in newest
    )
    table = f"<h2>Newest</h2><table><tbody>{rows}</tbody></table>" if rows else ""
    stale = '<p class="stale" role="status">Older than promised: OpenRouter can’t be reached.</p>'
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Model Registry · {len(listed):,} models</title>
<meta name="description" content="Every LLM, its price, its limits and its lifecycle, over HTTP.">
<link rel="icon" href="data:,"><link rel="stylesheet" href="{escape(root_path)}/static/page.css">
<script type="module" src="{escape(root_path)}/picker.js"></script></head>
<body><main><header><h1>Model Registry</h1>
<p class="lead">Every LLM, its price, its limits and its lifecycle. One list for your dropdowns, look-ups and tools,
answered from memory, also when upstream is down.</p></header>
{stale if freshness.is_stale else ""}<dl>{figures}</dl>
<p class="origin">Catalog {escape(_ORIGIN_WORDS[snapshot.contents.origin])}.
Snapshot <code>{escape(snapshot.id)}</code>.</p>
<h2>Find a model</h2><model-picker name="model" inline></model-picker>
<noscript><p>Searching here needs JavaScript; <a href="{escape(root_path)}/models?format=frontend">the list</a>
does not.</p></noscript><h2>Where to go</h2><ul class="links">{links}</ul>
{table}<footer>model-registry {escape(version)}</footer></main></body></html>
""".encode()


def _ago(freshness: Freshness) -> str:
    if freshness.checked_at is None:
        return "never"
    minutes = max(0, int((freshness.now - freshness.checked_at).total_seconds() // 60))
    if minutes < 1:
        return "just now"
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"
