"""`/compat` and what `/status` says of the dialects."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.dialects.clients import CLIENTS
from app.dialects.table import DIALECTS
from tests.api.catalog import UNPRICED
from tests.api.service import Service, assert_hardened, assert_problem, serving

pytestmark = pytest.mark.anyio
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


async def test_every_client_stands_in_the_table_with_its_switch_and_its_rows(service: Service) -> None:
    document = await service.read("/compat")
    assert [row["client"] for row in document["clients"]] == [client.slug for client in CLIENTS]
    states = {state["name"]: state for state in document["dialects"]}
    assert states.keys() == {dialect.name for dialect in DIALECTS}
    for row in document["clients"]:
        assert "http://127.0.0.1:8000" in row["switch"]
        assert "{" not in row["switch"]
        assert row["rows"] == states[row["dialect"]]["rows"] > 0
    assert document["snapshot"] == (await service.read("/status"))["snapshot"]["id"]


def test_no_client_stands_there_twice() -> None:
    assert len({client.slug for client in CLIENTS}) == len(CLIENTS)


async def test_every_client_asks_for_something_that_is_served(service: Service) -> None:
    for row in (await service.read("/compat"))["clients"]:
        assert (await service.get(row["asks"])).status_code == 200, row["asks"]


async def test_a_withheld_model_is_named_with_the_reason(service: Service) -> None:
    [state] = [one for one in (await service.read("/compat"))["dialects"] if one["name"] == "openai"]
    [entry] = [one for one in state["withheld"] if one["id"] == UNPRICED]
    assert "context length" in entry["reason"]
    [told] = [one for one in (await service.read("/status"))["dialects"] if one["name"] == "openai"]
    assert entry in told["withheld"]
    assert told["withheld_total"] == len(state["withheld"])


async def test_browsers_get_a_page_and_programs_json(service: Service) -> None:
    page = await service.get("/compat", Accept=BROWSER)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert_hardened(page)
    assert all(client.title.split(" (")[0] in page.text for client in CLIENTS)
    assert "<script" not in page.text
    assert "`" not in page.text
    assert "<code>opencode models --refresh</code> takes it" in page.text
    assert (await service.get("/compat?format=html")).text == page.text
    as_json = await service.get("/compat?format=json", Accept=BROWSER)
    assert as_json.json() == await service.read("/compat")
    assert "Accept" in page.headers.get_list("Vary") or "Accept" in page.headers["Vary"]


async def test_a_forged_host_does_no_harm_on_the_page(service: Service) -> None:
    page = await service.get("/compat?format=html", Host='"><script>alert(1)</script>')
    assert "<script" not in page.text


@pytest.mark.parametrize("query", ["format=xml", "colour=red"])
async def test_an_unknown_word_or_format_is_a_422(service: Service, query: str) -> None:
    assert_problem(await service.get(f"/compat?{query}"), 422, "query")


async def test_an_unserved_dialect_says_why(tmp_path: Path) -> None:
    async with serving(tmp_path, filter_allow=("nobody/*",)) as service:
        document = await service.read("/compat")
        assert {state["state"] for state in document["dialects"]} == {"unserved"}
        assert all(state["flaw"] for state in document["dialects"])
        page = await service.get("/compat?format=html")
        assert "Not served now" in page.text
