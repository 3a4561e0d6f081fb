"""Where things stand in a YAML text, so that an edit can replace a few characters and leave the rest byte for byte.

ruamel.yaml reads the text into nodes with their places; nothing is ever written through it, because every writer of
YAML puts foreign parts into its own style.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from app.cli.litellm_memory import number_or_text

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


class NotYamlError(ValueError):
    """A text is not one YAML document; the message says where it breaks."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters from `start` to `end`."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with all edits, those of one place in their order; they must not overlap."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def nodes_of(text: str) -> Node | None:
    """Return the root of the one document in a text; None when it is empty. Raises NotYamlError."""
    try:
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise NotYamlError(f"it is not one YAML document: {problem or 'unreadable'}{where}") from None
    except RecursionError:
        raise NotYamlError("it is nested too deep") from None
    return root


def pairs_of(node: Node) -> dict[str, tuple[Node, Node]]:
    """Return a mapping's pairs by the key's text; of equal keys the last, as LiteLLM reads them."""
    return {key.value: (key, value) for key, value in node.value if isinstance(key, ScalarNode)}


def is_block(node: Node | None) -> bool:
    """Whether a node is a mapping with a line for each pair."""
    return isinstance(node, MappingNode) and not node.flow_style


def plain(node: Node) -> Any:
    """Return what a node means, without types that only YAML knows; an alias means what it points to."""
    if isinstance(node, MappingNode):
        return {str(plain(key)): plain(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.value]
    text = str(node.value)
    if not isinstance(node, ScalarNode) or node.style is not None:
        return text
    return _WORDS[text.lower()] if text.lower() in _WORDS else number_or_text(text)


def tree(node: Node | None) -> Any:
    """Return everything that a node says, types and all, to compare it with another."""
    if node is None:
        return None
    if isinstance(node, MappingNode):
        return (node.tag, [(tree(key), tree(value)) for key, value in node.value])
    if isinstance(node, SequenceNode):
        return (node.tag, [tree(item) for item in node.value])
    return (node.tag, node.value)


def everything_in(node: Node) -> Iterator[Node]:
    """Return a node and all below it."""
    yield node
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield from everything_in(key)
            yield from everything_in(value)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from everything_in(item)


def content_end(node: Node) -> int:
    """Return where the last character of a node's content stands; the node itself reaches over comments behind it."""
    if not isinstance(node, CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return content_end(last[1] if isinstance(last, tuple) else last)


def line_start(text: str, index: int) -> int:
    """Return where the line of a character begins."""
    return text.rfind("\n", 0, index) + 1


def line_end(text: str, index: int) -> int:
    """Return where the next line begins; `index` stands behind the last character of something."""
    if index > 0 and text[index - 1] == "\n":
        return index
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1
