"""The arrows of the architecture point one way; a test reads the imports and fails when one points left."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
BANNED_NAMES = {"utils", "helpers", "common", "base", "manager", "service", "crud"}
STANDARD = sys.stdlib_module_names | {"__future__"}
# What a folder may import: prefixes of our own modules, and other people's packages.
ALLOWED = {
    "catalog": ({"app.catalog"}, set()),
    "sources": ({"app.catalog", "app.sources", "app.gradual"}, {"anyio", "httpx", "orjson", "pydantic"}),
    "store": ({"app.catalog", "app.store"}, {"orjson", "redis", "structlog", "zstandard"}),
    "dialects": ({"app.catalog", "app.dialects"}, {"orjson"}),
}
NEVER_IN_WEB = ("redis", "httpx", "app.sources", "app.store")
MAY_IMPORT_MAIN = {"serve.py", "cli/ways.py"}


def imported(source: str) -> Iterator[str]:
    """Return every module that a source text imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "app")


def is_below(module: str, prefixes: set[str] | tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


def faults_of(folder: str, source: str) -> list[str]:
    """Return the imports of a source text that its folder may not have."""
    own, others = ALLOWED[folder]
    return [
        module
        for module in imported(source)
        if module.split(".")[0] not in STANDARD and not is_below(module, own) and not is_below(module, others)
    ]


def sources(folder: str = "") -> list[Path]:
    found = sorted((APP / folder).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("folder", sorted(ALLOWED))
def test_a_folder_imports_only_what_stands_left_of_it(folder: str) -> None:
    assert {str(path): faults for path in sources(folder) if (faults := faults_of(folder, path.read_text()))} == {}


def test_the_catalog_does_no_input_or_output_and_reads_no_clock() -> None:
    barred = {"asyncio", "io", "os", "pathlib", "socket", "sqlite3", "subprocess", "threading", "time", "urllib"}
    for path in sources("catalog"):
        assert barred.isdisjoint(module.split(".")[0] for module in imported(path.read_text())), path
        assert ".now(" not in path.read_text(), path


def test_the_web_never_reaches_behind_the_registry() -> None:
    for path in sources("web"):
        assert [module for module in imported(path.read_text()) if is_below(module, NEVER_IN_WEB)] == [], path


def test_only_the_entry_points_import_the_composition_root() -> None:
    def importing(module: str) -> set[str]:
        return {path.relative_to(APP).as_posix() for path in sources() if is_below_any(path.read_text(), module)}

    assert importing("app.main") <= MAY_IMPORT_MAIN
    assert importing("app.parts") == {"main.py"}


def is_below_any(source: str, module: str) -> bool:
    return any(is_below(name, (module,)) for name in imported(source))


def test_only_what_our_own_two_processes_tell_each_other_is_pickled_and_no_middleware_hides_disconnects() -> None:
    for path in sources():
        text = path.read_text()
        assert not is_below_any(text, "pickle") or path == APP / "building" / "stream.py", path
        assert not is_below_any(text, "starlette.middleware.base"), path


def test_modules_are_named_for_what_they_hold() -> None:
    assert [path for path in sources() if path.stem in BANNED_NAMES] == []
    assert not (APP / "core").exists()


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("catalog", "import httpx"),
        ("catalog", "from app.sources.core import CoreSource"),
        ("catalog", "def f():\n    import orjson"),
        ("sources", "from app.settings import Settings"),
        ("store", "from app.web import respond"),
        ("dialects", "from app.store.protocol import Store"),
    ],
)
def test_the_checker_sees_an_arrow_that_points_left(folder: str, source: str) -> None:
    assert faults_of(folder, source)
