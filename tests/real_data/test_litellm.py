"""LiteLLM's dialect on real catalogs: every model that has a price is billed by it, to the last digit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from app.cli.litellm_entries import Changes, edited
from app.cli.litellm_file import exact, whole_config
from app.dialects.dialect import findings, speak
from app.dialects.litellm_config import LITELLM_CONFIG_JSON, LITELLM_CONFIG_YAML
from app.dialects.litellm_cost_map import LITELLM_COST_MAP
from app.dialects.litellm_prices import RATE_KEYS
from tests.real_data.catalogs import ABSENT, days, read
from tests.unit.dialects.given import context_of

pytestmark = [pytest.mark.real_data, ABSENT]
NEWEST = "openrouter-2026-08-22"


def full_days() -> list[Path]:
    return [path for path in days() if "output_modalities" not in path.name]


@pytest.mark.parametrize("path", full_days(), ids=lambda path: path.name[:21])
def test_every_model_with_a_price_is_billed_exactly(path: Path) -> None:
    records = read(path)
    said = speak(LITELLM_COST_MAP, context_of(*records))
    assert said.body is not None
    document = exact(said.body)
    assert findings(LITELLM_COST_MAP, document) == (len(said.rows), ())
    print(f"\n{path.name}: {len(said.rows)} rows, {len(said.withheld)} withheld")
    for one in said.withheld:
        print(f"  {one.model_id}: {one.reason}")
    dynamic = {row["id"] for row in records if Decimal(row["pricing"]["prompt"]) < 0}
    withheld = {one.model_id for one in said.withheld}
    assert dynamic <= withheld
    assert set(said.rows) | withheld == {row["id"] for row in records}
    for record in records:
        row = document.get(f"openrouter/{record['id']}")
        if row is not None and not any("utc_start" in entry for entry in record["pricing"].get("overrides", [])):
            for name in ("prompt", "completion", "input_cache_read", "input_cache_write"):
                if Decimal(record["pricing"].get(name) or 0):
                    assert row[RATE_KEYS[name]] == Decimal(record["pricing"][name]), (record["id"], name)
    if NEWEST in path.name:
        assert (len(said.rows), len(withheld)) == (414, 7)


@pytest.mark.parametrize("path", full_days()[-1:], ids=lambda path: path.name[:21])
def test_every_model_stands_in_the_config_and_an_export_of_it_is_settled(path: Path) -> None:
    context = context_of(*read(path))
    in_yaml, in_json = speak(LITELLM_CONFIG_YAML, context), speak(LITELLM_CONFIG_JSON, context)
    assert in_yaml.body is not None
    assert in_json.body is not None
    config = exact(in_json.body)
    assert in_yaml.withheld == ()
    assert len({entry["model_name"] for entry in config["model_list"]}) == len(read(path))
    read_as_text = yaml.load(in_yaml.body, yaml.CBaseLoader)  # noqa: S506 - every scalar as its text
    for entry, text in zip(config["model_list"], read_as_text["model_list"], strict=True):
        for key, value in entry["model_info"].items():
            if isinstance(value, Decimal):
                assert Decimal(text["model_info"][key]) == value, (entry["model_name"], key)
    written = whole_config(config).decode()
    assert edited(written, config["model_list"]) == (written, Changes())
