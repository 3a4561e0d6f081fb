"""Loading, empty, stale, offline, broken: each has words and a way out. And each kind of screen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import orjson
import pytest

from tests.heavy.picker.site import Site, field, rows

if TYPE_CHECKING:
    from playwright.async_api import Route

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]
LIST = "**/models?fields*"


async def test_without_the_registry_the_last_list_is_shown_and_without_one_the_error_has_a_way_out(site: Site) -> None:
    async with site.page() as page:
        await rows(page).first.wait_for()
        await page.route(LIST, lambda route: route.abort())
        await page.reload()
        await page.get_by_text("No connection to the registry").wait_for()
        assert await rows(page).count() > 0
        await page.evaluate("localStorage.clear()")
        await page.reload()
        await page.get_by_text("can’t be loaded").wait_for()
        await page.unroute(LIST)
        await page.get_by_role("button", name="Try again").click()
        await rows(page).first.wait_for()


async def test_an_answer_that_is_an_error_is_told_with_its_number(site: Site) -> None:
    async with site.page("/livez") as page:
        await page.route(LIST, lambda route: route.fulfill(status=503, body="{}"))
        await page.goto("/form")
        await field(page).click()
        await page.get_by_text("The registry answered 503.").wait_for()


async def test_a_stale_list_and_an_empty_one_say_so(site: Site) -> None:
    answer = (await site.registry.client.get("/models?limit=20")).json()
    async with site.page("/livez") as page:
        for told, words in (
            ({**answer, "stale": True}, "Prices may be out of date"),
            ({**answer, "models": [], "total": 0}, "The registry has no models yet."),
        ):
            await page.unroute_all()
            await page.route(LIST, partial(answer_with, orjson.dumps(told)))
            await page.goto("/")
            await page.get_by_text(words).wait_for()
            assert await page.get_by_role("button", name="Try again").count() == 1


async def test_who_tries_again_sees_that_it_is_tried_and_what_is_cut_at_once_again_is_asked_later(site: Site) -> None:
    held: list[Route] = []
    async with site.page("/livez") as page:
        await page.clock.install()
        await page.goto("/form")
        await field(page).click()
        await rows(page).first.wait_for()
        await page.route("**/models/**", lambda route: route.abort())
        await page.route(LIST, lambda route: held.append(route))
        await field(page).fill("evil")
        await page.get_by_role("button", name="Try again").click()
        await page.get_by_role("button", name="Trying …").wait_for()
        await held.pop().abort()
        await page.get_by_role("button", name="Try again").wait_for()
        await page.unroute(LIST)
        # The list answers and the search does not, as behind a gateway that is half there.
        await page.get_by_role("button", name="Try again").click()
        await page.wait_for_function("document.querySelector('model-picker').line.retryMs >= 40_000")
        await page.get_by_text("No connection to the registry").wait_for()


async def answer_with(body: bytes, route: Route) -> None:
    await route.fulfill(body=body, content_type="application/json")


async def test_loading_is_told_until_the_list_is_there(site: Site) -> None:
    async with site.page("/livez") as page:
        held: list[Route] = []
        await page.route(LIST, lambda route: held.append(route))
        await page.goto("/form")
        await field(page).click()
        await page.locator("model-picker .note").get_by_text("Loading models").wait_for()
        await held[0].continue_()
        await rows(page).first.wait_for()


@pytest.mark.parametrize("is_gateway", [False, True], ids=["nobody", "a gateway"])
async def test_a_registry_that_dies_meanwhile_is_told_once_and_told_again_when_it_answers(
    site: Site, is_gateway: bool
) -> None:
    async def dead(route: Route) -> None:
        await (route.fulfill(status=502, body="<h1>Bad Gateway</h1>") if is_gateway else route.abort())

    async with site.page("/livez") as page:
        await page.clock.install()
        await page.goto("/form")
        await field(page).click()
        await rows(page).first.wait_for()
        bar = page.locator("model-picker .bar")
        await page.route("**/models*/**", dead)
        await page.route(LIST, dead)
        await field(page).fill("evil")
        await bar.get_by_text("No connection to the registry: the list is from").wait_for()
        await rows(page).get_by_text("evil", exact=False).first.wait_for()
        assert await page.get_by_role("status").filter(has_text="No connection").count() == 1
        await field(page).fill("evil one")
        await page.locator("model-picker .about").get_by_text("The rest can’t be read").wait_for()
        async with page.expect_request(LIST):
            await page.clock.fast_forward(7_000)
        await page.wait_for_function("document.querySelector('model-picker').line.retryMs === 20_000")
        await page.unroute_all()
        await page.clock.fast_forward(14_000)
        await bar.get_by_text("The registry answers again").wait_for()
        await page.locator("model-picker .about strong").wait_for()
        await page.clock.fast_forward(11_000)
        await bar.wait_for(state="hidden")


@pytest.mark.parametrize(("width", "scheme"), [(1_100, "light"), (1_100, "dark"), (390, "light"), (390, "dark")])
async def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    site: Site, width: int, scheme: Literal["light", "dark"]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.async_playwright").Axe()
    async with site.page("/form", width=width, scheme=scheme) as page:
        await field(page).click()
        await rows(page).first.wait_for()
        assert (await axe.run(page)).response["violations"] == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.goto("/")
        await rows(page).first.wait_for()
        for view in ("List", "Chart", "Compare"):
            await page.get_by_role("button", name=view, exact=True).first.click()
            if view == "Compare":
                await page.get_by_role("button", name="Compare the first").click()
            assert (await axe.run(page)).response["violations"] == [], view
            assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_from_right_to_left_everything_is_mirrored_and_nothing_is_cut(site: Site) -> None:
    async with site.page("/form", html='dir="rtl"', width=390) as page:
        await field(page).click()
        await rows(page).first.wait_for()
        # Rows are drawn anew while things settle, so both are asked for in one go.
        name, price = await page.evaluate(
            "['.name', '.price'].map((part) => document.querySelector('model-picker').shadowRoot.querySelector("
            "`.row ${part}`).getBoundingClientRect().right)"
        )
        assert name > price
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        assert (await rows(page).first.locator(".price").inner_text()).startswith(("$", "Free", "Varies", "Price"))


async def test_from_right_to_left_numbers_stay_before_their_words_and_full_stops_behind(site: Site) -> None:
    runs_on = """(selector) => {
      const node = document.querySelector("model-picker").shadowRoot.querySelector(selector);
      const text = document.createTreeWalker(node, NodeFilter.SHOW_TEXT).nextNode();
      const boxes = [...text.data].map((sign, at) => {
        const range = document.createRange();
        range.setStart(text, at);
        range.setEnd(text, at + 1);
        return sign === " " ? null : range.getBoundingClientRect();
      }).filter(Boolean);
      const follows = (box, at) => at === 0 || box.top > boxes[at - 1].top + 5 || box.left > boxes[at - 1].left;
      return [text.data, boxes.every(follows)];
    }"""
    async with site.page("/livez", html='dir="rtl"', attributes="views") as page:
        # Without an answer about one model its details hold the price of the list.
        await page.route("**/models/**", lambda route: route.abort())
        await page.goto("/form")
        await field(page).click()
        await rows(page).first.wait_for()
        await page.get_by_text("No connection to the registry").wait_for()
        for selector, part in ((".said span", " models"), (".bar span", "No connection"), (".about dd", " out per")):
            words, is_in_order = await page.evaluate(runs_on, selector)
            assert part in words
            assert is_in_order, words
        await page.get_by_role("button", name="Chart").click()
        words, is_in_order = await page.evaluate(runs_on, ".chart p")
        assert is_in_order, words


async def test_at_twice_the_size_everything_can_still_be_reached(site: Site) -> None:
    # A zoom of 200 % halves the pixels that a page of 1,100 has.
    async with site.page("/", width=550) as page:
        await rows(page).first.wait_for()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 550
        for name in ("Favourites", "Long context", "Chart", "Compare"):
            box = await page.locator("model-picker").get_by_role("button", name=name, exact=True).first.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 550


async def test_who_asks_for_less_motion_gets_none(site: Site) -> None:
    moves = (
        "[...document.querySelector('model-picker').shadowRoot.querySelectorAll('*')].filter((node) => {"
        "const style = getComputedStyle(node);"
        "return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0 }).length"
    )
    async with site.page("/", motion="reduce") as page:
        await rows(page).first.wait_for()
        assert await page.evaluate(moves) == 0
    async with site.page("/") as page:
        await rows(page).first.wait_for()
        assert await page.evaluate(moves) > 0
