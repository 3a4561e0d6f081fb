"""What the value of a setting must look like.

Each check takes a value and returns it as it is kept; it raises ValueError with what it must be, and quotes no secret.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

HASHED = "sha256:"
"""What stands before a token's SHA-256 that is set in place of the token."""
REDIS_SCHEMES = (
    "redis://",
    "rediss://",
    "unix://",
    "redis+sentinel://",
    "rediss+sentinel://",
    "redis+cluster://",
    "rediss+cluster://",
)
"""How REDIS_URL may begin."""
ANY_SITE = "*"
# Pages of applications have schemes of their own, such as tauri://localhost.
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._\[\]:-]*[A-Za-z0-9\]]")
# Browsers leave them out.
_SILENT_PORTS = frozenset({("http", 80), ("https", 443)})
# User tokens are made from it, and whoever has one of these can try keys against it at leisure.
LEAST_TOKEN_CHARS = 32


def words(value: Any) -> Any:
    """Return the parts of a text between commas; anything else as it is."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


def upstream_address(value: str) -> str:
    """Return the base of an API, without a slash at its end."""
    wanted = "must be an absolute http(s) URL, e.g. https://openrouter.ai/api/v1"
    _check_web_address(value, wanted, "; use OPENROUTER_API_KEY for the key")
    return value.rstrip("/")


def file_or_address(value: str | None) -> str | None:
    """Return the path of a file, or where one is fetched from."""
    if value is not None and "://" in value:
        _check_web_address(value, "must be a file, or an absolute https URL")
    return value


def _check_web_address(value: str, wanted: str, instead: str = "") -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _has_readable_port(value):
        raise ValueError(wanted)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(f"must hold no user, password, query or fragment{instead}")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must use https, except for a server on this machine")


def redis_address(value: SecretStr | None) -> SecretStr | None:
    """Return where Redis is; the forms with several hosts are read by the store, which names what it can't use."""
    if value is None:
        return None
    url = value.get_secret_value()
    if not url.startswith(REDIS_SCHEMES):
        raise ValueError(f"must start with {', '.join(REDIS_SCHEMES[:-1])} or {REDIS_SCHEMES[-1]}")
    if "+" not in url.partition("://")[0] and not _has_readable_port(url):
        raise ValueError("can't be read; percent-encode signs such as / @ : # ? in the password")
    return value


def _has_readable_port(url: str) -> bool:
    """Whether host and port can be told apart; urllib's own message would quote a piece of the password."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether a host name or an address means this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def sites(value: tuple[str, ...]) -> tuple[str, ...]:
    """Return origins as browsers send them, in lower case; `*` alone stands for any."""
    for site in value:
        if site != ANY_SITE and not _is_origin(site):
            raise ValueError(
                f"{site!r} is no origin: name each site by scheme and host alone, e.g. https://app.example or "
                "http://localhost:3000, in ASCII, without a slash at the end and without the scheme's own port"
            )
    return tuple(site.lower() for site in value)


def _is_origin(site: str) -> bool:
    if not _ORIGIN.fullmatch(site) or not _has_readable_port(site):
        return False
    parts = urlsplit(site)
    return bool(parts.hostname) and (parts.scheme, parts.port) not in _SILENT_PORTS


def named_sites(value: tuple[str, ...]) -> tuple[str, ...]:
    """Return origins, none of which stands for any."""
    if any("*" in site for site in value):
        raise ValueError("must name the sites, e.g. https://app.example; preferences are not for any site")
    return sites(value)


def named_proxies(value: str) -> str:
    """Return the addresses of proxies, none of which stands for any."""
    if "*" in value:
        raise ValueError("must name the proxies; * would let anybody pretend to be anybody")
    return value


def header_safe(value: SecretStr | None) -> SecretStr | None:
    """Return a secret that can stand in a header; None for a blank one."""
    text = value.get_secret_value().strip() if value else ""
    if any(ord(letter) < 0x21 or ord(letter) == 0x7F for letter in text):
        raise ValueError("must hold no spaces and no control characters")
    return SecretStr(text) if text else None


def long_enough(value: SecretStr | None) -> SecretStr | None:
    """Return a secret that can't be guessed, and is no hash of one: other tokens are made from it."""
    if value is not None and value.get_secret_value().startswith(HASHED):
        raise ValueError(f"must be the token itself, not {HASHED} and its hash: user tokens are made from it")
    if value is not None and len(value.get_secret_value()) < LEAST_TOKEN_CHARS:
        raise ValueError(f"must have {LEAST_TOKEN_CHARS} characters or more, e.g. the output of openssl rand -hex 32")
    return value


def token_or_hash(value: SecretStr | None) -> SecretStr | None:
    """Return a token, or `sha256:` and the SHA-256 of one in hex."""
    text = value.get_secret_value() if value else ""
    if text.startswith(HASHED) and not re.fullmatch("[0-9a-fA-F]{64}", text.removeprefix(HASHED)):
        raise ValueError(f'must be 64 hex digits after {HASHED}; printf %s "$TOKEN" | sha256sum prints them')
    return value
