"""An author whose name is a word of our own paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.catalog import CATALOG
from tests.api.service import serving
from tests.simulator import make_record

pytestmark = pytest.mark.anyio
ODD = "provider/xtest"


@pytest.mark.parametrize("first", ["/models/provider/xtest", "/models/Provider/xtest"])
async def test_routes_and_the_model_of_an_author_called_provider_are_kept_apart(tmp_path: Path, first: str) -> None:
    async with serving(tmp_path, catalog=[*CATALOG, make_record(ODD)]) as service:
        for target in (first, first, "/models/Provider/xtest", "/models/provider/xtest") * 2:
            answer = await service.read(target)
            assert answer["id"] == ODD
            is_of_routes = target == "/models/provider/xtest"
            assert ("routes" in answer and "price" not in answer) is is_of_routes, target
