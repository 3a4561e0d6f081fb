"""The picker in a real Chromium: by keyboard, by mouse, in a form, offline, with many models and with hostile ones."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.processes import ServiceProcess, running
from tests.simulator import Simulator, generate_catalog, make_record

pytest.importorskip("playwright", reason="playwright is not installed; make test-all brings it")
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, async_playwright

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.heavy,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH; on Debian and Ubuntu: apt-get install chromium"),
]
HOSTILE = '<img src=x onerror="document.title=1">\u202eevil'
FORM = """<!doctype html><html lang="en"><title>form</title><main><h1>Form</h1><form action="/status" method="get">
<model-picker name="model" required></model-picker><button>Send</button></form></main>
<script type="module" src="/picker.js"></script>"""


@asynccontextmanager
async def page_on(
    folder: Path, *, models: int = 120, width: int = 1_100, scheme: str = "light"
) -> AsyncIterator[tuple[Page, str]]:
    """Open a page of a registry with so many models, one of them hostile; fails when a script fails."""
    hostile = make_record("evil/one", name=HOSTILE, description=f"{HOSTILE} [click](javascript:alert(1)) **bold**")
    errors: list[str] = []
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(Simulator([*generate_catalog(models), hostile]))
        registry = ServiceProcess(folder, OPENROUTER_BASE_URL=simulator.base_url)
        await stack.enter_async_context(running(registry))
        await registry.fetched()
        play = await stack.enter_async_context(async_playwright())
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = await browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
        )
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))

        await page.route("**/form", lambda route: route.fulfill(body=FORM, content_type="text/html"))
        yield page, str(registry.client.base_url).rstrip("/")
        await browser.close()
    assert errors == []


def field(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Model", exact=True)


def rows(page: Page) -> Locator:
    return page.locator("model-picker .row")


async def value(page: Page) -> str:
    return str(await page.evaluate("document.querySelector('model-picker').value"))


async def test_a_form_is_filled_by_keyboard_alone_and_sent(tmp_path: Path) -> None:
    async with page_on(tmp_path) as (page, address):
        await page.goto(f"{address}/form")
        await page.keyboard.press("Tab")
        await page.keyboard.press("ArrowDown")
        await rows(page).first.wait_for()
        assert await page.evaluate("document.forms[0].checkValidity()") is False
        await page.keyboard.press("End")
        last = await field(page).get_attribute("aria-activedescendant")
        await page.keyboard.press("Home")
        assert last != await field(page).get_attribute("aria-activedescendant") == "option-0"
        await page.keyboard.press("Enter")
        chosen = await value(page)
        assert chosen
        assert await field(page).get_attribute("aria-expanded") == "false"
        assert "Selected: " in await page.locator("model-picker .said").inner_text()
        async with page.expect_navigation():
            await page.get_by_role("button", name="Send").click()
        assert await page.evaluate("new URLSearchParams(location.search).get('model')") == chosen


async def test_escape_closes_without_choosing_and_a_reset_empties(tmp_path: Path) -> None:
    async with page_on(tmp_path) as (page, address):
        await page.goto(f"{address}/form")
        await field(page).click()
        await rows(page).first.wait_for()
        await page.keyboard.press("Escape")
        assert await field(page).get_attribute("aria-expanded") == "false"
        assert await value(page) == ""
        await field(page).click()
        await rows(page).nth(1).click()
        assert await value(page)
        await page.evaluate("document.forms[0].reset()")
        assert await value(page) == ""


async def test_a_favourite_survives_a_reload(tmp_path: Path) -> None:
    async with page_on(tmp_path) as (page, address):
        await page.goto(f"{address}/")
        await rows(page).nth(2).hover()
        name = await page.locator("model-picker .about .title").inner_text()
        await page.get_by_role("button", name="☆ Favourite").click()
        await page.reload()
        await rows(page).first.wait_for()
        assert await page.locator("model-picker .head").first.inner_text() == "Favourites"
        assert await rows(page).first.locator("bdi").inner_text() == name


async def test_without_the_registry_the_last_list_is_shown_and_without_one_the_error_has_a_way_out(
    tmp_path: Path,
) -> None:
    async with page_on(tmp_path) as (page, address):
        await page.goto(f"{address}/")
        await rows(page).first.wait_for()
        await page.route("**/models?*", lambda route: route.abort())
        await page.reload()
        await page.get_by_text("No connection to the registry").wait_for()
        assert await rows(page).count() > 0
        await page.evaluate("localStorage.clear()")
        await page.reload()
        await page.get_by_text("can’t be loaded").wait_for()
        await page.unroute("**/models?*")
        await page.get_by_role("button", name="Try again").click()
        await rows(page).first.wait_for()


async def test_of_5000_models_only_the_rows_in_view_are_drawn(tmp_path: Path) -> None:
    async with page_on(tmp_path, models=5_000) as (page, address):
        await page.goto(f"{address}/")
        await rows(page).first.wait_for()
        assert int(await rows(page).first.get_attribute("aria-setsize") or 0) > 4_000
        assert await rows(page).count() < 40
        await field(page).focus()
        await page.keyboard.press("End")
        assert await page.locator("model-picker .row[data-active]").count() == 1
        assert await rows(page).count() < 40


async def test_hostile_words_stay_words(tmp_path: Path) -> None:
    async with page_on(tmp_path) as (page, address):
        await page.goto(f"{address}/")
        await field(page).fill("evil/one")
        await page.locator("model-picker .about strong").wait_for()
        assert await page.locator("model-picker img").count() == 0
        assert await page.locator("model-picker a[href^='javascript']").count() == 0
        assert await page.title() != "1"


async def test_what_matches_nothing_says_so_and_can_be_cleared(tmp_path: Path) -> None:
    async with page_on(tmp_path) as (page, address):
        await page.goto(f"{address}/")
        await rows(page).first.wait_for()
        await field(page).fill("qqqqzzzzxxxx")
        await page.get_by_role("button", name="Clear search and filters").click()
        await rows(page).first.wait_for()
        assert await field(page).input_value() == ""


@pytest.mark.parametrize(("width", "scheme"), [(1_100, "light"), (1_100, "dark"), (390, "light"), (390, "dark")])
async def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(tmp_path: Path, width: int, scheme: str) -> None:
    async with page_on(tmp_path, width=width, scheme=scheme) as (page, address):
        for path in ("/", "/form"):
            await page.goto(address + path)
            await field(page).click()
            await rows(page).first.wait_for()
            found = await Axe().run(page)
            assert found.response["violations"] == []
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
