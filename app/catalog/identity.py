"""What an id says: its grammar, author, variant and family."""

from __future__ import annotations

import re

ID_MAX_CHARS = 200
ID_GRAMMAR = re.compile(r"~?[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._:~-]*")
_WORD_WITHOUT_DIGITS = re.compile(r"[a-z]+")


def is_id(text: str) -> bool:
    """Whether a text is a well-formed model id: lower case, one slash, at most ID_MAX_CHARS."""
    return len(text) <= ID_MAX_CHARS and ID_GRAMMAR.fullmatch(text) is not None


def author_of(model_id: str) -> str:
    """Return the part before the slash, without the `~` of an alias."""
    return model_id.partition("/")[0].removeprefix("~")


def slug_of(model_id: str) -> str:
    """Return the part behind the slash."""
    return model_id.partition("/")[2]


def variant_of(model_id: str) -> str | None:
    """Return what follows the colon (`free`, `batch`, `thinking` ...); None for a base id."""
    return slug_of(model_id).partition(":")[2] or None


def base_of(model_id: str) -> str:
    """Return the id without its variant; such a base need not be listed."""
    return model_id.partition(":")[0]


def family_of(model_id: str) -> str | None:
    """Guess the family: the words of the slug before the first that holds a digit.

    `claude-sonnet-4.5` gives `claude-sonnet`, `qwen3-coder` gives `qwen`. None when no word is left.
    """
    words: list[str] = []
    for word in slug_of(base_of(model_id)).split("-"):
        if not word.isalpha():
            leading = _WORD_WITHOUT_DIGITS.match(word)
            if leading and not words:
                words.append(leading.group())
            break
        if word != "latest":
            words.append(word)
    return "-".join(words) or None
