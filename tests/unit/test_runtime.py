"""What the service sets in its process; tried in another process, because it holds for the whole of one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def printed(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True, timeout=60
    ).stdout.strip()


def test_a_calm_interpreter_switches_soon_and_leaves_out_what_lives_for_ever() -> None:
    code = (
        "import gc, sys; from app.runtime import calm_interpreter; calm_interpreter(); "
        "print(sys.getswitchinterval(), gc.get_freeze_count() > 1000, len(gc.get_objects()) < 100, gc.isenabled())"
    )
    assert printed(code) == "0.0005 True True True"


def test_the_service_starts_without_what_only_people_see_and_other_commands_still_have_it() -> None:
    code = (
        "import sys\nfrom app.runtime import SPARED, leaving_out\n"
        "with leaving_out(*SPARED):\n    import app.serve\n"
        "print([name for name in sys.modules if f'{name}.'.startswith(tuple(f'{spared}.' for spared in SPARED))])\n"
        "import rich.table, app.cli.tables\nprint('there')"
    )
    assert printed(code) == "[]\nthere"


def test_the_service_starts_without_the_shapes_that_only_its_description_needs() -> None:
    code = (
        "import sys, app.serve\n"
        "print([name for name in sys.modules if name.startswith('app.web') and name.endswith('schemas')])\n"
        "from app.web.application import described\n"
        "print('ModelDocument' in described(version='1')['components']['schemas'])"
    )
    assert printed(code) == "[]\nTrue"


def asking(*before: str, shown: str = "error.kind.value") -> str:
    """Return a program that does some lines, asks an upstream which is not there, and shows something of the error."""
    lines = "".join(f"    {line}\n" for line in before)
    return (
        "import asyncio, app.serve\n"
        "from app.sources.openrouter import OpenRouterOptions, OpenRouterSource, SourceError\n"
        "async def ask():\n"
        "    source = OpenRouterSource(OpenRouterOptions(base_url='http://127.0.0.1:9/api/v1', attempts=1))\n"
        f"{lines}"
        "    try:\n        await source.fetch()\n"
        f"    except SourceError as error:\n        print({shown})\n"
        "    await source.close()\n"
        "asyncio.run(ask())\n"
    )


def test_the_event_loop_loads_nothing_when_upstream_is_asked_for_the_first_time() -> None:
    code = (
        "import sys, threading, app.serve\nfrom importlib.machinery import PathFinder\n"
        "loaded = {True: [], False: []}\n"
        "class Watch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if PathFinder.find_spec(name, path):\n"
        "            loaded[threading.current_thread() is threading.main_thread()].append(name)\n"
        f"{asking('sys.meta_path.insert(0, Watch())')}"
        "print(loaded[True], 'httpcore' in loaded[False])"
    )
    assert printed(code) == "unreachable\n[] True"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells how many files are open")
def test_where_no_more_files_can_be_opened_upstream_counts_as_unreachable() -> None:
    code = asking(
        "import os, resource",
        "open_files = len(os.listdir('/proc/self/fd')) - 1",
        "resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))",
        shown="error.kind.value, 'how many files' in str(error)",
    )
    assert printed(code) == "unreachable True"


def test_what_is_loaded_already_is_not_left_out() -> None:
    code = (
        "import sys, json\nfrom app.runtime import leaving_out\n"
        "with leaving_out('json'):\n    import json.decoder\nprint(sys.modules['json'] is json)"
    )
    assert printed(code) == "True"


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt belongs to glibc")
@pytest.mark.parametrize(("is_limited", "expected"), [("False", "hoards"), ("True", "gives back")])
def test_a_limited_allocator_gives_large_pieces_back(is_limited: str, expected: str) -> None:
    """A piece that was freed once makes glibc keep all later ones of its size; the last one holds them in place."""
    code = f"""
from app.memory import limit_allocator
if {is_limited}:
    limit_allocator()
first = b"x" * 4_000_000
del first
pieces = [bytes([65 + number % 26]) * 1_500_000 for number in range(120)]
last = b"y" * 1_500_000
del pieces
line = [line for line in open("/proc/self/status") if line.startswith("VmRSS")][0]
print("gives back" if int(line.split()[1]) < 120_000 else "hoards")
"""
    assert printed(code) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt belongs to glibc")
@pytest.mark.parametrize(("option", "asks"), [("limit_allocator", "each time"), ("hold_on_to_memory", "once")])
def test_memory_that_is_held_on_to_is_asked_for_once(option: str, asks: str) -> None:
    """The kernel gives a page when it is first touched: 1,000 for each four megabytes."""
    code = f"""
import resource
from app.memory import {option}
{option}()
for _ in range(50):
    piece = bytes([65]) * 4_000_000
    del piece
print("each time" if resource.getrusage(resource.RUSAGE_SELF).ru_minflt > 40_000 else "once")
"""
    assert printed(code) == asks


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
def test_what_computes_beside_the_event_loop_lets_it_go_first() -> None:
    code = (
        "import os, threading\nfrom app.runtime import patient_threads\n"
        "nice = lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())\n"
        "with patient_threads() as threads:\n    there = threads.submit(nice).result()\n"
        "print(there > nice())"
    )
    assert printed(code) == "True"
