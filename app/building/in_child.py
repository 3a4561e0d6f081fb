"""Builds catalogs in a process of its own, so that whoever reads meanwhile notices nothing of it.

In a thread, a refresh shares the interpreter with the readers, and on a full machine the core as well; and what it
needed for a moment stays in the service's memory for good. The process is started for an order, kept for a few seconds
in case another follows, and ended.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

import app
from app.building.background import Background
from app.building.child import Child, started
from app.building.in_thread import ThreadBuilder
from app.building.lending import lending
from app.building.orders import Adopted, BuilderLostError, Building, Built, Proposal, Proposing
from app.building.stream import StreamError
from app.memory import MANY_MODELS, without_collections

log = structlog.get_logger("builder")
# A stored catalog up to this size is read and served by this process, where the first answer waits for it.
SMALL_BYTES = 1024**2
KEPT_SECONDS = 2.0
# How long it may take before this process does it, and how much of that before another gets a share of the machine: on
# a full one, idle work may wait for ever. On a machine of its own a record takes a hundredth of this, on a core that
# readers fill a fifth.
MOST_SECONDS = 20.0
MOST_SECONDS_PER_RECORD = 0.08
_OF_THAT_IDLE = 0.07
# What Python and the C library need of the environment; secrets stay here.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT")


class _ChildLostError(Exception):
    """The process could not be started, or ended without an answer; the message says how."""


class _StarvedError(_ChildLostError):
    """The process did not get far enough, as idle work on a machine that has become full."""


class BuildError(RuntimeError):
    """A defect in what builds catalogs; the message ends with where."""


class ChildBuilder:
    """A builder that lives in a process of its own while there is work.

    Where there can be no process, or it is ended by somebody, a thread of this one does the work.
    """

    def __init__(
        self,
        *,
        kept_seconds: float = KEPT_SECONDS,
        most_seconds: float = MOST_SECONDS,
        background: Background | None = None,
        python: str = sys.executable,
    ) -> None:
        self._threads = ThreadBuilder()
        self._records = 0
        self._python = python
        self._kept_seconds = kept_seconds
        self._least_patience_seconds = most_seconds
        self._background = background or Background()
        self._busy = asyncio.Lock()
        self._child: Child | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._is_closed = False
        # What the process was asked to propose, and what it calls that.
        self._proposed: tuple[str, Proposing] | None = None

    @property
    def process_id(self) -> int | None:
        """The process that builds; None while there is none."""
        return self._child.id if self._child else None

    async def propose(self, order: Proposing) -> Proposal:
        """Return what the records would make of the catalog; raises EnvelopeError, and BuilderLostError once closed."""
        if order.records is None and order.last_good is None:
            # Core models alone are few, and the first answer waits for them.
            return await self._threads.propose(order)
        self._records = max(self._records, len(order.records or ()))
        try:
            proposal: Proposal = await self._asked(order)
        except _ChildLostError as error:
            log.warning("building the catalog in the service's own process", reason=str(error))
            return await self._threads.propose(order)
        # More are more memory than a second try is worth.
        self._proposed = (proposal.token, order) if self._records <= MANY_MODELS else None
        return proposal

    async def build(self, order: Building) -> Built:
        """Return what readers are served from; raises EnvelopeError and BuilderLostError."""
        if self._is_for_threads(order):
            return await self._threads.build(order)
        try:
            # Who asks for a process waits for it anyway; what is left out here would be made beside the readers.
            built: Built = await self._asked(replace(order, is_hurried=False))
        except _ChildLostError as error:
            log.warning("building the catalog in the service's own process", reason=str(error))
            if isinstance(order.catalog, Adopted):
                order = replace(order, catalog=await self._proposed_here(order.catalog, error))
            return await self._threads.build(order)
        finally:
            self._proposed = None
        # What was built here before is no longer served.
        await self._threads.close()
        spoken = built.published.spoken.with_base_map(order.litellm_base_map)
        return replace(built, published=replace(built.published, spoken=spoken))

    async def _proposed_here(self, adopted: Adopted, error: _ChildLostError) -> Adopted:
        """Return a proposal of a process that is gone as one of this process; raises BuilderLostError."""
        if self._proposed is None or self._proposed[0] != adopted.token:
            raise BuilderLostError(f"the process that proposed the catalog is gone: {error}") from None
        proposal = await self._threads.propose(self._proposed[1])
        return replace(adopted, token=proposal.token)

    def _is_for_threads(self, order: Building) -> bool:
        if isinstance(order.catalog, Adopted):
            return self._threads.knows(order.catalog)
        return order.is_hurried and len(order.catalog.payload) <= SMALL_BYTES

    async def close(self) -> None:
        """End the process; what it builds is given up, and whoever waits for that gets a BuilderLostError."""
        self._is_closed = True
        self._kill()
        # Whoever reads the process's answer notices its end first; two readers of one pipe are an error.
        async with self._busy:
            await self._end()
        await asyncio.gather(*self._leaving)
        await self._threads.close()

    async def _asked(self, order: Proposing | Building) -> Any:
        """Return the child's answer to an order, the second one's with a share where the first one got nowhere.

        Raises what `_ask` raises.
        """
        if isinstance(order, Building) and isinstance(order.catalog, Adopted):
            # Only the process that proposed it can build it.
            return await self._ask(order, self._most_seconds)
        try:
            # What is stored, by a sibling above all, is to be served within seconds, whatever else the machine does.
            is_stored = isinstance(order, Building)
            return await self._ask(order, self._most_seconds * _OF_THAT_IDLE, with_share=is_stored)
        except _StarvedError as error:
            log.warning("building the catalog again, with a share of the machine", reason=str(error))
            return await self._ask(order, self._most_seconds, with_share=True)

    async def _ask(self, order: Proposing | Building, idle_seconds: float, *, with_share: bool = False) -> Any:
        """Return the child's answer to an order, which it may take so long for as idle work.

        Raises _ChildLostError, BuilderLostError once this builder is closed, and what the child refuses the order with.
        """
        async with self._busy:
            self._check_open()
            self._keep()
            try:
                async with asyncio.timeout(None) as patience:
                    child = await self._running(with_share=with_share)
                    with self._waiting_for(child, patience, idle_seconds), without_collections():
                        said, answer = await child.answer_to(order)
            except TimeoutError:
                await self._end()
                kind = _StarvedError if self._background.is_idle_work else _ChildLostError
                raise kind("the process took too long; the machine is full") from None
            except (OSError, EOFError, StreamError) as error:
                await self._end()
                self._check_open()
                raise _ChildLostError(f"{type(error).__name__}: {error}"[:300]) from None
            except BaseException:
                # In the middle of a message; whoever comes next needs another process.
                await self._end()
                raise
            self._ending = asyncio.get_running_loop().call_later(self._kept_seconds, self._end_soon)
        if said == "refused":
            raise answer
        if said == "broken":
            raise BuildError(f"the catalog could not be built:\n{answer}")
        return answer

    @contextmanager
    def _waiting_for(self, child: Child, patience: asyncio.Timeout, idle_seconds: float) -> Iterator[None]:
        """Bound how long an answer may take: so long as idle work that gets nowhere, and else as long as it may."""
        now = asyncio.get_running_loop().time
        ends_at = now() + self._most_seconds
        if not self._background.is_idle_work:
            patience.reschedule(ends_at)
            yield
            return

        def wait_on() -> None:
            if not patience.expired():
                patience.reschedule(min(now() + idle_seconds, ends_at))

        wait_on()
        with lending(child.id, wait_on):
            yield

    @property
    def _most_seconds(self) -> float:
        return self._least_patience_seconds + MOST_SECONDS_PER_RECORD * self._records

    def _check_open(self) -> None:
        if self._is_closed:
            raise BuilderLostError("the service stops")

    async def _running(self, *, with_share: bool) -> Child:
        if self._child is not None:
            if self._child.is_running:
                return self._child
            await self._end()
        # Not where this process was started: the current folder may hold an `app` of somebody else's.
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = str(Path(app.__file__).parents[1])
        command = [self._python, "-P", "-m", "app.building.worker"]
        self._child = await started(command, environment, self._background, with_share=with_share)
        if self._is_closed:
            # While it was being started, there was nothing to kill.
            self._kill()
        return self._child

    def _keep(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    def _end_soon(self) -> None:
        child, self._child, self._proposed = self._child, None, None
        if child is not None:
            leaving = asyncio.get_running_loop().create_task(child.left(), name="a builder ends")
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()

    async def _end(self) -> None:
        self._keep()
        self._kill()
        child, self._child = self._child, None
        if child is not None:
            await child.left()
