"""Which addresses a fetch may go to: the server that the operator named, and no other."""

from __future__ import annotations

import httpx

from app.sources.document import excerpt

DEFAULT_PORTS = {"http": 80, "https": 443}


def joined(url: httpx.URL, reference: str) -> httpx.URL | None:
    """Return where a reference on a page leads; None when that is no http(s) address."""
    try:
        target = url.join(reference).copy_with(fragment=None)
        # Only reading the host tells of a name that is no valid IDNA.
        is_address = target.scheme in DEFAULT_PORTS and target.host != ""
    except (httpx.InvalidURL, ValueError):
        return None
    return target if is_address else None


def is_same_server(url: httpx.URL, target: httpx.URL) -> bool:
    """Whether both have the same scheme, host and port, and the target brings no user of its own."""
    return _origin(url) == _origin(target) and not target.userinfo


def may_redirect(url: httpx.URL, target: httpx.URL) -> bool:
    """Whether a redirect stays with the same server; from http to https on the default ports counts."""
    is_upgrade = _origin(url) == ("http", url.host, 80) and _origin(target) == ("https", url.host, 443)
    return is_same_server(url, target) or (is_upgrade and not target.userinfo)


def shown(url: httpx.URL) -> str:
    """Return a URL for people: without user, password and query."""
    return excerpt(str(url.copy_with(userinfo=b"", query=None)), 200)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or DEFAULT_PORTS.get(url.scheme, 0)
