"""What a local file may decide about the catalog: hide, patch, add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from app.catalog.model import Model

NO_PATCHES: Mapping[str, Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Overrides:
    """The last valid state of the overrides file.

    `hidden` holds globs over ids. `patches` maps an id to `Model` fields with their new values, already of
    the fields' own types; `aliases` are added to the model's own, everything else replaces. `added` are
    private models, whole.
    """

    hidden: tuple[str, ...] = ()
    patches: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: NO_PATCHES)
    added: tuple[Model, ...] = ()


NO_OVERRIDES = Overrides()
