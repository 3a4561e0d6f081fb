"""Names and descriptions that upstream lists as an attacker would write them, everywhere where people or programs read.

The catalog takes out what is invisible; markup stays, as text, because a model may well be named so.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pytest
import yaml
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from app.cli.exporting import exported
from app.web import compat, litellm, mirror, models, operate, pages, spoken
from tests.api.catalog import KNOWN
from tests.api.service import Service, assert_hardened, serving
from tests.simulator import generate_catalog, make_record

pytestmark = pytest.mark.anyio
TEXTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</title><svg/onload=alert(1)>",
    "]]></description><item>",
    "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "[red]bold[/red] [link=https://evil.example]x[/link]",
    "![x](javascript:alert(1)) [y](data:text/html,<script>)",
    '=HYPERLINK("https://evil.example","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\tTAB=1",
    "{{7*7}} ${7*7} #{7*7}",
    "!!python/object/apply:os.system ['id']",
    "- a: &x [*x, *x]\n  b: |",
    "key: value # comment",
    "%YAML 1.2\n---\n...",
    "yes",
    "null",
    "\u202egpj.exe \u2066hidden\u2069 \u200f",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J",
    "line\r\nX-Evil: 1\r\n\r\n<html>",
    "nul\x00 del\x7f bell\x07 back\x08\x08\x08",
    "zero\ufeff width \u2028 line \u2029 paragraph",
    "\U0001f600 \U000e0041\U000e0042 tags",
)
# What may stand in no answer, in any form: what is invisible, what turns text around, what moves a cursor.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff\ufffe\uffff]"
)
NEW = 1_790_000_000
ROUTERS = (operate.router, pages.router, compat.router, mirror.router, spoken.router, litellm.router, models.router)


def hostile(number: int, text: str) -> dict[str, Any]:
    """Return a record that holds a text wherever upstream may put any."""
    record: dict[str, Any] = make_record(
        f"evil/model-{number}",
        name=text,
        description=f"{text} and more",
        hugging_face_id=text,
        canonical_slug=f"evil/model-{number}-2026",
        created=NEW + number,
        supported_parameters=["tools", text],
        surprise={text: text},
    )
    return record


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service whose upstream was taken over."""
    records = [*KNOWN, *generate_catalog(100), *(hostile(number, text) for number, text in enumerate(TEXTS))]
    async with serving(tmp_path_factory.mktemp("data"), catalog=records, guard_max_unreadable_percent=100) as running:
        yield running


def targets() -> list[str]:
    """Every address without a parameter that can be read."""
    routes: list[BaseRoute] = [route for router in ROUTERS for route in router.routes]
    found = {route.path for route in routes if isinstance(route, APIRoute) and "GET" in (route.methods or ())}
    return sorted(path for path in found if "{" not in path)


