"""Bring the entries that we wrote in a LiteLLM config up to date, and leave everything else alone, byte for byte.

Rules:

* Ours is an entry whose `model_info.id` begins with `model-registry/`. Change the id, and it is yours.
* In an entry of ours, keys that we never wrote stay (temperature, rpm ...).
* A value of ours that people changed stays; `model_info.registry_wrote` remembers by checksum what we wrote. A line
  that people deleted comes back: that is the way back to our value.
* An entry whose model is gone is removed, unless people had a hand in it; then it stays and is named.
* A name that an entry of yours has is yours: no entry of ours is added beside it, which would share its requests.
* What can't be edited line by line (brackets, anchors, a second copy of an id) is left alone and named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from app.cli.litellm_memory import (
    INFO,
    MEMORY_KEY,
    NAME_KEY,
    SECTIONS,
    checksum,
    memory_of,
    place_of,
    read_memory,
    values_of,
)
from app.cli.litellm_proof import LIST_KEY, UneditableError, Written, id_of, prove
from app.cli.yaml_places import (
    Edit,
    NotYamlError,
    applied,
    content_end,
    everything_in,
    is_block,
    line_end,
    line_start,
    nodes_of,
    pairs_of,
    plain,
)
from app.dialects.yaml_text import item_lines, lines, scalar

_DASH = re.compile(r"[ ]*-[ ]+")
Entry = Mapping[str, Any]


@dataclass
class Changes:
    """What an edit does, in words; entries by name, `kept` and `updated` with their keys."""

    added: list[str] = field(default_factory=list)
    updated: dict[str, list[str]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    kept: dict[str, list[str]] = field(default_factory=dict)
    gone_but_kept: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def edited(text: str, entries: Sequence[Entry]) -> tuple[str, Changes]:
    """Return a config's text with our entries in it, and what changed. Raises UneditableError."""
    body = text.removeprefix("\ufeff")
    newline = "\r\n" if "\r\n" in body else "\n"
    try:
        root = nodes_of(body)
        if root is not None and not is_block(root):
            raise UneditableError("the document is not a mapping with a line for each key, as LiteLLM's configs are")
        editor = _Editor(body, root, entries)
        result = applied(body, [Edit(e.start, e.end, e.text.replace("\n", newline)) for e in editor.edits()])
        prove(root, nodes_of(result), editor.written, editor.removed)
    except NotYamlError as error:
        raise UneditableError(str(error)) from None
    return text[: len(text) - len(body)] + result, editor.changes


def with_memory(entry: Entry) -> dict[str, Any]:
    """Return an entry as it is written: with what we remember of it."""
    return {**entry, INFO: {**entry[INFO], MEMORY_KEY: memory_of(entry)}}


