"""Messages between the service and the process that builds catalogs: whole, in small pieces, and of nothing foreign."""

from __future__ import annotations

import json
import pickle
import pickletools
import tracemalloc
from array import array
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from app.building.large import GROWN_BYTES, GROWN_MEMBERS, LARGE_BYTES, LARGE_NUMBER_BITS, MEMBERS_AT_ONCE
from app.building.stream import APART, END, LENGTH, FrameCutter, Message, StreamError, message_of, pieces_of
from app.catalog.packed import Packed
from app.dialects.dialect import Context
from app.keeping import SecondChance
from tests.simulator import make_record
from tests.unit.dialects.given import snapshot_of


def frames_of(value: object, stand_ins: list[tuple[object, object]] | None = None) -> list[bytes]:
    """Return the frames of a message without their lengths, and see that these are right."""
    pieces = list(pieces_of(value, stand_ins or []))
    assert pieces.pop() == END
    for piece in pieces:
        assert LENGTH.unpack(piece[: LENGTH.size]) == (len(piece) - LENGTH.size,)
    return [piece[LENGTH.size :] for piece in pieces]


def told(value: object, stand_ins: list[tuple[object, object]] | None = None) -> Any:
    """Return a value as the other side reads it."""
    return message_of(frames_of(value, stand_ins))


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        b"\0" * 300_000,
        Decimal("0.0000015"),
        date(2026, 8, 20),
        datetime(2026, 8, 20, 12, tzinfo=UTC),
        array("I", range(100_000)),
        MappingProxyType({"a": (1, 2)}),
        {f"word {number}": [number] for number in range(1_000)},
        {number: f"text {number}" for number in range(1_000)},
        tuple(range(1_000)),
        frozenset(map(str, range(1_000))),
        bytes(range(256)) * (3 * GROWN_BYTES // 256) + b"rest",
        array("Q", range(GROWN_BYTES // 8 + 5)),
        {f"word {number}": [number] for number in range(GROWN_MEMBERS + 5)},
        [f"word {number}" for number in range(GROWN_MEMBERS + 5)],
        tuple(f"word {number}" for number in range(GROWN_MEMBERS + 5)),
        {f"word {number}" for number in range(GROWN_MEMBERS + 5)},
        frozenset(f"word {number}" for number in range(GROWN_MEMBERS + 5)),
        {f"mask {number}": (1 << LARGE_NUMBER_BITS) + number for number in range(200)},
        {f"two\nlines {number}" if number % 3 else f"one {number}": number for number in range(GROWN_MEMBERS + 5)},
        {number if number % 1_000 else f"text {number}": None for number in range(GROWN_MEMBERS + 5)},
        dict.fromkeys(["", *map(str, range(GROWN_MEMBERS))]),
        [Packed(b'{"id":%d}' % number, orjson.loads) for number in range(GROWN_MEMBERS + 5)],
        tuple(Packed(b'{"id":%d}' % number) for number in range(GROWN_MEMBERS + 5)),
        [Packed(b'{"id":%d}' % number) if number % 9 else {"id": number} for number in range(GROWN_MEMBERS + 5)],
    ],
)
def test_what_comes_is_what_was_sent(value: object) -> None:
    came = told(value)
    assert came == value
    assert type(came) is (bytearray if isinstance(value, bytes) and len(value) > GROWN_BYTES else type(value))


def test_a_snapshot_comes_whole_and_without_its_look_up_table() -> None:
    snapshot = snapshot_of([make_record("acme/one"), make_record("acme/two")])
    assert snapshot.by_id.keys() == {"acme/one", "acme/two"}
    came = told(snapshot)
    assert came == snapshot
    assert came.id == snapshot.id
    assert "by_id" not in vars(came)
    assert came.by_id["acme/one"] == snapshot.by_id["acme/one"]


def test_members_of_a_large_container_come_some_at_a_time() -> None:
    words = {f"word {number}": f"text {number}" * 100 for number in range(50 * MEMBERS_AT_ONCE)}
    frames = frames_of(words)
    assert message_of(frames) == words
    assert len(frames) > 100
    whole = sum(map(len, frames))
    # The last ones put together what is there already, by short references.
    assert max(map(len, frames)) < whole / 10


def test_large_bodies_come_in_pieces_of_their_own() -> None:
    bodies = [bytes([number]) * 100_000 for number in range(8)]
    frames = frames_of(bodies)
    assert max(map(len, frames)) < 2 * 100_000
    assert message_of(frames) == bodies


def test_what_would_take_long_to_make_whole_comes_bit_by_bit() -> None:
    run = b"x" * (5 * GROWN_BYTES)
    words: dict[str, Any] = {f"word {number}": number for number in range(100_000)}
    frames = frames_of({"run": run, "again": [run], "words": words, "view": MappingProxyType[str, Any](words)})
    assert max(map(len, frames)) < 2 * LARGE_BYTES
    came = message_of(frames)
    assert came == {"run": run, "again": [run], "words": words, "view": words}
    assert came["run"] is came["again"][0]
    # And back.
    assert told(came)["run"] == run


def test_what_stands_in_two_places_comes_once() -> None:
    text = "x" * 10_000
    frames = frames_of([[text] * 200, dict.fromkeys(range(200), text)])
    assert sum(map(len, frames)) < 20_000
    came = message_of(frames)
    assert came[0][0] is came[1][199]


def test_a_key_that_stands_beside_its_table_comes_once_and_in_its_place() -> None:
    names = [f"name {number}" for number in range(GROWN_MEMBERS + 5)]
    table: dict[str, int] = {}
    for number, name in enumerate(names):
        table[name] = number
        table[f"spelling {number}"] = number
    came_names, came_table = told([names, table])
    assert list(came_table.items()) == list(table.items())
    assert all(name is key for name, key in zip(came_names, list(came_table)[::2], strict=True))


def test_records_come_with_what_decodes_them() -> None:
    records = [Packed(b"{}", orjson.loads if number % 2 else json.loads) for number in range(GROWN_MEMBERS + 5)]
    assert [record.decode for record in told(records)] == [record.decode for record in records]


@pytest.mark.parametrize(
    "many",
    [
        {f"word {number}": number for number in range(5 * GROWN_MEMBERS)},
        tuple(Packed(b'{"id":%d}' % number) for number in range(5 * GROWN_MEMBERS)),
    ],
    ids=["a table", "records"],
)
def test_what_stands_in_one_place_is_not_remembered_for_another(many: object) -> None:
    for frame in frames_of(many):
        operations = [operation.name for operation, _, _ in pickletools.genops(frame.removeprefix(APART))]
        assert operations.count("MEMOIZE") < 20, "names of kinds and members, and nothing for each key or record"


def test_records_are_not_held_twice_while_they_are_on_their_way() -> None:
    text = b"x" * 1_000
    records = tuple(Packed(b'{"id":"%05d","text":"%s"}' % (number, text)) for number in range(2 * GROWN_MEMBERS))
    size, frames, message = sum(len(record.raw) for record in records), frames_of(records), Message()
    tracemalloc.start()
    try:
        assert sum(map(len, pieces_of(records))) > size
        assert tracemalloc.get_traced_memory()[1] < size / 2, "what was written is gone"
        tracemalloc.reset_peak()
        for frame in frames:
            message.take(frame)
        assert tracemalloc.get_traced_memory()[1] < 1.5 * size, "the records, and what is at work"
    finally:
        tracemalloc.stop()
    assert message.value == records


def test_a_mask_that_stands_in_two_places_comes_once() -> None:
    mask = 1 << (4 * LARGE_NUMBER_BITS)
    masks = {f"mask {number}": mask + number for number in range(100)}
    frames = frames_of([masks, list(masks.values()), {"one": masks["mask 1"]}])
    mask_bytes = mask.bit_length() // 8
    assert sum(map(len, frames)) < 101 * mask_bytes + 20_000
    assert max(map(len, frames)) < mask_bytes + 1_000
    came = message_of(frames)
    assert came[0] == masks
    assert came[0]["mask 1"] is came[1][1] is came[2]["one"]


def test_stand_ins_come_instead() -> None:
    heavy = tuple(f"row {number}" for number in range(10_000))
    came = told({"rows": heavy, "again": heavy, "other": 1}, [(heavy, ("light",))])
    assert came == {"rows": ("light",), "again": ("light",), "other": 1}
    assert came["rows"] is came["again"]
    assert sum(map(len, frames_of({"rows": heavy}, [(heavy, ("light",))]))) < 500


def test_what_stands_in_a_stand_in_and_beside_it_comes_once() -> None:
    shared, other = [f"word {number}" for number in range(GROWN_MEMBERS + 5)], list(range(GROWN_MEMBERS + 5))
    heavy = ("heavy",)
    came = told({"rows": heavy, "shared": shared, "other": other}, [(heavy, ("light", shared))])
    assert came == {"rows": ("light", shared), "shared": shared, "other": other}
    assert came["rows"][1] is came["shared"]


def test_what_only_the_service_needs_stays_there() -> None:
    kept: SecondChance[Any] = SecondChance(max_count=5, max_bytes=10_000)
    snapshot = snapshot_of([make_record("acme/one")])
    room, context = told((kept, Context(snapshot, {"a": "large cost map"})))
    assert len(room) == 0
    assert context == Context(snapshot, None)


@pytest.mark.parametrize(
    "foreign",
    [b"", b"nonsense", pickle.dumps(pytest.raises), pickle.dumps(print), b"cos\nsystem\n(S'true'\ntR."],
)
def test_what_none_of_ours_would_say_is_refused(foreign: bytes) -> None:
    with pytest.raises(StreamError):
        Message().take(foreign)


@pytest.mark.parametrize("chunk_bytes", [1, 7, 8, 9, 64, 1_000_000])
def test_frames_are_cut_from_a_pipe_however_its_bytes_come(chunk_bytes: int) -> None:
    frames = [b"a", b"b" * 300, b"c" * 8]
    sent = b"".join(LENGTH.pack(len(frame)) + frame for frame in frames) + END
    cutter = FrameCutter()
    came: list[bytes] = []
    for at in range(0, len(sent), chunk_bytes):
        assert not cutter.is_at_end
        came += cutter.cut(sent[at : at + chunk_bytes])
    assert came == frames
    assert cutter.is_at_end
