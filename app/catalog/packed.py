"""A record as its JSON, decoded when somebody looks: as Python objects it takes three times the memory.

The bytes can also stand in a document as they are, without being written again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Plain = dict[str, Any]
Decode = Callable[[bytes], Plain]


class Packed(Mapping[str, Any]):
    """A JSON object that reads like a dictionary; `raw` holds its bytes, `decode` makes a dictionary of them.

    Whoever takes a value out must leave it as it is: the record that was looked at last stays decoded, because
    whoever needs one key of it mostly needs another.
    """

    __slots__ = ("decode", "raw")

    def __init__(self, raw: bytes, decode: Decode = json.loads) -> None:
        """Take the bytes of a JSON object and what decodes them."""
        self.raw = raw
        self.decode = decode

    def opened(self) -> Plain:
        """Return the record decoded; to be read only."""
        global _latest
        raw, plain = _latest
        if raw is not self.raw:
            plain = self.decode(self.raw)
            # One assignment, so that no thread sees the bytes of one record beside the values of another.
            _latest = (self.raw, plain)
        return plain

    def __getitem__(self, key: str) -> Any:
        return self.opened()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.opened())

    def __len__(self) -> int:
        return len(self.opened())

    def __bool__(self) -> bool:
        return self.raw != b"{}"

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, or the default."""
        return self.opened().get(key, default)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Packed):
            return self.raw == other.raw or self.opened() == other.opened()
        return self.opened() == other if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Packed({self.raw!r})"


_latest: tuple[bytes | None, Plain] = (None, {})


def packed(record: Mapping[str, Any]) -> Packed:
    """Return a record packed; the same one when it is packed already."""
    if isinstance(record, Packed):
        return record
    return Packed(json.dumps(dict(record), ensure_ascii=False, separators=(",", ":")).encode())


def opened(record: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return a record's values, to be read only; none when there is no record."""
    if record is None:
        return {}
    return record.opened() if isinstance(record, Packed) else record
