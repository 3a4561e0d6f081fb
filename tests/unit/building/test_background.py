"""How a process that builds catalogs is put behind others, and how it shows that others wait for a core."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.building.background import CROWDED_PERCENT, FORGOTTEN_AFTER_SECONDS, NICE, OOM_SCORE, Background
from app.building.child import started
from tests.unit.building.pressure import told

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="idle work and /proc are Linux's")
CALM, FULL = CROWDED_PERCENT - 1, CROWDED_PERCENT + 1


@pytest.mark.parametrize(("percent", "crowded"), [(CALM, False), (FULL, True)])
def test_a_machine_is_crowded_where_somebody_waited_lately(tmp_path: Path, percent: float, crowded: bool) -> None:
    assert Background(told(tmp_path, percent)).is_crowded() is crowded


@pytest.mark.parametrize("text", [None, "another form\n"])
def test_where_the_kernel_does_not_tell_the_load_does(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "cpu"
    if text is not None:
        path.write_text(text)
    assert Background(path).is_crowded() is (os.getloadavg()[0] > (os.cpu_count() or 1))


def test_what_processes_of_ours_waited_for_does_not_count(tmp_path: Path) -> None:
    """Idle work on a machine that is busy with readers waits most of the time, and the kernel's mean tells so after."""
    seconds = 100.0
    background = Background(told(tmp_path, CALM, waited_seconds=0), lambda: seconds)
    with subprocess.Popen(["sleep", "60"]) as process:
        background.put(process.pid)
        seconds += FORGOTTEN_AFTER_SECONDS
        told(tmp_path, FULL, waited_seconds=9)
        assert not background.is_crowded(), "while it is there"
        process.kill()
    background.left()
    seconds += 0.1
    assert not background.is_crowded(), "too soon to tell anything new"
    seconds += 9.9
    assert not background.is_crowded()
    told(tmp_path, FULL, waited_seconds=12)
    assert background.is_crowded(), "others waited 3 of 10 s without it"
    seconds += FORGOTTEN_AFTER_SECONDS
    assert background.is_crowded(), "by the kernel's mean"
    told(tmp_path, CALM, waited_seconds=900)
    assert not background.is_crowded()


@LINUX_ONLY
@pytest.mark.anyio
@pytest.mark.parametrize("percent", [CALM, FULL])
async def test_a_process_is_behind_others_before_it_has_done_anything(tmp_path: Path, percent: float) -> None:
    """Python needs 200 ms of CPU to its first line; nothing of ours runs in this one."""
    background = Background(told(tmp_path, percent))
    child = await started(["sleep", "60"], {"PATH": os.environ["PATH"]}, background)
    try:
        assert background.is_idle_work is (percent == CALM)
        if background.is_idle_work:
            assert os.sched_getscheduler(child.id) == os.SCHED_IDLE
        else:
            assert os.getpriority(os.PRIO_PROCESS, child.id) == NICE
        assert (Path("/proc") / str(child.id) / "oom_score_adj").read_bytes() == b"%d\n" % OOM_SCORE
    finally:
        child.kill()
        await child.left()


@LINUX_ONLY
def test_a_process_that_needs_a_share_gets_one_wherever_it_is(tmp_path: Path) -> None:
    background = Background(told(tmp_path, CALM))
    with subprocess.Popen(["sleep", "60"]) as process:
        background.put(process.pid, with_share=True)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == NICE
        process.kill()
    assert not background.is_idle_work


def test_a_process_that_is_gone_already_is_let_be(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
        Background(told(tmp_path, CALM)).put(gone.pid)
