"""OpenRouter's Python SDK against `BASE/api/v1`: list, page to the end, filter, get, count, endpoints, providers.

Its models are strict: one row that breaks them loses the whole call.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from openrouter import OpenRouter
from openrouter.errors import OpenRouterDefaultError, OpenRouterError

MAX_PAGES = 50
client = OpenRouter(server_url=f"{sys.argv[1]}/api/v1", api_key="unused", retry_config=None, timeout_ms=20_000)


def paged(**words: Any) -> list[Any]:
    """Return the rows of every page, as the SDK finds its way; a pager without an end is cut off."""
    rows: list[Any] = []
    page = client.models.list(**words)
    for _ in range(MAX_PAGES):
        if page is None:
            return rows
        rows += page.result.data
        page = page.next()
    raise SystemExit(f"the pager did not end after {MAX_PAGES} pages")


def parts_of(model_id: str) -> dict[str, str]:
    author, _, slug = model_id.partition("/")
    return {"author": author, "slug": slug}


whole = client.models.list(offset=None, limit=None).result
ids = [model.id for model in whole.data]
sampled = ids[:: max(1, len(ids) // 40)]
served = []
for model_id in sampled[:10]:
    answer = client.endpoints.list(**parts_of(model_id))
    served.append({"id": answer.data.id, "endpoints": len(answer.data.endpoints)})
try:
    client.models.get(author="acme", slug="there-is-no-such-model-9000")
    missing = {"status": 200, "message": ""}
except OpenRouterDefaultError as error:
    missing = {"status": error.status_code, "message": json.loads(error.body)["error"]["message"]}
except OpenRouterError as error:
    missing = {"status": error.status_code, "message": error.message}
try:
    client.models.list(zdr="true")
    refused = ""
except OpenRouterError as error:
    refused = error.message
print(
    json.dumps(
        {
            "ids": ids,
            "total_count": whole.total_count,
            "next": whole.links.next,
            "paged_by_500": [model.id for model in paged()],
            "paged_by_70": [model.id for model in paged(limit=70)],
            "filtered": [model.id for model in paged(supported_parameters="tools", max_price=1.0, limit=100)],
            "prompts": {model.id: model.pricing.prompt for model in whole.data},
            "got": [client.models.get(**parts_of(model_id)).data.id for model_id in sampled],
            "sampled": sampled,
            "count": client.models.count().data.count,
            "endpoints": served,
            "providers": [provider.slug for provider in client.providers.list().data],
            "missing": missing,
            "refused": refused,
        }
    )
)
