"""A primary with a copy: who decides, who follows, and what each knows after the other was away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from app.store.mirrored import MirroredStore
from app.store.protocol import Head, Stored, StoreError, StoreHealth
from app.store.sqlite import SqliteStore
from tests.unit.store_contract import StoreContract, stored

pytestmark = pytest.mark.anyio

DEADLINE_SECONDS = 3.0


class LosableStore:
    """A store that can be lost and found again; while it is lost every call fails."""

    def __init__(self, inner: SqliteStore, name: str) -> None:
        self._inner = inner
        self._name = name
        self.is_lost = False
        self.is_closed = False

    @property
    def name(self) -> str:
        return self._name

    async def load(self) -> Stored | None:
        return await self._reachable("load").load()

    async def head(self) -> Head | None:
        return await self._reachable("read the head").head()

    async def save(self, stored: Stored) -> bool:
        return await self._reachable("save").save(stored)

    async def acquire_lease(self, owner: str, ttl_seconds: float) -> bool:
        return await self._reachable("acquire the lease").acquire_lease(owner, ttl_seconds)

    async def release_lease(self, owner: str) -> None:
        await self._reachable("release the lease").release_lease(owner)

    async def lease_owner(self) -> str | None:
        return await self._reachable("read the lease").lease_owner()

    async def lease_seconds_left(self) -> float:
        return await self._reachable("read the lease").lease_seconds_left()

    async def load_state(self) -> bytes | None:
        return await self._reachable("load the state").load_state()

    async def save_state(self, state: bytes) -> None:
        await self._reachable("save the state").save_state(state)

    async def append_outcome(self, outcome: bytes) -> None:
        await self._reachable("append an outcome").append_outcome(outcome)

    async def outcomes(self) -> Sequence[bytes]:
        return await self._reachable("list the outcomes").outcomes()

    def health(self) -> Sequence[StoreHealth]:
        return (StoreHealth(self._name, not self.is_lost, "2026-01-01T00:00:00Z"),)

    async def close(self) -> None:
        self.is_closed = True
        await self._inner.close()
        self._reachable("close")

    def _reachable(self, operation: str) -> SqliteStore:
        if self.is_lost:
            raise StoreError(self._name, operation, "it is lost")
        return self._inner


@pytest.fixture
async def primary(tmp_path: Path) -> AsyncIterator[LosableStore]:
    inner = SqliteStore(tmp_path / "primary" / "registry.sqlite3", DEADLINE_SECONDS)
    yield LosableStore(inner, "primary")
    await inner.close()


@pytest.fixture
async def copy(tmp_path: Path) -> AsyncIterator[LosableStore]:
    inner = SqliteStore(tmp_path / "copy" / "registry.sqlite3", DEADLINE_SECONDS)
    yield LosableStore(inner, "copy")
    await inner.close()


@pytest.fixture
def store(primary: LosableStore, copy: LosableStore) -> MirroredStore:
    return MirroredStore(primary, copy)


class TestMirroredStore(StoreContract):
    """The contract, kept while both parts answer."""


class TestMirroredStoreWithoutItsPrimary(StoreContract):
    """The contract, kept by the copy alone."""

    @pytest.fixture
    def store(self, primary: LosableStore, copy: LosableStore) -> MirroredStore:
        primary.is_lost = True
        return MirroredStore(primary, copy)

    test_a_store_that_answers_is_available = None  # type: ignore[assignment]  # here one part is not


class TestMirroredStoreWithoutItsCopy(StoreContract):
    """The contract, kept by the primary alone."""

    @pytest.fixture
    def store(self, primary: LosableStore, copy: LosableStore) -> MirroredStore:
        copy.is_lost = True
        return MirroredStore(primary, copy)

    test_a_store_that_answers_is_available = None  # type: ignore[assignment]  # here one part is not


async def test_a_save_goes_into_both(store: MirroredStore, primary: LosableStore, copy: LosableStore) -> None:
    assert await store.save(stored(1))
    assert await primary.load() == stored(1)
    assert await copy.load() == stored(1)


async def test_a_copy_that_fails_is_not_the_callers_trouble(store: MirroredStore, copy: LosableStore) -> None:
    copy.is_lost = True
    assert await store.save(stored(1))
    assert await store.load() == stored(1)
    await store.save_state(b"state")
    await store.append_outcome(b"outcome")
    assert [part.is_available for part in store.health()] == [True, False]


async def test_what_the_primary_refuses_does_not_reach_the_copy(
    store: MirroredStore, primary: LosableStore, copy: LosableStore
) -> None:
    await primary.save(stored(5))
    assert not await store.save(stored(4))
    assert await copy.load() is None


async def test_without_the_primary_the_copy_decides(
    store: MirroredStore, primary: LosableStore, copy: LosableStore
) -> None:
    await store.save(stored(3))
    primary.is_lost = True
    assert not await store.save(stored(3))
    assert await store.save(stored(4))
    assert await store.head() == Head(4, "snapshot-4")
    assert await store.load() == stored(4)


@pytest.mark.parametrize(("in_primary", "in_copy"), [(1, 2), (2, 1)])
async def test_the_newest_of_both_is_loaded(
    store: MirroredStore, primary: LosableStore, copy: LosableStore, in_primary: int, in_copy: int
) -> None:
    await primary.save(stored(in_primary))
    await copy.save(stored(in_copy))
    assert await store.load() == stored(2)


async def test_loading_brings_the_copy_up_to_date(
    store: MirroredStore, primary: LosableStore, copy: LosableStore
) -> None:
    await copy.save(stored(1))
    await primary.save(stored(2))
    await store.load()
    assert await copy.load() == stored(2)


async def test_a_primary_that_came_back_empty_reports_no_head(store: MirroredStore, copy: LosableStore) -> None:
    """This is how the refresher sees that it has to write back."""
    await copy.save(stored(7))
    assert await store.head() is None
    assert await store.load() == stored(7)
    assert await store.save(stored(7)), "writing back is not blocked by the copy"
    assert await store.head() == Head(7, "snapshot-7")


async def test_a_primary_that_came_back_older_reports_its_own_head(store: MirroredStore, primary: LosableStore) -> None:
    await store.save(stored(3))
    primary.is_lost = True
    await store.save(stored(4))
    primary.is_lost = False
    assert await store.head() == Head(3, "snapshot-3")
    assert await store.save(stored(4))


async def test_a_lease_taken_in_the_copy_is_released_there_too(
    store: MirroredStore, primary: LosableStore, copy: LosableStore
) -> None:
    primary.is_lost = True
    assert await store.acquire_lease("one", 60)
    primary.is_lost = False
    assert await store.acquire_lease("one", 60)
    await store.release_lease("one")
    assert await primary.lease_owner() is None
    assert await copy.lease_owner() is None


async def test_state_and_outcomes_survive_the_loss_of_the_primary(store: MirroredStore, primary: LosableStore) -> None:
    await store.save_state(b"state")
    await store.append_outcome(b"outcome")
    primary.is_lost = True
    assert await store.load_state() == b"state"
    assert list(await store.outcomes()) == [b"outcome"]


async def test_state_and_outcomes_survive_a_primary_that_came_back_empty(
    store: MirroredStore, copy: LosableStore
) -> None:
    await copy.save_state(b"state")
    await copy.append_outcome(b"outcome")
    assert await store.load_state() == b"state"
    assert list(await store.outcomes()) == [b"outcome"]


async def test_when_both_fail_every_call_says_so(
    store: MirroredStore, primary: LosableStore, copy: LosableStore
) -> None:
    primary.is_lost = copy.is_lost = True
    for call in (
        lambda: store.load(),
        lambda: store.head(),
        lambda: store.save(stored(1)),
        lambda: store.acquire_lease("one", 1),
        lambda: store.release_lease("one"),
        lambda: store.lease_owner(),
        lambda: store.lease_seconds_left(),
        lambda: store.load_state(),
        lambda: store.save_state(b""),
        lambda: store.append_outcome(b""),
        lambda: store.outcomes(),
    ):
        with pytest.raises(StoreError, match="it is lost"):
            await call()


async def test_both_are_closed_even_if_one_fails(
    store: MirroredStore, primary: LosableStore, copy: LosableStore
) -> None:
    primary.is_lost = True
    with pytest.raises(StoreError):
        await store.close()
    assert primary.is_closed
    assert copy.is_closed
