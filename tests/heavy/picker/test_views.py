"""The chart and the comparison: by keyboard, with statements instead of numbers that nobody has."""

from __future__ import annotations

import orjson
import pytest

from tests.heavy.picker.site import Site, field, held, rows, said, value

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]


async def test_four_models_are_compared_side_by_side_by_keyboard(site: Site) -> None:
    async with site.page() as page:
        await rows(page).first.wait_for()
        await field(page).focus()
        for _ in range(5):
            await page.keyboard.press("ArrowDown")
            await page.keyboard.press("Shift+Enter")
        await page.get_by_role("button", name="Compare 4").press("Enter")
        table = page.get_by_role("region", name="Comparison")
        assert await table.get_by_role("columnheader").count() == 4
        lines = await table.get_by_role("rowheader").all_inner_texts()
        assert lines[:3] == ["Per month", "Input per 1M", "Output per 1M"]
        await table.get_by_text("…").first.wait_for(state="detached")
        await table.get_by_role("button", name="Remove").first.press("Enter")
        assert await table.get_by_role("columnheader").count() == 3
        await table.get_by_role("button", name="Use").last.press("Enter")
        assert await value(page)


async def test_a_fifth_model_throws_none_of_four_out_and_each_step_is_said(site: Site) -> None:
    async with site.page("/form", attributes="views") as page:
        await field(page).click()
        await rows(page).first.wait_for()
        for step in range(1, 6):
            await page.keyboard.press("ArrowDown")
            await page.keyboard.press("Shift+Enter")
            words = f"compared: {step} of 4" if step < 5 else "4 models are compared already"
            await said(page).get_by_text(words).wait_for()
        assert await page.get_by_role("button", name="Compare 4").count() == 1


async def test_the_sliders_say_what_a_month_costs_and_what_cannot_be_said(site: Site) -> None:
    ids = []
    for state in ("priced", "free", "dynamic"):
        answer = await site.registry.client.get(f"/models?price={state}&limit=1&fields=name")
        ids.append(answer.json()["models"][0]["id"])
    async with site.page() as page:
        await rows(page).first.wait_for()
        await page.evaluate(
            "(ids) => { const p = document.querySelector('model-picker');"
            "p.compareAll(ids.map((id) => p.catalog.byId.get(id))); p.see('compare') }",
            ids,
        )
        costs = page.locator("model-picker .costs strong")
        assert await costs.nth(1).inner_text() == "Free"
        assert (await costs.nth(2).inner_text()).startswith("Can’t be said")
        before = await costs.first.inner_text()
        assert before.startswith("$")
        await page.get_by_role("slider", name="Tokens in per month").press("End")
        assert await costs.first.inner_text() != before
        assert (
            await page.get_by_role("slider", name="Tokens in per month").get_attribute("aria-valuetext") == "10B tokens"
        )


async def test_the_points_of_the_chart_are_reached_by_keyboard_and_stand_in_a_table(site: Site) -> None:
    async with site.page() as page:
        await rows(page).first.wait_for()
        await page.get_by_role("button", name="Chart").click()
        plot = page.get_by_role("listbox", name="against context")
        await plot.focus()
        await page.keyboard.press("Home")
        names = set()
        for key in ("ArrowRight", "ArrowUp", "End"):
            await page.keyboard.press(key)
            point = await plot.get_attribute("aria-activedescendant")
            names.add(await page.locator(f"model-picker #{point}").get_attribute("aria-label"))
        assert len(names) == 3
        await page.keyboard.press("Enter")
        assert await value(page)
        await page.get_by_text("The values as a table").click()
        table = page.get_by_role("region", name="Values of the chart")
        await table.get_by_role("row").first.wait_for()
        lines = await table.get_by_role("row").count()
        total = (await site.registry.client.get("/models?limit=1")).json()["total"]
        assert lines == total + 1
        await field(page).fill("evil one")
        await page.wait_for_function(
            "document.querySelector('model-picker').shadowRoot.querySelectorAll('.point').length < 5"
        )


