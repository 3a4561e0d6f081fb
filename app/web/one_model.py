"""One model: what its answer is, for the route and for the front before it."""

from __future__ import annotations

from typing import Final

from app import answers
from app.catalog.model import Model
from app.published import Published
from app.web.read import Note, Question
from app.web.serving import Serving

ROUTE: Final = "/models/{model_id:path}"
_BEFORE: Final = b"/models/"
# Below it are the routes to a model, and not the models of an author called so.
_ROUTES: Final = "provider/"


def question_about(serving: Serving, model: Model, root_path: str) -> Question:
    """Return the question that a request for a model asks, however it spelled the id."""
    return Question(
        ROUTE,
        answers.one_model(model),
        # A model that the route can't reach by its own id is not kept among the answers of another route.
        path=model.id if model.id.startswith(_ROUTES) else f"/models/{model.id}",
        more=[(b"content-location", f"{root_path}/models/{model.id}".encode())],
        note=counting(serving, model),
    )


def counting(serving: Serving, model: Model) -> Note:
    """Return what counts each answer about a model."""
    count = serving.metrics.usage.of(model.id).add
    return lambda _body: count


def named_exactly(published: Published, path: bytes) -> Model | None:
    """Return the model whose id a path ends with, letter by letter; None for all else, which the application weighs."""
    if not path.startswith(_BEFORE):
        return None
    # Ids hold nothing that a path must escape, so that whatever is escaped or no ASCII is found under none.
    name = path.removeprefix(_BEFORE).decode("latin-1")
    place = None if name.startswith(_ROUTES) else published.index.places.get(name)
    return None if place is None else published.index.models[place]
