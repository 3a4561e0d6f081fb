"""What people look at: the landing page, the reference, the files they load. Nothing comes from elsewhere."""

from __future__ import annotations

import asyncio
import gzip
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from app.building.ready import PICKER_FIELDS
from app.catalog.query import WORDS
from tests.api.catalog import MARKUP, PLAIN, VISION
from tests.api.service import Service, SteeredClock, assert_hardened, assert_problem, client_of, serving
from tests.simulator import generate_catalog, make_record

pytestmark = pytest.mark.anyio
PAGES = ["/", "/docs"]
FILES = ["page.css", "operate.js", "docs.js", "swagger-ui-bundle.js", "swagger-ui.css"]


class Page(HTMLParser):
    """Collects what a page loads, where it leads, and what it must not hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.inline_scripts = 0
        self.handlers: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.handlers += [name for name in given if name.startswith("on") or name == "style"]
        if tag == "a":
            self.links.append(given["href"])
        elif "href" in given or "src" in given:
            self.loads.append(given.get("href") or given["src"])
        elif tag in {"script", "style", "base", "iframe"}:
            self.inline_scripts += 1


def policy_of(header: str) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in header.split(";"))
    return {name: sources for name, _, sources in parts}


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_has_a_strict_policy_and_loads_only_from_here(service: Service, path: str) -> None:
    response = await service.get(path)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    assert_hardened(response)
    policy = policy_of(response.headers["Content-Security-Policy"])
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe-inline" not in policy.get("script-src", "")
    assert "http" not in response.headers["Content-Security-Policy"]
    page = Page(response.text)
    assert page.inline_scripts == 0
    assert page.handlers == []
    for target in page.loads:
        assert target.startswith(("/static/", "/picker.js", "data:")), target
        if target.startswith("/"):
            assert (await service.get(target)).status_code == 200


@pytest.mark.parametrize("path", PAGES)
async def test_every_link_of_a_page_leads_somewhere_here(service: Service, path: str) -> None:
    links = Page((await service.get(path)).text).links
    assert links
    for target in links:
        assert target.startswith("/")
        assert (await service.get(target)).status_code == 200, target


@pytest.mark.parametrize("name", FILES)
async def test_a_file_is_served_with_its_type_and_loads_nothing_from_elsewhere(service: Service, name: str) -> None:
    response = await service.get(f"/static/{name}")
    assert response.status_code == 200
    kind = "text/css" if name.endswith("css") else "text/javascript"
    assert response.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=3600"
    assert_hardened(response)
    if name.endswith("css"):
        loaded = re.findall(r"url\(\s*[\"']?([^)\"']+)|@import\s+([^;]+)", response.text)
        assert all(target.startswith("data:") for pair in loaded for target in pair if target)


async def test_the_reference_asks_only_this_server(service: Service) -> None:
    script = (await service.get("/static/docs.js")).text
    assert "openapi.json" in script
    assert "http" not in script
    assert "validatorUrl: null" in script


async def test_the_openapi_document_is_the_one_that_the_query_words_are_in(service: Service) -> None:
    document = await service.read("/openapi.json")
    names = {parameter["name"] for parameter in document["paths"]["/models"]["get"]["parameters"]}
    assert names == set(WORDS)


async def test_behind_a_prefix_the_openapi_document_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path) as service, client_of(service.app, root_path="/registry") as client:
        document = (await client.get("/registry/openapi.json")).json()
    assert document["servers"] == [{"url": "/registry"}]


async def test_the_openapi_document_is_made_once_however_many_ask_at_once(service: Service) -> None:
    described, made = service.app.openapi, 0

    def counting() -> dict[str, Any]:
        nonlocal made
        made += 1
        return described()

    service.app.state.openapi = None
    # FastAPI's own way to have another document.
    service.app.openapi = counting  # type: ignore[method-assign]
    answers = await asyncio.gather(*(service.get("/openapi.json") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert made == 1


async def test_the_landing_page_says_how_many_models_there_are_and_how_fresh(service: Service) -> None:
    html = (await service.get("/")).text
    answer = await service.read("/models")
    free = (await service.read("/models?price=free"))["total"]
    assert f"<dd>{answer['total']:,}</dd>" in html
    assert f"<dt>free</dt><dd>{free}</dd>" in html
    assert "just now" in html
    assert answer["snapshot"] in html
    assert "Older than promised" not in html


async def test_the_landing_page_lists_the_newest_models_first_as_text(service: Service) -> None:
    _, _, html = (await service.get("/")).text.partition("<h2>Newest</h2>")
    rows = re.findall(r'<tr><td><a href="/models/([^"]+)">', html)
    assert len(rows) == 8
    assert rows[:2] == [MARKUP, VISION]
    assert rows == [model_id for model_id in await service.ids("/models?sort=-created") if model_id in rows]
    assert "<img" not in html
    assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;" in html


async def test_the_landing_page_says_what_refreshes_brought_the_first_catalog_being_no_change(fresh: Service) -> None:
    total = (await fresh.read("/models"))["total"]
    [first] = [entry for entry in (await fresh.read("/status"))["outcomes"] if entry["outcome"] == "updated"]
    assert (first["first_models"], first["reason"]) == (total, f"first catalog: {total:,} models")
    assert first.keys().isdisjoint({"diff", "changes"})
    fresh.simulator.catalog = [*fresh.simulator.catalog, *(make_record(f"acme/newest-{number}") for number in range(6))]
    await fresh.refresh()
    html = (await fresh.get("/")).text
    [changes] = re.findall(r'<ol class="changes">.*</ol>', html, re.DOTALL)
    newest, oldest = changes.split("</li><li>")
    assert "and 2 more" in newest
    assert 'href="/models/acme/newest-0"' in newest
    assert f"<b>First catalog</b> {total:,} models" in oldest
    assert "<b>New</b>" not in oldest
    assert 'href="/compat"' in html


async def test_the_landing_page_says_when_the_catalog_is_old(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with serving(tmp_path, clock=clock) as service:
        clock.advance(hours=5)
        html = (await service.get("/")).text
        assert "5 h ago" in html


async def test_pages_and_answers_follow_the_path_that_a_proxy_strips(tmp_path: Path) -> None:
    # A service of its own: a server has one root path for as long as it lives.
    async with serving(tmp_path) as service, client_of(service.app, root_path="/registry") as client:
        for path in PAGES:
            page = Page((await client.get(f"/registry{path}")).text)
            assert all(target.startswith(("/registry/", "data:")) for target in [*page.loads, *page.links])
            for target in page.links:
                assert (await client.get(target)).status_code == 200, target
        model = await client.get(f"/registry/models/{VISION.upper()}")
        assert model.headers["Content-Location"] == f"/registry/models/{VISION}"


@pytest.mark.parametrize("prefix", ["/v1", "/api", "/models", "/api/v1"])
async def test_no_prefix_that_a_proxy_strips_leads_to_another_answer(service: Service, prefix: str) -> None:
    targets = (
        "/models",
        "/v1/models",
        "/api/v1/models",
        "/model/info",
        f"/models/{PLAIN}",
        "/models?limit=1",
        "/pricing",
    )
    expected = {target: await service.get(target) for target in targets}
    async with client_of(service.app, root_path=prefix) as client:
        for target in targets * 2:
            answer = await client.get(f"{prefix}{target}", headers={"Accept-Encoding": "identity"})
            wanted = expected[target]
            assert (answer.status_code, answer.headers.get("ETag")) == (wanted.status_code, wanted.headers.get("ETag"))


async def test_the_picker_is_one_small_script_that_any_site_may_load_and_keep(service: Service) -> None:
    response = await service.get("/picker.js", Origin="https://shop.example")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    for coding in ("zstd", "br", "gzip"):
        sent = await service.get("/picker.js", Accept_Encoding=coding)
        assert sent.headers["Content-Encoding"] == coding
        assert int(sent.headers["Content-Length"]) < 25_000
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\(", response.text)
    assert not re.search(r"^\s*import\s|import\(", response.text, re.MULTILINE)
    again = await service.get("/picker.js", If_None_Match=response.headers["ETag"])
    assert again.status_code == 304


async def test_the_picker_asks_only_for_what_the_list_can_give(service: Service) -> None:
    script = (await service.get("/picker.js")).text
    fields = re.search(r'const FIELDS = "([a-z_,]+)"', script)
    assert fields
    models = (await service.read(f"/models?fields={fields[1]}"))["models"]
    assert all(set(fields[1].split(",")) | {"id"} == set(model) for model in models)


async def test_the_pickers_list_is_compressed_before_anybody_asks(service: Service) -> None:
    script = (await service.get("/picker.js")).text
    assert f'const FIELDS = "{PICKER_FIELDS}"' in script
    for coding in ("br", "gzip"):
        response = await service.get(f"/models?fields={PICKER_FIELDS}", Accept_Encoding=coding)
        assert response.headers["Content-Encoding"] == coding


async def test_what_the_picker_loads_stays_below_40_kb_for_421_models(tmp_path: Path) -> None:
    async with serving(tmp_path, catalog=generate_catalog(421)) as service:
        fields = re.search(r'const FIELDS = "([a-z_,]+)"', (await service.get("/picker.js")).text)
        assert fields
        body = (await service.get(f"/models?fields={fields[1]}")).content
        assert len(gzip.compress(body)) < 40_000


async def test_the_landing_page_shows_the_picker_and_says_what_to_do_without_scripts(service: Service) -> None:
    html = (await service.get("/")).text
    assert '<script type="module" src="/picker.js"></script>' in html
    assert '<model-picker name="model" inline></model-picker>' in html
    assert re.search(r"<noscript>.*/models\?format=frontend", html, re.DOTALL)


@pytest.mark.parametrize("name", ["nothing.css", "page.css%00", "%2e%2e%2fpage.css", "__init__.py", "", "page.css/"])
async def test_no_other_file_is_served(service: Service, name: str) -> None:
    response = await service.get(f"/static/{name}")
    assert_problem(response, 404, "unknown-path" if "/" in name or "%2f" in name or not name else "unknown-file")
