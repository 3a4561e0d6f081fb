"""The query words of OpenRouter's lists as OpenAPI parameters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from app.dialects.openrouter_filters import CATEGORIES
from app.dialects.openrouter_query import MAX_PAGE_ROWS, SORTS

_TEXT = {"type": "string"}
_USD = {"type": "number", "minimum": 0}
_DAYS = {"type": "integer", "minimum": 0}
_SCORE = {"type": "number", "minimum": 0}
_PARAMETERS: Mapping[str, tuple[str, dict[str, Any]]] = MappingProxyType(
    {
        "offset": ("Skip so many models.", {"type": "integer", "minimum": 0}),
        "limit": (
            "At most so many models; without limit and offset, all.",
            {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_ROWS},
        ),
        "q": ("Words that stand in the name or the id.", _TEXT),
        "category": ("Use case, where the catalog knows it.", {"type": "string", "enum": list(CATEGORIES)}),
        "supported_parameters": ("Comma-separated; all of them must be supported.", _TEXT),
        "input_modalities": ("Comma-separated; all of them must be understood.", _TEXT),
        "output_modalities": ("Comma-separated, or all; one of them is enough. Without it: text.", _TEXT),
        "sort": ("Order; models without the value come last.", {"type": "string", "enum": list(SORTS)}),
        "context": ("Smallest context in tokens.", {"type": "integer", "minimum": 1}),
        "min_price": ("Lowest price of a prompt, USD per million tokens.", _USD),
        "max_price": ("Highest price of a prompt, USD per million tokens.", _USD),
        "min_output_price": ("Lowest price of a completion, USD per million tokens.", _USD),
        "max_output_price": ("Highest price of a completion, USD per million tokens.", _USD),
        "arch": ("Tokenizer group, such as GPT, Claude or Llama.", _TEXT),
        "model_authors": ("Comma-separated slugs of authors.", _TEXT),
        "min_age_days": ("Least age when the snapshot was adopted.", _DAYS),
        "max_age_days": ("Highest age when the snapshot was adopted.", _DAYS),
        "min_intelligence_index": ("Least intelligence index.", _SCORE),
        "max_intelligence_index": ("Highest intelligence index.", _SCORE),
        "min_coding_index": ("Least coding index.", _SCORE),
        "max_coding_index": ("Highest coding index.", _SCORE),
        "min_agentic_index": ("Least agentic index.", _SCORE),
        "max_agentic_index": ("Highest agentic index.", _SCORE),
        "use_rss": ("With true, the answer is an RSS feed.", _TEXT),
        "use_rss_chat_links": ("With true, the feed's items lead to chats.", _TEXT),
    }
)


def parameters(*names: str) -> dict[str, Any]:
    """Return what FastAPI adds to an operation: the parameters named, or all that are answered."""
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "description": meaning, "schema": schema}
            for name, (meaning, schema) in _PARAMETERS.items()
            if not names or name in names
        ]
    }
