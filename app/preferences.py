"""What a user keeps: the document, its bounds, how it is read from a request and how it lies in a store.

Ids stand as the user chose them; `ids` remembers which model each of them meant then, so that a name which means
nothing any more can still be told what became of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import orjson

from app.catalog.identity import ID_MAX_CHARS

LISTS: Final[Mapping[str, int]] = MappingProxyType({"favourites": 100, "recents": 50, "hidden": 200})
"""The lists of a document, and how many ids each may hold."""
MEMBERS: Final = ("selected", *LISTS)
MAX_BYTES: Final = 32_768
"""Of a request's body, and of a document in the store."""
# How many faults are told of; the answer must not be many times the question.
MAX_TOLD: Final = 20
SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class PreferenceFault:
    """One member that can't be taken: which, why, and ids that come near."""

    member: str
    reason: str
    suggestions: tuple[str, ...] = ()


class PreferenceError(Exception):
    """A document that can't be taken; carries the first faults, and how many `more` there are."""

    def __init__(self, faults: Sequence[PreferenceFault], more: int = 0) -> None:
        super().__init__("; ".join(f"{fault.member}: {fault.reason}" for fault in faults))
        self.faults = tuple(faults)
        self.more = more


class TooLargeError(Exception):
    """A document that would take more bytes than a store keeps of a user."""


class NewerSchemaError(Exception):
    """A document that a later version of this service wrote; this one must not replace it."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What one user keeps; `updated_at` is None when nothing was ever stored."""

    selected: str | None = None
    favourites: tuple[str, ...] = ()
    recents: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    updated_at: str | None = None

    def members(self) -> dict[str, Any]:
        """Return what the user wrote."""
        return {name: getattr(self, name) for name in MEMBERS}

    def chosen(self) -> Iterator[tuple[str, str]]:
        """Return every id that the user wrote, with the place where it stands; an id may stand in several."""
        if self.selected is not None:
            yield "selected", self.selected
        for name in LISTS:
            for place, spelling in enumerate(getattr(self, name)):
                yield f"{name}[{place}]", spelling


NOTHING: Final = Preferences()


def changed(before: Preferences, members: object, *, is_patch: bool) -> Preferences:
    """Return what a PUT (all anew) or a merge patch (RFC 7396) makes of a document.

    Only the shape is looked at, not the catalog. Raises PreferenceError.
    """
    if not isinstance(members, dict):
        raise PreferenceError([PreferenceFault("document", f"must be an object, got {_kind(members)}")])
    reason = f"is not a member; there are {', '.join(MEMBERS)}"
    faults = [PreferenceFault(name[:80], reason) for name in members if name not in MEMBERS]
    values: dict[str, Any] = before.members() if is_patch else NOTHING.members()
    for name, value in members.items():
        if name == "selected":
            faults += [] if value is None else _faults_of_id(name, value)
            values[name] = value
        elif name in LISTS:
            emptied = [] if value is None and is_patch else value
            faults += _faults_of_list(name, emptied)
            values[name] = emptied
    if faults:
        raise PreferenceError(faults[:MAX_TOLD], len(faults[MAX_TOLD:]))
    lists = {name: tuple(values[name]) for name in LISTS}
    return Preferences(values["selected"], **lists, ids=before.ids, updated_at=before.updated_at)


def _faults_of_list(name: str, value: object) -> list[PreferenceFault]:
    if not isinstance(value, list | tuple):
        return [PreferenceFault(name, f"must be a list of model ids, got {_kind(value)}")]
    if len(value) > LISTS[name]:
        return [PreferenceFault(name, f"has {len(value)} ids, at most {LISTS[name]} are kept")]
    return [fault for place, member in enumerate(value) for fault in _faults_of_id(f"{name}[{place}]", member)]


def _faults_of_id(member: str, value: object) -> list[PreferenceFault]:
    if not isinstance(value, str):
        return [PreferenceFault(member, f"must be a model id, got {_kind(value)}")]
    if not 1 <= len(value) <= ID_MAX_CHARS:
        return [PreferenceFault(member, f"must have 1 to {ID_MAX_CHARS} characters, got {len(value)}")]
    return []


def _kind(value: object) -> str:
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list"}
    return names.get(type(value), "an object")


def encode(preferences: Preferences, mark: str = "") -> bytes:
    """Return a document as a store keeps it; raises TooLargeError.

    Whoever reads it leaves out the mark, which only tells one write from another.
    """
    plain = {
        "schema": SCHEMA,
        "mark": mark,
        **preferences.members(),
        "ids": {spelling: model_id for spelling, model_id in preferences.ids.items() if model_id != spelling},
        "updated_at": preferences.updated_at,
    }
    encoded = orjson.dumps(plain)
    if len(encoded) > MAX_BYTES:
        raise TooLargeError(f"the document would take {len(encoded)} bytes, at most {MAX_BYTES} are kept")
    return encoded


def decode(document: bytes) -> Preferences | None:
    """Return a document of a store; None when it is damaged. Raises NewerSchemaError."""
    try:
        plain = orjson.loads(document)
        if plain["schema"] > SCHEMA:
            raise NewerSchemaError(f"the document has schema {plain['schema']}, this version reads {SCHEMA}")
        kept = changed(NOTHING, {name: plain[name] for name in MEMBERS}, is_patch=False)
        meant = plain["ids"].get
        ids = {spelling: str(meant(spelling, spelling)) for _, spelling in kept.chosen()}
        updated_at = str(plain["updated_at"])
    except (AttributeError, LookupError, PreferenceError, TypeError, ValueError):
        return None
    return Preferences(kept.selected, kept.favourites, kept.recents, kept.hidden, MappingProxyType(ids), updated_at)
