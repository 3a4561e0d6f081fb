"""Ask a registry as a client would, and say what the client would make of the answer."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from app.dialects.clients import BY_SLUG, CLIENTS, Client, Proof
from app.dialects.dialect import Withheld, findings
from app.dialects.table import DIALECTS

if TYPE_CHECKING:
    import httpx

SHOWN = 10
_PROOFS = {
    Proof.CLIENT: "the client itself reads it in our tests",
    Proof.RULES: "by the rules read in the client's source",
}


class UnknownClientError(Exception):
    """No client has this name; the message names the ones that come near."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `is_fine` is None for what is neither good nor bad."""

    is_fine: bool | None
    text: str


def client_named(slug: str) -> Client:
    """Return a client by its name. Raises UnknownClientError."""
    if slug in BY_SLUG:
        return BY_SLUG[slug]
    near = difflib.get_close_matches(slug, BY_SLUG, n=3, cutoff=0.4) or list(BY_SLUG)
    raise UnknownClientError(f"no client is known as {slug[:60]!r}; try {', '.join(near)}")


def table_of_clients(url: str) -> str:
    """Return every client with the switch to paste."""
    width = max(len(client.slug) for client in CLIENTS)
    return "\n".join(f"{client.slug:{width}}  {client.switch.format(url=url)}" for client in CLIENTS)


def examine(client: Client, url: str) -> Iterator[Finding]:
    """Ask as the client asks and yield what it would see; the first line is the switch.

    Raises httpx.HTTPError when nothing answers.
    """
    import httpx

    yield Finding(None, f"set        {client.switch.format(url=url)}")
    yield Finding(None, f"it asks    GET {url}{client.target} and waits {client.timeout_seconds:g} s")
    if client.note:
        yield Finding(None, f"know       {client.note}")
    with httpx.Client(timeout=client.timeout_seconds, follow_redirects=False) as connection:
        started = time.perf_counter()
        response = connection.get(url + client.target)
        seconds = time.perf_counter() - started
        yield from _first_answer(client, response, seconds)
        if response.status_code != 200:
            return
        yield from _rows(client, response)
        yield from _withheld(client, connection, url)
        yield _again(connection, response)


def _first_answer(client: Client, response: httpx.Response, seconds: float) -> Iterator[Finding]:
    status = response.status_code
    if status == 200:
        coding = response.headers.get("content-encoding", "uncompressed")
        length = int(response.headers.get("content-length", len(response.content)))
        yield Finding(True, f"200 in {seconds * 1_000:.0f} ms, {length / 1_000:,.0f} kB {coding}")
    elif 300 <= status < 400:
        target = response.headers.get("location", "nowhere")
        yield Finding(False, f"{status} to {target}: not every client follows; give the address that it leads to")
    elif status == 404:
        yield Finding(False, "404: give the address of the registry itself, without /v1 or another path behind it")
    else:
        yield Finding(False, f"{status} {_said(response)}; {client.title} would keep what it has or show nothing")


def _said(response: httpx.Response) -> str:
    """Return what an error says, in whichever shape."""
    try:
        document = response.json()
        said = document.get("detail") or document.get("message") or document["error"]["message"]
    except (ValueError, KeyError, TypeError, AttributeError):
        said = response.text
    return str(said)[:400]


def _rows(client: Client, response: httpx.Response) -> Iterator[Finding]:
    dialect = next(dialect for dialect in DIALECTS if dialect.name == client.dialect)
    try:
        document: Any = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        yield Finding(False, f"the body is no JSON, it begins with {response.text[:60]!r}")
        return
    count, faults = findings(dialect, document)
    if not faults:
        yield Finding(True, f"{count:,} models, each one passes ({_PROOFS[client.proof]})")
        return
    yield Finding(False, f"{len(faults):,} flaws in {count:,} models; the client may refuse the whole list")
    yield from _named(faults, False)


def _withheld(client: Client, connection: httpx.Client, url: str) -> Iterator[Finding]:
    import httpx

    try:
        table = connection.get(f"{url}/compat?format=json").json()
        [state] = [state for state in table["dialects"] if state["name"] == client.dialect]
        entries = [Withheld(one["id"], one["reason"]) for one in state["withheld"]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        yield Finding(None, "what it withholds from this client is not told: there is no /compat at this address")
        return
    if entries:
        yield Finding(
            None, f"withheld   {len(entries):,} of the catalog's models from this client, all named at {url}/compat"
        )
        yield from _named(entries, None)


def _again(connection: httpx.Client, response: httpx.Response) -> Finding:
    etag = response.headers.get("etag")
    if etag is None:
        return Finding(None, "there is no ETag, so that each question costs the whole list")
    again = connection.get(response.request.url, headers={"If-None-Match": etag})
    if again.status_code == 304:
        return Finding(True, "304 when asked again with its ETag")
    return Finding(
        None, f"{again.status_code} when asked again with its ETag: the catalog has just changed, or a proxy ate it"
    )


def _named(entries: list[Withheld] | tuple[Withheld, ...], is_fine: bool | None) -> Iterator[Finding]:
    for entry in entries[:SHOWN]:
        yield Finding(is_fine, f"  {entry.model_id}: {entry.reason}")
    if len(entries) > SHOWN:
        yield Finding(is_fine, f"  and {len(entries) - SHOWN:,} more")
