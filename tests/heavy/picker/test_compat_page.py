"""The page of the clients: nothing is wider than its screen, and no word touches the edge of the table."""

from __future__ import annotations

import pytest

from tests.heavy.picker.site import Site

pytestmark = [pytest.mark.anyio, pytest.mark.heavy]
LEAST_GAP_PX = 8


@pytest.mark.parametrize("width", [360, 620, 760, 880, 1_280])
async def test_the_table_of_the_clients_fits_every_screen_with_room_at_its_edges(site: Site, width: int) -> None:
    async with site.page("/compat", width=width) as page:
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        is_scrolled, is_table, left, right = await page.evaluate(
            """() => {
              const frame = document.querySelector(".scroll");
              const edges = frame.querySelector("table").getBoundingClientRect();
              const words = [...frame.querySelectorAll("tbody :is(th, td)")].map((cell) => {
                const range = document.createRange();
                range.selectNodeContents(cell);
                return range.getBoundingClientRect();
              });
              const isTable = getComputedStyle(frame.querySelector("td")).display === "table-cell";
              const left = Math.min(...words.map((box) => box.left)) - edges.left;
              const right = edges.right - Math.max(...words.map((box) => box.right));
              return [frame.scrollWidth > frame.clientWidth, isTable, left, right];
            }"""
        )
        assert not is_scrolled
        if is_table:
            assert min(left, right) >= LEAST_GAP_PX
