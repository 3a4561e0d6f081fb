"""The list of what the image is made of: all of the lock, hash for hash, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.contract.test_lock import HASH, ROOT, RUN, pinned

BIN = os.environ.get("SBOM_BIN")
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(BIN is None, reason="SBOM_BIN names no environment with cyclonedx-bom; `make test-all` sets it"),
]


def test_the_list_names_every_locked_package_with_its_hashes(tmp_path: Path) -> None:
    file = tmp_path / "sbom.json"
    made = subprocess.run(
        ["make", "--no-print-directory", "-n", "sbom"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    [command] = [line for line in made.stdout.replace("\\\n", " ").splitlines() if "cyclonedx_py" in line]
    words = command.split()
    subprocess.run([f"{BIN}/python", *words[1:-1], str(file)], cwd=ROOT, check=True, capture_output=True)
    document = json.loads(file.read_text(encoding="utf-8"))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    root = document["metadata"]["component"]
    assert (root["name"], root["version"]) == (ours["name"], ours["version"])
    listed = {component["name"]: component["version"] for component in document["components"]}
    locked = {name: str(entry.requirement.specifier).removeprefix("==") for name, entry in pinned(RUN).items()}
    assert listed == locked
    hashes = {
        entry["content"]
        for component in document["components"]
        for reference in component["externalReferences"]
        for entry in reference.get("hashes", [])
    }
    lines = RUN.read_text(encoding="ascii").splitlines()
    assert hashes == {line.partition("sha256:")[2].removesuffix(" \\") for line in lines if HASH.fullmatch(line)}
