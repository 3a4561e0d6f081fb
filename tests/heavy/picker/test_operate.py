"""The operators' refresh on the landing page: the token, the difference, the deed, and every no in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.heavy.picker.site import OPERATOR, Site
from tests.simulator import Fault, make_record

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]
NEWCOMER = make_record("acme/newcomer", name="Acme: Newcomer")


async def show_changes(page: Page, token: str) -> None:
    if not await page.get_by_role("dialog").is_visible():
        await page.get_by_role("button", name="Refresh …").click()
    await page.get_by_label("Operator’s token").fill(token)
    await page.keyboard.press("Enter")


async def test_an_operator_sees_the_difference_first_and_then_refreshes(site: Site) -> None:
    site.simulator.catalog = [*site.simulator.catalog, NEWCOMER]
    async with site.page() as page:
        await show_changes(page, OPERATOR)
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("heading", name="New: 1").wait_for()
        await dialog.get_by_text("acme/newcomer").wait_for()
        assert (await site.registry.client.get("/models/acme/newcomer")).status_code == 404
        await dialog.get_by_role("button", name="Refresh now").click()
        await dialog.get_by_role("heading", name="The catalog is refreshed").wait_for()
        assert (await site.registry.client.get("/models/acme/newcomer")).status_code == 200
        await page.keyboard.press("Enter")
        changes = page.locator(".changes li").first
        await changes.get_by_role("link", name="Newcomer").wait_for()
        await page.locator("model-picker").evaluate("(picker) => picker.choose('acme/newcomer')")
        await page.locator("model-picker .said").get_by_text("Selected: Newcomer").wait_for()
        # The token is nowhere but in the memory of the page before.
        kept = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        assert OPERATOR not in kept
        await page.get_by_role("button", name="Refresh …").click()
        assert await page.get_by_label("Operator’s token").input_value() == ""


async def test_a_wrong_token_and_one_that_no_header_may_hold_are_told(site: Site) -> None:
    async with site.page() as page:
        await show_changes(page, "wrong")
        await page.get_by_text("This is not the operator’s token.").wait_for()
        await show_changes(page, "пароль")
        await page.get_by_text("A token has no spaces").wait_for()
        await page.route("**/refresh*", lambda route: route.abort())
        await show_changes(page, OPERATOR)
        await page.get_by_text("The registry can’t be reached.").wait_for()
        await page.keyboard.press("Escape")
        assert await page.get_by_role("dialog").count() == 0
        assert await page.evaluate("document.activeElement.id") == "refresh"


async def test_upstreams_failure_and_the_guards_refusal_have_a_way_on(site: Site) -> None:
    whole = site.simulator.catalog
    async with site.page() as page:
        site.simulator.misbehave(Fault.HTML)
        await show_changes(page, OPERATOR)
        dialog = page.get_by_role("dialog")
        await (
            dialog.get_by_role("button", name="Try again")
            .or_(dialog.get_by_role("button", name="Accept it all the same"))
            .wait_for()
        )
        site.simulator.behave()
        site.simulator.catalog = whole[: len(whole) // 2]
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Refresh …").click()
        assert await page.get_by_label("Operator’s token").input_value() == OPERATOR
        await page.keyboard.press("Enter")
        await dialog.get_by_role("heading", name="The guard would refuse").wait_for()
        assert await dialog.locator(".problem").count() > 0
        await dialog.get_by_role("button", name="Accept it all the same").wait_for()
        site.simulator.catalog = whole


async def test_axe_finds_nothing_in_the_dialog(site: Site) -> None:
    axe = pytest.importorskip("axe_playwright_python.async_playwright").Axe()
    async with site.page(width=390, scheme="dark") as page:
        await show_changes(page, OPERATOR)
        await page.get_by_role("button", name="Refresh now").wait_for()
        assert (await axe.run(page)).response["violations"] == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
