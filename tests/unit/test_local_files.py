"""Local files while the service runs: a sound edit is merged without asking upstream, a broken one waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.catalog.door import OPEN_DOOR
from app.catalog.snapshot import Origin
from app.local_files import LocalFiles
from app.outcome import Result
from app.sources.core import CoreSource
from app.sources.overrides import OverridesSource
from app.sources.protocol import Failure
from app.store.envelope import seal
from tests.unit.fakes import HOUR, FakeSource, Instance, catalog, failing, local_files

pytestmark = pytest.mark.anyio

HIDE = 'schema = 1\nhide = ["maker-0/*"]\n'
NOTHING = "schema = 1\n"
PRIVATE = """
schema = 1
[[add]]
id = "acme/private"
name = "Our own"
provider = "acme"
base_url = "https://llm.acme.example/v1"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "overrides.toml"
    path.write_text(NOTHING)
    return path


@pytest.fixture
async def instance(path: Path) -> Instance:
    """An instance that read its catalog once, with an overrides file that decides nothing."""
    instance = Instance(files=local_files(overrides=OverridesSource(path).last_valid()))
    await instance.refresher.boot()
    await instance.ring()
    await instance.look()
    assert instance.upstream.calls == 1
    return instance


def write(path: Path, text: str) -> None:
    """Write as an editor does: a new file in the place of the old one."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def remove(path: Path) -> None:
    path.unlink()


def hidden(instance: Instance) -> bool:
    return not any(model_id.startswith("maker-0/") for model_id in instance.ids)


class TestChanges:
    """A file that changed is merged within seconds."""

    async def test_an_edit_is_merged_without_asking_upstream(self, instance: Instance, path: Path) -> None:
        write(path, HIDE)
        await instance.look()
        assert hidden(instance)
        assert instance.upstream.calls == 1
        entry = instance.journal.entries[0]
        assert (entry["trigger"], entry["outcome"]) == ("local_files", "updated")
        assert instance.snapshot.generation == 2
        assert instance.timetable.period.checked_at == instance.snapshot.fetched_at, "nothing was checked"

    async def test_what_was_hidden_comes_back_without_a_fetch(self, instance: Instance, path: Path) -> None:
        before = {model.id: model for model in instance.snapshot.models}
        write(path, HIDE)
        await instance.look()
        write(path, NOTHING)
        await instance.look()
        assert {model.id: model for model in instance.snapshot.models} == before
        assert instance.upstream.calls == 1

    async def test_what_was_hidden_comes_back_after_a_restart_too(self, instance: Instance, path: Path) -> None:
        ids = instance.ids
        write(path, HIDE)
        await instance.look()
        write(path, NOTHING)
        again = Instance(
            store=instance.memory,
            clock=instance.clock,
            upstream=FakeSource(error=failing(Failure.UNREACHABLE)),
            files=local_files(overrides=OverridesSource(path).last_valid()),
        )
        await again.refresher.boot()
        assert hidden(again)
        await again.look()
        assert again.ids == ids

    async def test_a_private_model_is_added_with_its_own_route(self, instance: Instance, path: Path) -> None:
        write(path, PRIVATE)
        await instance.look()
        [route] = instance.snapshot.by_id["acme/private"].routes
        assert (route.provider, route.base_url) == ("acme", "https://llm.acme.example/v1")

    async def test_a_file_that_is_touched_but_says_the_same_changes_nothing(
        self, instance: Instance, path: Path
    ) -> None:
        published = instance.published
        write(path, NOTHING + "# a remark\n")
        await instance.look()
        assert instance.published is published
        assert instance.journal.entries[0]["outcome"] == "unchanged"
        entries = len(instance.journal.entries)
        await instance.look()
        assert len(instance.journal.entries) == entries

    async def test_core_models_alone_take_the_overrides_in(self, path: Path) -> None:
        write(path, 'schema = 1\nhide = ["openai/*"]\n[models."anthropic/claude-core"]\nnotes = "ours"\n')
        instance = Instance(
            files=local_files(overrides=OverridesSource(path).last_valid()),
            upstream=FakeSource(error=failing(Failure.UNREACHABLE)),
        )
        await instance.refresher.boot()
        assert instance.ids == {"anthropic/claude-core"}
        assert instance.snapshot.by_id["anthropic/claude-core"].notes == "ours"
        write(path, NOTHING)
        await instance.look()
        assert instance.ids == {"anthropic/claude-core", "openai/gpt-core"}
        assert instance.snapshot.contents.origin is Origin.CORE
        assert instance.snapshot.generation == 0, "core models are never stored"

    async def test_the_core_file_may_change_as_well(self, tmp_path: Path) -> None:
        path = tmp_path / "core.toml"
        text = (
            'schema = 1\nupdated = "2026-08-01"\n[providers.openai]\nname = "OpenAI"\n'
            '[[models]]\nid = "openai/only"\nname = "{name}"\nrank = 1\ncategory = "flagship"\nprovider = "openai"\n'
            'upstream_id = "only"\n'
        )
        write(path, text.format(name="One"))
        files = LocalFiles(CoreSource(path).last_valid(), None, door=OPEN_DOOR, delisted_days=90)
        instance = Instance(files=files)
        await instance.refresher.boot()
        assert instance.snapshot.by_id["openai/only"].name == "One"
        write(path, text.format(name="Two"))
        await instance.look()
        assert instance.snapshot.by_id["openai/only"].name == "Two"
        assert files.trouble() == ()


class TestBrokenEdits:
    """The last valid version stays, and `trouble` says why."""

    @pytest.mark.parametrize("broken", ["", "schema = 1\nhide = [", "schema = 2\n", 'schema = 1\nhid = ["a/b"]\n'])
    async def test_the_last_valid_version_stays(self, instance: Instance, path: Path, broken: str) -> None:
        write(path, HIDE)
        await instance.look()
        published = instance.published
        write(path, broken)
        await instance.look()
        assert instance.published is published
        [trouble] = instance.files.trouble()
        assert trouble.source == "overrides"
        assert trouble.reason.startswith("overrides.toml: ")
        assert trouble.reason.endswith("; its last valid version stays; mend it")
        assert trouble.since is not None
        assert str(path.parent) not in trouble.reason
        instance.clock.advance(HOUR)
        instance.upstream.records = catalog(13)
        await instance.ring()
        assert hidden(instance), "a refresh does not forget it either"

    async def test_a_file_that_vanishes_is_a_broken_edit(self, instance: Instance, path: Path) -> None:
        write(path, HIDE)
        await instance.look()
        remove(path)
        await instance.look()
        assert hidden(instance)
        assert "cannot be read" in instance.files.trouble()[0].reason

    async def test_mending_it_ends_the_trouble(self, instance: Instance, path: Path) -> None:
        write(path, "schema = ")
        await instance.look()
        write(path, HIDE)
        await instance.look()
        assert instance.files.trouble() == ()
        assert hidden(instance)

    async def test_breaking_and_mending_is_one_line_each(self, instance: Instance, path: Path) -> None:
        with capture_logs() as logs:
            write(path, "schema = ")
            for _ in range(5):
                await instance.look()
                instance.files.read()
            write(path, HIDE)
            await instance.look()
        told = [(entry["log_level"], entry["source"]) for entry in logs if "source" in entry]
        assert told == [("warning", "overrides"), ("info", "overrides")]


class TestNothingIsLost:
    """An edit that was read for a catalog that nobody adopted still has to be merged."""

    async def test_a_dry_run_does_not_swallow_an_edit(self, instance: Instance, path: Path) -> None:
        write(path, HIDE)
        outcome = await instance.ask(is_dry_run=True)
        assert outcome.diff is not None
        assert len(outcome.diff.removed) == 4, "it shows what would happen"
        assert not hidden(instance)
        await instance.look()
        assert hidden(instance)

    async def test_a_refused_catalog_does_not_swallow_an_edit(self, instance: Instance, path: Path) -> None:
        write(path, HIDE)
        instance.upstream.records = catalog(6)
        assert (await instance.ask()).result is Result.REFUSED
        await instance.look()
        assert hidden(instance)

    async def test_an_edit_waits_for_the_lease(self, instance: Instance, path: Path) -> None:
        await instance.store.acquire_lease("another:1", 60)
        write(path, HIDE)
        await instance.look()
        assert not hidden(instance)
        await instance.store.release_lease("another:1")
        await instance.look()
        assert hidden(instance)

    async def test_an_edit_that_lost_the_race_is_merged_into_the_winner(self, instance: Instance, path: Path) -> None:
        faster = seal(replace(instance.snapshot, generation=2))

        def be_faster(operation: str) -> None:
            if operation == "save":
                instance.memory.shelf.stored = faster
                instance.memory.before = lambda _: None

        instance.memory.before = be_faster
        write(path, HIDE)
        await instance.look()
        assert (instance.snapshot.generation, hidden(instance)) == (2, False)
        await instance.look()
        assert (instance.snapshot.generation, hidden(instance)) == (3, True)

    async def test_nothing_is_merged_twice(self, instance: Instance, path: Path) -> None:
        assert not instance.files.changed()
        write(path, HIDE)
        instance.clock.advance(HOUR + timedelta(minutes=1))
        assert (await instance.ring()).result is Result.UPDATED
        assert hidden(instance)
        assert not instance.files.changed()
        entries = len(instance.journal.entries)
        await instance.look()
        assert len(instance.journal.entries) == entries


@pytest.mark.parametrize("body", [None, "", "schema = ["])
def test_a_file_that_was_never_valid_is_told_with_what_is_used_instead_and_the_way_out(
    tmp_path: Path, body: str | None
) -> None:
    core, overrides = tmp_path / "core.toml", tmp_path / "overrides.toml"
    if body is not None:
        core.write_text(body)
        overrides.write_text(body)
    files = LocalFiles(
        CoreSource(core).last_valid(), OverridesSource(overrides).last_valid(), door=OPEN_DOOR, delisted_days=90
    )
    with capture_logs() as logs:
        assert len(files.read().core) >= 40
    of_core, of_overrides = (trouble.reason for trouble in files.trouble())
    assert of_core.startswith("core.toml: ")
    assert "the built-in core models are used; mend it, or correct or unset CORE_MODELS_FILE" in of_core
    assert "nothing is hidden, changed or added; mend it, or correct or unset OVERRIDES_FILE" in of_overrides
    assert [entry["reason"] for entry in logs] == [of_core, of_overrides]
    assert "last valid" not in repr(logs) + of_core + of_overrides


def test_the_built_in_core_models_are_no_trouble() -> None:
    files = LocalFiles(CoreSource().last_valid(), None, door=OPEN_DOOR, delisted_days=90)
    assert files.changed()
    assert len(files.read().core) >= 40
    assert not files.read().overrides.patches
    assert files.trouble() == ()
