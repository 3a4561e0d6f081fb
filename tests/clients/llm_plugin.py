"""The llm command's OpenRouter plugin, with its cache filled from `BASE/api/v1/models`: which models does it offer?"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import urllib.request
from pathlib import Path

with urllib.request.urlopen(f"{sys.argv[1]}/api/v1/models", timeout=10) as response:  # noqa: S310 - the address is ours
    document = response.read()
with tempfile.TemporaryDirectory() as folder:
    os.environ |= {"LLM_USER_PATH": folder, "OPENROUTER_KEY": "unused"}
    Path(folder, "openrouter_models.json").write_bytes(document)
    import llm

    models = {model.model_id: model for model in llm.get_models() if model.model_id.startswith("openrouter/")}
print(
    json.dumps(
        {
            "ids": [model_id.removeprefix("openrouter/") for model_id in models],
            "with_tools": sum(bool(model.supports_tools) for model in models.values()),
            "with_images": sum("image/png" in model.attachment_types for model in models.values()),
        }
    )
)
