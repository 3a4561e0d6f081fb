"""Prices agree across all dialects to the last digit on real catalogs; the generated twin lies in tests/unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.dialects.table import DIALECTS
from tests.real_data.catalogs import ABSENT, days, read
from tests.unit.dialects.given import context_of
from tests.unit.dialects.ways_back import hold_prices

pytestmark = [pytest.mark.real_data, ABSENT]


@pytest.mark.parametrize("path", days(), ids=lambda path: path.name[:21])
def test_every_price_comes_back_from_every_dialect(path: Path) -> None:
    context = context_of(*read(path))
    told = {dialect.name: hold_prices(dialect, context) for dialect in DIALECTS}
    print(f"\n{path.name}: prices told {told}")
