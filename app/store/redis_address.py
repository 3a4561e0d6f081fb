"""What REDIS_URL says: one server, a service that sentinels watch over, or a cluster.

    redis://user:password@host:6379/0                                   rediss:// for TLS
    unix://user:password@/path/of/redis.sock?db=0                       unix:///path/of/redis.sock without a password
    redis+sentinel://user:password@host:26379,host:26379/service/0      rediss+sentinel:// for TLS
    redis+cluster://user:password@host:6379,host:6379                   rediss+cluster:// for TLS

User, password and options (OPTIONS, such as ?ssl_ca_certs=) are for the servers that hold the data; sentinels have
?sentinel_username= and ?sentinel_password= of their own. No message repeats a piece of the URL, which may be the
password, but the value of an option that takes no more than a few.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from redis.asyncio.connection import SSLConnection, parse_url

from app.catalog.text import one_line


class Kind(StrEnum):
    """How a server is found."""

    SERVER = "server"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


PORTS = {Kind.SENTINEL: 26_379, Kind.CLUSTER: 6_379}
SOCKET_FORM = "unix://user:password@/path/of/redis.sock"
FORMS = {
    Kind.SERVER: "redis://user:password@host:6379/0",
    Kind.SENTINEL: "redis+sentinel://user:password@host:26379,host:26379/service/0",
    Kind.CLUSTER: "redis+cluster://user:password@host:6379,host:6379",
}
SENTINEL_OPTIONS = {"sentinel_username": "username", "sentinel_password": "password"}
TLS_OPTIONS = ("ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile")
# Connections are made as this service needs them, so that no more than these are anybody's business.
OPTIONS = ("client_name", "db", "health_check_interval", "password", "socket_keepalive", "username", *TLS_OPTIONS)
_SWITCH = (re.compile("true|false|yes|no|1|0", re.IGNORECASE), "true or false")
# What an option takes, and how that is said; redis-py finds out when it connects, or takes it for something else.
_TAKES: Mapping[str, tuple[re.Pattern[str], str]] = MappingProxyType(
    {
        "client_name": (re.compile(r"[\x21-\x7e]{1,200}"), "letters, digits and signs without a space"),
        "db": (re.compile("[0-9]{1,9}"), "the number of a database"),
        "health_check_interval": (re.compile("[0-9]{1,9}"), "a whole number of seconds"),
        "socket_keepalive": _SWITCH,
        "ssl_cert_reqs": (re.compile("none|optional|required"), "none, optional or required"),
        "ssl_check_hostname": _SWITCH,
    }
)


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where the data is; `options` are redis-py's words for a connection to it, and may hold a password.

    `hosts` are the sentinels, or the nodes to ask first; empty for one server, which stands in the options.
    """

    kind: Kind
    hosts: tuple[tuple[str, int], ...] = ()
    service: str = ""
    is_tls: bool = False
    options: dict[str, Any] = field(default_factory=dict, repr=False)
    sentinel_options: dict[str, Any] = field(default_factory=dict, repr=False)


def parse_address(url: str) -> RedisAddress:
    """Return what the URL says; raises ValueError with the way out, and without a piece of the URL."""
    scheme, _, rest = url.partition("://")
    transport, plus, word = scheme.partition("+")
    kind = Kind(word) if plus and word in PORTS and transport in {"redis", "rediss"} else Kind.SERVER
    try:
        return _single(url) if kind is Kind.SERVER else _several(kind, transport, rest)
    except _UnusableAddressError:
        raise
    except ValueError:
        # The parser's own message can hold a piece of the password.
        form = SOCKET_FORM if scheme == "unix" else FORMS[kind]
        raise ValueError(
            f"REDIS_URL can't be read: write {form}, and percent-encode signs such as / @ : # ? in the password"
        ) from None


class _UnusableAddressError(ValueError):
    """A URL that can be read and can't be used; the message says why, in words of ours."""


