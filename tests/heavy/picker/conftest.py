"""One Chromium and one registry for all tests of the picker; every test has a browser profile of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.processes import ServiceProcess, running
from tests.heavy.picker.site import HOSTILE_RECORD, OPERATOR, Site
from tests.simulator import Simulator, generate_catalog

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Run the Chromium that the system brings."""
    playwright = pytest.importorskip("playwright.async_api", reason="playwright is absent; make test-all brings it")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on PATH; on Debian and Ubuntu: apt-get install chromium")
    async with playwright.async_playwright() as play:
        running_browser = await play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running_browser
        await running_browser.close()


@pytest.fixture(scope="session")
async def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Serve 120 generated models and a hostile one."""
    async with Simulator([*generate_catalog(120), HOSTILE_RECORD]) as simulator:
        registry = ServiceProcess(
            tmp_path_factory.mktemp("picker"), OPENROUTER_BASE_URL=simulator.base_url, ADMIN_TOKEN=OPERATOR
        )
        async with running(registry):
            await registry.fetched()
            yield Site(browser, registry, simulator)
