"""A process beside this one, with a pipe for orders and one for answers."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.building.background import Background

_READ_BYTES = 1024**2


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

    async def left(self) -> None:
        """Wait until it is gone; it ends by itself when nobody can order any more."""
        self.orders.close()
        self._hearing.close()
        await asyncio.to_thread(self._process.wait)
        self._background.left()


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
