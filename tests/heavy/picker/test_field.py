"""The picker as a form field: by keyboard, by mouse, sent, reset, and typed into while it is closed."""

from __future__ import annotations

import pytest

from tests.heavy.picker.site import Site, field, rows, said, value

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]


async def test_a_form_is_filled_by_keyboard_alone_and_sent(site: Site) -> None:
    async with site.page("/form") as page:
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
        assert "Selected: " in await said(page).inner_text()
        async with page.expect_navigation():
            await page.get_by_role("button", name="Send").click()
        assert await page.evaluate("new URLSearchParams(location.search).get('model')") == chosen


async def test_escape_closes_without_choosing_and_a_reset_empties(site: Site) -> None:
    async with site.page("/form") as page:
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


async def test_typing_into_the_closed_field_searches_anew_and_enter_takes_the_first(site: Site) -> None:
    async with site.page("/form") as page:
        await field(page).click()
        await rows(page).nth(2).click()
        await page.keyboard.press("End")
        await page.keyboard.type("evil one")
        assert await field(page).input_value() == "evil one"
        await page.locator("model-picker .row[data-active]").get_by_text("Evil", exact=True).wait_for()
        await page.keyboard.press("Enter")
        assert await value(page) == "evil/one"


@pytest.mark.parametrize("attributes", ["", 'value="evil/one"'])
async def test_who_tabs_into_the_field_and_types_loses_no_letter(site: Site, attributes: str) -> None:
    async with site.page("/form", attributes=attributes) as page:
        await page.keyboard.press("Tab")
        await page.keyboard.type("evil", delay=30)
        assert await field(page).input_value() == "evil"
        await page.keyboard.press("Escape")
        await page.keyboard.type("claude", delay=30)
        assert await field(page).input_value() == "claude"


async def test_a_choice_that_is_not_required_can_be_taken_back(site: Site) -> None:
    async with site.page("/form", attributes='value="evil/one"') as page:
        await page.evaluate(
            "() => { window.heard = [];"
            "document.querySelector('model-picker').onchange = (event) => heard.push(event.target.value) }"
        )
        await page.get_by_role("button", name="Clear the choice").click()
        assert await value(page) == ""
        assert await page.evaluate("heard") == [""]
        assert await field(page).input_value() == ""


async def test_an_alias_counts_as_its_model_and_a_vanished_choice_is_told_with_what_comes_closest(site: Site) -> None:
    alias, named = await alias_of(site)
    async with site.page("/form", attributes=f'value="{alias}"') as page:
        await said(page).get_by_text(f"(as {alias})").wait_for()
        assert await value(page) == alias
    gone = f"{named}x"
    async with site.page("/form", attributes=f'value="{gone}"') as page:
        await said(page).get_by_text(f"{gone} is not in this list").wait_for()
        await said(page).get_by_role("button").click()
        assert await value(page) == named


async def test_only_what_was_in_the_list_once_is_not_in_it_any_more(site: Site) -> None:
    past = {"id": "evil/zero", "lifecycle": {"state": "delisted"}, "alias_target": None}
    async with site.page("/livez") as page:
        await page.route("**/models/evil/zero", lambda route: route.fulfill(json=past))
        await page.goto("/form")
        for chosen, words in (
            ("evil/zero", "evil/zero is not in the list any more; pick another model."),
            ("qqqq/zzzz", "qqqq/zzzz is not in this list; pick another model."),
        ):
            await page.evaluate(f"document.querySelector('model-picker').value = '{chosen}'")
            await said(page).get_by_text(words, exact=True).wait_for()


async def alias_of(site: Site) -> tuple[str, str]:
    models = (await site.registry.client.get("/models?fields=aliases")).json()["models"]
    return next((model["aliases"][0], model["id"]) for model in models if model["aliases"])


async def test_a_disabled_field_does_not_open(site: Site) -> None:
    async with site.page("/form", attributes='value="evil/one" disabled') as page:
        await said(page).get_by_text("Selected").wait_for()
        assert await field(page).is_disabled()
        assert await page.get_by_role("button", name="Clear the choice").count() == 0
        assert await page.evaluate("new FormData(document.forms[0]).get('model')") is None


async def test_the_panel_closes_when_somebody_goes_elsewhere_and_stays_while_its_own_buttons_change(site: Site) -> None:
    async with site.page("/form") as page:
        await field(page).click()
        await rows(page).first.wait_for()
        await field(page).fill("qqqqzzzz")
        await page.get_by_role("button", name="Clear search and filters").click()
        await rows(page).first.wait_for()
        assert await field(page).get_attribute("aria-expanded") == "true"
        await page.get_by_role("heading", name="Form").click()
        assert await field(page).get_attribute("aria-expanded") == "false"
        await field(page).click()
        await page.keyboard.press("Shift+Tab")
        await page.wait_for_function("!document.querySelector('model-picker').isOpen")
        assert await value(page) == ""


@pytest.mark.parametrize("size", [(1_280, 800), (640, 400), (390, 844)])
@pytest.mark.parametrize("is_low", [False, True], ids=["above", "below"])
async def test_the_panel_stays_in_the_window_and_the_active_row_in_the_list(
    site: Site, size: tuple[int, int], is_low: bool
) -> None:
    width, height = size
    async with site.page("/form") as page:
        await page.set_viewport_size({"width": width, "height": height})
        if is_low:
            await page.evaluate(f"document.querySelector('form').style.marginTop = '{height - 220}px'")
        await field(page).click()
        await rows(page).first.wait_for()
        for _ in range(12):
            await page.keyboard.press("ArrowDown")
        seen = await page.evaluate(
            """() => {
              const root = document.querySelector("model-picker").shadowRoot;
              const box = (selector) => root.querySelector(selector).getBoundingClientRect();
              return [box(".panel"), box(".list"), box(".row[data-active]")].map(({ top, bottom }) => [top, bottom]);
            }"""
        )
        (panel_top, panel_bottom), (list_top, list_bottom), (row_top, row_bottom) = seen
        assert 0 <= panel_top <= list_top <= row_top
        # Half a pixel is the rounding of the list's height.
        assert row_bottom - 1 < list_bottom <= panel_bottom <= height
