"""Catwalk, models.dev, Hermes and new-api on real catalogs: what has what a dialect needs is served in it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import orjson
import pytest

from app.dialects.catwalk import CATWALK
from app.dialects.dialect import Dialect, findings, speak
from app.dialects.hermes import HERMES
from app.dialects.modelsdev import MODELSDEV
from app.dialects.newapi import NEWAPI_PRICING, NEWAPI_RATIO_CONFIG
from tests.real_data.catalogs import ABSENT, days, read
from tests.unit.dialects.given import context_of

pytestmark = [pytest.mark.real_data, ABSENT]
DIALECTS = (CATWALK, MODELSDEV, HERMES, NEWAPI_RATIO_CONFIG, NEWAPI_PRICING)
NEWEST = "openrouter-2026-08-22"
# Models served of 421. Crush: 68 take no tools, 61 are batch variants, 5 have a small window, 2 a dynamic price.
SERVED = {"catwalk": 285, "modelsdev": 421, "hermes": 292, "newapi-ratio-config": 414, "newapi-pricing": 414}
# One day holds only models that decide, which no conversation can be had with; of the oldest no parameters are known.
NOTHING_FOR_AGENTS = ("output_modalities", "2024-11")


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("path", days(), ids=lambda path: path.name[:21])
def test_what_a_dialect_can_say_is_served_and_the_rest_is_withheld_with_a_reason(path: Path, dialect: Dialect) -> None:
    records = read(path)
    said = speak(dialect, context_of(*records))
    reasons = Counter(re.sub(r"\d+ tokens", "few tokens", one.reason) for one in said.withheld)
    print(f"\n{path.name}, {dialect.name}: {said.count} rows, {len(said.withheld)} withheld")
    for reason, count in reasons.most_common():
        print(f"  {count:3} {reason}")
    assert said.count + len(said.withheld) == len(records)
    if said.body is None:
        assert any(part in path.name for part in NOTHING_FOR_AGENTS)
    else:
        assert findings(dialect, orjson.loads(said.body)) == (said.count, ())
    if NEWEST in path.name:
        assert said.count == SERVED[dialect.name]
