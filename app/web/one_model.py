"""One model: what its answer is, for the route and for the front before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app import answers
from app.catalog.model import Model
from app.published import Published
from app.web.read import Question
from app.web.serving import Serving

ROUTE: Final = "/models/{model_id:path}"
_BEFORE: Final = b"/models/"
# Below it are the routes to a model, and not the models of an author called so.
_ROUTES: Final = b"provider/"


def question_about(serving: Serving, model: Model, root_path: str) -> Question:
    """Return the question that a request for a model asks, however it spelled the id."""
    count = serving.metrics.usage.of(model.id).add

    def note(_body: bytes) -> Callable[[], None]:
        return count

    return Question(
        ROUTE,
        answers.one_model(model),
        # A model that the route can't reach by its own id is not kept among the answers of another route.
        path=model.id if model.id.encode().startswith(_ROUTES) else f"/models/{model.id}",
        more=[(b"content-location", f"{root_path}/models/{model.id}".encode())],
        note=note,
    )


def named_exactly(published: Published, path: bytes) -> Model | None:
    """Return the model whose id a path ends with, letter by letter; None for all else, which the application weighs."""
    name = path.removeprefix(_BEFORE)
    is_below = path.startswith(_BEFORE) and not name.startswith(_ROUTES)
    if not is_below or b"/" not in name or b"%" in name or not name.isascii():
        return None
    place = published.index.places.get(name.decode())
    return None if place is None else published.index.models[place]
