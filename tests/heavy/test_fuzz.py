"""The whole API, asked by schemathesis with what its own OpenAPI document allows and forbids.

Every answer has a documented status and media type and the declared shape, and the operator's route takes no other
token. Left out is one check, that whatever the schema allows is accepted: which authors, families and ids there are,
the catalog decides and not the document.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.catalog import CATALOG, VISION
from tests.e2e.processes import ServiceProcess, running
from tests.simulator import Simulator

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.heavy,
    pytest.mark.e2e,
    pytest.mark.skipif(
        importlib.util.find_spec("schemathesis") is None,
        reason="schemathesis is not installed here; `make test-all` installs it",
    ),
]
EXAMPLES = 60
# One header goes to every route, so this is the token of both gates; the longer of their least lengths counts.
TOKEN = "token-canary-8c1f02-and-some-more-letters"
AUTHOR, _, SLUG = VISION.partition("/")
# Dialects are as lenient as the servers whose words they speak: `offset=null` is no offset, unknown words are ignored.
LENIENT_DIALECTS = """
[[operations]]
include-tag = "dialects"
checks.negative_data_rejection.enabled = false
"""
# With ids of the catalog the fuzz gets past the 404; without, it is the ids that are fuzzed.
KNOWN_IDS = f"""
[parameters]
"path.model_id" = "{VISION}"
"path.author" = "{AUTHOR}"
"path.slug" = "{SLUG}"
"path.user_id" = "ada"
"""


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServiceProcess]:
    """A registry that is open to its operator alone."""
    folder = tmp_path_factory.mktemp("fuzz")
    async with Simulator(CATALOG) as upstream:
        service = ServiceProcess(
            folder,
            OPENROUTER_BASE_URL=upstream.base_url,
            ADMIN_TOKEN=TOKEN,
            PREFERENCES_TOKEN=TOKEN,
            PREFERENCES_REQUESTS_PER_MINUTE="1000000",
        )
        async with running(service):
            await service.fetched()
            yield service


@pytest.mark.parametrize("ids", ["", KNOWN_IDS], ids=["any-ids", "known-ids"])
async def test_no_request_gets_an_answer_that_the_document_does_not_declare(
    service: ServiceProcess, ids: str, tmp_path: Path
) -> None:
    (tmp_path / "schemathesis.toml").write_text(ids + LENIENT_DIALECTS, encoding="utf-8")
    fuzz = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{service.client.base_url}/openapi.json"),
        *("--mode", "all", "--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES)),
        *("--exclude-checks", "positive_data_acceptance", "--header", f"Authorization: Bearer {TOKEN}"),
        # One worker: two threads that parse Python at once may break Python 3.11's parser down (SystemError).
        *("--generation-database", "none", "--seed", "1", "--workers", "1", "--no-color"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await asyncio.wait_for(fuzz.communicate(), 240)
    text = told.decode()
    assert fuzz.returncode == 0, text[-20_000:]
    document = (await service.client.get("/openapi.json")).json()
    operations = sum(len(item) for item in document["paths"].values())
    assert f"Tested: {operations}" in text, text[-5_000:]
    [cases] = re.findall(r"(\d+) generated", text)
    assert int(cases) > 30 * operations
    assert "a request broke down" not in service.log
    assert TOKEN not in service.log
