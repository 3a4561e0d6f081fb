"""What a read asks for, in its settled spelling, and what makes its answer another than before."""

from __future__ import annotations

import re
from operator import itemgetter
from urllib.parse import quote, quote_plus

from app import __version__
from app.published import Published
from app.rendering import digest_of

_VERSION = __version__.encode()


def canonical_target(path: str, pairs: tuple[tuple[str, str], ...]) -> bytes:
    """Return a target in its settled spelling: words in alphabetical order, values in the order given."""
    settled_pairs = sorted(pairs, key=_name_of)
    query = "&".join(map("=".join, settled_pairs))
    # What quoting would leave as it is; to see that at once takes a third of the time that each part for itself takes.
    if not (_PLAIN_QUERY.fullmatch(query) and query.count("=") == len(pairs) and query.count("&") < len(pairs)):
        query = "&".join([f"{quote_plus(name)}={quote_plus(value)}" for name, value in settled_pairs])
    settled = path if _PLAIN_PATH.fullmatch(path) else quote(path, safe="/:~")
    return f"{settled}?{query}".encode() if query else settled.encode()


_name_of = itemgetter(0)
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9_.~&=-]*")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_.~/:-]*")


def list_digest(published: Published, target: bytes) -> str:
    """Return what the ETag of a list is made of; it is the same on every instance and after a restart."""
    facts = (_VERSION, published.rows_digest, published.snapshot.id.encode(), target)
    return digest_of(*facts, b"stale" if published.is_stale else b"fresh")
