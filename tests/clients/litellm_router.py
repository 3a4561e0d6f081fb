"""LiteLLM's Router over `BASE`'s model_list: what it serves, bills and takes for free."""

from __future__ import annotations

import json
import os
import sys
import urllib.request

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["OPENROUTER_API_KEY"] = "unused"

import litellm
from litellm.proxy.auth.auth_checks import is_model_cost_zero

with urllib.request.urlopen(f"{sys.argv[1]}/litellm/config.json") as answer:  # noqa: S310 - ours
    config = json.load(answer)
router = litellm.Router(model_list=config["model_list"], **config.get("router_settings", {}))


def billed(deployment_id: str, model: str) -> float:
    usage = litellm.Usage(prompt_tokens=1_000, completion_tokens=100, total_tokens=1_100)
    return litellm.completion_cost(
        completion_response=litellm.ModelResponse(model=model, usage=usage),
        model=model,
        custom_pricing=True,
        router_model_id=deployment_id,
    )


priced = [entry for entry in config["model_list"] if "input_cost_per_token" in entry["model_info"]]
print(
    json.dumps(
        {
            "names": router.get_model_names(),
            "ids": router.get_model_ids(),
            "fallbacks": len(router.fallbacks),
            "costs": {
                entry["litellm_params"]["model"]: billed(entry["model_info"]["id"], entry["litellm_params"]["model"])
                for entry in priced
            },
            "free": [
                entry["litellm_params"]["model"]
                for entry in config["model_list"]
                if is_model_cost_zero(entry["model_name"], router)
            ],
        }
    )
)
