"""The lists that anybody may vary by query: what answers each, for the route and for the front before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from app import answers
from app.web.read import Question
from app.web.serving import Serving

_PLAIN = {
    "/models": Question("/models", answers.models_list, is_list=True),
    "/models/core": Question("/models/core", partial(answers.models_list, fixed_source="core"), is_list=True),
    "/models/openrouter": Question(
        "/models/openrouter", partial(answers.models_list, fixed_source="openrouter"), is_list=True
    ),
}


def _search(serving: Serving) -> Question:
    """Return the question behind a search, which is counted by whether it found something."""
    searches = serving.metrics.searches
    # Bound once: each answer would hold a method of its own, which Python's collector then looks at.
    add_to = {found_some: searches.of(found_some=found_some).add for found_some in (False, True)}

    def note(body: bytes) -> Callable[[], None]:
        return add_to[answers.found_some(body)]

    return Question("/models/search", answers.search, note=note, is_list=True)


def _same(question: Question) -> Callable[[Serving], Question]:
    return lambda _serving: question


LISTS: Mapping[str, Callable[[Serving], Question]] = MappingProxyType(
    {**{path: _same(question) for path, question in _PLAIN.items()}, "/models/search": _search}
)
"""What makes the question of each list, by its path."""
