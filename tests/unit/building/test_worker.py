"""How the process that builds catalogs finds out whether others wait for a core."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.building.worker import CROWDED_PERCENT, is_crowded


@pytest.mark.parametrize(
    ("told", "crowded"),
    [
        ("some avg10=0.00 avg60=90.00 avg300=90.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", False),
        (f"some avg10={CROWDED_PERCENT + 1:.2f} avg60=0.00 avg300=0.00 total=1\n", True),
        ("another form\n", False),
    ],
)
def test_a_machine_is_crowded_where_somebody_waited_lately(tmp_path: Path, told: str, crowded: bool) -> None:
    pressure = tmp_path / "cpu"
    pressure.write_text(told)
    assert is_crowded(pressure) is crowded


def test_where_the_kernel_does_not_tell_the_load_does(tmp_path: Path) -> None:
    assert is_crowded(tmp_path / "none") is (os.getloadavg()[0] > (os.cpu_count() or 1))
