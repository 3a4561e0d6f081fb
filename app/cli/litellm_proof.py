"""Hold an edited config against the one before: nothing foreign changed, everything of ours says what it should."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from app.cli.litellm_memory import INFO, checksum, values_of
from app.cli.yaml_places import pairs_of, plain, tree
from app.dialects.litellm_config import ID_PREFIX

LIST_KEY = "model_list"


class UneditableError(ValueError):
    """A config can't be edited without harm; the message says why and what to do. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Written:
    """An entry as it should stand now, and the places whose values people keep."""

    entry: Mapping[str, Any]
    kept: frozenset[str] = frozenset()


def prove(before: Node | None, after: Node | None, written: Mapping[str, Written], removed: set[str]) -> None:
    """Raise UneditableError unless everything foreign says what it said, and each entry of ours what it should."""
    old, new = _parts(before), _parts(after)
    if old.rest != new.rest or [tree(item) for item in old.foreign] != [tree(item) for item in new.foreign]:
        raise UneditableError("editing would change what is not ours; the file is laid out in an unusual way")
    untouched = [key for key in old.ours if key not in written and key not in removed]
    if set(new.ours) != {*untouched, *written}:
        raise UneditableError("editing would lose entries; the file is laid out in an unusual way")
    for key in untouched:
        if tree(old.ours[key]) != tree(new.ours[key]):
            raise UneditableError(f"editing would change {key}, which is to stay as it is")
    for key, about in written.items():
        told = values_of(plain(new.ours[key]))
        wanted = values_of(about.entry)
        if any(checksum(told.get(place)) != checksum(wanted[place]) for place in wanted.keys() - about.kept):
            raise UneditableError(f"{key} would not be read as it was written; the file is laid out in an unusual way")


def id_of(item: Node) -> str | None:
    """Return the id of an entry that we wrote; None for anybody else's."""
    info = pairs_of(item).get(INFO) if isinstance(item, MappingNode) else None
    found = pairs_of(info[1]).get("id") if info and isinstance(info[1], MappingNode) else None
    value = plain(found[1]) if found else None
    return value if isinstance(value, str) and value.startswith(ID_PREFIX) else None


@dataclass
class _Parts:
    """A config taken apart: what is not the list, entries of others, and ours by id (of copies the first)."""

    rest: Any
    foreign: list[Node]
    ours: dict[str, Node]


def _parts(root: Node | None) -> _Parts:
    if root is None:
        return _Parts([], [], {})
    rest = [(tree(key), tree(value)) for key, value in root.value if key.value != LIST_KEY]
    found = pairs_of(root).get(LIST_KEY)
    items = found[1].value if found and isinstance(found[1], SequenceNode) else []
    ours: dict[str, Node] = {}
    foreign = []
    for item in items:
        item_id = id_of(item)
        if item_id is None or item_id in ours:
            foreign.append(item)
        else:
            ours[item_id] = item
    return _Parts(rest, foreign, ours)
