"""A short storm; `make chaos` has the long one.

It is heavy because its promise has seconds in it: they hold for a machine that the instances share with their readers,
not for one on which another worker of the tests keeps half of the cores busy all the time.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.blows import ALWAYS
from tests.chaos.storm import Plan, storm
from tests.chaos.table import show, storm_table

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.heavy, pytest.mark.redis]


async def test_a_short_storm_breaks_no_promise(tmp_path: Path) -> None:
    report = await storm(Plan(seed=6, gusts=1, gust_seconds=6, triggers=12), tmp_path)
    show(storm_table(report))
    assert report.broken_promises == []
    assert report.blows.keys() > {blow.value for blow in ALWAYS}
    assert report.tally.reads > 200
    assert report.calls > 1
