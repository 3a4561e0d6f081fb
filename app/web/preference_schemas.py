"""The shapes of preferences, for the OpenAPI document; `app/preferences.py` checks what comes in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.catalog.identity import ID_MAX_CHARS
from app.preferences import LISTS
from app.web.schemas import Shape

ModelId = Annotated[str, Field(min_length=1, max_length=ID_MAX_CHARS)]
_FAVOURITES = Field(max_length=LISTS["favourites"])
_RECENTS = Field(max_length=LISTS["recents"])
_HIDDEN = Field(max_length=LISTS["hidden"])
_NONE: list[str] = []


class Preferences(Shape):
    """What a user keeps, whole; what is left out becomes empty. Any spelling of an id that `/models/{id}` resolves."""

    selected: ModelId | None = None
    favourites: Annotated[list[ModelId], _FAVOURITES] = _NONE
    recents: Annotated[list[ModelId], _RECENTS] = _NONE
    hidden: Annotated[list[ModelId], _HIDDEN] = _NONE


class PreferencesPatch(Shape):
    """A JSON merge patch (RFC 7396): null empties a member, a list is replaced whole, what is left out stays."""

    selected: ModelId | None = None
    favourites: Annotated[list[ModelId], _FAVOURITES] | None = None
    recents: Annotated[list[ModelId], _RECENTS] | None = None
    hidden: Annotated[list[ModelId], _HIDDEN] | None = None


class ChosenModel(Shape):
    """How a chosen model stands in the catalog today."""

    id: str = Field(description="Its canonical id; of a model that is gone, the id that it had when it was chosen.")
    name: str | None
    state: Literal["active", "deprecated", "delisted", "gone", "unconfirmed"] = Field(
        description="`unconfirmed`: OpenRouter was not read yet, so that nothing can be said."
    )
    successor: str | None = Field(
        description="A listed model to offer instead of a delisted or gone one; null when none is known."
    )
    why: Literal["alias", "alias_target", "canonical_slug", "variant", "family"] | None = Field(
        description="What makes it the successor."
    )
    message: str | None = Field(description="The same in a sentence for the user.")


class PreferencesDocument(Shape):
    """What a user keeps, in the user's own spellings, and how each of these models stands today."""

    user: str
    selected: str | None
    favourites: list[str]
    recents: list[str]
    hidden: list[str]
    updated_at: str | None = Field(description="Null when nothing is stored for this user.")
    models: dict[str, ChosenModel] = Field(description="By the spelling that the user chose.")
