"""`model-registry doctor` against a real registry, and against addresses that would break a client."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.cli.doctor import examine
from app.dialects.clients import CLIENTS
from tests.e2e.processes import ROOT, ServiceProcess, running
from tests.simulator import Simulator, generate_catalog, make_record

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]
NO_CONTEXT = make_record("acme/blank", context_length=None, top_provider={})
Pages = Mapping[str, tuple[int, dict[str, str], bytes]]


async def doctor(*arguments: str) -> tuple[int, str]:
    """Run the command and return its exit code and everything that it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app",
        "doctor",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@contextmanager
def site(pages: Pages) -> Iterator[str]:
    """Serve fixed pages on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = pages.get(self.path, (404, {}, b"{}"))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_every_client_is_told_that_a_registry_suits_it(tmp_path: Path) -> None:
    async with Simulator([NO_CONTEXT, *generate_catalog(60)]) as upstream:
        service = ServiceProcess(tmp_path, OPENROUTER_BASE_URL=upstream.base_url)
        async with running(service):
            await service.fetched()
            address = str(service.client.base_url).rstrip("/")
            for client in CLIENTS:
                found = await asyncio.to_thread(list, examine(client, address))
                assert client.switch.format(url=address) in found[0].text
                assert not [finding.text for finding in found if finding.is_fine is False]
                assert len([finding for finding in found if finding.is_fine]) == 3
            code, said = await doctor("openai", "--url", address)
            assert code == 0
            assert "+ 200 in " in said
            assert "withheld   1 of the catalog's models" in said
            assert "acme/blank: no context length" in said
            assert "+ 304 when asked again" in said
            code, said = await doctor("openai", "--url", f"{address}/v1")
            assert code == 1
            assert "without /v1" in said


async def test_without_a_name_every_client_is_listed_with_its_switch() -> None:
    code, said = await doctor("--url", "http://127.0.0.1:9/")
    assert code == 0
    assert [line.split()[0] for line in said.splitlines()] == [client.slug for client in CLIENTS]
    assert "OPENAI_BASE_URL=http://127.0.0.1:9/v1" in said


async def test_an_unknown_client_is_wrong_usage_and_near_ones_are_named() -> None:
    code, said = await doctor("libre-chat")
    assert (code, "librechat" in said) == (2, True)


async def test_an_address_where_nothing_answers_is_exit_code_3() -> None:
    code, said = await doctor("openai", "--url", "http://127.0.0.1:9")
    assert code == 3
    assert "does not answer" in said


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ((307, {"Location": "/v1/models/"}, b""), "307 to /v1/models/"),
        ((503, {}, b"later"), "503 later"),
        ((200, {}, b"<html>"), "the body is no JSON"),
        ((200, {}, b"[]"), "an object with a list 'data'"),
        ((200, {}, json.dumps({"object": "list", "has_more": False, "data": []}).encode()), "holds no model"),
        (
            (200, {}, json.dumps({"object": "list", "has_more": False, "data": [{"id": "a/b"}]}).encode()),
            "a/b: owned_by",
        ),
    ],
)
async def test_what_would_break_the_client_is_said_and_exit_code_1(
    page: tuple[int, dict[str, str], bytes], words: str
) -> None:
    with site({"/v1/models": page}) as address:
        code, said = await doctor("openai", "--url", address)
    assert code == 1
    assert f"! {words}" in said or words in said
    assert any(line.startswith("!") for line in said.splitlines())
