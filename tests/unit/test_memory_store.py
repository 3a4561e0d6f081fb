"""The stand-in keeps what the Store protocol promises, so that tests over it mean something."""

from __future__ import annotations

import pytest

from tests.unit.fakes import MemoryStore
from tests.unit.store_contract import StoreContract

pytestmark = pytest.mark.anyio


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


class TestMemoryStore(StoreContract):
    """The contract."""
