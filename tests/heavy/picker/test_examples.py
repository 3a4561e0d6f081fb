"""The examples, built as they are and used in a browser: plain HTML, React, Vue."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.heavy.clients import NODE, SCRIPTS, needs_npm_clients
from tests.heavy.picker.site import Site, field, rows, said, value

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]
EXAMPLES = Path(__file__).parents[3] / "examples"
REGISTRY = "http://127.0.0.1:8000"


class Files(SimpleHTTPRequestHandler):
    """Serves a folder and writes no log."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - so it is called there
        """Say nothing."""


@asynccontextmanager
async def shown(site: Site, folder: Path) -> AsyncIterator[Page]:
    """Open a folder's page from a server of its own, which is another site than the registry."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            async with site.page("/livez") as page:
                await page.goto(f"http://127.0.0.1:{server.server_port}/")
                yield page
        finally:
            await asyncio.to_thread(server.shutdown)
            thread.join()


async def built(name: str, folder: Path, registry: str) -> Path:
    """Build an example with the packages of the npm clients, which are the ones that it names."""
    place = folder / name
    shutil.copytree(EXAMPLES / name, place, ignore=shutil.ignore_patterns("node_modules"))
    (place / "node_modules").symlink_to(SCRIPTS / "node_modules")
    process = await asyncio.create_subprocess_exec(
        *(str(NODE), "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"),
        cwd=place,
        env={"PATH": os.environ["PATH"], "VITE_REGISTRY": registry},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return place / "dist"


async def test_the_html_example_sends_the_choice_of_another_sites_registry(site: Site, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "html", tmp_path, dirs_exist_ok=True)
    page_file = tmp_path / "index.html"
    page_file.write_text(page_file.read_text(encoding="utf-8").replace(REGISTRY, site.address), encoding="utf-8")
    async with shown(site, tmp_path) as page:
        await field(page).click()
        await rows(page).nth(1).click()
        chosen = await value(page)
        await page.get_by_role("button", name="Save").click()
        await page.get_by_text(f"Saved: Support asks {chosen}.").wait_for()


@needs_npm_clients
@pytest.mark.parametrize("name", ["react", "vue"])
async def test_a_framework_sets_the_choice_and_hears_of_another(site: Site, tmp_path: Path, name: str) -> None:
    async with shown(site, await built(name, tmp_path, site.address)) as page:
        await page.get_by_text("The next message goes to openai/gpt-4o.").wait_for()
        assert await value(page) == "openai/gpt-4o"
        await field(page).click()
        await rows(page).nth(2).click()
        chosen = await value(page)
        assert chosen != "openai/gpt-4o"
        await page.get_by_text(f"The next message goes to {chosen}.").wait_for()
        await page.get_by_role("button", name="Back to the default").click()
        await said(page).get_by_text("GPT-4o").wait_for()
        assert await value(page) == "openai/gpt-4o"


@pytest.mark.parametrize("name", ["react", "vue"])
def test_an_example_names_the_packages_that_it_is_tested_with(name: str) -> None:
    package = json.loads((EXAMPLES / name / "package.json").read_text(encoding="utf-8"))
    tested = json.loads((SCRIPTS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    named = {**package["dependencies"], **package["devDependencies"]}
    assert {key: tested.get(key) for key in named} == named