def _single(url: str) -> RedisAddress:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return _socket(url)
    # A `/` or a `?` of a password that is not encoded ends the host before the `@`.
    if parts.fragment or "@" in parts.path + parts.query:
        raise ValueError("signs that must be encoded")
    if not re.fullmatch("/?|/[0-9]{1,9}/?", parts.path):
        raise _UnusableAddressError(f"REDIS_URL ends with what is no number of a database: write {FORMS[Kind.SERVER]}")
    _check_options(parse_qsl(parts.query, keep_blank_values=True), Kind.SERVER, is_tls=parts.scheme == "rediss")
    options: dict[str, Any] = dict(parse_url(url))
    return RedisAddress(Kind.SERVER, is_tls=options.get("connection_class") is SSLConnection, options=options)


def _socket(url: str) -> RedisAddress:
    parts = urlsplit(url)
    # A socket has no host: whatever stands in its place is a piece of the password, or of a path with a slash too few.
    has_credentials = parts.netloc.endswith("@")
    if (parts.netloc and not has_credentials) or not parts.path.strip("/"):
        raise ValueError("no path of a socket")
    if parts.fragment or "@" in parts.query or (has_credentials and "@" in parts.path):
        raise ValueError("signs that must be encoded")
    words = parse_qsl(parts.query, keep_blank_values=True)
    _check_options(words, Kind.SERVER, is_tls=False, unknown=("socket_keepalive",))
    return RedisAddress(Kind.SERVER, options=dict(parse_url(url)))


def _several(kind: Kind, transport: str, rest: str) -> RedisAddress:
    parts = urlsplit(f"//{rest}")
    credentials, _, places = parts.netloc.rpartition("@")
    hosts = tuple(_place(place, PORTS[kind]) for place in places.split(","))
    # A `/` or a `?` of a password that is not encoded ends the hosts before the `@`.
    if "@" in parts.path + parts.query + parts.fragment or parts.fragment:
        raise ValueError("signs that must be encoded")
    service, _, database = parts.path.strip("/").partition("/")
    if kind is Kind.CLUSTER:
        service, database = "", service
        if database not in {"", "0"}:
            raise _UnusableAddressError("REDIS_URL names a database: a cluster has number 0 only, so leave it out")
    elif not service:
        raise _UnusableAddressError(f"REDIS_URL names no service that the sentinels watch: write {FORMS[kind]}")
    words = parse_qsl(parts.query, keep_blank_values=True)
    _check_options(words, kind, is_tls=transport == "rediss")
    for_sentinels = {SENTINEL_OPTIONS[name]: value for name, value in words if name in SENTINEL_OPTIONS}
    for_servers = urlencode([(name, value) for name, value in words if name not in SENTINEL_OPTIONS])
    # redis-py reads everything but the hosts.
    options = dict(parse_url(f"{transport}://{credentials}@host/{int(database or 0)}?{for_servers}"))
    is_tls = options.pop("connection_class", None) is SSLConnection
    del options["host"]
    return RedisAddress(kind, hosts, unquote(service), is_tls, options, for_sentinels)


def _check_options(words: list[tuple[str, str]], kind: Kind, *, is_tls: bool, unknown: tuple[str, ...] = ()) -> None:
    """Raise for an option that no connection takes; its name may be a piece of the password, so it is not repeated."""
    known = {*OPTIONS, *(SENTINEL_OPTIONS if kind is Kind.SENTINEL else ())}.difference(unknown)
    names = {name for name, _ in words}
    if not names.issubset(known):
        raise _UnusableAddressError(
            f"REDIS_URL has an option that is not known; there are {', '.join(sorted(known))}. "
            "Percent-encode a ? in the password as %3F"
        )
    if not is_tls and not names.isdisjoint(TLS_OPTIONS):
        raise _UnusableAddressError("REDIS_URL has an option for TLS: let it begin with rediss, or leave that out")
    for name, value in words:
        pattern, taken = _TAKES.get(name, (None, ""))
        # redis-py leaves out what is empty.
        if value and pattern and not pattern.fullmatch(value):
            raise _UnusableAddressError(f"REDIS_URL has {name}={one_line(value)[:40]!r}, but {name} takes {taken}")


def _place(place: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{place}")
    if not parts.hostname or parts.port == 0:
        raise ValueError("no host")
    return parts.hostname, parts.port or port