class _Editor:
    """One edit in the making."""

    def __init__(self, text: str, root: Node | None, entries: Sequence[Entry]) -> None:
        self._text = text
        self._root = root
        self._entries = {entry[INFO]["id"]: entry for entry in entries}
        self._edits: list[Edit] = []
        self.changes = Changes()
        self.written: dict[str, Written] = {}
        self.removed: set[str] = set()

    def edits(self) -> list[Edit]:
        """Return the edits that bring the text up to date."""
        found = pairs_of(self._root).get(LIST_KEY) if self._root is not None else None
        items: list[Node] = []
        if found is not None and isinstance(found[1], SequenceNode):
            items = found[1].value
            if found[1].flow_style and items:
                raise UneditableError("model_list stands in brackets; give each entry lines of its own, or a new file")
        elif found is not None and plain(found[1]) is not None:
            raise UneditableError("model_list is no list")
        mine = self._mine(items)
        for item_id, item in mine.items():
            if item_id in self._entries:
                self._update(item, self._entries[item_id])
            else:
                self._remove(item, item_id)
        names = {_name(item) for item in items if item not in mine.values()}
        known = {id_of(item) for item in items}
        new = [entry for entry_id, entry in self._entries.items() if entry_id not in known]
        self.changes.taken = [entry[NAME_KEY] for entry in new if entry[NAME_KEY] in names]
        new = [entry for entry in new if entry[NAME_KEY] not in names]
        if new:
            self._add(new, found, items)
        return self._edits

    def _mine(self, items: Sequence[Node]) -> dict[str, Node]:
        """Return the entries that we may edit, by id; the others that look like ours are named in `left`."""
        mine: dict[str, Node] = {}
        seen: set[str] = set()
        for item in items:
            item_id = id_of(item)
            if item_id is None:
                continue
            if item_id in seen or not self._is_editable(item):
                self.changes.left.append(f"{_name(item)} ({item_id})")
            else:
                mine[item_id] = item
            seen.add(item_id)
        return mine

    def _is_editable(self, item: Node) -> bool:
        if not is_block(item) or any(node.anchor for node in everything_in(item)):
            return False
        start = item.start_mark.index
        if not _DASH.fullmatch(self._text[line_start(self._text, start) : start]):
            return False
        pairs = pairs_of(item)
        if len(pairs) != len(item.value) or not {NAME_KEY, *SECTIONS} <= pairs.keys():
            return False
        sections = [pairs[section][1] for section in SECTIONS]
        return all(is_block(section) and len(pairs_of(section)) == len(section.value) for section in sections)

    def _update(self, item: Node, entry: Entry) -> None:
        sections = {section: pairs_of(item)[section][1] for section in SECTIONS}
        memory = read_memory(_value(sections[INFO], MEMORY_KEY))
        written = with_memory(entry)
        done: list[str] = []
        kept: list[str] = []
        for section, node in ((None, item), *sections.items()):
            ours = written[section] if section else {NAME_KEY: entry[NAME_KEY]}
            there = pairs_of(node)
            for key, value in ours.items():
                if key not in there or checksum(plain(there[key][1])) == checksum(value):
                    continue
                place = place_of(section, key)
                if key == MEMORY_KEY or not memory or memory.get(place) == checksum(plain(there[key][1])):
                    self._replace(*there[key], key, value)
                    done.append(place)
                else:
                    kept.append(place)
            if missing := {key: value for key, value in ours.items() if key not in there}:
                self._insert(node, missing)
                done += [place_of(section, key) for key in missing]
        done += self._drop(sections[INFO], written[INFO], memory, kept)
        self.written[entry[INFO]["id"]] = Written(entry, frozenset(kept))
        if done := [place for place in done if place != MEMORY_KEY]:
            self.changes.updated[_name(item)] = done
        if kept:
            self.changes.kept[_name(item)] = kept

    def _drop(self, info: Node, ours: Entry, memory: Mapping[str, str], kept: list[str]) -> list[str]:
        """Take out of `model_info` what we wrote once and no longer say, unless people changed it."""
        dropped = []
        for key, (key_node, value) in pairs_of(info).items():
            if key in ours or key not in memory:
                continue
            if memory[key] == checksum(plain(value)):
                start = line_start(self._text, key_node.start_mark.index)
                self._edits.append(Edit(start, line_end(self._text, content_end(value)), ""))
                dropped.append(key)
            else:
                kept.append(key)
        return dropped

    def _remove(self, item: Node, item_id: str) -> None:
        read = plain(item)
        memory = read_memory(read[INFO].get(MEMORY_KEY))
        start, end = line_start(self._text, item.start_mark.index), line_end(self._text, content_end(item))
        # We never write a comment, and no id or name of ours holds its sign.
        has_hand = "#" in self._text[start:end] or read.keys() != {NAME_KEY, *SECTIONS}
        if has_hand or any(memory.get(place) != checksum(value) for place, value in values_of(read).items()):
            self.changes.gone_but_kept.append(_name(item))
            return
        self._edits.append(Edit(start, end, ""))
        self.removed.add(item_id)
        self.changes.removed.append(_name(item))

    def _replace(self, key_node: Node, value: Node, key: str, new: Any) -> None:
        if isinstance(value, ScalarNode) and not isinstance(new, dict | list) and value.style not in {"|", ">"}:
            self._edits.append(Edit(value.start_mark.index, value.end_mark.index, scalar(new)))
            return
        start, end = line_start(self._text, key_node.start_mark.index), line_end(self._text, content_end(value))
        self._edits.append(Edit(start, end, _block({key: new}, key_node.start_mark.column)))

    def _insert(self, node: Node, values: Mapping[str, Any]) -> None:
        self._put(line_end(self._text, content_end(node)), _block(values, node.value[0][0].start_mark.column))

    def _add(self, new: Sequence[Entry], found: tuple[Node, Node] | None, items: Sequence[Node]) -> None:
        indent = 2
        if items:
            first = items[0].start_mark.index
            head = self._text[line_start(self._text, first) : first]
            if not _DASH.fullmatch(head):
                raise UneditableError("the first entry of model_list does not stand behind its dash; put it there")
            indent = head.index("-")
        block = "".join(f"{line}\n" for entry in new for line in item_lines(with_memory(entry), indent))
        if found is None:
            self._put(len(self._text), f"{LIST_KEY}:\n{block}")
        elif items:
            self._put(self._behind(items[-1]), block)
        else:
            value = found[1]
            self._edits.append(Edit(value.start_mark.index, value.end_mark.index, ""))
            self._put(line_end(self._text, value.end_mark.index), block)
        self.written.update({entry[INFO]["id"]: Written(entry) for entry in new})
        self.changes.added = [entry[NAME_KEY] for entry in new]

    def _behind(self, item: Node) -> int:
        """Return where the line after an entry begins; an alias in it says nothing of where it ends."""
        if all(node.start_mark.index >= item.start_mark.index for node in everything_in(item)):
            return line_end(self._text, content_end(item))
        end = item.end_mark.index
        return len(self._text) if end >= len(self._text) else line_start(self._text, end)

    def _put(self, index: int, block: str) -> None:
        is_own_line = index == 0 or self._text[index - 1] == "\n"
        self._edits.append(Edit(index, index, block if is_own_line else f"\n{block}"))


def _value(node: Node, key: str) -> Any:
    found = pairs_of(node).get(key) if isinstance(node, MappingNode) else None
    return plain(found[1]) if found else None


def _name(item: Node) -> str:
    return str(_value(item, NAME_KEY))


def _block(values: Mapping[str, Any], indent: int) -> str:
    return "".join(f"{line}\n" for line in lines(values, indent))
