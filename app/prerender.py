"""The answers that are made when a snapshot is published, because everybody asks for them."""

from __future__ import annotations

from app.answers import categories, models_list, providers
from app.published import Published
from app.rendering import render

Target = tuple[str, str, tuple[tuple[str, str], ...]]
"""A rendering's key: which endpoint, which model if any, and the decoded query in a settled order."""


def target(endpoint: str, subject: str = "", pairs: tuple[tuple[str, str], ...] = ()) -> Target:
    """Return the key of a rendering; the order of different words does not count, that within a word does."""
    return (endpoint, subject, tuple(sorted(pairs, key=lambda pair: pair[0])))


def prerender(published: Published) -> None:
    """Pin the whole lists; half a second of CPU for 400 models, so in a thread."""
    keep = published.renderings.pin
    keep(target("models"), render(models_list(published, ()), is_hot=True))
    frontend = (("format", "frontend"),)
    keep(target("models", "", frontend), render(models_list(published, frontend), is_hot=True))
    for source in ("core", "openrouter"):
        keep(target(f"models/{source}"), render(models_list(published, (), fixed_source=source), is_hot=True))
    keep(target("models/categories"), render(categories(published, ()), is_hot=True))
    keep(target("models/providers"), render(providers(published, ()), is_hot=True))
