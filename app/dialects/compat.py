"""The compatibility table: each client, what to set, and how its dialect fared at the last check. JSON and a page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from app.dialects.clients import CLIENTS, Client, Proof
from app.dialects.dialect import Dialect, Spoken
from app.dialects.native import timestamp

_PROOF_WORDS = {
    Proof.CLIENT: "the client itself",
    Proof.RULES: "its rules",
}
SHOWN_ON_PAGE = 20
_CODE = re.compile(r"`([^`]+)`")


def dialect_states(dialects: tuple[Dialect, ...], spoken: Mapping[str, Spoken]) -> list[dict[str, Any]]:
    """Return each dialect with the rows that it serves and those that it withholds, with the reasons."""
    return [
        {
            "name": dialect.name,
            "path": dialect.path,
            "state": "served" if spoken[dialect.name].is_served else "unserved",
            "flaw": spoken[dialect.name].flaw,
            "rows": spoken[dialect.name].count,
            "withheld": [{"id": one.model_id, "reason": one.reason} for one in spoken[dialect.name].withheld],
        }
        for dialect in dialects
    ]


def compat_document(
    dialects: tuple[Dialect, ...], spoken: Mapping[str, Spoken], *, url: str, snapshot: str, checked_at: datetime
) -> dict[str, Any]:
    """Return the table as JSON values; `url` is the address of the registry as the caller sees it."""
    states = {state["name"]: state for state in dialect_states(dialects, spoken)}
    return {
        "url": url,
        "snapshot": snapshot,
        "checked_at": timestamp(checked_at),
        "clients": [_client_row(client, states[client.dialect], url) for client in CLIENTS],
        "dialects": list(states.values()),
    }


def _client_row(client: Client, state: Mapping[str, Any], url: str) -> dict[str, Any]:
    return {
        "client": client.slug,
        "title": client.title,
        "dialect": client.dialect,
        "switch": client.switch.format(url=url),
        "asks": client.target,
        "proof": client.proof.value,
        "note": client.note,
        "state": state["state"],
        "rows": state["rows"],
        "withheld": len(state["withheld"]),
    }


def compat_page(document: Mapping[str, Any], *, root_path: str) -> bytes:
    """Return the table as an HTML page without scripts; every text is escaped."""
    clients = "".join(
        f'<tr><th scope="row">{escape(row["title"])}</th><td><code>{escape(row["switch"])}</code>{_note(row["note"])}'
        f'</td><td class="number" data-label="models">{row["rows"]:,}</td>'
        f'<td class="number" data-label="withheld">{row["withheld"]:,}</td>'
        f'<td data-label="proved by">{escape(_PROOF_WORDS[Proof(row["proof"])])}</td></tr>'
        for row in document["clients"]
    )
    dialects = "".join(_dialect_section(state, root_path) for state in document["dialects"])
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Model Registry · clients</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="{escape(root_path)}/static/page.css">
<link rel="stylesheet" href="{escape(root_path)}/static/compat.css"></head>
<body><main class="wide"><header><h1>Clients</h1>
<p class="lead">Point a tool at this registry with one setting. Every dialect is checked against its clients’ own rules
when a catalog is published; a model that would break a client is withheld from that dialect alone.</p></header>
<p class="origin">Checked {escape(str(document["checked_at"]))} on snapshot <code>{escape(document["snapshot"])}</code>.
The same as JSON: <a href="{escape(root_path)}/compat?format=json">/compat?format=json</a>. From a shell:
<code>model-registry doctor CLIENT --url {escape(document["url"])}</code></p>
<div class="scroll"><table><thead>
<tr><th scope="col">Client</th><th scope="col">Set this</th><th scope="col" class="number">Models</th>
<th scope="col" class="number">Withheld</th><th scope="col">Proved by</th></tr></thead>
<tbody>{clients}</tbody></table></div>
<p class="origin">Proved by the client itself: it reads a running registry in our tests, with old and new catalogs.
Proved by its rules: they were read in its source, because it can’t be run there.</p>
<h2>Dialects</h2>{dialects}
<footer><a href="{escape(root_path)}/">Model Registry</a></footer></main></body></html>
""".encode()


def _note(text: str) -> str:
    words = _CODE.sub(r"<code>\1</code>", escape(text))
    return f"<br><small>{words}</small>" if words else ""


def _dialect_section(state: Mapping[str, Any], root_path: str) -> str:
    path = escape(state["path"])
    head = f'<h3>{escape(state["name"])} <a href="{escape(root_path)}{path}"><code>{path}</code></a></h3>'
    if state["flaw"]:
        return f'{head}<p class="stale">Not served now: {escape(state["flaw"])}.</p>'
    if not state["withheld"]:
        return f"{head}<p>{state['rows']:,} models, none withheld.</p>"
    shown = "".join(
        f"<li><code>{escape(one['id'])}</code> {escape(one['reason'])}</li>"
        for one in state["withheld"][:SHOWN_ON_PAGE]
    )
    more = len(state["withheld"]) - SHOWN_ON_PAGE
    rest = f"<li>and {more:,} more, in the JSON</li>" if more > 0 else ""
    return (
        f"{head}<details><summary>{state['rows']:,} models, {len(state['withheld']):,} withheld</summary>"
        f"<ul>{shown}{rest}</ul></details>"
    )
