"""A gate: a token, or without one only direct callers from this machine. Fails closed.

Without a token a browser is the danger: any page it shows can send a POST to 127.0.0.1. So a request with a
foreign Origin, with a Host that is not this machine, or through a proxy is not a direct caller. A proxy is known by
what it adds, or by HTTP/1.0, which nginx speaks unless it is told otherwise; one that adds nothing and speaks HTTP/1.1
can't be told from a caller on this machine, so whoever puts one in front sets the tokens.

Who is calling, the server says: it believes X-Forwarded-For from the proxies in FORWARDED_ALLOW_IPS and from nobody
else. Each client may knock so often a minute; every answer of the gate counts.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr
from starlette.requests import Request

from app.setting_values import HASHED, is_loopback
from app.web.attempts import Attempts
from app.web.problems import Problem

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::[0-9]{1,5})?")
# What proxies and CDNs add; `x-forwarded-` begins some more.
_FORWARDING = frozenset(
    ("forwarded", "via", "x-real-ip", "x-client-ip", "cf-connecting-ip", "true-client-ip", "x-original-url")
)


@dataclass(frozen=True, slots=True)
class GateName:
    """What a gate is called in its answers: the problem when it is closed, its settings, whose token it takes."""

    closed: str
    token_setting: str
    limit_setting: str
    whose: str


ADMIN: Final = GateName("admin-closed", "ADMIN_TOKEN", "ADMIN_REQUESTS_PER_MINUTE", "the operator's token")


class Gate:
    """Lets callers through who show the token."""

    def __init__(self, token: SecretStr | None, attempts: Attempts, name: GateName = ADMIN) -> None:
        self._attempts = attempts
        self._name = name
        # Digests are compared, so neither length nor content of the token shows in the time it takes, and
        # text outside ASCII is no special case. And whoever sets the token need not have it: its digest will do.
        self._digest = _digest_of(token.get_secret_value()) if token else None

    @property
    def has_token(self) -> bool:
        """Whether a token opens the gate; without one only this machine does."""
        return self._digest is not None

    def admit(self, request: Request, is_other_token: Callable[[str], bool] | None = None) -> None:
        """Return if the caller may pass; raises Problem 401 or 403 if not, 429 who knocks too often.

        `is_other_token` says whether another bearer's token than the gate's own is good, too; it may raise a Problem.
        """
        wait_seconds = self._attempts.knock(request.client.host if request.client else "")
        if wait_seconds > 0:
            wait = max(1, math.ceil(wait_seconds))
            detail = f"This address asked too often ({self._name.limit_setting}); try again in {wait} s."
            raise Problem(429, "too-many-attempts", detail, headers={"Retry-After": str(wait)})
        if self._digest is None:
            self._admit_local(request)
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        digest = hashlib.sha256(given.strip().encode("latin-1", "replace")).digest()
        utf8 = hashlib.sha256(given.strip().encode("utf-8", "replace")).digest()
        matches = hmac.compare_digest(digest, self._digest) | hmac.compare_digest(utf8, self._digest)
        is_bearer = scheme.lower() == "bearer"
        if is_bearer and (matches or (is_other_token is not None and is_other_token(given.strip()))):
            return
        setting = self._name.token_setting
        raise unauthorized(f"This needs {self._name.whose}: send 'Authorization: Bearer <{setting}>'.")

    def _admit_local(self, request: Request) -> None:
        client = request.client.host if request.client else ""
        reason = None
        if not is_loopback(client):
            reason = "the caller is not on this machine"
        elif _is_forwarded(request):
            reason = "the request came through a proxy"
        elif not is_loopback(_named_host(request)):
            reason = "the Host header does not name this machine"
        elif (
            "origin" in request.headers and request.headers["origin"] != f"{request.url.scheme}://{request.url.netloc}"
        ):
            reason = "the request came from a page of another site"
        if reason:
            setting = self._name.token_setting
            how = f"Set {setting} and send it as 'Authorization: Bearer <token>'."
            raise Problem(403, self._name.closed, f"No {setting} is set and {reason}. {how}", setting=setting)


def _is_forwarded(request: Request) -> bool:
    """Return whether some proxy shows."""
    names = request.headers.keys()
    return request.scope["http_version"] == "1.0" or any(
        name in _FORWARDING or name.startswith("x-forwarded-") for name in names
    )


def _named_host(request: Request) -> str:
    """Return the host that the Host header names, empty for none and for anything that is no host.

    Starlette's `request.url` falls back to the address of the socket then, which is this machine.
    """
    named = _HOST.fullmatch(request.headers.get("host", ""))
    return named[1].strip("[]") if named else ""


def _digest_of(token: str) -> bytes:
    if token.startswith(HASHED):
        return bytes.fromhex(token.removeprefix(HASHED))
    return hashlib.sha256(token.encode()).digest()


def unauthorized(detail: str) -> Problem:
    """Return the 401 of a token that is missing or no good."""
    return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="model-registry"'})
