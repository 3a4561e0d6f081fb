"""LiteLLM, imported with `BASE`'s cost map: where its map came from, and what it bills for OpenRouter's models."""

from __future__ import annotations

import json
import os
import sys

os.environ["LITELLM_MODEL_COST_MAP_URL"] = f"{sys.argv[1]}/litellm/model_prices_and_context_window.json"

import litellm
from litellm.litellm_core_utils.get_model_cost_map import get_model_cost_map_source_info

USAGES = {"short": (1_000, 100), "long": (300_000, 1_000)}


def billed(model: str, prompt_tokens: int, completion_tokens: int) -> float:
    usage = litellm.Usage(
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        total_tokens=prompt_tokens + completion_tokens,
    )
    return litellm.completion_cost(completion_response=litellm.ModelResponse(model=model, usage=usage), model=model)


def refused(model: str) -> bool:
    try:
        billed(model, 1, 1)
    except Exception as error:  # noqa: BLE001 - LiteLLM's own kind, which it raises as a plain Exception at times
        return "isn't mapped" in str(error)
    return False


info = get_model_cost_map_source_info()
models = [model for model in litellm.model_cost if model.startswith("openrouter/")]
told = {model: litellm.get_model_info(model) for model in models}
print(
    json.dumps(
        {
            "source": info["source"],
            "etag": info["etag"],
            "fallback_reason": info["fallback_reason"],
            "rows": len(litellm.model_cost),
            "models": models,
            "limits": {model: [told[model]["max_input_tokens"], told[model]["max_output_tokens"]] for model in models},
            "functions": [model for model in models if litellm.supports_function_calling(model)],
            "costs": {model: {name: billed(model, *usage) for name, usage in USAGES.items()} for model in models},
            "refused": [model for model in sys.argv[2:] if refused(model)],
        }
    )
)
