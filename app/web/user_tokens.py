"""Who may read and write a user's preferences: a backend with the token, or a browser with a token for one user.

A user token is `u1.<expires>.<mac>`: Unix seconds, and the HMAC-SHA256 of `preferences:<user_id>:<expires>` under
PREFERENCES_TOKEN in hex. A backend makes it for the user that it has signed in; it opens that user's preferences,
nothing else, and for a day at most. So a page never holds the token itself. Whoever has a user token could try keys
against it at leisure, therefore PREFERENCES_TOKEN has a least length.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from pydantic import SecretStr
from starlette.requests import Request

from app.clock import Clock
from app.web.attempts import Attempts
from app.web.auth import Gate, GateName, unauthorized

PREFERENCES: Final = GateName(
    "preferences-closed",
    "PREFERENCES_TOKEN",
    "PREFERENCES_REQUESTS_PER_MINUTE",
    "the token of preferences, or a user token made from it",
)
MAX_AHEAD_SECONDS: Final = 86_400
# Clocks of a backend and of this machine differ.
_CLOCK_SKEW_SECONDS: Final = 60
_USER_TOKEN: Final = re.compile(r"u1\.([1-9][0-9]{0,11})\.([0-9a-f]{64})")


def user_token(key: str, user_id: str, expires: int) -> str:
    """Return the token that opens one user's preferences until a time in Unix seconds."""
    return f"u1.{expires}.{_mac(key.encode(), user_id, str(expires))}"


def _mac(key: bytes, user_id: str, expires: str) -> str:
    return hmac.new(key, f"preferences:{user_id}:{expires}".encode(), hashlib.sha256).hexdigest()


class UserGate:
    """Lets through who may see one user's preferences."""

    def __init__(self, token: SecretStr | None, attempts: Attempts, clock: Clock) -> None:
        self._gate = Gate(token, attempts, PREFERENCES)
        self._token = token
        self._clock = clock

    def admit(self, request: Request, user_id: str) -> None:
        """Return if the caller may; raises Problem 401, 403 or 429 if not."""
        self._gate.admit(request, lambda given: self._is_users(given, user_id))

    def _is_users(self, given: str, user_id: str) -> bool:
        parts = _USER_TOKEN.fullmatch(given)
        if parts is None or self._token is None:
            return False
        expires, mac = parts.groups()
        expected = _mac(self._token.get_secret_value().encode(), user_id, expires)
        if not hmac.compare_digest(mac, expected):
            return False
        left = int(expires) - self._clock.now().timestamp()
        if left <= 0:
            raise unauthorized("This user token has expired; ask the backend that made it for another.")
        if left > MAX_AHEAD_SECONDS + _CLOCK_SKEW_SECONDS:
            raise unauthorized(f"A user token may last for at most {MAX_AHEAD_SECONDS} s; this one claims more.")
        return True