async def test_a_plain_dropdown_has_no_views_until_it_is_told(site: Site) -> None:
    async with site.page("/form") as page:
        await field(page).click()
        await rows(page).first.wait_for()
        assert await page.get_by_role("button", name="Chart").count() == 0
        assert await page.get_by_role("button", name="Compare").count() == 0
    async with site.page("/form", attributes="views") as page:
        await field(page).click()
        await page.get_by_role("button", name="Chart").click()
        await page.get_by_role("listbox", name="against context").wait_for()
        # Buttons that are gone once they are pressed leave the panel open.
        await page.get_by_role("button", name="Compare", exact=True).first.click()
        await page.get_by_role("button", name="Compare the first").click()
        table = page.get_by_role("region", name="Comparison")
        for _ in range(4):
            await table.get_by_role("button", name="Remove").first.click()
        first = page.get_by_role("button", name="Compare the first")
        assert await first.evaluate("(button) => button.getRootNode().activeElement === button")
        await page.keyboard.press("Escape")
        assert await field(page).get_attribute("aria-expanded") == "false"


@pytest.mark.parametrize("pressed", ["mouse", "keyboard"])
async def test_no_press_is_lost_to_facts_that_arrive_before_it_ends(site: Site, pressed: str) -> None:
    async with site.page("/form", attributes="views") as page:
        arrival = await held(page, "**/models/*/*")
        await field(page).click()
        await page.get_by_role("button", name="Compare", exact=True).first.click()
        await page.get_by_role("button", name="Compare the first").click()
        table = page.get_by_role("region", name="Comparison")
        remove = table.get_by_role("button", name="Remove").first
        if pressed == "mouse":
            await remove.hover()
            await page.mouse.down()
        else:
            await remove.focus()
            await page.keyboard.down(" ")
        async with page.expect_event("requestfinished"):
            arrival.set()
        await page.wait_for_timeout(200)
        await (page.mouse.up() if pressed == "mouse" else page.keyboard.up(" "))
        await table.get_by_text("…").first.wait_for(state="detached")
        assert await table.get_by_role("columnheader").count() == 3


async def test_what_is_paid_is_told_with_every_digit_in_comparison_chart_and_choice(site: Site) -> None:
    answer = (await site.registry.client.get("/models?limit=20")).json()
    models = [model for model in answer["models"] if model["price"]["state"] == "priced"][:2]
    rates = [{"prompt": "0.01703012", "completion": "1234.5678901"}, {"prompt": "3.0096", "completion": "12.34567"}]
    for model, rate in zip(models, rates, strict=True):
        model["price"]["usd_per_million_tokens"] = rate
    told = orjson.dumps({**answer, "models": models, "total": 2})
    async with site.page("/livez") as page:
        await page.route("**/models?fields*", lambda route: route.fulfill(body=told, content_type="application/json"))
        await page.goto("/")
        await rows(page).first.wait_for()
        assert await rows(page).first.locator(".price").inner_text() == "$0.01703 in · $1,234.57 out"
        await page.get_by_role("button", name="Compare", exact=True).first.click()
        await page.get_by_role("button", name="Compare the first").click()
        for words, amounts in (("Input", ["$0.01703012", "$3.0096"]), ("Output", ["$1,234.5678901", "$12.34567"])):
            line = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=f"{words} per 1M"))
            assert await line.get_by_role("cell").all_inner_texts() == amounts
        await page.get_by_role("button", name="Chart").click()
        marks = page.locator("model-picker .point")
        labels = [str(await mark.get_attribute("aria-label")) for mark in await marks.all()]
        assert any("$3.0096 in · $12.34567 out" in label for label in labels)
        await page.get_by_text("The values as a table").click()
        table = page.get_by_role("region", name="Values of the chart")
        await table.get_by_text("$1,234.5678901", exact=True).wait_for()
        await page.get_by_role("button", name="List", exact=True).click()
        await rows(page).first.click()
        await said(page).get_by_text("$0.01703012 in · $1,234.5678901 out per 1M tokens").wait_for()
