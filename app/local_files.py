"""What local files contribute: core models and overrides, each in its last valid version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import structlog

from app.catalog.door import Door
from app.catalog.merge import Ingredients
from app.catalog.overrides import NO_OVERRIDES, Overrides
from app.dialects.native import timestamp
from app.sources.core import CoreModels
from app.sources.last_valid import FileStanding, LastValid

log = structlog.get_logger("local_files")
# Which setting names the file, and what is used while no version of it was ever valid here.
_WAYS_OUT: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "core": ("CORE_MODELS_FILE", "the built-in core models are used"),
        "overrides": ("OVERRIDES_FILE", "nothing is hidden, changed or added"),
    }
)


@dataclass(frozen=True, slots=True)
class FileTrouble:
    """Why the newest version of a local file is not in use, what is used instead, and since when.

    `used_read_at` is when the version in use was read; None while none is.
    """

    source: str
    reason: str
    since: datetime | None
    used_read_at: datetime | None


@dataclass(frozen=True, slots=True)
class FileState:
    """Where a local source stands; `read_at` is when the version in use was read, `trouble` why a newer one is not."""

    source: str
    read_at: datetime | None
    trouble: FileTrouble | None


class LocalFiles:
    """Reads the local files and puts them together with the operator's filters."""

    def __init__(
        self,
        core: LastValid[CoreModels],
        overrides: LastValid[Overrides] | None,
        *,
        door: Door,
        delisted_days: int,
    ) -> None:
        self._core = core
        self._overrides = overrides
        self._door = door
        self._delisted_days = delisted_days
        self._is_unmerged = False
        self._told: Mapping[str, str] = {}
        self._told_of_copies: Mapping[str, str] = {}

    def changed(self) -> bool:
        """Whether a file is another than the one last read, or was read for a catalog that was not adopted."""
        return self._is_unmerged or self._core.changed() or (self._overrides is not None and self._overrides.changed())

    def merged(self) -> None:
        """Note that what was last read is part of the published catalog."""
        self._is_unmerged = False

    def read(self) -> Ingredients:
        """Return everything that local files and filters contribute now; blocks on the disk."""
        self._is_unmerged = self.changed()
        core = self._core.current()
        overrides = self._overrides.current() if self._overrides else NO_OVERRIDES
        self._log_trouble()
        return Ingredients(
            core=core.models,
            overrides=overrides,
            door=self._door,
            delisted_days=self._delisted_days,
            provider_names=core.provider_names,
        )

    def states(self) -> tuple[FileState, ...]:
        """Return where each local source that there is stands."""
        return tuple(
            FileState(name, standing.read_at, _trouble(name, standing) if standing.error else None)
            for name, standing in ((name, file.standing) for name, file in self._files().items())
        )

    def _files(self) -> Mapping[str, LastValid[CoreModels] | LastValid[Overrides]]:
        return {"core": self._core} | ({"overrides": self._overrides} if self._overrides is not None else {})

    def trouble(self) -> tuple[FileTrouble, ...]:
        """Return what is wrong with the newest versions."""
        return tuple(state.trouble for state in self.states() if state.trouble is not None)

    def _log_trouble(self) -> None:
        """Write one line when a file breaks, and one when it is whole again."""
        reasons = {file.source: file.reason for file in self.trouble()}
        for source, reason in reasons.items():
            if self._told.get(source) != reason:
                log.warning("a local file can't be used", source=source, reason=reason)
        for source in self._told.keys() - reasons.keys():
            log.info("a local file is valid again", source=source)
        self._told = reasons
        copies = {name: file.copy_error for name, file in self._files().items() if file.copy_error}
        for source, reason in copies.items():
            if self._told_of_copies.get(source) != reason:
                log.warning("a local file can't be kept for the next start", source=source, reason=reason)
        self._told_of_copies = copies


def _trouble(source: str, standing: FileStanding[CoreModels] | FileStanding[Overrides]) -> FileTrouble:
    setting, instead = _WAYS_OUT[source]
    if standing.read_at is not None and standing.is_from_before:
        used = (
            f"its last valid version, read {timestamp(standing.read_at)}, stays over the restart; mend it, or correct "
            f"or unset {setting}"
        )
    elif standing.read_at is None:
        used = f"no version of it was valid since the start, so {instead}; mend it, or correct or unset {setting}"
    else:
        used = "its last valid version stays; mend it"
    return FileTrouble(source, f"{standing.error}; {used}", standing.error_since, standing.read_at)
