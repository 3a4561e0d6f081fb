"""What every PreferenceStore does; each implementation's tests run this class against their own `store` fixture."""

from __future__ import annotations

import asyncio
import secrets

import anyio

from app.preference_keeper import PreferenceKeeper
from app.preferences import NOTHING, Preferences
from app.store.preferences import PreferenceStore


class PreferenceContract:
    """Tests of the PreferenceStore protocol; `store` is empty at the start of each."""

    async def test_a_user_without_a_document_has_none(self, store: PreferenceStore) -> None:
        assert await store.read("ada") is None

    async def test_what_was_put_is_read_byte_for_byte(self, store: PreferenceStore) -> None:
        document = bytes(range(256)) + b"\r\n\x00" + secrets.token_bytes(16_000)
        assert await store.swap("ada", None, document)
        assert await store.read("ada") == document

    async def test_users_do_not_see_each_other(self, store: PreferenceStore) -> None:
        names = ["ada", "Ada", "a.d~a", "..", "0", "x" * 128]
        for name in names:
            assert await store.swap(name, None, name.encode())
        assert [await store.read(name) for name in names] == [name.encode() for name in names]

    async def test_a_document_replaces_the_one_that_its_writer_knew(self, store: PreferenceStore) -> None:
        assert await store.swap("ada", None, b"1")
        assert await store.swap("ada", b"1", b"2")
        assert await store.read("ada") == b"2"

    async def test_a_writer_who_knew_another_document_changes_nothing(self, store: PreferenceStore) -> None:
        assert await store.swap("ada", None, b"1")
        assert not await store.swap("ada", None, b"2")
        assert not await store.swap("ada", b"0", b"2")
        assert not await store.swap("ada", b"0", None)
        assert not await store.swap("bob", b"1", b"2")
        assert await store.read("ada") == b"1"
        assert await store.read("bob") is None

    async def test_a_document_is_removed_by_who_knew_it(self, store: PreferenceStore) -> None:
        assert await store.swap("ada", None, b"1")
        assert await store.swap("ada", b"1", None)
        assert await store.read("ada") is None
        assert await store.swap("ada", None, b"2")

    async def test_what_was_done_may_be_asked_for_again(self, store: PreferenceStore) -> None:
        """A library that tries again cannot know whether its first try arrived."""
        for _ in range(2):
            assert await store.swap("ada", None, b"1")
        assert await store.swap("nobody", None, None)

    async def test_a_deletion_that_finds_nothing_takes_no_credit(self, store: PreferenceStore) -> None:
        assert await store.swap("ada", None, b"1")
        assert await store.swap("ada", b"1", None)
        assert not await store.swap("ada", b"1", None)

    async def test_of_many_who_would_write_the_same_first_one_does(self, store: PreferenceStore) -> None:
        same = Preferences(selected="acme/one", updated_at="2026-11-21T00:00:00Z")

        def create(kept: Preferences) -> Preferences:
            if kept != NOTHING:
                raise LookupError
            return same

        def remove(kept: Preferences) -> None:
            if kept == NOTHING:
                raise LookupError

        for decide in (create, remove):
            keepers = [PreferenceKeeper(store) for _ in range(6)]
            outcomes = await asyncio.gather(*(one.change("ada", decide) for one in keepers), return_exceptions=True)
            assert sorted(isinstance(outcome, LookupError) for outcome in outcomes) == [False] + [True] * 5

    async def test_of_many_writers_who_knew_the_same_one_wins(self, store: PreferenceStore) -> None:
        assert await store.swap("ada", None, b"0")
        won: list[bytes] = []

        async def write(document: bytes) -> None:
            if await store.swap("ada", b"0", document):
                won.append(document)

        async with anyio.create_task_group() as tasks:
            for number in range(12):
                tasks.start_soon(write, b"of %d" % number)
        assert won == [await store.read("ada")]

    async def test_a_store_that_answers_is_available(self, store: PreferenceStore) -> None:
        await store.read("ada")
        health = store.health()
        assert health.name == "preferences"
        assert health.is_available
        assert health.last_error is None
