"""What is kept of a good document for a start at which its own place has nothing good, and where that ends."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.catalog.door import OPEN_DOOR
from app.catalog.overrides import Overrides
from app.local_files import LocalFiles
from app.parts import build_sources
from app.settings import Settings
from app.sources.core import CoreSource
from app.sources.kept_copy import KeptCopy
from app.sources.last_valid import FileStanding
from app.sources.overrides import OverridesSource

HIDE = 'schema = 1\nhide = ["maker-0/*"]\n'
BROKEN = 'schema = 1\nhide = ["maker-0/*'
THEN = datetime(2026, 8, 20, 12, tzinfo=UTC)


def started(folder: Path) -> LocalFiles:
    """Return the local files as a process has them that starts now."""
    settings = Settings(data_dir=folder / "data", overrides_file=folder / "overrides.toml", openrouter_enabled=False)
    return build_sources(settings).files


def hidden(files: LocalFiles) -> tuple[str, ...]:
    return files.read().overrides.hidden


def age(folder: Path, moment: datetime) -> None:
    """Make the kept copies as old as if they were written at a moment."""
    for copy in (folder / "data").iterdir():
        os.utime(copy, (moment.timestamp(), moment.timestamp()))


@pytest.mark.parametrize("end", [BROKEN, "", None], ids=["broken", "truncated", "gone"])
def test_over_a_restart_the_last_valid_version_stays_and_says_since_when(tmp_path: Path, end: str | None) -> None:
    path = tmp_path / "overrides.toml"
    path.write_text(HIDE)
    assert hidden(started(tmp_path)) == ("maker-0/*",)
    age(tmp_path, THEN)
    path.write_text(end) if end is not None else path.unlink()
    for _ in range(2):
        with capture_logs() as logs:
            again = started(tmp_path)
            assert hidden(again) == ("maker-0/*",)
        [trouble] = again.trouble()
        assert trouble.used_read_at == THEN
        assert trouble.reason.endswith(
            "its last valid version, read 2026-08-20T12:00:00Z, stays over the restart; mend it, or correct or unset "
            "OVERRIDES_FILE"
        )
        assert [entry["reason"] for entry in logs] == [trouble.reason]
    path.write_text("schema = 1\n")
    assert hidden(again) == (), "mended, it is read again"
    assert again.trouble() == ()
    path.write_text(BROKEN)
    assert hidden(started(tmp_path)) == (), "and what is kept is the newest valid version"


def test_whoever_looks_while_the_copy_is_read_is_told_nothing_half(tmp_path: Path) -> None:
    seen: list[FileStanding[Overrides]] = []

    class Watched(KeptCopy):
        def read(self) -> bytes:
            seen.append(file.standing)
            return super().read()

    path, kept = tmp_path / "overrides.toml", tmp_path / "kept.toml"
    kept.write_text(HIDE)
    path.write_text(BROKEN)
    file = OverridesSource(path).last_valid(copy=Watched(kept))
    assert file.current().hidden == ("maker-0/*",)
    assert [(standing.error, standing.read_at) for standing in seen] == [(None, None)]
    assert file.standing.error is not None
    assert file.standing.is_from_before


def test_a_core_file_is_kept_as_well(tmp_path: Path) -> None:
    path, copy = tmp_path / "core.toml", KeptCopy(tmp_path / "copy.toml")
    path.write_text(
        'schema = 1\nupdated = "2026-08-01"\n[providers.openai]\nname = "OpenAI"\n'
        '[[models]]\nid = "openai/only"\nname = "Only"\nrank = 1\ncategory = "flagship"\nprovider = "openai"\n'
    )
    assert len(CoreSource(path).last_valid(copy=copy).current().models) == 1
    path.write_text("schema = ")
    files = LocalFiles(CoreSource(path).last_valid(copy=copy), None, door=OPEN_DOOR, delisted_days=90)
    assert [model.id for model in files.read().core] == ["openai/only"]
    assert "or correct or unset CORE_MODELS_FILE" in files.trouble()[0].reason


def test_another_path_is_another_file_whose_versions_were_never_read(tmp_path: Path) -> None:
    (tmp_path / "overrides.toml").write_text(HIDE)
    started(tmp_path).read()
    (tmp_path / "overrides.toml").unlink()
    other = Settings(data_dir=tmp_path / "data", overrides_file=tmp_path / "other.toml", openrouter_enabled=False)
    files = build_sources(other).files
    assert hidden(files) == ()
    assert "no version of it was valid since the start" in files.trouble()[0].reason


def test_a_copy_that_cannot_be_used_is_as_none(tmp_path: Path) -> None:
    (tmp_path / "overrides.toml").write_text(HIDE)
    started(tmp_path).read()
    (tmp_path / "overrides.toml").write_text(BROKEN)
    for copy in (tmp_path / "data").iterdir():
        copy.write_bytes(b"\x00 of another release")
    files = started(tmp_path)
    assert hidden(files) == ()
    assert files.trouble()[0].used_read_at is None


def test_a_version_that_cannot_be_kept_is_used_all_the_same_and_that_is_logged_once(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    path = tmp_path / "overrides.toml"
    path.write_text(HIDE)
    files = started(tmp_path)
    with capture_logs() as logs:
        assert hidden(files) == ("maker-0/*",)
        path.write_text(HIDE + "# again\n")
        assert hidden(files) == ("maker-0/*",)
    [entry] = logs
    assert (entry["source"], entry["log_level"]) == ("overrides", "warning")
    assert "can't be kept for the next start" in entry["event"]
    assert files.trouble() == ()


def test_the_same_again_leaves_its_age_and_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    copy = KeptCopy(tmp_path / "data" / "copy.json")
    copy.keep(b"one")
    age(tmp_path, THEN)
    copy.keep(b"one")
    assert copy.kept_at() == THEN
    copy.keep(b"two")
    assert (copy.read(), copy.kept_at() > THEN) == (b"two", True)
    folder = KeptCopy(tmp_path / "data")
    with pytest.raises(OSError, match="directory"):
        folder.keep(b"three")
    assert [path.name for path in tmp_path.rglob("*")] == ["data", "copy.json"]


def test_overrides_without_a_copy_start_with_none(tmp_path: Path) -> None:
    path = tmp_path / "overrides.toml"
    path.write_text(HIDE)
    OverridesSource(path).last_valid().current()
    path.write_text(BROKEN)
    assert OverridesSource(path).last_valid().current().hidden == ()
