"""Where there is no mouse, or no room: details before the choice, and rows that keep what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.heavy.picker.site import Site, field, rows, value

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]
# A finger's width, as the platforms' own guides have it.
FINGER_PX = 44


async def test_a_finger_reads_of_a_model_before_it_chooses_one(site: Site) -> None:
    axe = pytest.importorskip("axe_playwright_python.async_playwright").Axe()
    async with site.page("/form", width=390, is_touch=True) as page:
        await field(page).tap()
        await rows(page).first.wait_for()
        about = page.locator("model-picker .about")
        assert not await about.is_visible()
        label = await rows(page).nth(3).locator(".name bdi").inner_text()
        info = page.get_by_role("button", name=f"About {label}", exact=True)
        box = await info.bounding_box()
        row = await rows(page).nth(3).bounding_box()
        assert box
        assert row
        assert min(box["width"], box["height"]) >= FINGER_PX
        assert abs(box["y"] - row["y"]) < 1
        assert (await axe.run(page)).response["violations"] == []
        await info.tap()
        await about.get_by_text(label, exact=True).wait_for()
        await about.locator(".prices, dl").first.wait_for()
        assert await value(page) == ""
        assert not await rows(page).first.is_visible()
        assert (await axe.run(page)).response["violations"] == []
        await page.get_by_role("button", name="Back to the list").tap()
        await rows(page).first.wait_for()
        await info.tap()
        named = await about.locator("code").first.inner_text()
        await page.get_by_role("button", name="Use this model").tap()
        assert await value(page) == named


async def test_a_finger_on_a_point_of_the_chart_reads_of_its_model(site: Site) -> None:
    async with site.page("/form", width=390, is_touch=True, attributes="views") as page:
        await field(page).tap()
        await page.get_by_role("button", name="Chart").tap()
        point = page.locator("model-picker .point").first
        # Points may lie upon each other, so this one is named.
        await point.dispatch_event("click")
        assert (await point.get_attribute("aria-label") or "").startswith(
            await page.locator("model-picker .about .title").inner_text()
        )
        assert await page.locator("model-picker .about").is_visible()


async def test_with_room_beside_the_list_a_finger_s_question_is_answered_there(site: Site) -> None:
    async with site.page("/form", is_touch=True) as page:
        await field(page).tap()
        await rows(page).first.wait_for()
        label = await rows(page).nth(4).locator(".name bdi").inner_text()
        await page.get_by_role("button", name=f"About {label}", exact=True).tap()
        assert await page.locator("model-picker .about .title").inner_text() == label
        assert await rows(page).nth(4).is_visible()
        assert await value(page) == ""


async def test_in_a_low_window_the_details_of_the_active_row_are_one_tab_stop_away(site: Site) -> None:
    async with site.page("/form", width=640) as page:
        await page.set_viewport_size({"width": 640, "height": 400})
        await page.evaluate("document.querySelector('h1').remove()")
        await field(page).click()
        await rows(page).first.wait_for()
        for _ in range(3):
            await page.keyboard.press("ArrowDown")
        label = await page.locator("model-picker .row[data-active] .name bdi").inner_text()
        stops = []
        for _ in range(20):
            await page.keyboard.press("Tab")
            stops.append(await page.evaluate("document.activeElement.shadowRoot?.activeElement?.ariaLabel ?? null"))
            if stops[-1] == f"About {label}":
                break
        assert [stop for stop in stops if stop and stop.startswith("About")] == [f"About {label}"]
        await page.keyboard.press("Enter")
        await page.locator("model-picker .about").get_by_text(label, exact=True).wait_for()
        await page.keyboard.press("Escape")
        await page.locator("model-picker .row[data-active]").wait_for()
        focused = "document.activeElement.shadowRoot.activeElement.ariaLabel"
        assert await page.evaluate(focused) == f"About {label}"
        await page.keyboard.press("Escape")
        assert await field(page).get_attribute("aria-expanded") == "false"
        assert await value(page) == ""


@pytest.mark.parametrize("width", [320, 390, 1_100], ids=["small phone", "phone", "tablet"])
async def test_whatever_a_finger_presses_is_as_large_as_a_finger(site: Site, *, width: int) -> None:
    async with site.page("/form", width=width, is_touch=True, attributes='views value="evil/one"') as page:
        await field(page).tap()
        await rows(page).first.wait_for()
        assert await too_small(page, FINGER_PX) == []
        await page.get_by_role("button", name="Tools", exact=True).tap()
        assert await too_small(page, FINGER_PX) == []
        await page.locator("model-picker .info").first.tap()
        await page.locator("model-picker .about").get_by_role("button", name="Compare").tap()
        assert await too_small(page, FINGER_PX) == []
        for view in ("Chart", "Compare", "List"):
            await page.locator("model-picker .views").get_by_role("button", name=view).tap()
            assert await too_small(page, FINGER_PX) == [], view
        await field(page).fill("nothing is called so")
        await page.locator("model-picker .body > .note").wait_for()
        assert await too_small(page, FINGER_PX) == []


async def test_a_mouse_needs_less_room(site: Site) -> None:
    async with site.page("/form") as page:
        await field(page).click()
        await rows(page).first.wait_for()
        box = await page.locator("model-picker .chip").first.bounding_box()
        assert box
        assert box["height"] == 30


async def too_small(page: Page, least_px: int) -> list[str]:
    """Return what can be pressed and is lower or narrower than that."""
    found: list[str] = await page.evaluate(
        """(least) => {
          const root = document.querySelector("model-picker").shadowRoot;
          const pressed = [...root.querySelectorAll("button, select, input, summary")];
          return pressed.filter((node) => node.checkVisibility()).map((node) => [node, node.getBoundingClientRect()])
            .filter(([, { width, height }]) => width < least || height < least)
            .map(([node, { width, height }]) => `${node.tagName} ${node.textContent} ${width} x ${height}`);
        }""",
        least_px,
    )
    return found


@pytest.mark.parametrize("is_touch", [False, True], ids=["mouse", "finger"])
async def test_in_a_narrow_column_a_row_keeps_its_price_its_context_and_its_icons(
    site: Site, *, is_touch: bool
) -> None:
    async with site.page("/form", width=900, is_touch=is_touch) as page:
        await page.evaluate("document.querySelector('model-picker').style.width = '250px'")
        await field(page).click()
        await rows(page).first.wait_for()
        told = await page.evaluate(
            """() => [...document.querySelector("model-picker").shadowRoot.querySelectorAll(".row")].map((row) => {
              const box = row.getBoundingClientRect();
              const parts = [...row.querySelectorAll(".name, .price, .facts, .facts > *")];
              const isIn = ({ top, bottom, left, right }) => top < bottom && left < right &&
                box.top <= top && bottom <= box.bottom && box.left <= left && right <= box.right;
              return [row.querySelector(".facts").innerText, row.querySelectorAll(".icon").length,
                parts.every((part) => !part.childNodes.length || isIn(part.getBoundingClientRect()))];
            })"""
        )
        assert all(is_whole for *_, is_whole in told)
        assert any(words.endswith("context") for words, *_ in told)
        assert any(icons for _, icons, _ in told)
        await page.evaluate("document.querySelector('model-picker').style.width = '600px'")
        await page.wait_for_function("document.querySelector('model-picker').list.rowPx === 60")
