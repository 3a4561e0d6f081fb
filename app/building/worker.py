"""The process that builds catalogs: reads orders from its standard input and writes results to its standard output.

It is started by the service, behind everybody else, and ends when that closes the pipe, or is gone.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from typing import Any, BinaryIO

from app.building.lean import stand_ins
from app.building.orders import BuilderLostError, Building, Built, Proposing
from app.building.stream import LENGTH, message_of, pieces_of
from app.building.workshop import Workshop
from app.memory import hold_on_to_memory
from app.store.envelope import EnvelopeError

# What the service takes as an answer; everything else is a defect.
ANSWERS = (EnvelopeError, BuilderLostError)


def main() -> None:
    """Work off orders until there are no more."""
    # Ctrl-C reaches the whole group; when to end is for the service to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hold_on_to_memory()
    # It holds one catalog or two, without cycles, and lives for seconds.
    gc.set_threshold(0)
    orders = sys.stdin.buffer
    results = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Whatever prints must not write into a message.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    workshop = Workshop()
    with contextlib.suppress(BrokenPipeError):
        while (order := _next(orders)) is not None:
            said, result = _result_of(workshop, order)
            leaner = stand_ins(result) if isinstance(result, Built) else ()
            for piece in pieces_of((said, result), leaner):
                results.write(piece)
            results.flush()


def _next(orders: BinaryIO) -> Any:
    """Return the next order; None when there are no more."""
    frames = list(_frames(orders))
    return message_of(frames) if frames else None


def _frames(orders: BinaryIO) -> Iterator[bytes]:
    while (head := orders.read(LENGTH.size)) and len(head) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        if not length:
            return
        yield orders.read(length)


def _result_of(workshop: Workshop, order: Proposing | Building) -> tuple[str, Any]:
    """Return a word for how it went, and the result, the error, or what is to be logged of a defect."""
    try:
        return "done", workshop.propose(order) if isinstance(order, Proposing) else workshop.build(order)
    except ANSWERS as error:
        return "refused", error
    except Exception:  # noqa: BLE001 - the traceback is told to the service, which logs it
        return "broken", traceback.format_exc()


if __name__ == "__main__":
    main()
