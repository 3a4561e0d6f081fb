"""The landing page: how many models there are, how fresh they are, the picker, what changed lately, where to go.

The picker and the operators' refresh need scripts; everything else is plain HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from app.catalog.index import Index
from app.catalog.price import PriceState
from app.catalog.snapshot import Origin
from app.dialects.lately import Change, ago, changes_list, leaving_table, newest_table

LINKS = (
    ("/docs", "API reference", "every endpoint, tried from the browser"),
    ("/compat", "Clients", "which tools can be pointed here, and by which switch"),
    ("/models", "/models", "the whole catalog as JSON"),
    ("/models/search?q=claude+sonnet", "/models/search", "ranked search"),
    ("/models?format=frontend", "/models?format=frontend", "a dropdown, ready to print"),
    ("/models/statistics", "/models/statistics", "counts and distributions"),
    ("/models/providers", "/models/providers", "who serves and who makes models"),
    ("/status", "/status", "sources, store, last refreshes"),
    ("/metrics", "/metrics", "for Prometheus"),
)
_NAVIGATION = (("/docs", "API reference"), ("/compat", "Clients"), ("/status", "Status"))
_ORIGIN_WORDS = {
    Origin.CORE: "The core models only: OpenRouter has not answered yet",
    Origin.BOOTSTRAP: "From the bootstrap file: OpenRouter has not answered yet",
    Origin.UPSTREAM: "From OpenRouter, merged with core models",
}


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the page says about time; `checked_at` is None when upstream was never reached."""

    now: datetime
    checked_at: datetime | None
    is_stale: bool


def landing_page(
    index: Index, freshness: Freshness, changes: Sequence[Change], *, version: str, root_path: str
) -> bytes:
    """Return the page as UTF-8 HTML; every text from outside is escaped."""
    snapshot, listed = index.snapshot, index.listed.bit_count()
    free = (index.facets["price"].get(PriceState.FREE.value, 0) & index.listed).bit_count()
    authors = sum(bool(mask & index.listed) for mask in index.facets["author"].values())
    checked = ago(freshness.now, freshness.checked_at) if freshness.checked_at else "never"
    figures = "".join(
        f"<div><dt>{name}</dt><dd>{value}</dd></div>"
        for name, value in (
            ("models", f"{listed:,}"),
            ("authors", f"{authors:,}"),
            ("free", f"{free:,}"),
            ("last check", escape(checked)),
        )
    )
    root = escape(root_path)
    navigation = "".join(f'<a href="{root}{target}">{name}</a>' for target, name in _NAVIGATION)
    links = "".join(
        f'<li><a href="{escape(root_path + target)}">{escape(name)}</a><span>{escape(meaning)}</span></li>'
        for target, name, meaning in LINKS
    )
    stale = '<p class="stale" role="status">Older than promised: OpenRouter can’t be reached.</p>'
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Model Registry · {listed:,} models</title>
<meta name="description" content="Every LLM, its price, its limits and its lifecycle, over HTTP.">
<link rel="icon" href="data:,"><link rel="stylesheet" href="{root}/static/page.css">
<script type="module" src="{root}/picker.js"></script>
<script type="module" src="{root}/static/operate.js"></script></head>
<body><main><header><h1>Model Registry</h1><nav aria-label="Elsewhere">{navigation}</nav>
<p class="lead">Every LLM, its price, its limits and its lifecycle. One list for your dropdowns, look-ups and tools,
answered from memory, also when upstream is down.</p></header>
{stale if freshness.is_stale else ""}<dl>{figures}</dl>
<p class="origin with-button"><span>{escape(_ORIGIN_WORDS[snapshot.contents.origin])}. Snapshot
<code>{escape(snapshot.id)}</code>.</span> <button type="button" id="refresh" hidden>Refresh …</button></p>
<h2>Find a model</h2><model-picker name="model" inline></model-picker>
<noscript><p>Searching here needs JavaScript; <a href="{root}/models?format=frontend">the list</a>
does not.</p></noscript>
<h2>What changed lately</h2>{changes_list(index, changes, freshness.now, root_path=root_path)}
{leaving_table(index, freshness.now, root_path=root_path)}{newest_table(index, root_path=root_path)}
<h2>Where to go</h2><ul class="links">{links}</ul>
<footer>model-registry {escape(version)}</footer></main></body></html>
""".encode()
