"""Screenshots of the picker and the landing page in every state, to be looked at: `make shots`.

`python -m tests.shots FOLDER [CATALOG]` writes a PNG per state, screen and scheme. CATALOG is an answer of OpenRouter's
`/models`, plain or gzip; without one the models are generated.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import orjson

from tests.e2e.processes import ServiceProcess, running
from tests.heavy.picker.site import OPERATOR, Site, field, rows
from tests.simulator import Simulator, generate_catalog, records_in
from tests.simulator_command import catalog_files

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

MODELS = 400
# The newest come last, so that a refresh has something to show.
HELD_BACK = 12
LIST = "**/models?fields*"
SCREENS: tuple[tuple[str, int, Literal["light", "dark"]], ...] = (
    ("wide-light", 1_120, "light"),
    ("wide-dark", 1_120, "dark"),
    ("phone-light", 390, "light"),
    ("phone-dark", 390, "dark"),
)
State = Callable[["Page"], Awaitable[None]]


async def landing(page: Page) -> None:
    await page.goto("/")
    await rows(page).first.wait_for()
    await page.locator("model-picker .prices, model-picker .about dl").first.wait_for()


async def searched(page: Page) -> None:
    await landing(page)
    await field(page).fill("claud sonet")
    await page.wait_for_timeout(400)


async def grouped(page: Page) -> None:
    await landing(page)
    await page.get_by_label("Groups").select_option("author")
    await page.get_by_role("button", name="Tools").click()


async def remembered(page: Page) -> None:
    await landing(page)
    for at in (1, 4):
        await rows(page).nth(at).hover()
        await page.get_by_role("button", name="☆ Favourite").click()
    await rows(page).nth(6).click()


async def chart(page: Page) -> None:
    await landing(page)
    await page.get_by_role("button", name="Chart").click()
    await page.get_by_role("listbox", name="against context").focus()
    for _ in range(25):
        await page.keyboard.press("ArrowUp")


async def nothing_compared(page: Page) -> None:
    await landing(page)
    await page.get_by_role("button", name="Compare", exact=True).first.click()


async def compared(page: Page) -> None:
    await nothing_compared(page)
    await page.get_by_role("button", name="Compare the first").click()
    await page.get_by_role("region", name="Comparison").get_by_text("…").first.wait_for(state="detached")


async def no_match(page: Page) -> None:
    await landing(page)
    await field(page).fill("qqqqzzzz")


async def loading(page: Page) -> None:
    async def late(route: Route) -> None:
        await asyncio.sleep(1)
        await route.abort()

    await page.route(LIST, late)
    await page.goto("/")


async def broken(page: Page) -> None:
    await page.route(LIST, lambda route: route.abort())
    await page.goto("/")


async def offline(page: Page) -> None:
    await landing(page)
    await page.route(LIST, lambda route: route.abort())
    await page.reload()
    await page.get_by_text("No connection to the registry").wait_for()


async def stale(page: Page) -> None:
    async def old(route: Route) -> None:
        answer = orjson.loads(await (await route.fetch()).body())
        await route.fulfill(body=orjson.dumps({**answer, "stale": True}), content_type="application/json")

    await page.route(LIST, old)
    await landing(page)


async def closed(page: Page) -> None:
    await page.goto("/form")
    await page.locator("model-picker .said").get_by_text("Selected").wait_for()


async def dropdown(page: Page) -> None:
    await closed(page)
    await field(page).click()
    await rows(page).first.wait_for()


async def token(page: Page) -> None:
    await landing(page)
    await page.get_by_role("button", name="Refresh …").click()


async def difference(page: Page) -> None:
    await token(page)
    await page.get_by_label("Operator’s token").fill(OPERATOR)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Refresh now").wait_for()


STATES: tuple[State, ...] = (
    *(landing, searched, grouped, remembered, chart, nothing_compared, compared, no_match, loading, broken, offline),
    *(stale, closed, dropdown, token, difference),
)


async def take(folder: Path, catalog: Path | None) -> int:
    """Write every screenshot; returns the exit code."""
    from playwright.async_api import async_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        print("No chromium on PATH; on Debian and Ubuntu: apt-get install chromium", file=sys.stderr)
        return 1
    records = records_in(catalog_files(catalog)[0].read_bytes()) if catalog else list(generate_catalog(MODELS))
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as data:
        async with Simulator(records[HELD_BACK:]) as simulator, async_playwright() as play:
            service = ServiceProcess(Path(data), OPENROUTER_BASE_URL=simulator.base_url, ADMIN_TOKEN=OPERATOR)
            async with running(service):
                await service.fetched()
                simulator.catalog = records
                browser = await play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                for screen, width, scheme in SCREENS:
                    await shoot(Site(browser, service, simulator), folder / screen, width, scheme)
                await browser.close()
    print(f"{len(SCREENS) * len(STATES)} screenshots are in {folder}")
    return 0


async def shoot(site: Site, folder: Path, width: int, scheme: Literal["light", "dark"]) -> None:
    """Write the screenshots of one screen: the whole page, or the view where a panel lies over it."""
    chosen = (await site.registry.client.get("/models?limit=1&fields=name")).json()["models"][0]["id"]
    for state in STATES:
        attributes = f'value="{chosen}"'
        async with site.page("/livez", width=width, scheme=scheme, attributes=attributes, motion="reduce") as page:
            await state(page)
            await page.wait_for_timeout(300)
            is_whole = state not in (dropdown, token, difference)
            await page.screenshot(path=folder / f"{state.__name__}.png", full_page=is_whole)


def main(arguments: Sequence[str]) -> int:
    """Take the folder and the catalog from the command line."""
    if not arguments:
        print("Name a folder for the screenshots: python -m tests.shots FOLDER [CATALOG]", file=sys.stderr)
        return 2
    return asyncio.run(take(Path(arguments[0]), Path(arguments[1]) if len(arguments) > 1 else None))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
