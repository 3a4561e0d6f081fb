"""The picker's modules become one script: each takes only from those before it, and no name is declared twice."""

from __future__ import annotations

import re
from collections import Counter
from importlib import resources

import pytest

from app.web.picker_script import IMPORT, MODULES, picker_script, picker_source

DECLARED = re.compile(r"^(?:export )?(?:const|let|class|(?:async )?function) (\w+)", re.MULTILINE)

OFFERED = re.compile(r"^export (?:const|class|(?:async )?function) (\w+)", re.MULTILINE)


def test_every_module_is_joined() -> None:
    folder = resources.files("app.web.static") / "picker"
    assert {entry.name for entry in folder.iterdir()} == {f"{module}.js" for module in MODULES}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_takes_only_what_stands_before_it_and_what_is_offered(module: str) -> None:
    for found in IMPORT.finditer(picker_source(module)):
        taken = re.findall(r"\w+", found[0].partition("{")[2].partition("}")[0])
        offered = re.findall(
            r"^export (?:const|class|(?:async )?function) (\w+)", picker_source(found["module"]), re.MULTILINE
        )
        assert MODULES.index(found["module"]) < MODULES.index(module)
        assert set(taken) <= set(offered)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_uses_whatever_it_takes(module: str) -> None:
    source = picker_source(module)
    body = IMPORT.sub("", source)
    for found in IMPORT.finditer(source):
        for name in re.findall(r"\w+", found[0].partition("{")[2].partition("}")[0]):
            assert re.search(rf"\b{name}\b", body), name


def test_joined_they_import_nothing_export_nothing_and_declare_no_name_twice() -> None:
    assert not re.search(r"^(import|export)\b", picker_script().decode(), re.MULTILINE)
    # Joined, nothing is indented any more; here only what stands at the margin is every module's.
    sources = "".join(map(picker_source, MODULES))
    assert [name for name, count in Counter(DECLARED.findall(sources)).items() if count > 1] == []
