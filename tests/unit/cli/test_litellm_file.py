"""Files that an export writes: whole or not at all, with a backup, readable by whom they were."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli.exporting import ExportError
from app.cli.litellm_entries import Changes
from app.cli.litellm_file import SHOWN, _replace, aider_metadata, exact, put_into, report, whole_config
from app.dialects.pieces import to_json
from tests.unit.cli.configs import FOREIGN, entries_of
from tests.unit.dialects.given import priced

LONG = "0.00000002083333333333333333333333"
CONFIG = {"model_list": entries_of(priced("acme/one", prompt=LONG)), "router_settings": {"fallbacks": [{"a": ["b"]}]}}


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config that people wrote, for their eyes alone."""
    path = tmp_path / "config.yaml"
    path.write_text(FOREIGN)
    path.chmod(0o600)
    return path


def test_a_missing_file_is_written_whole_and_can_be_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    changes = put_into(str(path), CONFIG, is_dry_run=True)
    assert (changes.added, files(tmp_path)) == (["openrouter/acme-one"], [])
    put_into(str(path), CONFIG, is_dry_run=False)
    assert yaml.safe_load(path.read_text())["router_settings"] == CONFIG["router_settings"]
    assert put_into(str(path), CONFIG, is_dry_run=False) == Changes()
    assert files(tmp_path) == ["config.yaml"]


def test_every_digit_of_a_price_gets_into_the_file() -> None:
    read = yaml.load(whole_config(CONFIG), yaml.BaseLoader)  # noqa: S506 - reads everything as text
    assert Decimal(read["model_list"][0]["model_info"]["input_cost_per_token"]) == Decimal(LONG)


def test_the_file_before_is_kept_beside_it_and_its_mode_stays(config: Path) -> None:
    put_into(str(config), CONFIG, is_dry_run=False)
    first = config.read_text()
    put_into(str(config), {"model_list": []}, is_dry_run=False)
    backups = [name for name in files(config.parent) if name.endswith(".bak")]
    assert len(backups) == 2
    kept = [(config.parent / name).read_text() for name in backups]
    assert sorted(kept, key=len) == [FOREIGN, first]
    assert config.read_text() == FOREIGN
    assert {path.stat().st_mode & 0o777 for path in config.parent.iterdir()} == {0o600}


def test_a_dry_run_writes_nothing(config: Path) -> None:
    assert put_into(str(config), CONFIG, is_dry_run=True).added == ["openrouter/acme-one"]
    assert config.read_text() == FOREIGN
    assert files(config.parent) == ["config.yaml"]


def test_a_link_stays_a_link(config: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(config)
    put_into(str(link), CONFIG, is_dry_run=False)
    assert link.is_symlink()
    assert "acme-one" in config.read_text()


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[1]", b"a: [", b"model_list: text"])
def test_a_file_that_can_not_be_edited_stays_as_it_was(config: Path, body: bytes) -> None:
    config.write_bytes(body)
    with pytest.raises(ExportError, match=r"config\.yaml .*othing was written"):
        put_into(str(config), CONFIG, is_dry_run=False)
    assert config.read_bytes() == body
    assert files(config.parent) == ["config.yaml"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="can't be written"):
        put_into(str(tmp_path / "missing" / "config.yaml"), CONFIG, is_dry_run=False)


def test_a_file_that_somebody_else_wrote_meanwhile_is_not_overwritten(config: Path) -> None:
    with pytest.raises(ExportError, match="changed by somebody else"):
        _replace(config, b"ours", before=b"what we had read")
    assert config.read_text() == FOREIGN
    assert files(config.parent) == ["config.yaml"]


def test_aiders_file_holds_openrouters_rows_with_every_digit() -> None:
    cost_map: dict[str, Any] = {
        "sample_spec": {},
        "gpt-4o": {"mode": "chat"},
        "openrouter/acme/one": {
            "mode": "chat",
            "litellm_provider": "openrouter",
            "input_cost_per_token": Decimal(LONG),
        },
    }
    written = aider_metadata(exact(to_json(cost_map)))
    assert exact(written) == {"openrouter/acme/one": cost_map["openrouter/acme/one"]}
    assert written.count(b"\n") == 3


def test_the_report_names_what_changed_and_cuts_what_is_long() -> None:
    changes = Changes(
        added=[f"a{number}" for number in range(SHOWN + 2)],
        updated={"b": ["mode"]},
        removed=["c"],
        kept={"d": ["max_tokens"]},
        gone_but_kept=["e"],
        taken=["f"],
        left=["g"],
    )
    told = list(report(changes))
    assert "... and 2 more added" in told
    assert f"added a{SHOWN}" not in told
    assert told[-1] == f"{SHOWN + 2} added, 1 updated, 1 removed, 1 with edits of yours"
    assert [line for line in told if line.startswith(("updated", "removed", "kept", "left"))] == [
        "removed c",
        "updated b: mode",
        "kept your edit of d: max_tokens",
        "kept e, because you edited it, though the catalog no longer has it: delete it by hand",
        "left f to your own entry of that name",
        "left g alone: it has anchors or brackets, lacks a section, or is a copy with the same id",
    ]
