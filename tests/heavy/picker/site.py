"""A registry as people see it: pages of it in a browser, with the picker alone or in a form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.e2e.processes import ServiceProcess
from tests.simulator import Simulator, make_record

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator, Page, Route

OPERATOR = "an-operator-of-the-tests"
HOSTILE = '<img src=x onerror="document.title=1">\u202eevil'
HOSTILE_RECORD = make_record(
    "evil/one", name=HOSTILE, description=f"{HOSTILE} [click](javascript:alert(1)) **bold** [fine](https://a.example/)"
)
FORM = """<!doctype html><html lang="en"{html}><title>form</title><meta name="viewport" content="width=device-width">
<main><h1>Form</h1><form action="/status" method="get"><model-picker name="model" {attributes}></model-picker>
<button>Send</button></form></main><script type="module" src="/picker.js"></script>"""


@dataclass(frozen=True)
class Site:
    """A browser, a registry, and the OpenRouter behind it."""

    browser: Browser
    registry: ServiceProcess
    simulator: Simulator

    @property
    def address(self) -> str:
        return str(self.registry.client.base_url).rstrip("/")

    @asynccontextmanager
    async def page(
        self,
        path: str = "/",
        *,
        width: int = 1_100,
        is_touch: bool = False,
        scheme: Literal["light", "dark"] = "light",
        motion: Literal["reduce", "no-preference"] = "no-preference",
        attributes: str = "required",
        html: str = "",
    ) -> AsyncIterator[Page]:
        """Open a page in a profile of its own, `/form` with a picker in a form; fails when a script failed."""
        errors: list[str] = []
        context = await self.browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion=motion,
            base_url=self.address,
            has_touch=is_touch,
        )
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
        body = FORM.format(html=f" {html}" if html else "", attributes=attributes)
        await page.route("**/form", lambda route: route.fulfill(body=body, content_type="text/html"))
        await page.goto(path)
        yield page
        await page.unroute_all(behavior="ignoreErrors")
        await context.close()
        assert errors == []


def field(page: Page) -> Locator:
    """The picker's field."""
    return page.get_by_role("combobox", name="Model", exact=True)


def rows(page: Page) -> Locator:
    """The rows that are drawn."""
    return page.locator("model-picker .row")


def said(page: Page) -> Locator:
    """What the picker says in words below its field."""
    return page.locator("model-picker .said")


async def held(page: Page, address: str) -> asyncio.Event:
    """Let nothing through to an address until the event is set."""
    arrival = asyncio.Event()

    async def later(route: Route) -> None:
        await arrival.wait()
        await route.continue_()

    await page.route(address, later)
    return arrival


async def value(page: Page) -> str:
    """The picker's value."""
    return str(await page.evaluate("document.querySelector('model-picker').value"))
