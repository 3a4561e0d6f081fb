"""Entries as the registry serves them, and configs that people wrote around them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.dialects.dialect import speak
from app.dialects.litellm_config import LITELLM_CONFIG_JSON
from tests.unit.dialects.given import context_of

FOREIGN = """\
# Our proxy. Ask Ann before you change it.
general_settings:   { master_key: os.environ/MASTER_KEY }   # from the vault


model_list:
  # Azure first: it is prepaid.
  - model_name:   gpt-4o
    litellm_params: {model: azure/gpt-4o, rpm: 6}
  - model_name: "no"   # yes, really
    litellm_params:
        model: openai/o3
        temperature: 1e-1
    model_info:
        id: ann-1

  # behind the last entry
router_settings:
  fallbacks: [{gpt-4o: ["no"]}]
  text: |
    - model_name: not an entry
    # not a comment
"""


def entries_of(*records: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entries for these records, as an export reads them: with every digit."""
    from app.cli.litellm_file import exact

    body = speak(LITELLM_CONFIG_JSON, context_of(*records)).body
    assert body is not None
    entries: list[dict[str, Any]] = exact(body)["model_list"]
    assert all(isinstance(entry["model_info"].get("input_cost_per_token", Decimal(0)), Decimal) for entry in entries)
    return entries
