"""The picker's search: what is typed before, while and after the registry answers, and how it was understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.heavy.picker.site import Site, field, held, rows, said, value

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]


async def active(page: Page) -> str:
    """The name of the row that Enter would take."""
    return str(await page.locator("model-picker .row[data-active] .name bdi").inner_text())


async def test_an_answer_that_comes_late_leaves_somebody_on_the_row_he_went_to(site: Site) -> None:
    async with site.page("/form") as page:
        await field(page).click()
        await rows(page).first.wait_for()
        name = (await rows(page).first.locator(".name bdi").inner_text()).split()[0]
        arrival = await held(page, "**/models/search*")
        async with page.expect_request("**/models/search*"):
            await page.keyboard.type(name)
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        gone_to = await active(page)
        async with page.expect_response("**/models/search*"):
            arrival.set()
        await page.wait_for_function("!document.querySelector('model-picker').search.isPending")
        assert await active(page) == gone_to
        await page.keyboard.press("Enter")
        assert gone_to in await said(page).inner_text()


async def test_filters_look_at_every_hit(site: Site) -> None:
    answer = await site.registry.client.get("/models/search?q=tools&price=free&limit=1")
    async with site.page() as page:
        await rows(page).first.wait_for()
        await field(page).fill("tools")
        await page.locator("model-picker").get_by_role("button", name="Free").click()
        await said(page).get_by_text(f"{answer.json()['total']} models").wait_for()


async def test_what_is_typed_while_the_list_loads_is_asked_once_it_is_there(site: Site) -> None:
    total = (await site.registry.client.get("/models/search?q=cheap vision&limit=1")).json()["total"]
    async with site.page("/livez") as page:
        arrival = await held(page, "**/models?fields*")
        await page.goto("/", wait_until="domcontentloaded")
        await field(page).fill("cheap vision")
        arrival.set()
        await said(page).get_by_text(f"{total} models; taken as filters: “cheap”, “vision”").wait_for()


async def test_words_that_ask_for_an_order_are_told_and_the_rows_stand_in_it(site: Site) -> None:
    answer = (await site.registry.client.get("/models/search?q=cheapest vision&limit=20")).json()
    async with site.page() as page:
        await rows(page).first.wait_for()
        await field(page).fill("cheapest vision")
        heard = f"{answer['total']} models; taken as filters: “vision”; in order: “cheapest”"
        await said(page).get_by_text(heard).wait_for()
        shown = await rows(page).locator(".name bdi").all_inner_texts()
        assert len(shown) > 5
        for name, model in zip(shown, answer["models"], strict=False):
            assert model["name"].endswith(name)


async def test_while_nobody_knows_it_says_that_it_searches_and_then_what_was_left_out(site: Site) -> None:
    async with site.page() as page:
        await rows(page).first.wait_for()
        arrival = await held(page, "**/models/search*")
        await field(page).fill("model without reasoning")
        await page.get_by_text("Searching …").wait_for()
        assert await said(page).inner_text() == "Searching"
        arrival.set()
        await said(page).get_by_text("left out: “without reasoning”").wait_for()


async def test_a_registry_that_fails_to_search_is_told(site: Site) -> None:
    async with site.page() as page:
        await rows(page).first.wait_for()
        await page.route("**/models/search*", lambda route: route.fulfill(status=500, json={"status": 500}))
        await field(page).fill("zzz")
        await said(page).get_by_text("the registry can’t search now").wait_for()


async def test_a_panel_that_opens_again_has_forgotten_the_row_of_the_search_before(site: Site) -> None:
    async with site.page("/form", attributes="") as page:
        await field(page).click()
        await page.keyboard.type("evil one")
        await page.locator("model-picker .row[data-active]").get_by_text("Evil", exact=True).wait_for()
        await page.keyboard.press("Escape")
        await page.keyboard.press("ArrowDown")
        await rows(page).first.wait_for()
        assert await page.locator("model-picker .row[data-active]").count() == 0
        await page.keyboard.press("Enter")
        assert await value(page) == ""


async def test_a_closed_panel_searches_for_nothing_when_the_list_is_read_again(site: Site) -> None:
    async with site.page("/form") as page:
        await field(page).click()
        await page.keyboard.type("evil one")
        await page.locator("model-picker .row[data-active]").get_by_text("Evil", exact=True).wait_for()
        await page.keyboard.press("Enter")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.evaluate("document.querySelector('model-picker').load('no-cache')")
        # Whatever it had asked, it would have asked before this.
        async with page.expect_response("**/livez"):
            await page.evaluate("fetch('/livez')")
        assert [url for url in asked if "/models?fields" in url]
        assert not [url for url in asked if "/models/search" in url]
