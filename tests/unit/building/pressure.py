"""What the kernel tells of how long others had to wait for a core."""

from __future__ import annotations

from pathlib import Path


def told(folder: Path, percent: float, *, waited_seconds: float = 0) -> Path:
    """Write it into a file and return its place."""
    path = folder / "cpu"
    total = round(waited_seconds * 1e6)
    path.write_text(
        f"some avg10={percent:.2f} avg60=90.00 avg300=90.00 total={total}\n"
        "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
    )
    return path
