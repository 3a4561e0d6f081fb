"""The paths that belong to one user."""

from __future__ import annotations

import re
from typing import Final

PATH: Final = "/users/{user_id:path}/preferences"
_PATH: Final = re.compile(r"/users/.*/preferences", re.DOTALL)
METHODS: Final = "DELETE, GET, HEAD, PATCH, PUT"
MAX_USER_ID_CHARS: Final = 128
_ODD: Final = re.compile(r"[^A-Za-z0-9._~-]")
# Every client takes `.` and `..` out of a path, so neither names anybody; three points do.
USER_ID: Final = r"(\.*[A-Za-z0-9_~-][A-Za-z0-9._~-]*|\.{3,})"


def is_preferences(path: str) -> bool:
    """Whether a path (without a proxy's prefix) leads to somebody's preferences."""
    return path.startswith("/users/") and _PATH.fullmatch(path) is not None


def user_id_flaw(text: str) -> str | None:
    """Return why a text can't name a user; None when it may."""
    if len(text) > MAX_USER_ID_CHARS:
        return f"has {len(text)} characters, at most {MAX_USER_ID_CHARS} are taken"
    odd = _ODD.search(text)
    if odd is not None:
        sign = odd[0]
        named = f"'{sign}'" if "!" <= sign <= "~" else f"U+{ord(sign):04X}"
        return f"has {named} as its character {odd.start() + 1}"
    if not text:
        return "is empty"
    return None if re.fullmatch(USER_ID, text) else "is taken out of a path by every client"
