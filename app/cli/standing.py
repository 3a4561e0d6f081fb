"""Where a registry stands, in one word that the exit code goes with.

Whoever reads the store of a registry that does not run is told so: what lies there may be fine and is not served.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Standing(StrEnum):
    """One word on a registry; `ok` and `degraded` are those of its own `/status`."""

    OK = "ok"
    DEGRADED = "degraded"
    NOT_SERVING = "not_serving"
    NOTHING_STORED = "nothing_stored"


IN_WORDS: Mapping[Standing, str] = MappingProxyType(
    {
        Standing.OK: "ok",
        Standing.DEGRADED: "degraded; the lines below say why",
        Standing.NOT_SERVING: "not serving: nothing answers; start the service, or name it with --url",
        Standing.NOTHING_STORED: "nothing is stored; a start serves the core models until OpenRouter answers",
    }
)


def standing_of(status: Mapping[str, Any], *, is_running: bool, is_store_meant: bool) -> Standing:
    """Return where the registry of a status document stands; `is_store_meant` when only its store was asked for."""
    if not is_running and not is_store_meant:
        return Standing.NOT_SERVING
    if not is_running and not has_stored(status):
        return Standing.NOTHING_STORED
    return Standing.OK if status["status"] == Standing.OK else Standing.DEGRADED


def has_stored(status: Mapping[str, Any]) -> bool:
    """Whether there is a catalog that was stored; core models alone have no generation."""
    return bool(status["snapshot"] and status["snapshot"]["generation"])
