"""The paths that belong to one user."""

from __future__ import annotations

import re
from typing import Final

PATH: Final = "/users/{user_id:path}/preferences"
_PATH: Final = re.compile(r"/users/.*/preferences", re.DOTALL)
METHODS: Final = "DELETE, GET, HEAD, PATCH, PUT"
MAX_USER_ID_CHARS: Final = 128
# Every client takes `.` and `..` out of a path, so neither names anybody; three points do.
USER_ID: Final = r"(\.*[A-Za-z0-9_~-][A-Za-z0-9._~-]*|\.{3,})"


def is_preferences(path: str) -> bool:
    """Whether a path (without a proxy's prefix) leads to somebody's preferences."""
    return path.startswith("/users/") and _PATH.fullmatch(path) is not None


def is_user_id(text: str) -> bool:
    """Whether a text may name a user."""
    return len(text) <= MAX_USER_ID_CHARS and re.fullmatch(USER_ID, text) is not None
