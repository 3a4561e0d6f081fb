"""Which clients can be pointed at the registry, by which switch, and how each of them asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Proof(StrEnum):
    """How a client's rules are known to hold."""

    CLIENT = "client"
    """The client itself reads a running registry in our tests."""
    RULES = "rules"
    """The rules were read in the client's source; it can't be run in our tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client: what to set, what it then asks for, and what to know.

    `switch` is what to paste, with `{url}` for the address of the registry. `target` is what the client asks for
    below that address, `timeout_seconds` how long it waits.
    """

    slug: str
    title: str
    dialect: str
    switch: str
    target: str
    timeout_seconds: float
    proof: Proof
    note: str = ""


CLIENTS: tuple[Client, ...] = (
    Client(
        slug="openai",
        title="OpenAI SDK (Python, npm)",
        dialect="openai",
        switch="OPENAI_BASE_URL={url}/v1",
        target="/v1/models",
        timeout_seconds=10,
        proof=Proof.CLIENT,
        note="The same address is used for chat; put a proxy that splits paths in front, or use a client for look-ups.",
    ),
    Client(
        slug="langchain-openai",
        title="LangChain (ChatOpenAI)",
        dialect="openai",
        switch='ChatOpenAI(base_url="{url}/v1", ...)',
        target="/v1/models",
        timeout_seconds=10,
        proof=Proof.CLIENT,
        note="LangChain itself asks for no list; its root_client does.",
    ),
    Client(
        slug="open-webui",
        title="Open WebUI",
        dialect="openai",
        switch="OPENAI_API_BASE_URL={url}/v1",
        target="/v1/models",
        timeout_seconds=10,
        proof=Proof.RULES,
        note="It asks on nearly every page; set MODELS_CACHE_TTL=300 and ENABLE_BASE_MODELS_CACHE=True.",
    ),
    Client(
        slug="librechat",
        title="LibreChat",
        dialect="openai",
        switch="librechat.yaml: endpoints.custom[].baseURL: {url}/v1 with models.fetch: true and any apiKey",
        target="/v1/models",
        timeout_seconds=5,
        proof=Proof.RULES,
    ),
    Client(
        slug="continue",
        title="Continue",
        dialect="openai",
        switch="config: apiBase: {url}/v1/ with provider openai and model AUTODETECT",
        target="/v1/models",
        timeout_seconds=10,
        proof=Proof.RULES,
        note="The address must end with a slash.",
    ),
    Client(
        slug="claude-code",
        title="Claude Code",
        dialect="openai",
        switch="ANTHROPIC_BASE_URL={url} CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY=1",
        target="/v1/models?limit=1000",
        timeout_seconds=3,
        proof=Proof.RULES,
        note="It shows only ids that begin with claude or anthropic, and follows no redirect.",
    ),
    Client(
        slug="openrouter-npm",
        title="OpenRouter SDK (npm)",
        dialect="openrouter",
        switch="OPENROUTER_BASE_URL={url}/api/v1",
        target="/api/v1/models",
        timeout_seconds=10,
        proof=Proof.CLIENT,
        note="The same address is used for chat; a proxy in front can send everything but the lists to OpenRouter.",
    ),
    Client(
        slug="openrouter-python",
        title="OpenRouter SDK (Python)",
        dialect="openrouter",
        switch='OpenRouter(server_url="{url}/api/v1")',
        target="/api/v1/models?offset=0&limit=500",
        timeout_seconds=10,
        proof=Proof.CLIENT,
    ),
    Client(
        slug="zed",
        title="Zed",
        dialect="openrouter",
        switch="settings: language_models.open_router.api_url: {url}/api/v1",
        target="/api/v1/models",
        timeout_seconds=10,
        proof=Proof.RULES,
    ),
    Client(
        slug="goose",
        title="Goose",
        dialect="openrouter",
        switch="OPENROUTER_HOST={url}",
        target="/api/v1/models",
        timeout_seconds=10,
        proof=Proof.RULES,
        note="It keeps only the models that take tools.",
    ),
    Client(
        slug="kilo",
        title="Kilo Code",
        dialect="openrouter",
        switch="settings: openRouterBaseUrl: {url}/api/v1",
        target="/api/v1/models",
        timeout_seconds=10,
        proof=Proof.RULES,
        note="Roo Code has the same setting, but reads its list from openrouter.ai all the same.",
    ),
    Client(
        slug="llm-openrouter",
        title="llm-openrouter",
        dialect="openrouter",
        switch='curl -fo "$(dirname "$(llm logs path)")/openrouter_models.json" {url}/api/v1/models',
        target="/api/v1/models",
        timeout_seconds=10,
        proof=Proof.CLIENT,
        note="Its address is fixed; this fills its cache, which it believes for an hour.",
    ),
    Client(
        slug="litellm",
        title="LiteLLM",
        dialect="litellm-cost-map",
        switch="LITELLM_MODEL_COST_MAP_URL={url}/litellm/model_prices_and_context_window.json",
        target="/litellm/model_prices_and_context_window.json",
        timeout_seconds=5,
        proof=Proof.CLIENT,
        note="It refuses a map with fewer than half of the models that it brings: lay ours over its own with "
        "LITELLM_BASE_MAP here, or set MODEL_COST_MAP_MAX_SHRINK_RATIO=0 there.",
    ),
    Client(
        slug="litellm-proxy",
        title="LiteLLM proxy",
        dialect="litellm-config-json",
        switch="model-registry export litellm --into config.yaml --url {url}",
        target="/litellm/config.json",
        timeout_seconds=10,
        proof=Proof.CLIENT,
        note="It reads a file: the command writes our models into it and leaves everything else as it is.",
    ),
    Client(
        slug="litellm-pickers",
        title="Roo Code, Cline (provider LiteLLM)",
        dialect="litellm-model-info",
        switch="settings: litellmBaseUrl: {url}",
        target="/v1/model/info",
        timeout_seconds=5,
        proof=Proof.CLIENT,
    ),
    Client(
        slug="aider",
        title="aider",
        dialect="litellm-cost-map",
        switch="model-registry export aider --url {url} -o .aider.model.metadata.json",
        target="/litellm/model_prices_and_context_window.json",
        timeout_seconds=30,
        proof=Proof.RULES,
    ),
    Client(
        slug="sub2api",
        title="sub2api",
        dialect="litellm-cost-map",
        switch="config.yaml: pricing.remote_url: {url}/litellm/model_prices_and_context_window.json "
        "and pricing.hash_url: the same with .sha256",
        target="/litellm/model_prices_and_context_window.json",
        timeout_seconds=30,
        proof=Proof.RULES,
        note="Its security.url_allowlist must let this address in.",
    ),
    Client(
        slug="claude-relay-service",
        title="claude-relay-service",
        dialect="litellm-cost-map",
        switch="MODEL_PRICES_URL={url}/litellm/model_prices_and_context_window.json",
        target="/litellm/model_prices_and_context_window.json",
        timeout_seconds=10,
        proof=Proof.RULES,
    ),
    Client(
        slug="crush",
        title="Crush",
        dialect="catwalk",
        switch="CATWALK_URL={url}",
        target="/v2/providers",
        timeout_seconds=45,
        proof=Proof.RULES,
        note="OpenRouter is then the only provider that it knows; add others in its own config.",
    ),
    Client(
        slug="opencode",
        title="opencode",
        dialect="modelsdev",
        switch="OPENCODE_MODELS_URL={url}",
        target="/api.json",
        timeout_seconds=10,
        proof=Proof.CLIENT,
        note="`opencode models --refresh` takes it at once. OpenRouter is then the only provider that it knows; add "
        "others in its own config.",
    ),
    Client(
        slug="cline",
        title="Cline (model catalog)",
        dialect="modelsdev",
        switch="provider settings: modelCatalog.url: {url}/api.json",
        target="/api.json",
        timeout_seconds=5,
        proof=Proof.RULES,
    ),
    Client(
        slug="hermes",
        title="Hermes Agent",
        dialect="hermes",
        switch="~/.hermes/config.yaml: model_catalog.providers.openrouter.url: {url}/hermes/model-catalog.json",
        target="/hermes/model-catalog.json",
        timeout_seconds=8,
        proof=Proof.RULES,
        note="So it goes on reading other providers' models where it always did.",
    ),
    Client(
        slug="new-api",
        title="new-api (one-api family)",
        dialect="newapi-pricing",
        switch="upstream ratio sync: base URL {url}, endpoint /api/pricing or /api/ratio_config",
        target="/api/pricing",
        timeout_seconds=10,
        proof=Proof.RULES,
        note="Its SSRF protection must let this address in. Ratios have no tiers: long prompts cost what short do.",
    ),
)
BY_SLUG = {client.slug: client for client in CLIENTS}
