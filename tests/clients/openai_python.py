"""OpenAI's Python SDK, and LangChain over it, against `BASE/v1`: list, retrieve, ask for what is not there."""

from __future__ import annotations

import json
import sys

import openai
from langchain_openai import ChatOpenAI

base = f"{sys.argv[1]}/v1"
client = openai.OpenAI(base_url=base, api_key="unused", max_retries=0)
models = list(client.models.list())
retrieved = [client.models.retrieve(model.id).id for model in models[:: max(1, len(models) // 40)]]
try:
    client.models.retrieve("acme/there-is-no-such-model-9000")
    missing = "found"
except openai.NotFoundError as error:
    missing = error.code or ""
chat = ChatOpenAI(base_url=base, api_key="unused", model=models[0].id)
print(
    json.dumps(
        {
            "ids": [model.id for model in models],
            "created_are_whole": all(type(model.created) is int for model in models),
            "owners": sorted({model.owned_by for model in models})[:5],
            "prices_survive": all("prompt" in model.model_extra["pricing"] for model in models),
            "retrieved": retrieved,
            "missing": missing,
            "langchain": [model.id for model in chat.root_client.models.list()],
        }
    )
)
