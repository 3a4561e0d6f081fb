"""What every Store does; each implementation's tests run this class against their own `store` fixture."""

from __future__ import annotations

import random
import secrets

import anyio
import pytest

from app.store.protocol import OUTCOMES_KEPT, Head, Store, Stored


def stored(generation: int, payload: bytes | None = None) -> Stored:
    """Return a snapshot to save; its id and payload tell its generation."""
    return Stored(generation, f"snapshot-{generation}", payload or b"payload of %d" % generation)


class StoreContract:
    """Tests of the Store protocol; `store` is empty at the start of each."""

    async def test_an_empty_store_has_nothing(self, store: Store) -> None:
        assert await store.load() is None
        assert await store.head() is None
        assert await store.lease_owner() is None
        assert await store.load_state() is None
        assert list(await store.outcomes()) == []

    async def test_what_was_saved_is_loaded_byte_for_byte(self, store: Store) -> None:
        payload = bytes(range(256)) + b"\r\n\x00" + secrets.token_bytes(100_000)
        assert await store.save(Stored(7, "abc", payload))
        assert await store.load() == Stored(7, "abc", payload)
        assert await store.head() == Head(7, "abc")

    @pytest.mark.parametrize("kind", [bytes, bytearray])
    async def test_a_long_payload_comes_back_whole(self, store: Store, kind: type[bytes]) -> None:
        payload = kind(secrets.token_bytes(1_000_003))
        assert await store.save(Stored(7, "abc", payload))
        assert await store.load() == Stored(7, "abc", bytes(payload))

    async def test_an_empty_payload_is_a_payload(self, store: Store) -> None:
        assert await store.save(Stored(1, "empty", b""))
        assert await store.load() == Stored(1, "empty", b"")

    async def test_a_snapshot_id_may_hold_any_text(self, store: Store) -> None:
        assert await store.save(Stored(1, "ключ '\" \n", b"x"))
        assert await store.head() == Head(1, "ключ '\" \n")

    async def test_a_greater_generation_replaces(self, store: Store) -> None:
        assert await store.save(stored(1))
        assert await store.save(stored(10))
        assert await store.load() == stored(10)

    @pytest.mark.parametrize("generation", [8, 9])
    async def test_an_equal_or_lower_generation_is_refused(self, store: Store, generation: int) -> None:
        assert await store.save(stored(9))
        assert not await store.save(Stored(generation, "other", b"other"))
        assert await store.load() == stored(9)

    async def test_generations_are_compared_as_numbers(self, store: Store) -> None:
        assert await store.save(stored(9))
        assert await store.save(stored(1_700_000_000_123))
        assert not await store.save(stored(1_700_000_000_122))

    async def test_twenty_at_once_leave_the_greatest(self, store: Store) -> None:
        generations = list(range(1, 21))
        random.Random(4).shuffle(generations)
        won: list[int] = []

        async def save(generation: int) -> None:
            if await store.save(stored(generation)):
                won.append(generation)

        async with anyio.create_task_group() as tasks:
            for generation in generations:
                tasks.start_soon(save, generation)
        assert await store.load() == stored(20)
        assert 20 in won

    async def test_two_saves_of_one_generation_have_one_winner(self, store: Store) -> None:
        won: list[str] = []

        async def save(snapshot_id: str) -> None:
            if await store.save(Stored(1, snapshot_id, snapshot_id.encode())):
                won.append(snapshot_id)

        async with anyio.create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(save, f"of-{number}")
        loaded = await store.load()
        assert loaded is not None
        assert won == [loaded.snapshot_id]

    async def test_a_lease_keeps_others_out_and_its_owner_in(self, store: Store) -> None:
        assert await store.acquire_lease("one", 60)
        assert not await store.acquire_lease("two", 60)
        assert await store.acquire_lease("one", 60)
        assert await store.lease_owner() == "one"

    async def test_one_of_many_gets_the_lease(self, store: Store) -> None:
        won: list[str] = []

        async def acquire(owner: str) -> None:
            if await store.acquire_lease(owner, 60):
                won.append(owner)

        async with anyio.create_task_group() as tasks:
            for number in range(12):
                tasks.start_soon(acquire, f"owner-{number}")
        assert won == [await store.lease_owner()]

    async def test_a_lease_expires(self, store: Store) -> None:
        assert await store.acquire_lease("one", 0.05)
        await anyio.sleep(0.1)
        assert await store.lease_owner() is None
        assert await store.acquire_lease("two", 60)
        assert not await store.acquire_lease("one", 60)

    async def test_a_lease_tells_when_it_ends(self, store: Store) -> None:
        assert await store.lease_seconds_left() == 0
        assert await store.acquire_lease("one", 60)
        assert 50 < await store.lease_seconds_left() <= 60
        await store.release_lease("one")
        assert await store.lease_seconds_left() == 0

    async def test_acquiring_again_extends_the_lease(self, store: Store) -> None:
        assert await store.acquire_lease("one", 0.05)
        assert await store.acquire_lease("one", 60)
        await anyio.sleep(0.1)
        assert await store.lease_owner() == "one"

    async def test_only_the_owner_releases_the_lease(self, store: Store) -> None:
        assert await store.acquire_lease("one", 60)
        await store.release_lease("two")
        assert await store.lease_owner() == "one"
        await store.release_lease("one")
        assert await store.lease_owner() is None
        assert await store.acquire_lease("two", 60)

    async def test_releasing_what_nobody_holds_does_nothing(self, store: Store) -> None:
        await store.release_lease("one")
        assert await store.lease_owner() is None

    async def test_an_expired_holder_does_not_release_the_next_one(self, store: Store) -> None:
        assert await store.acquire_lease("one", 0.05)
        await anyio.sleep(0.1)
        assert await store.acquire_lease("two", 60)
        await store.release_lease("one")
        assert await store.lease_owner() == "two"

    async def test_the_state_is_replaced_whole(self, store: Store) -> None:
        await store.save_state(b'{"failures": 3}')
        await store.save_state(b"\x00\xff")
        assert await store.load_state() == b"\x00\xff"

    async def test_outcomes_come_newest_first(self, store: Store) -> None:
        for number in range(3):
            await store.append_outcome(b"outcome %d" % number)
        assert list(await store.outcomes()) == [b"outcome 2", b"outcome 1", b"outcome 0"]

    async def test_only_the_newest_outcomes_are_kept(self, store: Store) -> None:
        for number in range(OUTCOMES_KEPT + 5):
            await store.append_outcome(b"%d" % number)
        kept = list(await store.outcomes())
        assert kept == [b"%d" % number for number in range(OUTCOMES_KEPT + 4, 4, -1)]

    async def test_equal_outcomes_are_kept_as_two(self, store: Store) -> None:
        await store.append_outcome(b"same")
        await store.append_outcome(b"same")
        assert list(await store.outcomes()) == [b"same", b"same"]

    async def test_a_store_that_answers_is_available(self, store: Store) -> None:
        await store.load()
        for part in store.health():
            assert part.is_available
            assert part.last_error is None
            assert part.since.endswith("Z")
        assert store.name == "+".join(part.name for part in store.health())
