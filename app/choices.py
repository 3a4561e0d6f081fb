"""A user's choices against the catalog: which are known, which moved, and who takes the place of what is gone."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from app.catalog.index import Index
from app.catalog.model import Model
from app.catalog.snapshot import Origin
from app.catalog.successor import Successor, Why
from app.catalog.text import one_line
from app.preferences import LISTS, PreferenceError, PreferenceFault, Preferences
from app.published import Published

# Looking for near ids takes a search each.
MAX_FAULTS: Final = 5
GONE: Final = "gone"
UNCONFIRMED: Final = "unconfirmed"
_BECAUSE: Final[Mapping[Why, str]] = MappingProxyType(
    {
        Why.ALIAS: "is what this name stands for now",
        Why.ALIAS_TARGET: "is where it pointed to",
        Why.CANONICAL_SLUG: "is the same model under another id",
        Why.VARIANT: "is the same model in another variant",
        Why.FAMILY: "is its nearest relative",
    }
)


def confirmed(wanted: Preferences, index: Index) -> Preferences:
    """Return a document whose every id is known; one model stands in a list once.

    What the user kept already is taken as it is. Raises PreferenceError.
    """
    ids: dict[str, str] = {}
    unknown: list[tuple[str, str]] = []
    for member, spelling in wanted.chosen():
        known = ids.get(spelling) or wanted.ids.get(spelling)
        if known is None:
            model = index.resolve(spelling)
            if model is not None:
                known = model.id
            else:
                unknown.append((member, spelling))
        if known is not None:
            ids[spelling] = known
    if unknown:
        faults = [_unknown(member, spelling, index) for member, spelling in unknown[:MAX_FAULTS]]
        raise PreferenceError(faults, len(unknown[MAX_FAULTS:]))
    once = {name: _once(getattr(wanted, name), ids) for name in LISTS}
    kept = {spelling for name in LISTS for spelling in once[name]} | {wanted.selected}
    ids = {spelling: model_id for spelling, model_id in ids.items() if spelling in kept}
    return Preferences(wanted.selected, **once, ids=MappingProxyType(ids), updated_at=wanted.updated_at)


def _once(spellings: tuple[str, ...], ids: Mapping[str, str]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for spelling in spellings:
        first.setdefault(ids[spelling], spelling)
    return tuple(first.values())


def _unknown(member: str, spelling: str, index: Index) -> PreferenceFault:
    near = index.search.nearest(spelling, index.listed)
    hint = f"; did you mean {near[0]}?" if near else ""
    return PreferenceFault(member, f"no model is known as {one_line(spelling)!r}{hint}", near)


def document(user_id: str, preferences: Preferences, published: Published, *, has_upstream: bool) -> dict[str, Any]:
    """Return what a user is told: what is kept, and how each chosen model stands today.

    Without `has_upstream` nothing will ever be asked, so that what is not known is gone.
    """
    is_read = not has_upstream or published.snapshot.contents.origin is not Origin.CORE
    spellings = dict.fromkeys(spelling for _, spelling in preferences.chosen())
    return {
        "user": user_id,
        **preferences.members(),
        "updated_at": preferences.updated_at,
        "models": {
            spelling: _standing(spelling, preferences.ids.get(spelling, spelling), published, is_read=is_read)
            for spelling in spellings
        },
    }


def _standing(spelling: str, chosen_id: str, published: Published, *, is_read: bool) -> dict[str, Any]:
    """Return how a chosen model stands; who chose an alias follows it, who chose an id is told when that moved."""
    index = published.index
    model = index.resolve(spelling) or index.resolve(chosen_id)
    is_followed = model is not None and (model.id == chosen_id or spelling != chosen_id)
    if model is not None and model.is_listed and is_followed:
        return _row(model.id, model.name, model.lifecycle.state.value)
    if model is None and not is_read:
        message = f"Whether {chosen_id} is still there can't be told before OpenRouter was read."
        return _row(chosen_id, None, UNCONFIRMED, message=message)
    if model is not None and model.is_listed:
        successor: Successor | None = Successor(model, Why.ALIAS)
        gone = None
    else:
        gone = model
        successor = published.successors.of(gone.id if gone else chosen_id)
    became = (
        f"{successor.model.id} {_BECAUSE[successor.why]}."
        if successor
        else "no successor is known, please choose another model."
    )
    return _row(
        gone.id if gone else chosen_id,
        gone.name if gone else None,
        gone.lifecycle.state.value if gone else GONE,
        successor=successor,
        message=f"{_what_happened(gone, chosen_id, published)}; {became}",
    )


def _what_happened(gone: Model | None, chosen_id: str, published: Published) -> str:
    if gone is not None:
        seen_at = gone.lifecycle.last_seen_at
        return f"{gone.id} is no longer listed" + (f" (last seen on {seen_at:%Y-%m-%d})" if seen_at else "")
    if chosen_id in published.snapshot.contents.withheld:
        return f"{chosen_id} is left out here by this registry's rules"
    return f"{one_line(chosen_id)} is no longer known here"


def _row(
    model_id: str, name: str | None, state: str, *, successor: Successor | None = None, message: str | None = None
) -> dict[str, Any]:
    return {
        "id": model_id,
        "name": name,
        "state": state,
        "successor": successor.model.id if successor else None,
        "why": successor.why.value if successor else None,
        "message": message,
    }
