"""A process beside this one, with a pipe for orders and one for answers."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.building.background import Background
from app.building.orders import Building, Proposing
from app.building.stream import FrameCutter, Message, pieces_of
from app.gradual import Pauses
from app.memory import MANY_MODELS, collect, keep_out_of_collections

_READ_BYTES = 1024**2
# Objects that were made while a catalog is built; of 421 models 2,100, of 20,000 some 31,000, in 7 ms.
_MOST_NEW_OBJECTS = 40_000
# On a full machine its end takes seconds.
_MOST_LEAVING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Child:
    """A process that runs, and its ends of the pipes."""

    orders: asyncio.StreamWriter
    answers: asyncio.StreamReader
    _process: subprocess.Popen[bytes]
    _hearing: asyncio.ReadTransport
    _background: Background

    @property
    def id(self) -> int:
        """The number that the system knows it by."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once; nothing happens when it has ended already."""
        self._process.kill()

    async def answer_to(self, order: Proposing | Building) -> tuple[str, Any]:
        """Send an order and return the answer; raises OSError, EOFError and StreamError."""
        pieces, pauses = pieces_of(order), Pauses()
        # To see what is large in an order of 100,000 records takes 70 ms, and each piece of one is large itself.
        is_large = isinstance(order, Proposing) and len(order.records or ()) > MANY_MODELS
        piece = await asyncio.to_thread(next, pieces)
        while piece:
            self.orders.write(piece)
            await self.orders.drain()
            await pauses.if_due()
            piece = await asyncio.to_thread(next, pieces, b"") if is_large else next(pieces, b"")
        message, frames = Message(), FrameCutter()
        some = await self._next_bytes()
        # What is garbage by now would be kept out of collections below, for good.
        collect(_MOST_NEW_OBJECTS)
        while True:
            for frame in frames.cut(some):
                # To cut a large one out takes as long as to read it.
                await pauses.if_due()
                message.take(frame)
            if frames.is_at_end:
                break
            some = await self._next_bytes()
        await asyncio.sleep(0)
        said, answer = message.value
        # Here, because to let go of all that was noted while reading 100,000 models takes 40 ms.
        del message
        await asyncio.sleep(0)
        # The collector would look at every object once more, in one step: 4 ms of 421 models, 60 to 100 of 100,000.
        keep_out_of_collections()
        return said, answer

    async def _next_bytes(self) -> bytes:
        some = await self.answers.read(_READ_BYTES)
        if not some:
            raise EOFError("it ended before its answer did")
        return some

    async def left(self, most_seconds: float = _MOST_LEAVING_SECONDS) -> None:
        """Wait until it is gone; it ends by itself when nobody can order any more, and is ended when it does not."""
        self.orders.close()
        self._hearing.close()
        await asyncio.to_thread(self._wait, most_seconds)
        self._background.left()

    def _wait(self, most_seconds: float) -> None:
        try:
            self._process.wait(most_seconds)
        except subprocess.TimeoutExpired:
            # Stopped, or starved: nobody else would ever end it, and the service could not stop.
            self._process.kill()
            self._process.wait()


async def started(
    command: Sequence[str], environment: Mapping[str, str], background: Background, *, with_share: bool = False
) -> Child:
    """Start a process, behind everybody else from its first moment; raises OSError."""
    loop = asyncio.get_running_loop()
    answers = asyncio.StreamReader(limit=_READ_BYTES)
    process = _process_of(command, environment)
    background.put(process.pid, with_share=with_share)
    try:
        hearing, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(answers), process.stdout)
        # Of a protocol that reads, only what says when the pipe is full.
        telling, flow = await loop.connect_write_pipe(
            lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), process.stdin
        )
    except BaseException:
        # Given up in between: nobody else knows of it.
        process.kill()
        process.communicate()
        background.left()
        raise
    return Child(asyncio.StreamWriter(telling, flow, None, loop), answers, process, hearing, background)


def _process_of(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start it without copying what this process has in memory.

    uvloop forks: of 640 MiB that takes 45 ms in which nobody is answered, and this takes one.
    """
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)  # noqa: S603
