"""Builds catalogs in a thread of this process: for small ones, and where no process can be started."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from app.building.orders import Adopted, Building, Built, Proposal, Proposing
from app.building.workshop import Workshop

Order = TypeVar("Order")
Result = TypeVar("Result")


class ThreadBuilder:
    """A builder of this process; its catalogs share their memory with what is served."""

    def __init__(self) -> None:
        self._workshop = Workshop()
        # Not one of asyncio's: who gives up waiting does not stop the thread.
        self._busy = threading.Lock()

    def knows(self, adopted: Adopted) -> bool:
        """Whether a proposal is from here and not forgotten yet."""
        return self._workshop.knows(adopted)

    async def propose(self, order: Proposing) -> Proposal:
        """Return what the records would make of the catalog; raises EnvelopeError."""
        return await asyncio.to_thread(self._alone, self._workshop.propose, order)

    async def build(self, order: Building) -> Built:
        """Return what readers are served from; raises EnvelopeError and BuilderLostError."""
        return await asyncio.to_thread(self._alone, self._workshop.build, order)

    async def close(self) -> None:
        """Forget what was built; a thread that builds still ends by itself."""
        self._workshop.forget()

    def _alone(self, work: Callable[[Order], Result], order: Order) -> Result:
        with self._busy:
            return work(order)
