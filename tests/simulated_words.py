"""The vocabulary of simulated catalogs: who makes models, what they are called, what is said about them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Author:
    """One author: how its ids and names are built, and how much of the catalog is its own."""

    slug: str
    title: str
    tokenizer: str
    families: tuple[tuple[str, str], ...]
    suffixes: tuple[str, ...]
    share: int


SIZES = ("8b", "14b-instruct", "32b", "70b-instruct", "30b-a3b", "235b-a22b", "vl-30b", "coder-32b")
AUTHORS = (
    Author("openai", "OpenAI", "GPT", (("gpt-", "GPT-"), ("o", "o")), ("", "mini", "nano", "pro", "codex", "chat"), 15),
    Author("qwen", "Qwen", "Qwen3", (("qwen", "Qwen"),), (*SIZES, "max", "plus", "flash"), 14),
    Author(
        "google", "Google", "Gemini", (("gemini-", "Gemini "), ("gemma-", "Gemma ")), ("pro", "flash", "27b-it"), 10
    ),
    Author("anthropic", "Anthropic", "Claude", (("claude-opus-", "Claude Opus "),), ("", "fast"), 7),
    Author("mistralai", "Mistral", "Mistral", (("mistral-", "Mistral "), ("devstral-", "Devstral ")), ("", "small"), 8),
    Author("deepseek", "DeepSeek", "DeepSeek", (("deepseek-v", "DeepSeek V"), ("deepseek-r", "R")), ("", "flash"), 5),
    Author("meta-llama", "Meta", "Llama3", (("llama-", "Llama "),), ("8b-instruct", "70b-instruct", "scout"), 5),
    Author("x-ai", "xAI", "Grok", (("grok-", "Grok "), ("grok-code-", "Grok Code ")), ("", "fast", "mini"), 3),
    Author("z-ai", "Z.ai", "Other", (("glm-", "GLM "),), ("", "air", "turbo", "v"), 4),
    Author("moonshotai", "MoonshotAI", "Other", (("kimi-k", "Kimi K"),), ("", "code", "thinking"), 2),
    Author("minimax", "MiniMax", "Other", (("minimax-m", "MiniMax M"),), ("", "her"), 2),
    Author("nvidia", "NVIDIA", "Other", (("nemotron-", "Nemotron "),), ("nano-9b", "super-49b", "ultra-253b"), 3),
    Author("cohere", "Cohere", "Cohere", (("command-r", "Command R"),), ("", "plus", "7b"), 2),
    Author("amazon", "Amazon", "Nova", (("nova-", "Nova "),), ("lite", "micro", "pro", "premier"), 2),
    Author("nousresearch", "Nous", "Llama3", (("hermes-", "Hermes "),), ("70b", "405b"), 2),
    Author("baidu", "Baidu", "Other", (("ernie-", "ERNIE "),), ("21b-a3b", "300b-a47b", "vl-28b"), 2),
)
INPUTS: tuple[tuple[str, ...], ...] = (
    ("text",),
    ("text",),
    ("text",),
    ("image", "text"),
    ("text", "image", "file"),
    ("text", "image", "video"),
    ("text", "image", "file", "audio", "video"),
)
MODALITY_ORDER = ("text", "image", "file", "audio", "video")
PARAMETERS = (
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_tokens",
    "min_p",
    "parallel_tool_calls",
    "presence_penalty",
    "repetition_penalty",
    "response_format",
    "seed",
    "stop",
    "structured_outputs",
    "temperature",
    "tool_choice",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
    "verbosity",
    "web_search_options",
)
EFFORTS = ("max", "xhigh", "high", "medium", "low", "minimal")
CONTEXTS = (4095, 8192, 16384, 32768, 65536, 131072, 131072, 131072, 200000, 262144, 262144, 400000, 1000000, 1048576)
PROMPT_NANODOLLARS = (10, 30, 44, 50, 80, 100, 150, 200, 250, 300, 400, 600, 1000, 1250, 2000, 3000, 5000, 15000, 30000)
ADJECTIVES = ("compact", "patient", "broad", "sturdy", "swift", "careful", "roomy", "frugal", "seasoned", "curious")
TASKS = ("long letters", "tangled code", "tables and charts", "planning", "quick replies", "many languages", "stories")
TRAITS = ("keeps its thread", "follows a schema", "asks before it acts", "cites what it read", "stays within budget")
