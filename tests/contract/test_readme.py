"""README.md says what is there: every setting, word, address and command, and examples that work."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app import __version__
from app.catalog.index import FACETS
from app.catalog.query import FIELDS, SORTS, WORDS
from app.cli.parser import build_parser
from app.env_example import example_env
from app.outcome import Result
from app.settings import Settings
from app.sources.overrides import OverridesSource
from app.sources.protocol import Failure
from app.web.application import routed_application
from tests.e2e.processes import ServiceProcess, running

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs" / "adr").glob("*.md"))]
NOBODY = "http://127.0.0.1:9"


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def lines_of(language: str) -> list[str]:
    """The commands of the blocks, continued lines joined, comments kept."""
    text = "\n".join(blocks(language)).replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip()]


def rows() -> list[list[str]]:
    """The cells of every table row."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in README.splitlines() if line.startswith("| ")
    ]


def routes() -> Iterator[tuple[str, str]]:
    """Method and path of everything that is served; parameters as people write them, HEAD left out."""
    for included in routed_application(version=__version__).routes:
        for route in getattr(included, "original_router", FastAPI()).routes:
            if isinstance(route, APIRoute):
                for method in (route.methods or set()) - {"HEAD"}:
                    yield method, route.path.replace(":path}", "}")


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_every_setting_stands_in_the_table_with_its_default() -> None:
    defaults = dict(line[1:].split("=", 1) for line in example_env().splitlines() if re.match(r"#[A-Z_]+=", line))
    told = {cells[0]: cells[1] for cells in rows() if re.fullmatch(r"`[A-Z][A-Z_]+`", cells[0])}
    assert told == {f"`{name}`": f"`{default}`" if default else "-" for name, default in defaults.items()}


def test_every_setting_named_anywhere_is_one() -> None:
    known = {name.upper() for name in Settings.model_fields}
    # What compose, the image and the command line take beside the settings.
    others = {
        "REDIS_PASSWORD",
        "PORT_RANGE",
        "EDGE_PORT",
        "PYTHON_IMAGE",
        "PATH",
        "COMMAND",
        "MODEL_REGISTRY_URL",
        "UPGRADE",
        "LITELLM_MODEL_COST_MAP_URL",
    }
    for word in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", README):
        assert word in known | others or any(name.startswith(word) for name in known), word


def test_every_query_word_is_told_with_its_values() -> None:
    told = {cells[0]: cells[2] for cells in rows() if cells[0].strip("`") in WORDS}
    assert {name.strip("`") for name in told} >= set(WORDS)
    for word in WORDS.values():
        if word.name not in {"sort", "facets", "fields"}:
            assert all(f"`{value}`" in told[f"`{word.name}`"] for value in word.choices), word.name
    for name, values in (("sort", SORTS), ("facets", FACETS), ("fields", FIELDS)):
        [line] = re.findall(rf"^- `{name}` takes (.*?)\.$", README, flags=re.MULTILINE | re.DOTALL)
        assert re.findall(r"`([a-z_]+)`", line) == list(values)


def test_every_address_is_told() -> None:
    told = {
        tuple(pair.split(" ", 1))
        for cells in rows()
        for pair in re.findall(r"`((?:GET|PUT|PATCH|POST|DELETE) /[^`]*)`", cells[0])
    }
    ours = {(method, path) for method, path in routes() if not path.startswith("/static/")}
    assert told == ours


def test_every_outcome_and_every_kind_of_failure_is_told() -> None:
    assert all(any(cells[0] == f"`{result}`" for cells in rows()) for result in Result)
    assert all(f"`{failure}`" in README for failure in Failure)


def test_every_make_target_that_is_named_exists() -> None:
    written = re.findall(r"`([^`\n]+)`", README) + lines_of("sh")
    commands = [re.match(r"(?:[A-Z_]+=\S+ )*make ([a-z][a-z-]*)", text) for text in written]
    named = {command[1] for command in commands if command}
    assert named <= makefile_targets()
    assert {"run", "test", "demo", "lint", "bench", "openapi", "lock"} <= named


def test_every_command_is_shown_and_understood() -> None:
    parser = build_parser()
    shown = [line for line in lines_of("sh") if line.startswith("model-registry ")]
    used = {parser.parse_args(shlex.split(line)[1:]).command for line in shown}
    [choices] = [action.choices for action in parser._actions if action.dest == "command"]
    assert used == set(choices or ())


def test_every_example_answer_is_json() -> None:
    decoder = json.JSONDecoder()
    assert len(blocks("json")) > 5
    for block in blocks("json"):
        rest = block.strip()
        while rest:
            _, end = decoder.raw_decode(rest)
            rest = rest[end:].strip()


def test_the_overrides_of_the_example_are_valid(tmp_path: Path) -> None:
    [example] = blocks("toml")
    (tmp_path / "overrides.toml").write_text(example, encoding="utf-8")
    read = OverridesSource(tmp_path / "overrides.toml").last_valid().current()
    assert [model.id for model in read.added] == ["acme/support-70b"]
    assert read.hidden
    assert read.patches


def test_the_probes_for_kubernetes_ask_addresses_that_exist() -> None:
    [manifest] = [yaml.safe_load(block) for block in blocks("yaml")]
    pod = manifest["spec"]["template"]["spec"]
    [container] = pod["containers"]
    paths = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")}
    assert paths == {"startup": "/readyz", "readiness": "/readyz", "liveness": "/livez"}
    assert {("GET", path) for path in paths.values()} <= set(routes())
    known = {name.upper() for name in Settings.model_fields}
    assert {entry["name"] for entry in container["env"]} <= known
    graceful = Settings.model_fields["graceful_seconds"].default
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > pause + graceful + 3
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8")):
        if not urlsplit(target).scheme:
            assert (document.parent / target).exists(), target


def test_the_picture_is_small() -> None:
    picture = ROOT / "docs" / "images" / "landing.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 200_000


def asked() -> list[tuple[str, int]]:
    """Every read of the examples, as path with query, and the status that its comment promises."""
    found = []
    for line in lines_of("sh"):
        example = re.match(r"curl 'http://127\.0\.0\.1:8000(/[^']*)'(?:\s+# (\d{3}))?", line)
        if example:
            found.append((example[1], int(example[2] or 200)))
    return found


@pytest.mark.e2e
@pytest.mark.anyio
async def test_every_read_of_the_examples_is_answered_as_told(tmp_path: Path) -> None:
    assert len(asked()) >= 8
    service = ServiceProcess(tmp_path, OPENROUTER_BASE_URL=NOBODY)
    async with running(service):
        for target, status in asked():
            answer = await service.client.get(target)
            assert answer.status_code == status, f"{target}: {answer.text}"
            document: Any = answer.json()
            if "/search" in target:
                assert document["models"][0]["id"] == "anthropic/claude-sonnet-5"
            if status == 404:
                assert "Did you mean anthropic/claude-sonnet-5?" in document["detail"]
