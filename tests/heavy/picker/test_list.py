"""What the picker lists: searched, filtered, remembered, thousands of rows, hostile words."""

from __future__ import annotations

import re

import orjson
import pytest

from tests.heavy.picker.site import Site, field, rows, said, value

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]


async def test_a_favourite_and_a_hidden_model_survive_a_reload(site: Site) -> None:
    async with site.page() as page:
        await rows(page).nth(2).hover()
        name = await page.locator("model-picker .about .title").inner_text()
        await page.get_by_role("button", name="☆ Favourite").click()
        await page.get_by_role("button", name="★ Favourite").wait_for()
        await rows(page).nth(5).hover()
        hidden = await page.locator("model-picker .about code").inner_text()
        await page.get_by_role("button", name="Hide", exact=True).click()
        await page.reload()
        await rows(page).first.wait_for()
        assert await page.locator("model-picker .head").first.inner_text() == "Favourites"
        assert await rows(page).first.locator(".name bdi").inner_text() == name
        await page.locator("model-picker").get_by_role("button", name="Hidden").click()
        assert await rows(page).count() == 1
        assert await page.locator("model-picker .about code").inner_text() == hidden


async def test_the_switch_leaves_only_core_models(site: Site) -> None:
    core = {model["id"] for model in (await site.registry.client.get("/models/core?fields=name")).json()["models"]}
    async with site.page() as page:
        await rows(page).first.wait_for()
        switch = page.get_by_role("switch", name="OpenRouter models")
        assert await switch.get_attribute("aria-checked") == "true"
        await switch.click()
        assert await switch.get_attribute("aria-checked") == "false"
        assert await said(page).inner_text() == f"{len(core)} models"
        await switch.click()
        assert await said(page).inner_text() != f"{len(core)} models"


async def test_of_5000_models_only_the_rows_in_view_are_drawn(site: Site) -> None:
    models = (await site.registry.client.get("/models?limit=100")).json()
    many = [dict(model, id=f"{model['id']}-{n}") for n in range(50) for model in models["models"]]
    body = orjson.dumps({**models, "models": many, "total": len(many)})
    async with site.page("/livez") as page:
        await page.route("**/models?fields*", lambda route: route.fulfill(body=body, content_type="application/json"))
        await page.goto("/")
        await rows(page).first.wait_for()
        assert await rows(page).first.get_attribute("aria-setsize") == "5000"
        assert await rows(page).count() < 40
        await field(page).focus()
        await page.keyboard.press("End")
        assert await page.locator("model-picker .row[data-active]").count() == 1
        assert await rows(page).count() < 40


async def test_hostile_words_stay_words(site: Site) -> None:
    async with site.page() as page:
        await field(page).fill("evil/one")
        await page.locator("model-picker .about strong").wait_for()
        await page.keyboard.press("Shift+Enter")
        await page.get_by_role("button", name="Compare 1").click()
        await page.get_by_role("button", name="Remove").wait_for()
        assert await page.locator("model-picker img").count() == 0
        assert await page.locator("model-picker a[href^='javascript']").count() == 0
        assert await page.title() != "1"


async def test_what_matches_nothing_says_so_and_can_be_cleared(site: Site) -> None:
    async with site.page() as page:
        await rows(page).first.wait_for()
        await field(page).fill("qqqqzzzzxxxx")
        await page.get_by_role("button", name="Clear search and filters").click()
        await rows(page).first.wait_for()
        assert await field(page).input_value() == ""


async def test_the_details_name_every_price_in_words(site: Site) -> None:
    async with site.page() as page:
        await rows(page).first.wait_for()
        await rows(page).nth(1).hover()
        await page.locator("model-picker .prices td").first.wait_for()
        names = await page.locator("model-picker .prices td:first-child").all_inner_texts()
        assert names[:2] == ["Input", "Output"]
        assert not any("_" in name for name in names)
        await page.get_by_role("button", name="Use this model").click()
        assert await value(page)


async def test_a_price_is_a_statement_in_every_row_and_never_zero_dollars(site: Site) -> None:
    async with site.page() as page:
        await rows(page).first.wait_for()
        told = await page.evaluate(
            "(() => { const { list } = document.querySelector('model-picker');"
            "const words = (at) => list.drawnRow(at).querySelector('.price').textContent;"
            "return list.shown.map((row, at) => [row.state, words(at)]) })()"
        )
    assert {state for state, _ in told} >= {"priced", "free", "dynamic"}
    for state, words in told:
        assert not re.search(r"\$0(\.0+)?(?![\d.])", words), words
        assert words == {"free": "Free", "dynamic": "Varies by routed model", "unknown": "Price unknown"}.get(
            state, words
        )