class Markup(HTMLParser):
    """Collects what a browser would run, load or follow."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.handlers: list[str] = []
        self.targets: list[str] = []
        self.is_script = False
        self.scripts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.is_script = tag in {"script", "style"}
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self.targets += [value or "" for name, value in attrs if name in {"href", "src", "action", "formaction"}]

    def handle_data(self, data: str) -> None:
        if self.is_script and data.strip():
            self.scripts.append(data)
        self.is_script = False


@pytest.mark.parametrize("target", targets())
async def test_nothing_invisible_gets_into_any_answer(service: Service, target: str) -> None:
    response = await service.get(target, Accept="text/html, */*")
    assert_hardened(response)
    kind = response.headers["Content-Type"]
    text = response.text
    if target == "/api/v1/models":
        # The mirror hands on what came; what holds for it is tested apart.
        return
    if "json" in kind:
        # Escapes are as dangerous as what they stand for, as soon as somebody decodes them.
        text = " ".join(texts_of(orjson.loads(response.content)))
    found = FORBIDDEN.search(text)
    assert found is None, f"{target}: {text[max(0, found.start() - 60) : found.end()]!r}"


def texts_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in texts_of(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts_of(one)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("target", targets())
async def test_every_page_forbids_what_it_does_not_hold(service: Service, target: str) -> None:
    """Each address that answers with HTML has a policy that starts from nothing and lets no text of upstream run."""
    response = await service.get(target, Accept="text/html")
    if "html" not in response.headers["Content-Type"]:
        assert "<!doctype" not in response.text[:200].lower()
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        return
    policy = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy.get("script-src", "'none'") in {"'none'", "'self'"}
    assert set(policy.get("connect-src", "'none'").split()) <= {"'none'", "'self'"}
    page = Markup(response.text)
    assert page.handlers == []
    assert page.scripts == []
    assert not page.tags & {"iframe", "object", "embed", "svg", "img", "base", "form", "meta refresh"}
    for link in page.targets:
        assert link.startswith(("/", "data:,", "#", "http://127.0.0.1:8000")), link


async def test_pages_show_markup_as_text(service: Service) -> None:
    html = (await service.get("/", Accept="text/html")).text
    assert "<script>alert" not in html
    assert "evil/model-" in html


async def test_the_yaml_holds_what_the_json_holds(service: Service) -> None:
    plain = yaml.safe_load((await service.get("/litellm/config.yaml")).content)
    document = await service.read("/litellm/config.json")
    assert plain == document
    assert [entry for entry in document["model_list"] if "evil/model-0" in json.dumps(entry)]


async def test_the_feed_is_well_formed_and_holds_one_item_for_each_model(service: Service) -> None:
    response = await service.get("/api/v1/models?use_rss=true")
    root = ET.fromstring(response.content)  # noqa: S314 - our own answer
    count = (await service.read("/api/v1/models/count"))["data"]["count"]
    items = root.findall("./channel/item")
    assert len(items) == count
    assert {child.tag for item in items for child in item} <= {"title", "link", "guid", "description", "pubDate"}
    assert FORBIDDEN.search(response.text) is None


async def test_the_mirror_hands_on_what_came_but_escaped(service: Service) -> None:
    """A mirror says what upstream says; it is JSON, and nobody takes it for a page."""
    response = await service.get("/api/v1/models", Accept="text/html")
    assert response.headers["Content-Type"].startswith("application/json")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search("[\x00-\x08\x0b-\x1f]", response.text)


async def test_a_spreadsheet_finds_no_formula_in_an_export(service: Service) -> None:
    listed = (await service.read("/models?limit=500"))["models"]
    text = exported(listed, "csv").decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["id"] for row in rows] == [model["id"] for model in listed]
    for row in rows:
        for name in ("id", "name", "author", "provider", "price"):
            assert not row[name].startswith(("=", "+", "-", "@", "\t", "\r")), row
    names = {row["name"] for row in rows}
    assert "'@SUM(1)" in names
    assert "'-2+3" in names
    assert all("\n" not in row["name"] for row in rows)


async def test_searching_for_what_is_hostile_echoes_it_as_json_alone(service: Service) -> None:
    for text in TEXTS:
        response = await service.client.get("/models/search", params={"q": text[:200]})
        assert response.status_code in {200, 422}
        assert response.headers["Content-Type"].split(";")[0] in {"application/json", "application/problem+json"}
        response = await service.client.get("/models/" + re.sub(r"[^\x21-\x7e]", "_", text)[:100].replace("#", "_"))
        assert response.status_code in {200, 400, 404, 422}
        assert "html" not in response.headers["Content-Type"]


async def test_a_log_line_of_a_hostile_catalog_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    records = [
        *generate_catalog(60),
        *({"id": f"x {text}", "name": text} for text in TEXTS),
    ]
    async with serving(tmp_path, catalog=records) as refused:
        status = await refused.read("/status")
    assert status["outcomes"][0]["outcome"] == "refused"
    written = "".join(capfd.readouterr())
    for line in written.splitlines():
        assert FORBIDDEN.search(line.replace("\x1b", "")) is None or line.startswith("\x1b"), line
    assert "X-Evil" not in [line[:6] for line in written.splitlines()]
