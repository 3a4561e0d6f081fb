"""What the registry keeps of a user: favourites and the choice in every browser, and this browser's copy meanwhile."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from tests.heavy.picker.site import Site, field, rows, said, value

if TYPE_CHECKING:
    from playwright.async_api import Route

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]
USERS = "**/users/*/preferences"


async def kept(site: Site, user: str) -> dict[str, object]:
    document: dict[str, object] = (await site.registry.client.get(f"/users/{user}/preferences")).json()
    return document


def kept_by_eve(**members: object) -> dict[str, object]:
    """Return a document of preferences, empty but for these members."""
    empty: dict[str, object] = {
        "selected": None,
        "favourites": [],
        "recents": [],
        "hidden": [],
        "updated_at": None,
        "models": {},
    }
    return {"user": "eve", **empty, **members}


def answering(document: dict[str, object], written: list[object]) -> Callable[[Route], Awaitable[None]]:
    """Return what answers for the registry with this document, and notes what it was told to change."""

    async def answer(route: Route) -> None:
        if route.request.method == "PATCH":
            written.append(route.request.post_data_json)
        await route.fulfill(json=document)

    return answer


async def test_a_favourite_and_the_choice_are_found_again_in_another_browser(site: Site) -> None:
    async with site.page("/form", attributes='user="ada"') as page:
        await field(page).click()
        await rows(page).nth(3).hover()
        chosen = await page.locator("model-picker .about code").inner_text()
        await page.get_by_role("button", name="☆ Favourite").click()
        async with page.expect_response(lambda answer: "selected" in (answer.request.post_data or "")):
            await page.get_by_role("button", name="Use this model").click()
    document = await kept(site, "ada")
    assert (document["selected"], document["favourites"], document["recents"]) == (chosen, [chosen], [chosen])
    async with site.page("/form", attributes='user="ada" value="evil/one"') as page:
        await page.wait_for_function(f"document.querySelector('model-picker').value === {json.dumps(chosen)}")
        await field(page).click()
        assert await page.locator("model-picker .head").first.inner_text() == "Favourites"


async def test_while_nothing_can_be_kept_the_browser_keeps_it_and_tells_the_registry_later(site: Site) -> None:
    async with site.page("/form", attributes='user="bob"') as page:
        await page.route(USERS, lambda route: route.fulfill(status=503, body="{}"))
        await field(page).click()
        await rows(page).nth(3).hover()
        chosen = await page.locator("model-picker .about code").inner_text()
        await page.get_by_role("button", name="☆ Favourite").click()
        await page.get_by_text(
            "Favourites stay in this browser for now: the registry can’t reach its store."
        ).wait_for()
        assert (await kept(site, "bob"))["favourites"] == []
        await page.unroute(USERS)
        await page.reload()
        await field(page).click()
        await page.get_by_text("All models").wait_for()
        assert await page.get_by_text("Favourites stay in this browser").count() == 0
    assert (await kept(site, "bob"))["favourites"] == [chosen]


async def test_a_saved_choice_that_left_is_told_with_its_successor(site: Site) -> None:
    message = "evil/zero is no longer listed; evil/one is the newest of its family."
    model = {"id": "evil/zero", "name": None, "state": "gone", "successor": "evil/one", "why": "family"}
    document = kept_by_eve(selected="evil/zero", models={"evil/zero": {**model, "message": message}})
    async with site.page("/livez") as page:
        await page.route(USERS, lambda route: route.fulfill(json=document))
        await page.goto("/form")
        await page.evaluate("document.querySelector('model-picker').setAttribute('user', 'eve')")
        await said(page).get_by_text(message).wait_for()
        assert await value(page) == "evil/zero"
        await said(page).get_by_role("button").click()
        assert await value(page) == "evil/one"


async def test_a_favourite_that_left_is_named_with_its_successor_and_swapped(site: Site) -> None:
    message = "evil/zero is no longer listed; evil/one is the newest of its family."
    model = {"id": "evil/zero", "name": None, "state": "gone", "successor": "evil/one", "why": "family"}
    document = kept_by_eve(favourites=["evil/zero"], models={"evil/zero": {**model, "message": message}})
    written: list[object] = []
    async with site.page("/livez") as page:
        await page.route(USERS, answering(document, written))
        await page.goto("/form")
        await page.evaluate("document.querySelector('model-picker').setAttribute('user', 'eve')")
        await field(page).click()
        await page.get_by_role("button", name="Favourites").click()
        await page.get_by_text(message).wait_for()
        async with page.expect_response(lambda answer: answer.request.method == "PATCH"):
            await page.get_by_role("button", name="instead").click()
        assert written[-1] == {"favourites": ["evil/one"]}


async def test_a_user_token_goes_along_and_an_old_one_is_told(site: Site) -> None:
    async with site.page("/livez") as page:
        await page.goto("/form")
        await page.route(USERS, lambda route: route.fulfill(status=401, body="{}"))
        async with page.expect_request(USERS) as asked:
            await page.evaluate(
                "(() => { const picker = document.querySelector('model-picker');"
                "picker.setAttribute('user-token', 'u1.2.3'); picker.setAttribute('user', 'cleo') })()"
            )
        assert (await (await asked.value).all_headers())["authorization"] == "Bearer u1.2.3"
        await field(page).click()
        await page.get_by_text("user token is missing or has expired").wait_for()


async def test_without_a_user_the_registry_is_asked_to_keep_nothing(site: Site) -> None:
    asked: list[str] = []
    async with site.page("/livez") as page:
        page.on("request", lambda request: asked.append(request.url))
        await page.goto("/form")
        await field(page).click()
        await rows(page).nth(2).click()
        assert await value(page)
    assert not [url for url in asked if "/users/" in url]


async def test_what_is_kept_is_written_back_as_it_was_spelled_and_shown_as_what_it_means_today(site: Site) -> None:
    model = {"id": "evil/one", "name": "Evil", "state": "active", "successor": None, "message": None}
    document = kept_by_eve(favourites=["evil/uno"], recents=["evil/uno"], models={"evil/uno": model})
    written: list[object] = []
    async with site.page("/livez") as page:
        await page.route(USERS, answering(document, written))
        await page.goto("/form")
        await page.evaluate("document.querySelector('model-picker').setAttribute('user', 'eve')")
        await field(page).click()
        await page.get_by_text("All models").wait_for()
        assert await rows(page).first.get_by_label("Favourite").count() == 1
        await rows(page).nth(3).hover()
        other = await page.locator("model-picker .about code").first.inner_text()
        async with page.expect_response(lambda answer: answer.request.method == "PATCH"):
            await page.get_by_role("button", name="☆ Favourite").click()
        assert written[-1] == {"favourites": [other, "evil/uno"]}
        await page.get_by_role("button", name="★ Favourite").wait_for(state="detached")
        await rows(page).first.hover()
        async with page.expect_response(lambda answer: answer.request.method == "PATCH"):
            await page.get_by_role("button", name="★ Favourite").click()
        assert written[-1] == {"favourites": []}
        async with page.expect_response(lambda answer: answer.request.method == "PATCH"):
            await page.get_by_role("button", name="Use this model").click()
        assert written[-1] == {"recents": ["evil/one"], "selected": "evil/one"}


async def test_a_favourite_of_this_browser_under_another_name_is_its_model(site: Site) -> None:
    models = (await site.registry.client.get("/models?fields=aliases")).json()["models"]
    alias, named = next((model["aliases"][0], model["id"]) for model in models if model["aliases"])
    async with site.page("/livez") as page:
        await page.evaluate(f"localStorage.setItem('model-picker:', JSON.stringify({{favourites: ['{alias}']}}))")
        await page.goto("/")
        await page.get_by_role("button", name="Favourites").click()
        assert await rows(page).count() == 1
        await rows(page).first.hover()
        assert await page.locator("model-picker .about code").first.inner_text() == named
        await page.get_by_role("button", name="★ Favourite").click()
        assert await page.evaluate("JSON.parse(localStorage.getItem('model-picker:')).favourites") == []
