"""The process that builds catalogs: reads orders from its standard input and writes results to its standard output.

It is started by the service and ends when that closes the pipe, or is gone. Readers always go first; it is also the
first to go where memory is short.
"""

from __future__ import annotations

import contextlib
import gc
import os
import re
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from app.building.lean import stand_ins
from app.building.orders import BuilderLostError, Building, Built, Proposing
from app.building.stream import LENGTH, message_of, pieces_of
from app.building.workshop import Workshop
from app.memory import hold_on_to_memory
from app.store.envelope import EnvelopeError

NICE = 5
PRESSURE = Path("/proc/pressure/cpu")
CROWDED_PERCENT = 20.0
# From 0 to 1,000; what the kernel adds to our memory's share before it looks for the process to end.
_OOM_SCORE = "600"
# What the service takes as an answer; everything else is a defect.
ANSWERS = (EnvelopeError, BuilderLostError)


def main() -> None:
    """Work off orders until there are no more."""
    # Ctrl-C reaches the whole group; when to end is for the service to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _step_back()
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


def _step_back() -> None:
    """Run when nobody else wants to; on a machine where others have to wait anyway, have a small share instead.

    On a single core that readers saturate, p99 is 1.2 ms without this process, 1.2 with it as idle work, and 2.7 with
    the least share: then the scheduler gives it one of its ticks, 4 ms, now and then. As idle work it might never get
    one on a machine that is always full, and siblings have to follow within seconds: on two cores that two others fill,
    421 models take 22 s at a niceness of 19, 6 s at 10 and 2 s at 5, and the p99 of reads is 6 to 12 ms with each.
    """
    with contextlib.suppress(OSError, AttributeError):
        if is_crowded():
            os.nice(NICE)
        else:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")


def is_crowded(pressure: Path = PRESSURE) -> bool:
    """Whether somebody waited for a core for much of the last ten seconds, or by the load where that is not told."""
    try:
        told = pressure.read_text(encoding="ascii")
    except OSError:
        return os.getloadavg()[0] > (os.cpu_count() or 1)
    waited = re.match(r"some avg10=([\d.]+)", told)
    return waited is not None and float(waited[1]) > CROWDED_PERCENT


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
